import { beforeEach, describe, expect, it, vi } from 'vitest';
import { said } from '../src/feature/search/said.ts';
import type { Mailbox } from '../src/jmap/types.ts';
import { type Language, speak } from '../src/kit/i18n/index.svelte.ts';
import { parse } from '../src/kit/search.ts';

vi.stubGlobal('document', { documentElement: {} });
vi.stubGlobal('navigator', { languages: [] });

const mailboxes = [
  { id: 'm1', name: 'Sent', role: 'sent' },
  { id: 'm2', name: 'Projekte', role: null },
] as unknown as Mailbox[];
const labels = [{ keyword: 'l-1', name: 'Steuer', hue: 'blue', hidden: false }];
const words = (text: string): string => parse(text).map((term) => Object.values(said(term, { mailboxes, labels })).join(' ')).join(', ');

const spoken: [Language, string, string[]][] = [
  ['en', 'is read, is unread, is answered, is forwarded, is flagged, is muted, is Draft, has an attachment, has note, in Sent', ['before Nov 26, 2025', 'after Nov 2025', 'after 2024', 'larger than 5 MB']],
  ['de', 'ist gelesen, ist ungelesen, ist beantwortet, ist weitergeleitet, ist markiert, ist stummgeschaltet, ist Entwurf, hat Anhang, hat Notiz, in Gesendet', ['vor 26. Nov. 2025', 'nach Nov. 2025', 'nach 2024', 'größer als 5 MB']],
];

describe.each(spoken)('%s', (language, states, measures) => {
  beforeEach(() => speak(language));
  it('says states, places and measures in its own words', () => {
    expect(words('is:read is:unread is:answered is:forwarded is:starred is:muted is:draft has:file has:memo in:sent')).toBe(states);
    expect(['before:2025-11-26', 'after:2025-11', 'after:2024', 'larger:5m'].map(words)).toEqual(measures);
  });
});

it('leaves no English word in any other language', async () => {
  for (const language of ['de', 'ar'] as const) {
    await speak(language);
    for (const text of ['is:read', 'is:unread', 'is:flagged', 'is:starred', 'is:answered', 'is:forwarded', 'is:draft', 'is:muted', 'has:attachment', 'has:note', 'in:sent'])
      expect(words(text)).not.toMatch(/\b(?:is|read|unread|flagged|starred|answered|forwarded|draft|muted|has|attachment|note|sent)\b/i);
  }
});

it('finds a mailbox by its name on the screen, and a label by its keyword', async () => {
  await speak('de');
  expect(words('in:gesendet in:projekte label:l-1')).toBe('in Gesendet, in Projekte, Label Steuer');
});

it('says what it cannot understand', async () => {
  await speak('en');
  expect(words('is:blue has:wings in:nowhere before:soon larger:huge')).toBe(['is “blue”', 'has “wings”', 'in “nowhere”', 'before “soon”', 'larger than “huge”'].map((one) => `${one}, which is not understood`).join(', '));
  expect(words('-is:read')).toBe('not is read');
});
