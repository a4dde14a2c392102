/** Names, initials and the hue that a person keeps. */
import type { EmailAddress } from './mail.ts';

const hues = ['red', 'orange', 'amber', 'lime', 'green', 'teal', 'sky', 'blue', 'violet', 'pink'] as const;
export type Hue = (typeof hues)[number];
export const allHues: readonly Hue[] = hues;

export function hueOf(text: string): Hue {
  let hash = 2166136261;
  for (const character of text.toLowerCase()) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16777619);
  return hues[(hash >>> 0) % hues.length] as Hue;
}

export function initials(name: string, address: string): string {
  const words = (name.replace(/["'()<>,]/g, ' ').trim() || (address.split('@')[0] ?? '').replace(/[._+-]+/g, ' ')).split(/\s+/).filter((word) => /\p{L}|\p{N}/u.test(word));
  const first = [...(words[0] ?? '?')].find((character) => /\p{L}|\p{N}/u.test(character)) ?? '?';
  const last = words.length > 1 ? [...(words.at(-1) ?? '')].find((character) => /\p{L}|\p{N}/u.test(character)) : undefined;
  return (first + (last ?? '')).toUpperCase();
}

/** Machines and lists get square faces: addresses that nobody reads, and mail of lists. */
export function isMachine(address: string): boolean {
  return /^(no-?reply|do-?not-?reply|notifications?|news(letter)?|mailer-daemon|postmaster|bounces?|alerts?|info|service|support|billing|orders?|updates?|hello)\b/i.test(address);
}

export function nameOf(address: EmailAddress | undefined): string {
  if (!address) return '';
  return address.name?.trim() || address.email;
}

/** “Megumi Satō” → “Megumi”; a name that is an address or an organisation stays whole. */
export function shortName(address: EmailAddress): string {
  const name = address.name?.trim();
  if (!name) return address.email.split('@')[0] ?? address.email;
  if (name.includes(',')) return name.split(',')[1]?.trim().split(/\s+/)[0] || name;
  const words = name.split(/\s+/);
  return words.length === 2 || words.length === 3 ? (words[0] as string) : name;
}

/** Made when it is first needed, and once: it takes a hundred times as long to make as to ask. */
let collator: Intl.Collator | undefined;

export function sameName(left: string, right: string): boolean {
  return left === right || (collator ??= new Intl.Collator(undefined, { sensitivity: 'base' })).compare(left, right) === 0;
}
