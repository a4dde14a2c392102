/** What has been handed over: how far each submission is, and the one that can still be taken back. */
import type { Email, EmailSubmission, GetResponse, Id, SetResponse } from '../jmap/types.ts';
import { SUBMISSION } from '../jmap/types.ts';
import { t } from '../kit/i18n/index.svelte.ts';
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
  readonly open = $derived(this.list.filter((submission) => submission.undoStatus === 'pending' || stage(submission) === 'failed' || stage(submission) === 'queued').length);

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

  /** Only `undoStatus` can be changed, so another time is another submission. */
  async reschedule(submission: EmailSubmission, at: Date | null): Promise<void> {
    const client = this.mail.store.client;
    if (!client || !submission.envelope) return;
    const answer = await client.call<SetResponse>('EmailSubmission/set', { update: { [submission.id]: { undoStatus: 'canceled' } } });
    if (answer.notUpdated?.[submission.id]) {
      session.toast({ text: t('send.too_late'), alert: true });
    } else {
      await client.call<SetResponse>('EmailSubmission/set', {
        create: {
          again: {
            identityId: submission.identityId,
            emailId: submission.emailId,
            envelope: { ...submission.envelope, mailFrom: { ...submission.envelope.mailFrom, parameters: at ? { HOLDUNTIL: `${at.toISOString().slice(0, 19)}Z` } : null } },
          },
        },
      });
    }
    await this.load();
  }
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
