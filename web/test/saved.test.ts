import { expect, test } from 'vitest';
import { expanded } from '../src/action/saved.ts';
import { matcherOf } from '../src/cache/rows.ts';
import type { Filter, SavedSearch } from '../src/jmap/types.ts';

const folder = (id: string, filter: Filter | null, parentId: string | null = null, inheritParent = false): [string, SavedSearch] => [id, { id, filter, parentId, inheritParent } as SavedSearch];
const row = (keywords: string[], text = ''): { mailboxIds: Record<string, true>; keywords: Record<string, true>; receivedAt: string; hasAttachment: boolean; text: string } => ({ mailboxIds: { mi: true }, keywords: Object.fromEntries(keywords.map((name) => [name, true])), receivedAt: '2026-11-01T00:00:00Z', hasAttachment: false, text });

test('a smart folder stands for its filter, with its parents\u2019 where it takes them over', () => {
  const known = new Map([folder('s1', { hasKeyword: 'tax' }), folder('s2', { from: 'carol' }, 's1', true), folder('s3', { from: 'carol' }, 's1')]);
  const holds = (filter: Filter, email: ReturnType<typeof row>): boolean => matcherOf(expanded(filter, known))(email);
  const carol = 'carol carol@x.example';
  expect([holds({ inSavedSearch: 's2' }, row(['tax'], carol)), holds({ inSavedSearch: 's2' }, row([], carol)), holds({ inSavedSearch: 's3' }, row([], carol))]).toEqual([true, false, true]);
  expect(holds({ inSavedSearch: 's3', inMailbox: 'other' }, row([], carol))).toBe(false);
  expect(holds({ operator: 'NOT', conditions: [{ inSavedSearch: 's3' }] }, row([], 'dave'))).toBe(true);
  expect(holds({ someInThread: { inSavedSearch: 's3' } }, row([], carol))).toBe(true);
});

test('what is not known, or stands in itself, finds nothing', () => {
  const known = new Map([folder('s1', { inSavedSearch: 's1' })]);
  expect(matcherOf(expanded({ inSavedSearch: 's1' }, known))(row([]))).toBe(false);
  expect(matcherOf(expanded({ inSavedSearch: 'gone' }, known))(row([]))).toBe(false);
});
