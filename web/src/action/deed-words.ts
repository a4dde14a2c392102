/**
 * What was done, in words of the language on the screen. A deed is read later, on other devices and in other languages: of words that are ours
 * the log keeps the key, of a moment its ISO time, each under a name that begins with `$`.
 */
import { type Key, isKey, t } from '../kit/i18n/index.svelte.ts';
import { inSentence } from '../kit/in-sentence.ts';
import type { Entry } from './log.svelte.ts';

export function deedWords({ title, values }: Pick<Entry, 'title' | 'values'>): string {
  if (!isKey(title)) return title;
  const said = Object.entries(values).map(([name, value]) => (name.startsWith('$') ? [name.slice(1), isKey(`${value}`) ? t(value as Key) : inSentence(`${value}`)] : [name, value]));
  return t(title, Object.fromEntries(said) as Entry['values']);
}
