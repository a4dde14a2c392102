/** What the list shows for a place of the address bar. */
import type { Mail } from '../action/session.svelte.ts';
import { type QuerySpec, newestFirst } from '../cache/query.svelte.ts';
import { t } from '../kit/i18n/index.svelte.ts';
import { roles } from '../feature/mailboxes/tree.ts';
import type { Filter } from '../jmap/types.ts';
import type { Label } from '../cache/settings.svelte.ts';

/** Less of a list: what is looked for most. */
export type Narrow = 'all' | 'unread' | 'flagged' | 'files';
const narrow: Record<Narrow, Filter | null> = { all: null, unread: { notKeyword: '$seen' }, flagged: { hasKeyword: '$flagged' }, files: { hasAttachment: true } };

export interface Place {
  title: string;
  role: string | null;
  spec: QuerySpec;
  mailboxId: string | null;
}

/** Null where the place is not (yet) known. */
export function placeOf(mail: Mail, source: string, conversations: boolean, labels: Label[], only: Narrow = 'all'): Place | null {
  const narrowed = (filter: QuerySpec['filter']): QuerySpec['filter'] => {
    const more = narrow[only];
    return !more ? filter : filter ? { operator: 'AND', conditions: [filter, more] } : more;
  };
  const spec = (filter: QuerySpec['filter']): QuerySpec => ({ filter: narrowed(filter), sort: newestFirst, collapseThreads: conversations });
  if (source.startsWith('saved:')) {
    const one = mail.searches.byId.get(source.slice(6));
    return one ? { title: one.name, role: null, mailboxId: null, spec: spec({ inSavedSearch: one.id }) } : null;
  }
  if (source === 'flagged') return { title: t('nav.flagged'), role: null, mailboxId: null, spec: spec({ hasKeyword: '$flagged' }) };
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
  return { title: known ? t(known.name) : box.name, role: box.role, mailboxId: box.id, spec: spec({ inMailbox: box.id }) };
}
