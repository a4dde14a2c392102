/** Smart folders and senders, made, changed and removed: deeds that are taken back with everything that was theirs (decision 99). */
import type { Records } from '../cache/records.svelte.ts';
import type { Id, Identity, SavedSearch } from '../jmap/types.ts';
import { type Key, t } from '../kit/i18n/index.svelte.ts';
import { makeSo } from './choices.ts';
import type { Fact } from './log.svelte.ts';
import { type Mail, session } from './session.svelte.ts';

type Kind = 'SavedSearch' | 'Identity';

/** One as it was: everything of it that is not the server's own. */
export type Kept = Record<string, unknown>;

const own: Record<Kind, readonly string[]> = {
  SavedSearch: ['name', 'parentId', 'filter', 'inheritParent', 'sort', 'icon', 'color', 'count', 'notify', 'sortOrder'],
  Identity: ['name', 'email', 'replyTo', 'bcc', 'textSignature', 'htmlSignature'],
};
const titles = {
  SavedSearch: { made: 'did.smart_made', changed: 'did.smart_changed', removed: 'did.smart_removed' },
  Identity: { made: 'did.id_made', changed: 'did.id_changed', removed: 'did.id_removed' },
} as const satisfies Record<Kind, Record<string, Key>>;

const records = (mail: Mail, kind: Kind): Records<{ id: Id }> => (kind === 'Identity' ? mail.identities : mail.searches) as unknown as Records<{ id: Id }>;

function asKept(kind: Kind, one: object): Kept {
  return Object.fromEntries(own[kind].flatMap((name) => (name in one ? [[name, (one as Kept)[name] ?? null]] : [])));
}

const nameOf = (one: Identity | SavedSearch): string => one.name || ('email' in one ? one.email : '');

function done(mail: Mail, title: Key, name: string, fact: Fact): void {
  const entry = mail.log.done(title, { name }, fact);
  session.toast({ text: t(title, { name }), action: { label: t('cmd.undo'), run: () => void mail.log.undo(entry.id) } }, 8000);
}

/** Raises what the server refuses. */
export async function makeKept(mail: Mail, kind: Kind, value: Kept): Promise<Id> {
  const one = (await records(mail, kind).create(value as Partial<{ id: Id }>)) as Identity | SavedSearch;
  done(mail, titles[kind].made, nameOf(one), { type: kind, before: { [one.id]: null }, after: { [one.id]: asKept(kind, one) } });
  return one.id;
}

/** Raises what the server refuses. */
export async function changeKept(mail: Mail, kind: Kind, one: Identity | SavedSearch, patch: Kept): Promise<void> {
  const before = asKept(kind, one);
  const changed = Object.fromEntries(Object.entries(patch).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name] ?? null)));
  if (!Object.keys(changed).length) return;
  await records(mail, kind).update(one.id, changed);
  const was = Object.fromEntries(Object.keys(changed).map((name) => [name, before[name] ?? null]));
  done(mail, titles[kind].changed, nameOf({ ...one, ...changed }), { type: kind, before: { [one.id]: was }, after: { [one.id]: changed } });
}

/** A smart folder goes with those that stand in it. */
export async function removeKept(mail: Mail, kind: Kind, one: Identity | SavedSearch): Promise<void> {
  const before: Record<Id, Kept> = {};
  for (const each of withChildren(mail, kind, one)) {
    before[each.id] = asKept(kind, each);
    await records(mail, kind).destroy(each.id);
  }
  done(mail, titles[kind].removed, nameOf(one), { type: kind, before, after: Object.fromEntries(Object.keys(before).map((id) => [id, null])) });
}

/** Children before their parents. */
function withChildren(mail: Mail, kind: Kind, one: Identity | SavedSearch): (Identity | SavedSearch)[] {
  if (kind === 'Identity') return [one];
  return [...mail.searches.list.filter(({ parentId }) => parentId === one.id).flatMap((child) => withChildren(mail, kind, child)), one];
}

/** How many stand in a smart folder, however deep. */
export const standIn = (mail: Mail, one: SavedSearch): number => withChildren(mail, 'SavedSearch', one).length - 1;

/** Another name for what has come back, wherever a value names it. */
function renamed<T>(value: T, old: Id, fresh: Id): T {
  return JSON.parse(JSON.stringify(value), (name, inner: unknown) => (inner === old && ['parentId', 'inSavedSearch'].includes(name) ? fresh : inner)) as T;
}

/** Make it so: what is null goes, what is there is changed, what is not is made anew, and stands under another id then. */
export async function tellKept(mail: Mail, kind: Kind, after: Record<Id, Kept | null>): Promise<void> {
  const list = records(mail, kind);
  if (!list.loaded) await list.load();
  let wanted = after;
  const waiting = new Set(Object.keys(after));
  const depth = (id: Id | null): number => (id !== null && waiting.has(id) ? 1 + depth((after[id]?.['parentId'] as Id | null | undefined) ?? null) : 0);
  const made = [...waiting].sort((left, right) => depth(left) - depth(right));
  for (const id of made) {
    const value = wanted[id];
    if (!value || list.byId.has(id)) continue;
    // What stood around it may have gone too.
    const whole = { ...value, ...(typeof value['parentId'] === 'string' && !list.byId.has(value['parentId']) ? { parentId: null, inheritParent: false } : {}) };
    if (kind === 'Identity' && !('email' in whole)) continue;
    if (kind === 'SavedSearch' && !('filter' in whole)) continue;
    const { id: fresh } = await list.create(whole as Partial<{ id: Id }>);
    wanted = renamed(wanted, id, fresh);
    callAnew(mail, kind, id, fresh);
  }
  for (const [id, value] of Object.entries(wanted)) {
    if (value && list.byId.has(id)) await list.update(id, value);
  }
  // Children before their parents.
  const standing = (id: Id): number => {
    const parent = (list.byId.get(id) as SavedSearch | undefined)?.parentId;
    return parent ? 1 + standing(parent) : 0;
  };
  for (const id of Object.keys(wanted).filter((one) => !wanted[one] && list.byId.has(one)).sort((left, right) => standing(right) - standing(left))) await list.destroy(id);
  await list.load();
}

/** Deeds that speak of it, here and on other devices, and the sections of a split inbox find it under its new id. */
function callAnew(mail: Mail, kind: Kind, old: Id, fresh: Id): void {
  const change = <T extends { fact?: Fact }>(entry: T): T => {
    const { fact } = entry;
    if (fact?.type !== kind || !JSON.stringify(fact).includes(JSON.stringify(old))) return entry;
    const side = (values: Fact['before']): Fact['before'] => Object.fromEntries(Object.entries(renamed(values, old, fresh)).map(([id, value]) => [id === old ? fresh : id, value]));
    return { ...entry, fact: { ...fact, before: side(fact.before), after: side(fact.after) } };
  };
  mail.shared.mend(change);
  const { settings } = session;
  if (kind === 'SavedSearch' && settings.values.sections.includes(`saved:${old}`)) makeSo('sections', settings.values.sections.map((one) => (one === `saved:${old}` ? `saved:${fresh}` : one)));
}
