/** The colours of flags, which every mail program of one maker knows. */
import type { Email } from '../jmap/types.ts';

export const flagBits = ['$MailFlagBit0', '$MailFlagBit1', '$MailFlagBit2'];
/** Apple's colours, by the three bits of RFC 9979. */
export const flagColours = ['red', 'orange', 'yellow', 'green', 'blue', 'purple', 'gray'] as const;
export type FlagColour = (typeof flagColours)[number];

export function flagColour(email: Email): FlagColour | null {
  if (!('$flagged' in email.keywords)) return null;
  const bits = flagBits.reduce((sum, bit, index) => sum + (bit.toLowerCase() in lower(email.keywords) ? 1 << index : 0), 0);
  return flagColours[bits] ?? 'red';
}

function lower(keywords: Record<string, true>): Record<string, true> {
  return Object.fromEntries(Object.keys(keywords).map((name) => [name.toLowerCase(), true]));
}
