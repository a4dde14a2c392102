/**
 * Between accounts mail is copied by the server, and what was there is destroyed where that is allowed (RFC 8621 §4.7). It is done at once, and is one deed of the log: taken back
 * in the same way, by its key, also after a reload.
 */
import { mailbox } from '../cache/patch.ts';
import { Offline, refusedBy } from '../jmap/errors.ts';
import type { Email, Id, SetError, SetResponse } from '../jmap/types.ts';
import { boxValue } from '../kit/box-name.ts';
import { t } from '../kit/i18n/index.svelte.ts';
import { deedWords } from './deed-words.ts';
import { type Mail, session, tell } from './session.svelte.ts';

/** An email that went elsewhere, by the id of what was made of it: where it came from, where it is now, and how it comes back. */
export interface Crossed {
  from: Id | null;
  to: Id | null;
  /** What it has left: nothing where it was only copied. Where it is still, in other mailboxes, it comes back by being put there. */
  boxes: Record<Id, true>;
  /** What it was called there, if it is there still. */
  stays: Id | null;
}

/** So many in one request. */
const PAGE = 100;

/** Whether these may be taken out of where they are: else they are copied. */
export const mayLeave = (mail: Mail, rows: Id[]): boolean => mail.barred(mail.emailsOf(rows), 'away') === null;

/** Into a mailbox of another account: moved where they may leave, else copied. */
export async function cross(mail: Mail, rows: Id[], target: Id): Promise<void> {
  const { store } = mail;
  const box = store.mailboxById.get(target);
  if (!box) return;
  const kept = new Set(['sent', 'drafts', 'trash', 'junk']);
  const emails = mail.emailsOf(rows).filter((email) => {
    const here = mail.hereOf(email);
    return email.accountId !== box.accountId && (here ? here in email.mailboxIds : Object.keys(email.mailboxIds).some((id) => !kept.has(store.mailboxById.get(id)?.role ?? '')));
  });
  const leaves = mayLeave(mail, rows);
  const subject = store.emails.get(rows[0] ?? '')?.subject ?? '';
  const before: Record<Id, Crossed> = {};
  try {
    for (const from of new Set(emails.map(({ accountId }) => accountId))) {
      const mine = emails.filter(({ accountId }) => accountId === from);
      for (let at = 0; at < mine.length; at += PAGE) Object.assign(before, await sent(mail, mine.slice(at, at + PAGE), from, box.accountId, target, leaves));
    }
  } catch (error) {
    tell(error);
  }
  if (!Object.keys(before).length) return;
  const title = leaves ? 'did.move' : 'did.copy';
  const values = { n: rows.length, subject, ...boxValue('mailbox', box) };
  const entry = mail.log.done(title, values, { type: 'Crossing', before, after: Object.fromEntries(Object.keys(before).map((id) => [id, null])) });
  mail.selected.clear();
  session.toast({ text: deedWords(entry), action: { label: t('cmd.undo'), run: () => void mail.log.undo(entry.id) } }, 8000);
  await store.sync();
}

/** Copy these, and have them gone where they were if they `leave`. */
async function sent(mail: Mail, emails: Email[], from: Id | undefined, to: Id | undefined, target: Id, leave: boolean): Promise<Record<Id, Crossed>> {
  const { store } = mail;
  const there = store.clientOf(to);
  if (!there || store.link !== 'online') throw new Offline(t('door.offline'));
  const here = new Map(emails.map((email) => [email.id, mail.hereOf(email) ?? Object.keys(email.mailboxIds)[0] ?? '']));
  // What lies elsewhere as well stays there.
  const stays = (email: Email): boolean => !leave || Object.keys(email.mailboxIds).length > 1;
  const out: Record<Id, Crossed> = {};
  let refused: SetError | null = null;
  for (const all of [emails.filter((email) => !stays(email)), emails.filter(stays)]) {
    if (!all.length) continue;
    const create = Object.fromEntries(all.map(({ id }) => [id, { id, mailboxIds: { [target]: true } }]));
    const answer = await there.call<SetResponse<{ id: Id }>>('Email/copy', { fromAccountId: from ?? store.accountId, create, ...(stays(all[0] as Email) ? {} : { onSuccessDestroyOriginal: true }) });
    for (const email of all) {
      const made = answer.created?.[email.id];
      if (!made) refused = answer.notCreated?.[email.id] ?? { type: 'serverFail' };
      else out[made.id] = { from: from ?? null, to: to ?? null, boxes: !leave ? {} : stays(email) ? { [here.get(email.id) as Id]: true } : email.mailboxIds, stays: stays(email) ? email.id : null };
    }
  }
  const behind = emails.filter((email) => leave && stays(email) && Object.values(out).some((one) => one.stays === email.id));
  if (behind.length) await store.clientOf(from)?.call('Email/set', { update: Object.fromEntries(behind.map(({ id }) => [id, mailbox(here.get(id) as Id, false)])) });
  if (refused) tell(refusedBy(refused));
  return out;
}

/** It is as it was before: the copy gone, and what had left there again. Once more where that has been done is nothing. */
export async function takeBackCrossed(mail: Mail, id: Id, crossed: Crossed | null): Promise<void> {
  if (!crossed) return;
  const { store } = mail;
  const { from, to, boxes, stays } = crossed;
  const back = store.clientOf(from ?? undefined);
  const there = store.clientOf(to ?? undefined);
  if (!back || !there) throw new Offline(t('door.offline'));
  if (stays === null) {
    const answer = await back.call<SetResponse>('Email/copy', { fromAccountId: to ?? store.accountId, create: { one: { id, mailboxIds: boxes } }, onSuccessDestroyOriginal: true });
    const refusal = answer.notCreated?.['one'];
    if (refusal) throw refusedBy(refusal);
  } else {
    const update = Object.assign({}, ...Object.keys(boxes).map((box) => mailbox(box, true))) as Record<string, unknown>;
    const refusal = Object.keys(boxes).length ? (await back.call<SetResponse>('Email/set', { update: { [stays]: update } })).notUpdated?.[stays] : undefined;
    if (refusal) throw refusedBy(refusal);
    await there.call('Email/set', { destroy: [id] });
  }
}
