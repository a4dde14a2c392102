/**
 * Sending. The server holds the message for the undo window, on its own clock (RFC 8621 §7, FUTURERELEASE of RFC 4865); undo asks it
 * to cancel. What is said on the screen is what the server has answered: held, queued, accepted, delivered, or why not.
 */
import { Offline, Refused } from '../jmap/errors.ts';
import type { EmailSubmission, Id, SetResponse } from '../jmap/types.ts';
import { SUBMISSION } from '../jmap/types.ts';
import { keyword } from '../cache/patch.ts';
import { t } from '../kit/i18n/index.svelte.ts';
import { messageDate } from '../kit/dates.ts';
import { nameOf } from '../kit/people.ts';
import { type Draft, type SaveState, resume } from './compose.svelte.ts';
import { composers } from './composers.svelte.ts';
import { underway } from './outbox.svelte.ts';
import { type Mail, session } from './session.svelte.ts';

/** Longer than the toast, because a hold equal to it would lose the race. */
const MARGIN_S = 3;

export function maxDelay(mail: Mail): number {
  return Number(mail.store.client?.capability(SUBMISSION)?.['maxDelayedSend'] ?? 0);
}

/** Hand the draft over. `at` for later. Returns the submission's id; what is wrong is thrown, the draft stays. */
export async function send(draft: Draft, at?: Date): Promise<Id> {
  const mail = draft.mail;
  const client = mail.store.client;
  if (!client) throw new Offline(t('send.offline'));
  const drafts = mail.store.byRole.get('drafts')?.id;
  const sent = mail.store.byRole.get('sent')?.id;
  const identity = draft.identity;
  if (!drafts || !sent || !identity) throw new Refused('forbidden', t('compose.send_failed', { why: 'Drafts, Sent' }));
  const undo = session.settings.values.undoSeconds;
  const limit = maxDelay(mail);
  const hold: Record<string, string> = at ? { HOLDUNTIL: `${at.toISOString().slice(0, 19)}Z` } : undo && limit >= undo + MARGIN_S ? { HOLDFOR: String(undo + MARGIN_S) } : {};
  if (draft.state !== 'saved') draft.state = 'dirty';
  await draft.save();
  const messageId = draft.emailId;
  const state = draft.state as SaveState;
  if (state === 'failed') throw new Refused('invalidProperties', draft.problem);
  if (state !== 'saved' || !messageId) throw new Offline(t('door.offline'));
  const receivers = [...new Map(draft.recipients.map((address) => [address.email.toLowerCase(), address.email])).values()];
  // The draft itself becomes the message sent, so there is one of it at every moment.
  const submitted = await client.call<SetResponse<EmailSubmission>>('EmailSubmission/set', {
    create: {
      send: {
        identityId: identity.id,
        emailId: messageId,
        envelope: { mailFrom: { email: identity.email, parameters: Object.keys(hold).length ? hold : null }, rcptTo: receivers.map((address) => ({ email: address })) },
      },
    },
    onSuccessUpdateEmail: { '#send': { [`mailboxIds/${drafts}`]: null, [`mailboxIds/${sent}`]: true, 'keywords/$draft': null } },
  });
  const refusal = submitted.notCreated?.['send'];
  if (refusal) throw new Refused(refusal.type, refusal.description ?? (refusal.properties?.length ? `${refusal.type}: ${refusal.properties.join(', ')}` : refusal.type));
  const created = submitted.created?.['send'];
  if (!created) throw new Refused('serverFail', t('compose.send_failed', { why: 'serverFail' }), 500);
  await draft.forgetHere();
  composers.close(draft);
  if (draft.fields.about) {
    const { emailId, kind } = draft.fields.about;
    mail.log.perform('did.read', { n: 1 }, { [emailId]: keyword(kind === 'forward' ? '$forwarded' : '$answered', true) }, { quiet: true });
  }
  const who = nameOf(draft.recipients[0]);
  if (at) session.toast({ text: t('send.later', { when: messageDate(at.toISOString()) }), action: { label: t('cmd.undo'), run: () => void takeBack(mail, created.id, messageId) } }, 8000);
  else if (Object.keys(hold).length && created.undoStatus !== 'final') {
    session.toast({ text: t('send.sending', { who }), countdown: undo, action: { label: t('cmd.undo'), ...(undo ? { key: 'z' } : {}), run: () => void takeBack(mail, created.id, messageId) } });
    underway.last = { id: created.id, emailId: messageId, until: Date.now() + undo * 1000 };
    setTimeout(() => session.mail === mail && underway.last?.id === created.id && session.toast({ text: t('send.sent') }, 2500), undo * 1000);
  } else session.toast({ text: t('send.sent') }, 3000);
  return created.id;
}

/** Ask the server to stop it; if it does, the message is a draft again, and open. */
export async function takeBack(mail: Mail, submissionId: Id, emailId: Id): Promise<boolean> {
  const client = mail.store.client;
  if (underway.last?.id === submissionId) underway.last = null;
  if (!client) {
    session.toast({ text: t('door.offline'), alert: true });
    return false;
  }
  const drafts = mail.store.byRole.get('drafts')?.id ?? '';
  const sent = mail.store.byRole.get('sent')?.id ?? '';
  try {
    const answer = await client.call<SetResponse>('EmailSubmission/set', { update: { [submissionId]: { undoStatus: 'canceled' } } });
    if (answer.notUpdated?.[submissionId]) {
      session.toast({ text: t('send.too_late'), alert: true });
      return false;
    }
    await client.call('Email/set', { update: { [emailId]: { [`mailboxIds/${sent}`]: null, [`mailboxIds/${drafts}`]: true, 'keywords/$draft': true } } });
    await mail.store.load([emailId]);
    mail.bodies.forget(emailId);
    composers.open(await resume(mail, emailId));
    session.toast({ text: t('send.undone') }, 3000);
    return true;
  } catch (error) {
    mail.store.report(error);
    session.toast({ text: error instanceof Error ? error.message : String(error), alert: true });
    return false;
  }
}
