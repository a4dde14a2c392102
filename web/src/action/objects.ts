/** What one can do that needs an object on the server: reminders, blocked senders, smart folders, bulk changes. Each can be taken back. */
import type { Crossed } from './crossing.ts';
import type { Email, Id, Job, Reminder, SenderProfile } from '../jmap/types.ts';
import { Offline } from '../jmap/errors.ts';
import { type Key, t } from '../kit/i18n/index.svelte.ts';
import { deedWords } from './deed-words.ts';
import { junk } from './deeds.ts';
import type { Fact } from './log.svelte.ts';
import type { Kept } from './kept.ts';
import { type Named, type Removed, restoreMailbox, tellMailbox } from './mailboxes.ts';
import { type Mail, reminderBy, session, tell } from './session.svelte.ts';

function newest(mail: Mail, rows: Id[]): Email[] {
  return rows.map((id) => mail.emailsOf([id]).at(-1)).filter((email) => email !== undefined);
}

// ---------------------------------------------------------------------------------------------------------- reminders

/** A reminder as a deed has it. */
type Due = Pick<Reminder, 'emailId' | 'threadId' | 'kind' | 'at' | 'state'>;

const due = ({ emailId, threadId, kind, at, state }: Due): Due => ({ emailId, threadId, kind, at, state });

/** Reminders as they are to be, by their ids, or `t:` and the conversation where there is none yet. */
function dues(pairs: [Reminder | undefined, Due][]): Fact {
  const before: Record<string, Due | null> = {};
  const after: Record<string, Due> = {};
  for (const [known, wanted] of pairs) {
    const name = known?.id ?? `t:${wanted.threadId}`;
    before[name] = known ? due(known) : null;
    after[name] = wanted;
  }
  return { type: 'Reminder', before, after };
}

/** Remind of conversations at `at`; one that is there gets another time. */
export function toRemind(mail: Mail, rows: Id[], at: Date, kind: 'at' | 'followUp' = 'at'): Fact {
  return dues(
    newest(mail, rows).map(({ id, threadId }) => {
      const known = mail.reminderOf(threadId);
      return [known, { emailId: known?.emailId ?? id, threadId, kind: known?.kind ?? kind, at: utc(at), state: 'armed' }];
    }),
  );
}

const over = (one: Reminder): Due => ({ ...due(one), state: one.state === 'fired' ? 'done' : 'cancelled' });

/** No reminder of these any more; null where there is none. */
export function toForget(mail: Mail, rows: Id[]): Fact | null {
  const known = newest(mail, rows).map(({ threadId }) => mail.reminderOf(threadId)).filter((one) => one !== undefined);
  return known.length ? dues(known.map((one) => [one, over(one)])) : null;
}

const named = (mail: Mail, rows: Id[]): { n: number; subject: string } => ({ n: rows.length, subject: mail.store.emails.get(rows[0] ?? '')?.subject ?? '' });

export function remind(mail: Mail, rows: Id[], at: Date): void {
  mail.log.perform('did.remind', { ...named(mail, rows), $when: utc(at) }, {}, { fact: toRemind(mail, rows, at) });
}

export function forgetReminder(mail: Mail, rows: Id[]): void {
  const fact = toForget(mail, rows);
  if (fact) mail.log.perform('did.unremind', named(mail, rows), {}, { fact });
}

/** One on the board: another time, or over where there is none. */
export function setReminder(mail: Mail, one: Reminder, at: Date | null): void {
  const fact = dues([[one, at ? { ...due(one), at: utc(at), state: 'armed' } : over(one)]]);
  mail.log.perform(at ? 'did.remind' : 'did.unremind', { ...named(mail, [one.emailId]), ...(at ? { $when: utc(at) } : {}) }, {}, { fact });
}

async function tellDue(mail: Mail, name: string, wanted: Due | null): Promise<void> {
  const { reminders } = mail;
  if (!reminders.loaded) await reminders.load();
  const known = reminderBy(reminders.list, name);
  if (!wanted) {
    if (known) await reminders.destroy(known.id);
  } else if (!known) await reminders.create({ emailId: wanted.emailId, kind: wanted.kind, at: wanted.at, keepVisible: false });
  // The server alone lets one fire: what had come already comes again at once.
  else await reminders.update(known.id, { at: wanted.at, state: wanted.state === 'fired' && known.state !== 'fired' ? 'armed' : wanted.state });
}

