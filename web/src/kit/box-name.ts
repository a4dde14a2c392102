import { type Key, isKey, t } from './i18n/index.svelte.ts';

/** A mailbox as the screen calls it: the known ones by their role, in its language. */
export const boxName = ({ role, name }: { role: string | null; name: string }): string => (isKey(`nav.${role}`) ? t(`nav.${role}` as Key) : name);

/** The same in a deed, which is read in other languages (`action/deed-words.ts`). */
export const boxValue = (as: string, box: { role: string | null; name: string }): Record<string, string> => (isKey(`nav.${box.role}`) ? { [`$${as}`]: `nav.${box.role}` } : { [as]: box.name });
