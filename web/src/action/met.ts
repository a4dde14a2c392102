/** What another device has moved meanwhile, in words. */
import { boxName } from '../kit/box-name.ts';
import { t } from '../kit/i18n/index.svelte.ts';
import type { Entry } from './log.svelte.ts';
import { type Mail, session } from './session.svelte.ts';

/** Where the other device had put it. */
export function metWords({ store }: Mail, { meanwhile = {} }: Entry): string {
  const boxes = [...new Set(Object.values(meanwhile).flat())].flatMap((id) => store.mailboxById.get(id) ?? []);
  return t('history.met', { n: Object.keys(meanwhile).length, place: boxes.map(boxName).join(', ') });
}

export function sayMet(mail: Mail, entry: Entry): void {
  session.toast({ text: metWords(mail, entry), action: { label: t('cmd.undo'), run: () => void mail.log.undo(entry.id) } }, 10_000);
}
