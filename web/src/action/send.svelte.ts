/**
 * Sending. The server holds the message for the undo window, on its own clock (RFC 8621 §7, FUTURERELEASE of RFC 4865); undo asks it
 * to cancel. What is said on the screen is what the server has answered: held, queued, accepted, delivered, or why not.
 */
import type { Client } from '../jmap/client.ts';
import { Offline, Refused, refusedBy } from '../jmap/errors.ts';
import type { EmailSubmission, GetResponse, Id, QueryResponse, SetResponse } from '../jmap/types.ts';
import { SUBMISSION } from '../jmap/types.ts';
import { type Patch, keyword, mailbox } from '../cache/patch.ts';
import { t } from '../kit/i18n/index.svelte.ts';
import { inSentence } from '../kit/in-sentence.ts';
import { nameOf } from '../kit/people.ts';
import { resume } from './compose/begin.svelte.ts';
import { type Draft, type Fields, type SaveState, keptDraft } from './compose/draft.svelte.ts';
import { composers } from './composers.svelte.ts';
import type { Job } from './log.svelte.ts';
import { type Outbox, canTakeBack, underway } from './outbox.svelte.ts';
import { whyNot } from './refusal.ts';
import { type Mail, session, tell } from './session.svelte.ts';

/** Longer than the toast, because a hold equal to it would lose the race. */
const MARGIN_S = 3;
const DAY_MS = 86_400_000;
const DATE_WITHIN_MS = 60_000;

export function maxDelay(mail: Mail): number {
  return Number(mail.store.client?.capability(SUBMISSION)?.['maxDelayedSend'] ?? 0);
}

/** A draft becomes what was sent, and what was sent a draft again. */
function asSent({ store: { byRole } }: Mail): Patch {
  return { ...mailbox(byRole.get('drafts')?.id ?? '', false), ...mailbox(byRole.get('sent')?.id ?? '', true), ...keyword('$draft', false) };
}

function asDraft({ store: { byRole } }: Mail): Patch {
  return { ...mailbox(byRole.get('sent')?.id ?? '', false), ...mailbox(byRole.get('drafts')?.id ?? '', true), ...keyword('$draft', true) };
}

interface Handed {
  submission: EmailSubmission;
  messageId: Id;
  held: boolean;
}

/** Hand the draft to the server, held for `hold`. What is wrong is thrown, the draft stays. */
async function hand(draft: Draft, hold: Record<string, string>, at?: Date): Promise<Handed> {
  const mail = draft.mail;
  const client = mail.store.client;
  const drafts = mail.store.byRole.get('drafts')?.id;
  const sent = mail.store.byRole.get('sent')?.id;
  const identity = draft.identity;
  if (!client) throw new Offline(t('send.offline'));
  if (!drafts || !sent || !identity) throw new Refused('forbidden', t('compose.send_failed', { why: 'Drafts, Sent' }));
  draft.leaves = at ?? null;
  const leaves = at?.getTime() ?? Date.now();
  // Its Date is that of its leaving: not of a draft of last week, nor of a later time that is meant no more.
  if (draft.state !== 'saved' || Math.abs((draft.dated ?? 0) - leaves) > DATE_WITHIN_MS) draft.state = 'dirty';
  const knew = draft.conflict;
  await draft.save();
  // Sent from another window, perhaps: whoever has seen that there are two may send this one too.
  if (draft.conflict && !knew) throw new Refused('conflict', t('compose.conflict'));
  const messageId = draft.emailId;
  const state = draft.state as SaveState;
  if (state === 'failed') throw new Refused('invalidProperties', draft.problem);
  if (state !== 'saved' || !messageId) throw new Offline(t('door.offline'));
  const receivers = [...new Map(draft.recipients.map((address) => [address.email.toLowerCase(), address.email])).values()];
  const { remindDays } = draft.fields;
  const objects = remindDays ? await import('./objects.ts') : null;
  // The draft itself becomes the message sent, so there is one of it at every moment.
  const submitting = client.call<SetResponse<EmailSubmission>>('EmailSubmission/set', {
    create: {
      send: {
        identityId: identity.id,
        emailId: messageId,
        envelope: { mailFrom: { email: identity.email, parameters: Object.keys(hold).length ? hold : null }, rcptTo: receivers.map((address) => ({ email: address })) },
      },
    },
    onSuccessUpdateEmail: { '#send': asSent(mail) },
  });
  // In the same request: whoever closes the page at once is reminded all the same.
  const reminding = objects?.remindUnanswered(mail, messageId, new Date(leaves + remindDays * DAY_MS));
  const submitted = await submitting;
  const refusal = submitted.notCreated?.['send'];
  if (refusal) void reminding?.then((made) => made && mail.reminders.destroy(made.id)).catch(() => undefined);
  if (refusal) throw refusedBy(refusal, whyNot(refusal));
  const created = submitted.created?.['send'];
  if (!created) throw new Refused('serverFail', t('compose.send_failed', { why: 'serverFail' }), 500);
  await handedOver(draft);
  return { submission: created, messageId, held: Object.keys(hold).length > 0 && created.undoStatus !== 'final' };
}