/** Tell the server what a deed has changed beside the emails. */
export async function tellFact(mail: Mail, { type, after }: Fact): Promise<void> {
  // A choice is made on this device, which tells the server of it as of any other.
  if (type === 'Setting') return;
  if (type === 'SavedSearch' || type === 'Identity') return (await import('./kept.ts')).tellKept(mail, type, after as Record<string, Kept | null>);
  if (type === 'Vacation') return (await import('./away.ts')).tellAway(mail, after);
  for (const [name, value] of Object.entries(after)) {
    if (type === 'Reminder') await tellDue(mail, name, value as Due | null);
    else if (type === 'SenderProfile') await screen(mail, name, value as SenderProfile['screened']);
    else if (type === 'Mailbox') await tellMailbox(mail, name, value as Named | null);
    else if (type === 'Removal') await restoreMailbox(mail, value as Removed | null);
    else if (type === 'Crossing') await (await import('./crossing.ts')).takeBackCrossed(mail, name, value as Crossed | null);
    else await takeBackJob(mail, value as string | null);
  }
}

/** Remind when nobody has answered until `at`; the answer cancels it. Asked for in this turn, to travel with the message; null where that was refused, which is said, or where nobody answers. */
export async function remindUnanswered(mail: Mail, emailId: Id, at: Date): Promise<Reminder | null> {
  try {
    return await mail.reminders.create({ emailId, kind: 'noReply', at: utc(at), keepVisible: false });
  } catch (error) {
    if (!(error instanceof Offline)) tell(error);
    return null;
  }
}

function utc(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

// ------------------------------------------------------------------------------------------------------------ senders

/** Mail of this sender goes to Junk from now on, and what is selected with it: one deed. */
export function block(mail: Mail, rows: Id[]): void {
  const address = newest(mail, rows)[0]?.from?.[0]?.email.toLowerCase();
  if (!address) return;
  const screened = mail.senders.list.find((one) => one.address === address)?.screened ?? null;
  junk(mail, rows, true, 'did.block', { address }, { type: 'SenderProfile', before: { [address]: screened }, after: { [address]: 'rejected' } });
}

async function screen(mail: Mail, address: string, screened: SenderProfile['screened']): Promise<void> {
  const { senders } = mail;
  if (!senders.loaded) await senders.load();
  const known = senders.list.find((one) => one.address === address);
  if (known && screened) await senders.update(known.id, { screened });
  else if (screened) await senders.create({ address, screened });
  else if (known) await unblock(mail, known.id);
}

export async function unblock(mail: Mail, id: Id): Promise<void> {
  const known = mail.senders.byId.get(id);
  if (known && (known.images !== null || known.receipts !== null)) await mail.senders.update(id, { screened: null });
  else await mail.senders.destroy(id);
}

// --------------------------------------------------------------------------------------------------------------- bulk

/** Change everything that the list is of, on the server: also what this page has never seen. */
export async function changeAll(mail: Mail, title: Key, update: Record<string, unknown>, values: Record<string, string | number> = {}): Promise<void> {
  const query = mail.query;
  if (!query) return;
  try {
    const job = await mail.jobs.create({ filter: query.spec.filter, update } as unknown as Partial<Job>);
    mail.selected.clear();
    mail.everything = false;
    const counted = { n: job.total, ...values };
    const entry = mail.log.done(title, counted, { type: 'Job', before: { [job.id]: job.undoToken }, after: { [job.id]: null } });
    session.toast({ text: deedWords(entry), action: { label: t('cmd.undo'), run: () => void mail.log.undo(entry.id) } }, 10_000);
  } catch (error) {
    tell(error);
  }
}

export async function takeBackJob(mail: Mail, undoToken: string | null): Promise<void> {
  if (!undoToken) return;
  await mail.store.client?.call('Undo/apply', { undoToken });
  session.toast({ text: t('job.undoing') }, 3000);
}
