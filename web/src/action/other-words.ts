/** What people from other programs call a thing: they find it by that name too, in the palette and in the settings. By the message that is its title here. */
import type { Key } from '../kit/i18n/index.svelte.ts';

export const otherWords: Partial<Record<Key, Key>> = {
  'cmd.trash': 'also.trash',
  'cmd.junk': 'also.junk',
  'cmd.flag': 'also.flag',
  'cmd.snooze': 'also.snooze',
  'cmd.remind': 'also.remind',
  'cmd.label': 'also.label',
  'cmd.memo': 'also.memo',
  'cmd.compose': 'also.compose',
  'cmd.sign_out': 'also.sign_out',
  'layout.columns': 'also.columns',
  'layout.bottom': 'also.bottom',
  'layout.table': 'also.table',
  'set.appearance': 'also.appearance',
  'set.layout': 'also.layout',
  'set.keyboard': 'also.keyboard',
  'set.reading': 'also.reading',
  'set.composing': 'also.composing',
  'away.title': 'also.away',
  'note.title': 'also.notifications',
  'set.offline': 'also.offline',
  'set.security': 'also.security',
};
