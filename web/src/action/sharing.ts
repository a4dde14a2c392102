/** Giving others a mailbox of one's own (RFC 9670 §4, draft-ietf-jmap-mail-sharing): each change is told at once and is a deed of the log, to be taken back. */
import { PRINCIPALS, SHARE, type GetResponse, type Id, type Mailbox, type QueryResponse } from '../jmap/types.ts';
import { Offline } from '../jmap/errors.ts';
import { boxValue } from '../kit/box-name.ts';
import { t } from '../kit/i18n/index.svelte.ts';
import { deedWords } from './deed-words.ts';
import { changeMailbox } from './mailboxes.ts';
import { type Mail, session } from './session.svelte.ts';

/** Somebody of one's own tenant. */
export interface Person {
  id: Id;
  name: string;
  email: string | null;
}

export type Level = 'read' | 'write' | 'all';
type Rights = Record<string, boolean>;

const READ = ['mayReadItems'];
const WRITE = [...READ, 'mayAddItems', 'mayRemoveItems', 'maySetSeen', 'maySetKeywords'];
const levels: Record<Level, readonly string[]> = { read: READ, write: WRITE, all: [...WRITE, 'mayCreateChild', 'mayRename', 'mayDelete', 'maySubmit', 'mayShare'] };

const rightsOf = (level: Level): Rights => Object.fromEntries(levels[level].map((name) => [name, true]));

/** The level that these rights are; null where they are none of them. */
export function levelOf(rights: Rights): Level | null {
  const given = Object.keys(rights).filter((name) => rights[name]);
  return (Object.keys(levels) as Level[]).find((level) => levels[level].length === given.length && given.every((name) => levels[level].includes(name))) ?? null;
}

/** So many are offered at one time. */
const MOST = 8;

function clientOf(mail: Mail) {
  const { client } = mail.store;
  if (!client || mail.store.link === 'offline') throw new Offline(t('door.offline'));
  return client;
}

/** Whose names or addresses have these letters, without oneself. */
export async function findPeople(mail: Mail, text: string): Promise<Person[]> {
  const client = clientOf(mail);
  const query = client.call<QueryResponse>('Principal/query', { filter: { text }, sort: [{ property: 'name' }], limit: MOST + 1 }, [PRINCIPALS]);
  const { list } = await client.call<GetResponse<Person>>('Principal/get', { '#ids': query.ref('/ids'), properties: ['id', 'name', 'email'] }, [PRINCIPALS]);
  return list.filter(({ email }) => email?.toLowerCase() !== mail.signed.address.toLowerCase()).slice(0, MOST);
}

/** Who has something of a mailbox, and what. */
export async function sharesOf(mail: Mail, box: Id): Promise<{ person: Person; rights: Rights }[]> {
  const client = clientOf(mail);
  const { list } = await client.call<GetResponse<{ shareWith: Record<Id, Rights> | null }>>('Mailbox/get', { ids: [box], properties: ['id', 'shareWith'] }, [SHARE]);
  const shares = list[0]?.shareWith ?? {};
  const ids = Object.keys(shares);
  if (!ids.length) return [];
  const people = await client.call<GetResponse<Person>>('Principal/get', { ids, properties: ['id', 'name', 'email'] }, [PRINCIPALS]);
  return people.list.map((person) => ({ person, rights: shares[person.id] ?? {} })).sort((left, right) => left.person.name.localeCompare(right.person.name));
}

/** Give somebody this much of a mailbox, or nothing any more. Raises `Refused` with the server's reason. */
export async function share(mail: Mail, box: Mailbox, person: Person, level: Level | null, before: Rights | null): Promise<void> {
  const path = `shareWith/${person.id}`;
  const after = level && rightsOf(level);
  await changeMailbox(mail, box.id, { [path]: after });
  const title = level ? 'did.share' : 'did.unshare';
  const values = { ...boxValue('name', box), who: person.name || (person.email ?? '') };
  const entry = mail.log.done(title, values, { type: 'Mailbox', before: { [box.id]: { [path]: before } }, after: { [box.id]: { [path]: after } } });
  session.toast({ text: deedWords(entry), action: { label: t('cmd.undo'), run: () => void mail.log.undo(entry.id) } }, 8000);
}
