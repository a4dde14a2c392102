import { describe, expect, it } from 'vitest';
import { ar } from '../src/kit/i18n/ar.ts';
import { de } from '../src/kit/i18n/de.ts';
import { en } from '../src/kit/i18n/en.ts';
import { Formatter, parse } from '../src/kit/i18n/message.ts';

/** The names that a message wants to be filled. */
const wanted = (source: string): string[] => {
  const names = new Set<string>();
  const walk = (nodes: ReturnType<typeof parse>): void => {
    for (const node of nodes) {
      if (typeof node === 'string' || 'hash' in node) continue;
      names.add(node.name);
      if ('cases' in node) for (const one of node.cases.values()) walk(one);
    }
  };
  walk(parse(source));
  return [...names].sort();
};

describe.each([
  ['de', de],
  ['ar', ar],
] as const)('%s', (language, messages) => {
  it('has every message, and no other', () => {
    expect(Object.keys(messages).sort()).toEqual(Object.keys(en).sort());
    expect(Object.entries(messages).filter(([, text]) => !text.trim())).toEqual([]);
  });
  it('wants the same values as English', () => {
    const wrong = Object.entries(en).filter(([key, text]) => wanted(text).join() !== wanted(messages[key as keyof typeof en]).join());
    expect(wrong.map(([key]) => key)).toEqual([]);
  });
  it('tells apart in each message the numbers that the language tells apart; none at all may have no form of its own', () => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories.filter((form) => form !== 'zero');
    const lacking = (source: string): boolean => {
      const walk = (nodes: ReturnType<typeof parse>): boolean =>
        nodes.some((node) => typeof node !== 'string' && 'cases' in node && ((node.kind === 'plural' && forms.some((form) => !node.cases.has(form))) || [...node.cases.values()].some(walk)));
      return walk(parse(source));
    };
    expect(Object.entries(messages).filter(([, text]) => lacking(text)).map(([key]) => key)).toEqual([]);
  });
  it('has a form for every number that the language tells apart', () => {
    const formatter = new Formatter(language);
    const said = [0, 1, 2, 3, 11, 100].map((n) => formatter.format(messages.n_conversations, { n }));
    expect(said.every((text) => text.length > 0 && !text.includes('{'))).toBe(true);
    expect(new Set(said).size).toBe(said.length);
  });
});

// What a thing is called is settled: by these words it was once called too, or would be taken for another.
it.each([
  ['en', en, /\bfetch|\btake[ns]? back|\bdestroy|\bletters?\b(?! without)/i],
  ['de', de, /(?<!E-)\b(?:Mails?|Post|Briefe?|Geheimnis|Authentikator|geholt|gekennzeichnet|kennzeichnen|zurückgenommen|zurücknehmen|vernichtet|zeigen|gezeigt|du|dich|mich)\b/],
  ['ar', ar, /خادوم|كلمات? السر|معمّى|(?:^|\s)(?:احفظ|أظهر|افتح|أزل|حرّر|غيّر|انسَ)(?:$| ال)/],
] as const)('calls one thing by one word: %s', (_, messages, other) => {
  const wrong = Object.entries(messages).filter(([key, text]) => !key.startsWith('preset.') && other.test(text));
  expect(wrong.map(([key, text]) => `${key}: ${text}`)).toEqual([]);
});
