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
  it('has a form for every number that the language tells apart', () => {
    const formatter = new Formatter(language);
    const said = [0, 1, 2, 3, 11, 100].map((n) => formatter.format(messages.n_conversations, { n }));
    expect(said.every((text) => text.length > 0 && !text.includes('{'))).toBe(true);
    expect(new Set(said).size).toBe(said.length);
  });
});
