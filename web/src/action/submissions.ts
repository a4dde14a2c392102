/** What one can do with what has been handed over: take it back, send it at another time, once more or mended, be done with it. */
import type { EmailSubmission, SetResponse } from '../jmap/types.ts';
import { t } from '../kit/i18n/index.svelte.ts';
import { sameAddress } from '../kit/mail.ts';
import { composers } from './composers.svelte.ts';
import type { Outbox } from './outbox.svelte.ts';
import { whyNot } from './refusal.ts';
import { session, tell } from './session.svelte.ts';

/** Something broke on the way: the state of the line follows, and it is said. */
function failed({ mail }: Outbox, error: unknown): void {
  mail.store.report(error);
  tell(error);
}

export async function cancel(outbox: Outbox, submission: EmailSubmission): Promise<void> {
  const { takeBack } = await import('./send.svelte.ts');
  await takeBack(outbox.mail, submission.id, submission.emailId);
  await outbox.load();
}

/** The same message once more, to this receiver alone. */
export async function sendAgain(outbox: Outbox, submission: EmailSubmission, address: string): Promise<void> {
  const client = outbox.mail.store.client;
  if (!client || !submission.envelope) {
    session.toast({ text: t('door.offline'), alert: true });
    return;
  }
  try {
    const answer = await client.call<SetResponse>('EmailSubmission/set', {
      create: { again: { identityId: submission.identityId, emailId: submission.emailId, envelope: { mailFrom: { email: submission.envelope.mailFrom.email, parameters: null }, rcptTo: submission.envelope.rcptTo.filter(({ email }) => sameAddress(email, address)) } } },
    });
    const refusal = answer.notCreated?.['again'];
    if (refusal) tell(t('compose.send_failed', { why: whyNot(refusal) }));
  } catch (error) {
    failed(outbox, error);
  }
  await outbox.load();
}

/** The same message as a new one, its address to be mended. */
export async function mend(outbox: Outbox, submission: EmailSubmission, address: string): Promise<void> {
  try {
    const { startAgain } = await import('./compose/begin.svelte.ts');
    composers.open(await startAgain(outbox.mail, submission.emailId, address));
  } catch (error) {
    tell(error);
  }
}

/** Seen, and done with: it is not listed any more. The message stays where it is. */
export async function dismiss(outbox: Outbox, submission: EmailSubmission): Promise<void> {
  const client = outbox.mail.store.client;
  if (!client) return;
  try {
    await client.call<SetResponse>('EmailSubmission/set', { destroy: [submission.id] });
  } catch (error) {
    failed(outbox, error);
  }
  await outbox.load();
}

export async function reschedule(outbox: Outbox, submission: EmailSubmission, at: Date | null): Promise<void> {
  const { mail } = outbox;
  try {
    const { reschedule } = await import('./send.svelte.ts');
    await reschedule(mail, submission, at);
  } catch (error) {
    failed(outbox, error);
  }
  await outbox.load();
}
