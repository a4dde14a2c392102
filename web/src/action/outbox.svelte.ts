/** What has been handed over: how far each submission is, and the one that can still be taken back. */
import type { DeliveryStatus, Email, EmailSubmission, GetResponse, Id, UTCDate } from '../jmap/types.ts';
import { Whole } from '../cache/whole.ts';
import type { Client } from '../jmap/client.ts';
import { SUBMISSION } from '../jmap/types.ts';
import { withMessages } from '../kit/i18n/index.svelte.ts';
import { sameAddress } from '../kit/mail.ts';
import { type Mail, session } from './session.svelte.ts';

interface Underway {
  id: Id;
  emailId: Id;
  /** From when and until when it can be taken back; ms since 1970. */
  at: number;
  until: number;
  /** Where it is said. */
  toast: number;
}

/** Messages whose undo window runs, the last one last. */
export const underway: Underway[] = [];

export function canTakeBack(): boolean {
  return underway.some(({ until }) => until > Date.now());
}

/** Whether the last thing that was done is that a message was sent: what was done since is taken back before it. */
export function wasSentLast(mail: Mail): boolean {
  return canTakeBack() && (underway.at(-1)?.at ?? 0) >= (mail.log.undoable[0]?.at ?? 0);
}

export async function takeBackLast(mail: Mail): Promise<void> {
  const last = underway.pop();
  if (!last) return;
  session.dismiss(last.toast);
  const { takeBack } = await withMessages(import('./send.svelte.ts'));
  await takeBack(mail, last.id, last.emailId);
}

/** Submissions as the outbox shows them, newest first, kept current by push. */
export class Outbox {
  list = $state.raw<EmailSubmission[]>([]);
  loaded = $state(false);
  error = $state.raw<unknown>(null);
  readonly #whole: Whole;
  readonly open = $derived(this.list.filter((submission) => this.needs(submission) || ['held', 'queued'].includes(stage(submission))).length);

  constructor(readonly mail: Mail) {
    this.#whole = new Whole(mail.store, 'EmailSubmission', (client) => this.#read(client));
  }

  load(): Promise<void> {
    return this.#whole.load();
  }

  async #read(client: Client): Promise<string | undefined> {
    if (!client.has(SUBMISSION)) return undefined;
    try {
      // The next that leave, and the last that have left: neither stands in the way of the other, however many wait.
      const now = `${new Date().toISOString().slice(0, 19)}Z`;
      const halves = await Promise.all([{ after: now }, { before: now }].map((filter) => {
        const query = client.call<{ ids: Id[] }>('EmailSubmission/query', { filter, sort: [{ property: 'sentAt', isAscending: 'after' in filter }], limit: 60 });
        const get = client.call<GetResponse<EmailSubmission>>('EmailSubmission/get', { '#ids': query.ref('/ids') });
        return Promise.all([get, client.call<GetResponse<Email>>('Email/get', { '#ids': get.ref('/list/*/emailId'), properties: this.mail.store.rowProperties }), query]);
      }));
      for (const [, rows] of halves) this.mail.store.takeEmails(Object.assign(rows, { notFound: [] }));
      this.list = halves.flatMap(([{ list }]) => list).sort((left, right) => (left.sendAt < right.sendAt ? 1 : -1));
      // Perhaps the page was left while the undo window ran: it goes on.
      if (!this.loaded && this.open) void withMessages(import('./send.svelte.ts')).then(({ goOn }) => goOn(this));
      this.loaded = true;
      this.error = null;
      return halves[0]?.[0].state;
    } catch (error) {
      this.error = error;
      this.mail.store.report(error);
      return undefined;
    }
  }

  /** What has become of each receiver, in the order of the envelope. */
  receivers(submission: EmailSubmission): Receiver[] {
    const status = submission.deliveryStatus ?? {};
    return Object.keys(status).map((address) => ({ address, ...(status[address] as DeliveryStatus), again: this.#again(submission, address) }));
  }

  /** Somebody did not get it, and nothing has been done about that yet. */
  needs(submission: EmailSubmission): boolean {
    return submission.undoStatus === 'final' && this.receivers(submission).some(({ delivered, again }) => delivered === 'no' && again === null);
  }

  /** When the same message was sent to this one once more. */
  #again(submission: EmailSubmission, address: string): UTCDate | null {
    // Times are of whole seconds: what was sent to this one alone in the same second came after.
    const isLater = (other: EmailSubmission): boolean => other.sendAt > submission.sendAt || (other.sendAt === submission.sendAt && other.id !== submission.id && other.envelope?.rcptTo.length === 1);
    const later = this.list.find((other) => other.emailId === submission.emailId && isLater(other) && other.undoStatus !== 'canceled' && (other.envelope?.rcptTo ?? []).some(({ email }) => sameAddress(email, address)));
    return later?.sendAt ?? null;
  }
}

/** One of those to whom a message went. `again`: when it was sent there once more. */
export interface Receiver extends DeliveryStatus {
  address: string;
  again: UTCDate | null;
}

export type Stage = 'held' | 'queued' | 'accepted' | 'delivered' | 'read' | 'failed' | 'canceled';

/** How far it is, as far as the server can know. */
export function stage(submission: EmailSubmission): Stage {
  if (submission.undoStatus === 'canceled') return 'canceled';
  if (submission.undoStatus === 'pending') return 'held';
  const each = Object.values(submission.deliveryStatus ?? {});
  if (each.some((status) => status.delivered === 'no')) return 'failed';
  if (each.length && each.every((status) => status.displayed === 'yes')) return 'read';
  if (each.length && each.every((status) => status.delivered === 'yes')) return 'delivered';
  if (each.length && each.every((status) => status.delivered === 'yes' || status.delivered === 'unknown')) return 'accepted';
  return 'queued';
}
