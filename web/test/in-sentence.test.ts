import { beforeEach, describe, expect, it, vi } from 'vitest';
import { dayAndTime, messageDate } from '../src/kit/dates.ts';
import { type Language, speak } from '../src/kit/i18n/index.svelte.ts';
import { inSentence } from '../src/kit/in-sentence.ts';

vi.stubGlobal('document', { documentElement: {} });
vi.stubGlobal('navigator', { languages: [] });

const now = new Date(2026, 10, 25, 9);
const said: [Language, string, string, string][] = [
  ['en', 'today', 'Tomorrow', 'Saturday'],
  ['de', 'heute', 'Morgen', 'Samstag'],
];

describe.each(said)('%s', (language, today, tomorrow, weekday) => {
  beforeEach(() => speak(language));
  it('says a near day small within a sentence, a day with a name as it is', () => {
    expect(inSentence(new Date(2026, 10, 25, 14).toISOString(), now).split(' ')[0]).toBe(today);
    expect(messageDate(new Date(2026, 10, 26, 14).toISOString(), now).split(' ')[0]).toBe(tomorrow);
    expect(inSentence(new Date(2026, 10, 26, 14).toISOString(), now).split(' ')[0]).toBe(tomorrow.toLowerCase());
    expect(inSentence(new Date(2026, 10, 28, 14).toISOString(), now).split(' ')[0]).toBe(weekday);
  });
});

it.each([
  ['en', ', '],
  ['de', ', '],
  ['ar', '\u060c '],
] as const)('a moment to choose has one kind of comma: %s', async (language, comma) => {
  await speak(language);
  const words = dayAndTime(new Date(2026, 10, 28, 11));
  expect(words).toContain(comma);
  expect(/,/.test(words) && words.includes('\u060c')).toBe(false);
});
