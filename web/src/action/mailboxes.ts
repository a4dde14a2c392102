/** What one does with folders. The server does it at once; each is a deed of the log, to be taken back. */
import { mailbox } from '../cache/patch.ts';
import { type Email, type GetResponse, type Id, type Mailbox, type QueryResponse, SHARE, type SetResponse } from '../jmap/types.ts';
import { Refused, refusedBy } from '../jmap/errors.ts';
import { type Key, t } from '../kit/i18n/index.svelte.ts';
import type { Fact } from './log.svelte.ts';
import { type Mail, session } from './session.svelte.ts';

type Kind = 'create' | 'update' | 'destroy';

export interface Named {
  name: string;
  parentId: Id | null;
}

/** A folder that was: its mail that lies in the trash now, and its mail that is elsewhere too. */
export interface Removed extends Named {
  alone: Id[];
  elsewhere: Id[];
}

/** What the server refuses, in our own words. */
const refusals: Partial<Record<string, Key>> = { alreadyExists: 'box.exists', mailboxHasEmail: 'box.not_empty', mailboxHasChild: 'box.not_empty' };

/** So many messages in one request. */
const PAGE = 500;

/** Raises `Refused` with the server's reason. */
async function setMailbox(mail: Mail, kind: Kind, key: Id, value: unknown, more: Record<string, unknown> = {}): Promise<Id> {
  const client = mail.store.client;
  if (!client) throw new Refused('offline', t('door.offline'));
  const answer = await client.call<SetResponse<Mailbox>>('Mailbox/set', { [kind]: kind === 'destroy' ? [key] : { [key]: value }, ...more }, client.has(SHARE) ? [SHARE] : []);
  const refusal = answer.notCreated?.[key] ?? answer.notUpdated?.[key] ?? answer.notDestroyed?.[key];
  if (refusal) {
    const words = refusals[refusal.type];
    throw refusedBy(refusal, words && t(words));
  }
  await mail.store.sync();
  return answer.created?.[key]?.id ?? key;
}

const newMailbox = (mail: Mail, name: string, parentId: Id | null): Promise<Id> => setMailbox(mail, 'create', 'one', { name, parentId });
export const changeMailbox = (mail: Mail, id: Id, patch: Partial<Named> | Record<string, unknown>): Promise<Id> => setMailbox(mail, 'update', id, patch);

function done(mail: Mail, title: 'did.box_made' | 'did.box_changed' | 'did.box_removed', name: string, fact: Fact): void {
  const entry = mail.log.done(title, { name }, fact);
  session.toast({ text: t(title, { name }), action: { label: t('cmd.undo'), run: () => void mail.log.undo(entry.id) } }, 8000);
}

/** A new folder; its id. */
export async function makeMailbox(mail: Mail, name: string, parentId: Id | null): Promise<Id> {
  const id = await newMailbox(mail, name, parentId);
  done(mail, 'did.box_made', name, { type: 'Mailbox', before: { [id]: null }, after: { [id]: { name, parentId } satisfies Named } });
  return id;
}

/** Another name, or another place. */
export async function rearrange(mail: Mail, { id, name, parentId }: Mailbox, patch: Partial<Named>): Promise<void> {
  const before: Named = { name, parentId };
  await changeMailbox(mail, id, patch);
  done(mail, 'did.box_changed', patch.name ?? name, { type: 'Mailbox', before: { [id]: before }, after: { [id]: { ...before, ...patch } } });
}

async function change(mail: Mail, update: Record<Id, Record<string, unknown>>): Promise<void> {
  const answer = await mail.store.client?.call<SetResponse>('Email/set', { update });
  const refusal = Object.values(answer?.notUpdated ?? {}).find(({ type }) => type !== 'notFound');
  if (refusal) throw refusedBy(refusal);
}

/** What lies in no other folder goes to the trash first, so that it can still be found. */
export async function removeMailbox(mail: Mail, { id, name, parentId }: Mailbox): Promise<void> {
  const client = mail.store.client;
  const trash = mail.store.byRole.get('trash')?.id;
  if (!client || !trash) throw new Refused('offline', t('door.offline'));
  const removed: Removed = { name, parentId, alone: [], elsewhere: [] };
  for (;;) {
    const query = client.call<QueryResponse>('Email/query', { filter: { inMailbox: id }, limit: PAGE });
    const { list } = await client.call<GetResponse<Pick<Email, 'id' | 'mailboxIds'>>>('Email/get', { '#ids': query.ref('/ids'), properties: ['id', 'mailboxIds'] });
    if (!list.length) break;
    const isAlone = ({ mailboxIds }: Pick<Email, 'mailboxIds'>): boolean => Object.keys(mailboxIds).length === 1;
    for (const one of list) (isAlone(one) ? removed.alone : removed.elsewhere).push(one.id);
    await change(mail, Object.fromEntries(list.map((one) => [one.id, { ...mailbox(id, false), ...(isAlone(one) ? mailbox(trash, true) : {}) }])));
  }
  await setMailbox(mail, 'destroy', id, null);
  done(mail, 'did.box_removed', name, { type: 'Removal', before: { [id]: removed }, after: { [id]: null } });
}

/** A folder is to be so. One that is to go (null) goes when it is empty; one that is made anew has another id, and deeds that speak of it are told. */
export async function tellMailbox(mail: Mail, id: Id, value: Named | null): Promise<void> {
  const isThere = mail.store.mailboxById.has(id);
  if (!value) {
    if (isThere) await setMailbox(mail, 'destroy', id, null);
  } else if (isThere) await changeMailbox(mail, id, value);
  else {
    const fresh = await newMailbox(mail, value.name, value.parentId);
    mail.shared.mend(<T>(entry: T): T => {
      const was = JSON.stringify(entry);
      const now = was.replaceAll(`"${id}"`, `"${fresh}"`).replaceAll(`"mailboxIds/${id}"`, `"mailboxIds/${fresh}"`);
      return now === was ? entry : (JSON.parse(now) as T);
    });
  }
}

/** A folder is there again, with its mail, as far as that is there. */
export async function restoreMailbox(mail: Mail, removed: Removed | null): Promise<void> {
  if (!removed) return;
  const { store } = mail;
  const parentId = removed.parentId && store.mailboxById.has(removed.parentId) ? removed.parentId : null;
  const id = store.mailboxes.find((box) => box.name === removed.name && box.parentId === parentId)?.id ?? (await newMailbox(mail, removed.name, parentId));
  const trash = store.byRole.get('trash')?.id;
  const back = [...removed.alone.map((one) => ({ one, alone: true })), ...removed.elsewhere.map((one) => ({ one, alone: false }))];
  for (let from = 0; from < back.length; from += PAGE)
    await change(mail, Object.fromEntries(back.slice(from, from + PAGE).map(({ one, alone }) => [one, { ...mailbox(id, true), ...(alone && trash ? mailbox(trash, false) : {}) }])));
}
