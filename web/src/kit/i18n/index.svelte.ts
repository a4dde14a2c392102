/** The language on the screen. `t` is reactive: a change of language redraws what shows words. */
import { type Messages, en } from './en.ts';
import { Formatter, type Values } from './message.ts';

export type Key = keyof Messages;
export const languages = { en: 'English', de: 'Deutsch', ar: 'العربية' } as const;
const rightToLeft: ReadonlySet<string> = new Set(['ar', 'he', 'fa']);
export type Language = keyof typeof languages;

const catalogues: Record<Language, () => Promise<Messages>> = {
  en: () => Promise.resolve(en),
  de: async () => (await import('./de.ts')).de,
  ar: async () => (await import('./ar.ts')).ar,
};

let complete: Promise<void> | undefined;

/** What else late places need that comes with their messages. */
export const beside: (() => Promise<unknown>)[] = [];

/** Resolves when the English messages of late places are there, and what comes with them; the other languages come whole. */
export function allMessages(): Promise<void> {
  complete ??= Promise.all([import('./late.ts'), ...beside.map((load) => load())]).then(([{ late }]) => void Object.assign(en, late));
  // Where the line broke they are asked for again.
  complete.catch(() => (complete = undefined));
  return complete;
}

/** A part that comes later, when the messages and icons are there that only such parts use. */
export async function withMessages<T>(part: Promise<T>): Promise<T> {
  return (await Promise.all([part, allMessages()]))[0];
}

class Current {
  language = $state<Language>('en');
  messages = $state.raw<Messages>(en);
  formatter = $state.raw(new Formatter('en'));
}

const current = new Current();

export const locale = {
  get language(): Language {
    return current.language;
  },
  get tag(): string {
    return current.formatter.locale;
  },
};

export function t(key: Key, values?: Values): string {
  return current.formatter.format(current.messages[key], values);
}

export function isKey(key: string): key is Key {
  return key in en;
}

export function number(value: number): string {
  return current.formatter.number(value);
}

/** The language that the browser asks for, as far as we speak it. */
export function preferred(): Language {
  for (const tag of navigator.languages) {
    const base = tag.split('-')[0] ?? '';
    if (base in languages) return base as Language;
  }
  return 'en';
}

/** The language as it is spoken where the reader lives. */
export function regional(language: Language): string {
  return navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;
}

export async function speak(language: Language): Promise<void> {
  const messages = await catalogues[language]();
  current.messages = messages;
  current.language = language;
  current.formatter = new Formatter(regional(language));
  document.documentElement.lang = language;
  document.documentElement.dir = rightToLeft.has(language) ? 'rtl' : 'ltr';
}

/** Ways of saying sizes, by language, unit and digits: each takes its time to be made. */
const sizes = new Map<string, Intl.NumberFormat>();

/** “1.8 MB”, in the units that file managers show. */
export function octets(size: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  let value = size;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = value < 10 && unit > 1 ? 1 : 0;
  const key = `${current.formatter.locale} ${unit} ${digits}`;
  let format = sizes.get(key);
  if (!format) sizes.set(key, (format = new Intl.NumberFormat(current.formatter.locale, { style: 'unit', unit: units[unit] as string, unitDisplay: unit ? 'short' : 'long', maximumFractionDigits: digits })));
  return format.format(value);
}
