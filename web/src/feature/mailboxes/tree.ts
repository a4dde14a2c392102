/** Mailboxes in the order that people expect: the known roles first, then the rest as a tree by name. */
import type { Id, Mailbox, SavedSearch } from '../../jmap/types.ts';
import type { IconName } from '../../kit/icons.ts';
import type { Key } from '../../kit/i18n/index.svelte.ts';

export const roles: { role: string; icon: IconName; name: Key }[] = [
  { role: 'inbox', icon: 'inbox', name: 'nav.inbox' },
  { role: 'snoozed', icon: 'clock', name: 'nav.snoozed' },
  { role: 'drafts', icon: 'draft', name: 'nav.drafts' },
  { role: 'scheduled', icon: 'moment', name: 'nav.scheduled' },
  { role: 'sent', icon: 'send', name: 'nav.sent' },
  { role: 'archive', icon: 'archive', name: 'nav.archive' },
  { role: 'junk', icon: 'junk', name: 'nav.junk' },
  { role: 'trash', icon: 'trash', name: 'nav.trash' },
];

export interface Node {
  box: Mailbox;
  depth: number;
  children: boolean;
}

/** The mailboxes without a known role, parents before children; `folded` ones hide theirs. */
export function tree(mailboxes: Mailbox[], folded: ReadonlySet<Id>): Node[] {
  const known = new Set(roles.map(({ role }) => role));
  const byParent = new Map<Id | null, Mailbox[]>();
  const ids = new Set(mailboxes.map((box) => box.id));
  for (const box of mailboxes) {
    const parent = box.parentId !== null && ids.has(box.parentId) ? box.parentId : null;
    byParent.set(parent, [...(byParent.get(parent) ?? []), box]);
  }
  const out: Node[] = [];
  const seen = new Set<Id>();
  const walk = (parent: Id | null, depth: number): void => {
    const children = (byParent.get(parent) ?? []).sort((left, right) => left.sortOrder - right.sortOrder || left.name.localeCompare(right.name));
    for (const box of children) {
      if (seen.has(box.id)) continue;
      seen.add(box.id);
      const own = !(box.role && known.has(box.role));
      const has = byParent.has(box.id);
      if (own) out.push({ box, depth, children: has });
      if (has && !folded.has(box.id)) walk(box.id, own ? depth + 1 : depth);
    }
  };
  walk(null, 0);
  return out;
}

export interface SmartNode {
  one: SavedSearch;
  depth: number;
  children: boolean;
}

/** Smart folders below their parents, in their own order, then by name. */
export function smartTree(list: SavedSearch[], folded: ReadonlySet<Id>): SmartNode[] {
  const ids = new Set(list.map(({ id }) => id));
  const out: SmartNode[] = [];
  const walk = (parent: Id | null, depth: number): void => {
    const here = list.filter((one) => (one.parentId !== null && ids.has(one.parentId) ? one.parentId : null) === parent);
    for (const one of here.sort((left, right) => left.sortOrder - right.sortOrder || left.name.localeCompare(right.name))) {
      const children = list.some((other) => other.parentId === one.id);
      out.push({ one, depth, children });
      if (children && depth < 10 && !folded.has(one.id)) walk(one.id, depth + 1);
    }
  };
  walk(null, 0);
  return out;
}
