/** The groups of commands, as sheets and tables of keys list them. */
import type { Key } from './i18n/index.svelte.ts';

export const keyGroups = ['list', 'mail', 'select', 'thread', 'compose', 'go', 'layout', 'app'] as const;
export const keyGroupNames: Record<(typeof keyGroups)[number], Key> = { list: 'keys.list', mail: 'keys.mail', select: 'keys.select', thread: 'keys.thread', compose: 'keys.compose', go: 'nav.go', layout: 'set.layout', app: 'keys.app' };
