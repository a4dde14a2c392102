/** English messages that only late places use. Empty here: the build takes them out of `en.ts` (scripts/messages.mjs). */
import type { Messages } from './en.ts';

export const late: Partial<Messages> = {};
