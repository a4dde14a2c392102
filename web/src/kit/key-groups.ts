/** The groups of commands, as sheets and tables of keys list them. */
import type { Key } from './i18n/index.svelte.ts';

/** Commands that lists and readers have while they are on the screen: their keys are chosen where neither is. */
export const ofOtherPlaces: { id: string; title: Key; group: (typeof keyGroups)[number] }[] = [
  { id: 'list.next', title: 'cmd.next', group: 'list' },
  { id: 'list.previous', title: 'cmd.previous', group: 'list' },
  { id: 'list.extend-next', title: 'cmd.extend_next', group: 'list' },
  { id: 'list.extend-previous', title: 'cmd.extend_previous', group: 'list' },
  { id: 'list.first', title: 'cmd.first', group: 'list' },
  { id: 'list.last', title: 'cmd.last', group: 'list' },
  { id: 'list.open', title: 'cmd.open', group: 'list' },
  { id: 'list.select', title: 'cmd.select', group: 'select' },
  { id: 'select.all', title: 'cmd.select_all', group: 'select' },
  { id: 'select.none', title: 'cmd.select_none', group: 'select' },
  { id: 'select.read', title: 'cmd.select_read', group: 'select' },
  { id: 'select.unread', title: 'cmd.select_unread', group: 'select' },
  { id: 'select.flagged', title: 'cmd.select_flagged', group: 'select' },
  { id: 'thread.next', title: 'cmd.next_message', group: 'thread' },
  { id: 'thread.previous', title: 'cmd.previous_message', group: 'thread' },
  { id: 'thread.expand', title: 'cmd.expand', group: 'thread' },
  { id: 'thread.print', title: 'cmd.print_all', group: 'thread' },
  { id: 'thread.collapse', title: 'cmd.collapse', group: 'thread' },
];

export const keyGroups = ['list', 'mail', 'select', 'thread', 'compose', 'go', 'layout', 'app'] as const;
export const keyGroupNames: Record<(typeof keyGroups)[number], Key> = { list: 'keys.list', mail: 'keys.mail', select: 'keys.select', thread: 'keys.thread', compose: 'keys.compose', go: 'nav.go', layout: 'set.layout', app: 'keys.app' };
