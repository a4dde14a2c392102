/** What one can do that needs an object on the server: reminders, blocked senders, smart folders, bulk changes. Each can be taken back. */
import type { Email, Filter, Id, Job, Mailbox, Reminder, SavedSearch, SetResponse } from '../jmap/types.ts';
import { Offline, Refused } from '../jmap/errors.ts';
import { type Key, t } from '../kit/i18n/index.svelte.ts';
import { inSentence } from '../kit/in-sentence.ts';
import { junk } from './deeds.ts';
import { type Mail, session } from './session.svelte.ts';

export function tell(error: unknown): void {
  session.toast({ text: error instanceof Error ? error.message : String(error), alert: true }, 8000);
}

const undo = (run: () => Promise<unknown>): { label: string; run: () => void } => ({ label: t('cmd.undo'), run: () => void run().catch(tell) });

function newest(mail: Mail, rows: Id[]): Email[] {
  return rows.map((id) => mail.emailsOf([id]).at(-1)).filter((email) => email !== undefined);
}

// ---------------------------------------------------------------------------------------------------------- reminders

/** Remind of conversations at `at`; one that is there gets another time. */
export async function remind(mail: Mail, rows: Id[], at: Date, kind: 'at' | 'followUp' = 'at'): Promise<void> {
  const made: Id[] = [];
  try {
    for (const email of newest(mail, rows)) {
      const known = mail.reminderOf(email.threadId);
      if (known) await mail.reminders.update(known.id, { at: utc(at), state: 'armed' });
      else made.push((await mail.reminders.create({ emailId: email.id, kind, at: utc(at), keepVisible: false })).id);
    }
  } catch (error) {
    tell(error);
    return;
  }
  session.toast({ text: t('did.remind', { when: inSentence(at.toISOString()) }), action: undo(() => Promise.all(made.map((id) => mail.reminders.destroy(id)))) });
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

export async function forgetReminder(mail: Mail, rows: Id[]): Promise<void> {
  try {
    for (const email of newest(mail, rows)) {
      const known = mail.reminderOf(email.threadId);
      if (known) await mail.reminders.update(known.id, { state: known.state === 'fired' ? 'done' : 'cancelled' });
    }
  } catch (error) {
    tell(error);
  }
}

function utc(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

// ------------------------------------------------------------------------------------------------------------ senders

/** Mail of this sender goes to Junk from now on, and what is selected with it. */
export async function block(mail: Mail, rows: Id[]): Promise<void> {
  const address = newest(mail, rows)[0]?.from?.[0]?.email.toLowerCase();
  if (!address) return;
  const known = mail.senders.list.find((one) => one.address === address);
  try {
    const id = known ? known.id : (await mail.senders.create({ address, screened: 'rejected' })).id;
    if (known) await mail.senders.update(id, { screened: 'rejected' });
    const entry = junk(mail, rows);
    session.toast({
      text: t('did.block', { address }),
      action: undo(async () => {
        await unblock(mail, id);
        if (entry) mail.log.undo(entry.id);
      }),
    });
  } catch (error) {
    tell(error);
  }
}

export async function unblock(mail: Mail, id: Id): Promise<void> {
  const known = mail.senders.byId.get(id);
  if (known && (known.images !== null || known.receipts !== null)) await mail.senders.update(id, { screened: null });
  else await mail.senders.destroy(id);
}

// ------------------------------------------------------------------------------------------------------ smart folders

export async function saveSearch(mail: Mail, name: string, filter: Filter): Promise<SavedSearch> {
  return mail.searches.create({ name, filter, count: 'unread' });
}

// --------------------------------------------------------------------------------------------------------- mailboxes

type Kind = 'create' | 'update' | 'destroy';

/** Raises `Refused` with the server's reason. */
async function setMailbox(mail: Mail, kind: Kind, key: Id, value: unknown, more: Record<string, unknown> = {}): Promise<Id> {
  const client = mail.store.client;
  if (!client) throw new Refused('offline', t('door.offline'));
  const answer = await client.call<SetResponse<Mailbox>>('Mailbox/set', { [kind]: kind === 'destroy' ? [key] : { [key]: value }, ...more });
  const refusal = answer.notCreated?.[key] ?? answer.notUpdated?.[key] ?? answer.notDestroyed?.[key];
  if (refusal) throw new Refused(refusal.type, refusal.type === 'alreadyExists' ? t('box.exists') : (refusal.description ?? refusal.type));
  await mail.store.sync();
  return answer.created?.[key]?.id ?? key;
}

export const newMailbox = (mail: Mail, name: string, parentId: Id | null): Promise<Id> => setMailbox(mail, 'create', 'one', { name, parentId });
export const changeMailbox = (mail: Mail, id: Id, patch: { name?: string; parentId?: Id | null }): Promise<Id> => setMailbox(mail, 'update', id, patch);

/** Its mail goes to the trash first, so that it can still be found. */
export async function removeMailbox(mail: Mail, box: Mailbox): Promise<void> {
  const client = mail.store.client;
  const trash = mail.store.byRole.get('trash')?.id;
  if (!client || !trash) throw new Refused('offline', t('door.offline'));
  for (;;) {
    const query = client.call<{ ids: Id[]; total: number }>('Email/query', { filter: { inMailbox: box.id }, limit: 500, calculateTotal: true });
    const { ids } = await query;
    if (!ids.length) break;
    const patch = { [`mailboxIds/${box.id}`]: null, [`mailboxIds/${trash}`]: true };
    const answer = await client.call<SetResponse>('Email/set', { update: Object.fromEntries(ids.map((id) => [id, patch])) });
    const refusal = Object.values(answer.notUpdated ?? {})[0];
    if (refusal) throw new Refused(refusal.type, refusal.description ?? refusal.type);
  }
  await setMailbox(mail, 'destroy', box.id, null);
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
    session.toast({ text: t(title, { n: job.total, ...values }), action: undo(() => takeBackJob(mail, job.undoToken)) }, 10_000);
  } catch (error) {
    tell(error);
  }
}

export async function takeBackJob(mail: Mail, undoToken: string | null): Promise<void> {
  if (!undoToken) return;
  await mail.store.client?.call('Undo/apply', { undoToken });
  session.toast({ text: t('job.undoing') }, 3000);
}
