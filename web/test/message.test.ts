import { expect, test } from 'vitest';
import { Formatter, parse } from '../src/kit/i18n/message.ts';
import { en } from '../src/kit/i18n/en.ts';

test('a plural takes the exact number before the category', () => {
  const formatter = new Formatter('en');
  const source = '{n, plural, =0 {none} one {one mail} other {# mails}}';
  expect(['none', 'one mail', '1,234 mails']).toEqual([0, 1, 1234].map((n) => formatter.format(source, { n })));
});

test('Arabic has six categories and its own digits where asked for', () => {
  const formatter = new Formatter('ar');
  const source = '{n, plural, zero {z} one {o} two {t} few {f} many {m} other {x}}';
  expect(['z', 'o', 't', 'f', 'm', 'x']).toEqual([0, 1, 2, 3, 11, 100].map((n) => formatter.format(source, { n })));
});

test('plurals and names nest', () => {
  expect('Moved 3 conversations to Work').toBe(new Formatter('en').format('{n, plural, one {Moved to {box}} other {Moved # conversations to {box}}}', { n: 3, box: 'Work' }));
});

test('a message without “other” or with an open brace is refused', () => {
  for (const source of ['{n, plural, one {x}}', '{n, plural, one {x', '{', '{n, date}']) expect(() => parse(source), source).toThrow(SyntaxError);
});

test('every language has every message, parses, and names the same values', () => {
  const names = (source: string): string[] => [...new Set([...source.matchAll(/\{\s*(\w+)\s*(?:,|\})/g)].map((match) => match[1] as string))].filter((name) => !/^(one|two|few|many|other|zero)$/.test(name)).sort();
  for (const [language, messages] of Object.entries({ en })) {
    expect(Object.keys(messages).sort(), language).toEqual(Object.keys(en).sort());
    for (const [key, source] of Object.entries(messages)) {
      parse(source);
      expect(names(source), `${language} ${key}`).toEqual(names(en[key as keyof typeof en]));
    }
  }
});

test('small numbers are said as the language says them, also where nothing is made for it', () => {
  for (const locale of ['en', 'en-GB', 'de', 'de-CH', 'ar', 'ar-EG', 'en-u-nu-arab']) {
    const said = new Formatter(locale);
    const plural = new Intl.PluralRules(locale);
    for (const value of [0, 1, 2, 3, 11, 42, 999, 1000, 1.5, -1, 12_345]) {
      expect(said.number(value), `${value} in ${locale}`).toBe(new Intl.NumberFormat(locale).format(value));
      const key = plural.select(value);
      expect(said.format('{n, plural, zero {zero} one {one} two {two} few {few} many {many} other {other}}', { n: value }), `${value} in ${locale}`).toBe(key);
    }
  }
});
