import { expect, test } from 'vitest';
import { type Searched, haystack, matcher } from '../src/kit/matching.ts';
import { type World, asksFor, isUnderstood, toFilter } from '../src/kit/search-filter.ts';
import { parse } from '../src/kit/search.ts';

const now = new Date('2026-11-25T12:00:00Z');
const world: World = { mailbox: (name) => (name === 'inbox' ? 'mi' : null), label: (name) => name, hidden: [] };
const row: Searched = { from: [{ name: 'Nadia', email: 'nadia@example.test' }], to: null, subject: 'Marmalade', preview: 'Bring jars.', receivedAt: '2026-11-20T10:00:00Z', size: 4000, hasAttachment: false, keywords: { $seen: true }, mailboxIds: { mi: true } };
const found = (text: string): boolean => matcher(parse(text), world, now, true)(row, haystack(row));

test.each(['is:nonsense', 'has:jam', 'in:nowhere', 'before:someday', 'larger:much'])('what is not understood is left out, of the filter and of the look at a row: %s', (text) => {
  for (const sign of ['', '-']) {
    const [term] = parse(`${sign}${text}`);
    expect(term && isUnderstood(term, world, now)).toBe(false);
    expect(toFilter(parse(`${sign}${text} marmalade`), world, now, true)).toEqual({ filter: { text: 'marmalade' }, bad: [0] });
    expect(found(`${sign}${text} marmalade`)).toBe(true);
    expect(found(`${sign}${text} elsewhere`)).toBe(false);
  }
});

test('what is understood is looked at', () => {
  for (const text of ['from:nadia', 'is:read', '-is:unread', 'in:inbox', 'after:2026-11', 'smaller:5k', 'has:attachment jam', '-has:file']) expect(found(text), text).toBe(!/jam/.test(text));
  for (const text of ['from:marmalade', 'is:unread', 'has:Attachments', 'has:Anhang', 'before:2026-11', 'larger:5k', '-in:inbox']) expect(found(text), text).toBe(false);
});

test('accents make no difference, in what was written as in what is typed', () => {
  const text = (words: string, subject: string): boolean => matcher(parse(words), world, now, true)(row, haystack({ ...row, subject }));
  for (const words of ['creme', 'CRÈME', 'subject:brulee', 'cre\u0301me']) expect(text(words, 'Crème brûlée'), words).toBe(true);
  expect(text('crème', 'Creme brulee')).toBe(true);
  expect(text('احمد', 'رسالة من أَحْمَد')).toBe(true);
});

test('a note is asked for in each of its names', () => {
  for (const name of ['note', 'Notes', 'Notiz', 'memo']) expect(asksFor(name)).toBe('note');
  for (const name of ['file', 'attachment', 'Anhang']) expect(asksFor(name)).toBe('file');
  expect(asksFor('jam')).toBe(null);
});