/** Of what was passed on here for the first time, by the message that does so: nothing in it says what it passes on. */
const passedOn = new Map<Id, Fields['about']>();

/** What follows when the server has taken it. */
async function handedOver(draft: Draft): Promise<void> {
  const { mail } = draft;
  await draft.forgetHere();
  composers.close(draft);
  if (draft.fields.about) {
    const { emailId, kind } = draft.fields.about;
    const about = mail.store.emails.get(emailId);
    if (kind === 'forward' && draft.emailId && !('$forwarded' in (about?.keywords ?? {}))) passedOn.set(draft.emailId, draft.fields.about);
    if (!about || !mail.barred([about], 'keywords')) mail.log.perform('did.read', { n: 1 }, { [emailId]: keyword(kind === 'forward' ? '$forwarded' : '$answered', true) }, { quiet: true });
  }
}

/** Whether the server has taken this message already, and only its answer was lost. */
async function isHandedOver(client: Client, messageId: Id): Promise<boolean> {
  const mine = client.call<QueryResponse>('EmailSubmission/query', { filter: { emailIds: [messageId] } });
  const { list } = await client.call<GetResponse<EmailSubmission>>('EmailSubmission/get', { '#ids': mine.ref('/ids'), properties: ['id', 'undoStatus'] });
  return list.some(({ undoStatus }) => undoStatus !== 'canceled');
}

const until = (at: Date): Record<string, string> => ({ HOLDUNTIL: `${at.toISOString().slice(0, 19)}Z` });

/** Send a draft; `at` for later. Without a network it waits on this device, in line with everything else that waits. */
export async function send(draft: Draft, at?: Date): Promise<void> {
  const mail = draft.mail;
  const undo = session.settings.values.undoSeconds;
  const who = nameOf(draft.recipients[0]);
  let handed: Handed;
  try {
    handed = await hand(draft, at ? until(at) : undo && maxDelay(mail) >= undo + MARGIN_S ? { HOLDFOR: String(undo + MARGIN_S) } : {}, at);
  } catch (error) {
    if (!(error instanceof Offline) || !(await draft.queue())) throw error;
    composers.close(draft);
    const entry = mail.log.enqueue('did.send', { n: 1, who, subject: draft.fields.subject }, { kind: 'send', draft: draft.key, ...(at ? { at: at.toISOString() } : {}) });
    session.toast({ text: t('send.offline'), action: { label: t('cmd.undo'), run: () => void mail.log.undo(entry.id) } }, 8000);
    return;
  }
  const { submission, messageId, held } = handed;
  const back = (): void => void takeBack(mail, submission.id, messageId);
  if (at) session.toast({ text: t('send.later', { when: inSentence(at.toISOString()) }), action: { label: t('cmd.undo'), run: back } }, 8000);
  else if (held) {
    countDown(mail, submission.id, messageId, who, undo);
  } else session.toast({ text: t('send.sent') }, 3000);
}

/** Its undo window runs no more; false where it did not. */
function ended(id: Id): boolean {
  const at = underway.findIndex((one) => one.id === id);
  return at >= 0 && underway.splice(at, 1).length > 0;
}

/** The undo window runs, for so many seconds: said, and within reach of `z`. */
function countDown(mail: Mail, id: Id, emailId: Id, who: string, seconds: number): void {
  const toast = session.toast({ text: t('send.sending', { who }), countdown: seconds, action: { label: t('cmd.undo'), key: 'z', run: () => void takeBack(mail, id, emailId) } });
  const end = Date.now() + seconds * 1000;
  underway.push({ id, emailId, at: end - session.settings.values.undoSeconds * 1000, until: end, toast });
  setTimeout(() => ended(id) && session.mail === mail && session.toast({ text: t('send.sent') }, 2500), seconds * 1000);
}

