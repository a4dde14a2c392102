/** What has been handed over: how far each submission is, and the one that can still be taken back. */
import type { DeliveryStatus, Email, EmailSubmission, GetResponse, Id, SetResponse, UTCDate } from '../jmap/types.ts';
import { SUBMISSION } from '../jmap/types.ts';
import { t } from '../kit/i18n/index.svelte.ts';
import { sameAddress } from '../kit/mail.ts';
import { composers } from './composers.svelte.ts';
import { type Mail, session } from './session.svelte.ts';

/** The message whose undo window runs: `z` takes it back before anything else. */
export const underway: { last: { id: Id; emailId: Id; until: number } | null } = { last: null };

export function canTakeBack(): boolean {
  return underway.last !== null && underway.last.until > Date.now();
}

export async function takeBackLast(mail: Mail): Promise<void> {
  const last = underway.last;
  underway.last = null;
  if (!last) return;
  for (const toast of session.toasts) if (toast.countdown) session.dismiss(toast.id);
  const { takeBack } = await import('./send.svelte.ts');
  await takeBack(mail, last.id, last.emailId);
}

/** Submissions as the outbox shows them, newest first, kept current by push. */
export class Outbox {
  list = $state.raw<EmailSubmission[]>([]);
  loaded = $state(false);
  error = $state.raw<unknown>(null);
  readonly open = $derived(this.list.filter((submission) => this.needs(submission) || ['held', 'queued'].includes(stage(submission))).length);

  constructor(readonly mail: Mail) {
    mail.store.on('EmailSubmission', () => void this.load());
  }

  async load(): Promise<void> {
    const client = this.mail.store.client;
    if (!client?.has(SUBMISSION)) return;
    try {
      const query = client.call<{ ids: Id[] }>('EmailSubmission/query', { sort: [{ property: 'sentAt', isAscending: false }], limit: 60 });
      const get = client.call<GetResponse<EmailSubmission>>('EmailSubmission/get', { '#ids': query.ref('/ids') });
      const emails = client.call<GetResponse<Email>>('Email/get', { '#ids': get.ref('/list/*/emailId'), properties: this.mail.store.rowProperties });
      const [, answer, rows] = await Promise.all([query, get, emails]);
      for (const id of [...rows.notFound]) rows.notFound.splice(rows.notFound.indexOf(id), 1);
      this.mail.store.takeEmails(rows);
      this.list = answer.list.sort((left, right) => (left.sendAt < right.sendAt ? 1 : -1));
      this.loaded = true;
      this.error = null;
    } catch (error) {
      this.error = error;
      this.mail.store.report(error);
    }
  }

  async cancel(submission: EmailSubmission): Promise<void> {
    const { takeBack } = await import('./send.svelte.ts');
    await takeBack(this.mail, submission.id, submission.emailId);
    await this.load();
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

  /** The same message once more, to this receiver alone. */
  async again(submission: EmailSubmission, address: string): Promise<void> {
    const client = this.mail.store.client;
    if (!client || !submission.envelope) {
      session.toast({ text: t('door.offline'), alert: true });
      return;
    }
    try {
      const answer = await client.call<SetResponse>('EmailSubmission/set', {
        create: { again: { identityId: submission.identityId, emailId: submission.emailId, envelope: { mailFrom: { email: submission.envelope.mailFrom.email, parameters: null }, rcptTo: submission.envelope.rcptTo.filter(({ email }) => sameAddress(email, address)) } } },
      });
      const refusal = answer.notCreated?.['again'];
      if (refusal) session.toast({ text: t('compose.send_failed', { why: refusal.description ?? refusal.type }), alert: true }, 8000);
    } catch (error) {
      this.mail.store.report(error);
      session.toast({ text: error instanceof Error ? error.message : String(error), alert: true });
    }
    await this.load();
  }

  /** The same message as a new one, its address to be mended. */
  async mend(submission: EmailSubmission, address: string): Promise<void> {
    try {
      const { startAgain } = await import('./compose/begin.svelte.ts');
      composers.open(await startAgain(this.mail, submission.emailId, address));
    } catch (error) {
      session.toast({ text: error instanceof Error ? error.message : String(error), alert: true });
    }
  }

  /** Seen, and done with: it is not listed any more. The message stays where it is. */
  async dismiss(submission: EmailSubmission): Promise<void> {
    const client = this.mail.store.client;
    if (!client) return;
    try {
      await client.call<SetResponse>('EmailSubmission/set', { destroy: [submission.id] });
    } catch (error) {
      this.mail.store.report(error);
      session.toast({ text: error instanceof Error ? error.message : String(error), alert: true });
    }
    await this.load();
  }

  async reschedule(submission: EmailSubmission, at: Date | null): Promise<void> {
    try {
      const { reschedule } = await import('./send.svelte.ts');
      await reschedule(this.mail, submission, at);
    } catch (error) {
      this.mail.store.report(error);
      session.toast({ text: error instanceof Error ? error.message : String(error), alert: true }, 8000);
    }
    await this.load();
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
