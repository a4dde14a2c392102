import { type Key, isKey, t } from './i18n/index.svelte.ts';

/** A mailbox as the screen calls it: the known ones by their role, in its language. */
export const boxName = ({ role, name }: { role: string | null; name: string }): string => (isKey(`nav.${role}`) ? t(`nav.${role}` as Key) : name);