/** What another page handed over, which has been left: as long as it can still be taken back. */
export function goOn({ mail, list }: Outbox): void {
  if (session.mail !== mail || canTakeBack()) return;
  for (const { id, emailId, undoStatus, sendAt, envelope } of list.toReversed()) {
    const left = Math.floor((Date.parse(sendAt) - Date.now()) / 1000) - MARGIN_S;
    if (undoStatus !== 'pending' || left <= 0 || left > session.settings.values.undoSeconds + MARGIN_S) continue;
    countDown(mail, id, emailId, nameOf(mail.store.emails.get(emailId)?.to?.[0] ?? { name: null, email: envelope?.rcptTo[0]?.email ?? '' }), left);
  }
}

/** The turn of a message that waited on this device has come. */
export async function sendKept(mail: Mail, job: Job): Promise<void> {
  const draft = await keptDraft(mail, job.draft);
  if (!draft) throw new Refused('notFound', t('compose.send_failed', { why: t('att.gone') }));
  const at = job.at ? new Date(job.at) : null;
  const { client } = mail.store;
  try {
    if (client && draft.emailId && (await isHandedOver(client, draft.emailId))) await handedOver(draft);
    else if (at && at.getTime() > Date.now()) await hand(draft, until(at), at);
    else await hand(draft, {});
  } catch (error) {
    if (error instanceof Refused) {
      // It comes back as a draft that says what is wrong.
      draft.problem = t('compose.send_failed', { why: error.message });
      draft.minimised = true;
      draft.touch();
      composers.open(draft);
    }
    throw error;
  }
}

/** It is not to be sent after all: open it again. */
export async function reopen(mail: Mail, job: Job): Promise<void> {
  const draft = await keptDraft(mail, job.draft);
  if (!draft) return;
  draft.touch();
  composers.open(draft);
}

/** Ask the server to stop it; if it does, the message is a draft in the same step: what will not go is never among what was sent. */
async function withdrawn(mail: Mail, client: Client, submissionId: Id): Promise<boolean> {
  const answer = await client.call<SetResponse>('EmailSubmission/set', { update: { [submissionId]: { undoStatus: 'canceled' } }, onSuccessUpdateEmail: { [submissionId]: asDraft(mail) } });
  return !answer.notUpdated?.[submissionId];
}

/** Another time, null for now. Only `undoStatus` can be changed (RFC 8621 §7.5), and the Date of a message not at all: it is another submission of another version; where that one is refused, the message is a draft, and open. */
export async function reschedule(mail: Mail, submission: EmailSubmission, at: Date | null): Promise<void> {
  const client = mail.store.client;
  if (!client) throw new Offline(t('door.offline'));
  if (!(await withdrawn(mail, client, submission.id))) throw new Refused('cannotUnsend', t('send.too_late'));
  const draft = await recalled(mail, submission.emailId);
  try {
    await (at ? hand(draft, until(at), at) : hand(draft, {}));
  } catch (error) {
    composers.open(draft);
    throw error;
  }
}

/** What will not go, as a draft again, with the reminder that was for it. */
async function recalled(mail: Mail, emailId: Id): Promise<Draft> {
  await mail.store.load([emailId]);
  mail.bodies.forget(emailId);
  const draft = await resume(mail, emailId);
  const reminder = mail.reminders.list.find((one) => one.emailId === emailId && one.kind === 'noReply' && one.state === 'armed');
  if (reminder) {
    // It is for what will be sent, and goes along with that.
    draft.fields.remindDays = Math.max(1, Math.round((Date.parse(reminder.at) - (draft.dated ?? Date.now())) / DAY_MS));
    draft.touch();
    void mail.reminders.destroy(reminder.id).catch(() => undefined);
  }
  return draft;
}

/** Ask the server to stop it; if it does, the message is a draft again, and open. */
export async function takeBack(mail: Mail, submissionId: Id, emailId: Id): Promise<boolean> {
  const client = mail.store.client;
  ended(submissionId);
  if (!client) {
    session.toast({ text: t('door.offline'), alert: true });
    return false;
  }
  try {
    if (!(await withdrawn(mail, client, submissionId))) {
      session.toast({ text: t('send.too_late'), alert: true });
      return false;
    }
    const draft = await recalled(mail, emailId);
    // What it answers is not answered yet; nor passed on, as far as this page knows.
    draft.fields.about ??= passedOn.get(emailId) ?? null;
    const { about } = draft.fields;
    if (about && (draft.answersAlone || passedOn.has(emailId))) mail.log.perform('did.read', { n: 1 }, { [about.emailId]: keyword(about.kind === 'forward' ? '$forwarded' : '$answered', false) }, { quiet: true });
    composers.open(draft);
    session.toast({ text: t('send.undone') }, 3000);
    return true;
  } catch (error) {
    mail.store.report(error);
    tell(error);
    return false;
  }
}
