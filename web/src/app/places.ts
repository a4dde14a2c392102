/** What the list shows for a place of the address bar. */
import type { Mail } from '../action/session.svelte.ts';
import { type QuerySpec, newestFirst } from '../cache/query.svelte.ts';
import { type Key, isKey, t } from '../kit/i18n/index.svelte.ts';
import { roles } from '../feature/mailboxes/tree.ts';
import type { Comparator, Filter } from '../jmap/types.ts';
import type { Label, Values } from '../cache/settings.svelte.ts';
import type { Route } from '../kit/router.svelte.ts';
import { room } from '../kit/window.svelte.ts';

/** Less of a list: what is looked for most. */
export type Narrow = 'all' | 'unread' | 'flagged' | 'files';
const narrow: Record<Narrow, Filter | null> = { all: null, unread: { notKeyword: '$seen' }, flagged: { hasKeyword: '$flagged' }, files: { hasAttachment: true } };

/** As `sorts` of the settings spells it. */
const sortOf = (wish: string): Comparator[] => [{ property: wish.replace('-', ''), isAscending: !wish.startsWith('-') }];

export interface Place {
  title: string;
  role: string | null;
  spec: QuerySpec;
  mailboxId: string | null;
  /** Whose it is, where somebody else shares it. */
  account?: string;
  /** Of more than one account: what is asked of each. */
  specs?: QuerySpec[];
}

/** What a message of a section of the inbox is; null for whatever is left. */
function isOf(section: string, vips: string[]): Filter | null {
  if (section === 'unread') return { notKeyword: '$seen' };
  if (section === 'flagged') return { hasKeyword: '$flagged' };
  if (section === 'important') return { operator: 'OR', conditions: [{ hasKeyword: '$important' }, ...vips.map((address) => ({ from: address.replace(/^@/, '') }))] };
  if (section.startsWith('saved:')) return { inSavedSearch: section.slice(6) };
  if (section.startsWith('label:')) return { hasKeyword: section.slice(6) };
  return null;
}

/** Which messages of the inbox belong in a section. Where conversations are shown as one, that is of a conversation as soon as one of its messages here is: none is torn. */
function belongs(section: string, vips: string[], inbox: Place): Filter | null {
  const own = isOf(section, vips);
  return own && inbox.spec.collapseThreads ? { someInThread: { operator: 'AND', conditions: [{ inMailbox: inbox.mailboxId }, own] } } : own;
}

/** The inbox in sections, from the top: what stands in one is left out of those below. */
export function sectionsOf(mail: Mail, inbox: Place, sections: string[], labels: Label[], vips: string[]): Place[] {
  const known = sections.filter((section) => !section.startsWith('saved:') || mail.searches.byId.has(section.slice(6)));
  return known.map((section, index) => {
    const above = known.slice(0, index).map((other) => belongs(other, vips, inbox)).filter((filter) => filter !== null);
    const own = belongs(section, vips, inbox);
    const conditions = [{ inMailbox: inbox.mailboxId }, ...(own ? [own] : []), ...(above.length ? [{ operator: 'NOT' as const, conditions: above }] : [])];
    const title = section.startsWith('saved:')
      ? (mail.searches.byId.get(section.slice(6))?.name ?? '')
      : section.startsWith('label:')
        ? (labels.find(({ keyword }) => keyword === section.slice(6))?.name ?? section.slice(6))
        : t(isKey(`split.${section}`) ? (`split.${section}` as Key) : 'split.rest');
    return { ...inbox, title, spec: { ...inbox.spec, filter: { operator: 'AND', conditions } } };
  });
}

/** Conversations as lines of a table, which can be sorted. */
export const isTable = ({ layout }: Values): boolean => layout === 'table' && !room.isPhone;

/** The place of the address, as it is chosen to be seen; null where the address is of none. */
export function chosenPlace(mail: Mail, route: Route, values: Values, only: Narrow = 'all'): Place | null {
  const place = route.at === 'mail' ? placeOf(mail, route.source, values.conversations, values.labels, only) : null;
  const wish = route.at === 'mail' && isTable(values) && values.sorts[route.source];
  // Lists of several accounts lie in one another by date.
  return place && wish && !place.specs ? { ...place, spec: { ...place.spec, sort: sortOf(wish) } } : place;
}

/** Null where the place is not (yet) known. */
function placeOf(mail: Mail, source: string, conversations: boolean, labels: Label[], only: Narrow): Place | null {
  const narrowed = (filter: QuerySpec['filter']): QuerySpec['filter'] => {
    const more = narrow[only];
    return !more ? filter : filter ? { operator: 'AND', conditions: [filter, more] } : more;
  };
  const spec = (filter: QuerySpec['filter']): QuerySpec => ({ filter: narrowed(filter), sort: newestFirst, collapseThreads: conversations });
  if (source.startsWith('saved:')) {
    const one = mail.searches.byId.get(source.slice(6));
    return one ? { title: one.name, role: null, mailboxId: null, spec: spec({ inSavedSearch: one.id }) } : null;
  }
  if (source === 'flagged') {
    const flagged = spec({ hasKeyword: '$flagged' });
    const { others } = mail.store;
    return { title: t('nav.flagged'), role: null, mailboxId: null, spec: flagged, ...(others.length ? { specs: [flagged, ...others.map(({ id }) => ({ ...flagged, account: id }))] } : {}) };
  }
  if (source === 'inboxes') {
    const specs = mail.inboxes.map(({ id, accountId }) => ({ ...spec({ inMailbox: id }), ...(accountId ? { account: accountId } : {}) }));
    return specs[0] ? { title: t('nav.inboxes'), role: 'inboxes', mailboxId: null, spec: specs[0], specs } : null;
  }
  if (source === 'all') {
    const not = ['trash', 'junk'].map((role) => mail.store.byRole.get(role)?.id).filter((id) => id !== undefined);
    return { title: t('nav.all'), role: null, mailboxId: null, spec: spec(not.length ? { inMailboxOtherThan: not } : null) };
  }
  if (source.startsWith('label:')) {
    const keyword = source.slice(6);
    return { title: labels.find((label) => label.keyword === keyword)?.name ?? keyword, role: null, mailboxId: null, spec: spec({ hasKeyword: keyword }) };
  }
  const box = mail.store.byRole.get(source) ?? mail.store.mailboxById.get(source);
  if (!box) return null;
  const known = roles.find(({ role }) => role === box.role);
  const account = box.accountId;
  return { title: known ? t(known.name) : box.name, role: box.role, mailboxId: box.id, spec: { ...spec({ inMailbox: box.id }), ...(account ? { account } : {}) }, ...(account ? { account } : {}) };
}
