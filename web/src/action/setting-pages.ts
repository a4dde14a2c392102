/** The pages of the settings, and what stands on them: the settings are searched by these words, the palette leads to them. */
import type { Key } from '../kit/i18n/index.svelte.ts';
import type { IconName } from '../kit/icons.ts';
import { commands } from './commands.svelte.ts';
import type { Mail } from './session.svelte.ts';

export interface SettingPage {
  id: string;
  name: Key;
  icon: IconName;
  words: Key[];
}

/** Those that this account has; some come with what may be sent. */
export function settingPages(mail: Mail): SettingPage[] {
  const writes = commands.get('compose.new') !== undefined;
  const pages: (SettingPage | false)[] = [
    { id: 'appearance', name: 'set.appearance', icon: 'contrast', words: ['set.language', 'set.theme', 'set.accent', 'set.density', 'set.font', 'set.face', 'set.dark_mail'] },
    { id: 'layout', name: 'set.layout', icon: 'columns', words: ['layout.columns', 'layout.bottom', 'layout.table', 'layout.focus', 'layout.split', 'split.title', 'set.conversations', 'set.after'] },
    { id: 'keyboard', name: 'set.keyboard', icon: 'keyboard', words: ['set.preset', 'set.singles'] },
    { id: 'reading', name: 'set.reading', icon: 'eye', words: ['set.images', 'set.mark_read', 'set.swipe', 'set.blocked'] },
    writes && { id: 'composing', name: 'set.composing', icon: 'pencil', words: ['set.undo_send', 'set.identities', 'set.signature', 'set.rich'] },
    (mail.vacation.possible || mail.vacation.list.length > 0) && { id: 'away', name: 'away.title', icon: 'case', words: ['away.switch'] },
    { id: 'folders', name: 'nav.folders', icon: 'folder', words: ['nav.smart', 'box.new'] },
    writes && { id: 'templates', name: 'set.templates', icon: 'file', words: ['tmpl.new'] },
    { id: 'labels', name: 'nav.labels', icon: 'tag', words: ['nav.labels'] },
    { id: 'notifications', name: 'note.title', icon: 'bell', words: ['note.vips', 'note.quiet', 'note.sound'] },
    { id: 'offline', name: 'set.offline', icon: 'download', words: ['set.storage'] },
    { id: 'security', name: 'set.security', icon: 'lock', words: ['set.password', 'set.sessions', 'totp.title', 'app.title'] },
  ];
  return pages.filter((page) => page !== false);
}
