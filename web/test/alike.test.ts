import { expect, test } from 'vitest';
import { alike, says } from '../src/kit/alike.ts';

test('values that say the same are alike, whatever object says it', () => {
  const email = { id: 'e1', keywords: { $seen: true }, from: [{ name: null, email: 'ann@example.test' }], size: 0, subject: '' };
  expect(alike(email, structuredClone(email))).toBe(true);
  for (const other of [{ ...email, keywords: {} }, { ...email, keywords: { $seen: true, $flagged: true } }, { ...email, keywords: { $flagged: true } }, { ...email, from: null }, { ...email, from: [] }, { ...email, from: [{ name: '', email: 'ann@example.test' }] }, { ...email, size: '' }, { ...email, more: undefined }]) {
    expect(alike(email, other), JSON.stringify(other)).toBe(false);
    expect(alike(other, email), JSON.stringify(other)).toBe(false);
  }
  expect(alike([1, [2]], [1, [2]])).toBe(true);
  for (const [left, right] of [[[], {}], [null, {}], [[1], [1, 2]], [0, false], [{ a: undefined }, { b: 1 }], ['', null]] as const) {
    expect(alike(left, right)).toBe(false);
    expect(alike(right, left)).toBe(false);
  }
});

test('who knows more says all that the other one says', () => {
  expect(says({ id: 'e1', size: 4, keywords: {} }, { id: 'e1', keywords: {} })).toBe(true);
  expect(says({ id: 'e1', keywords: {} }, { id: 'e1', size: 4 })).toBe(false);
  expect(says({ id: 'e1', keywords: {} }, { id: 'e1', snoozed: undefined })).toBe(false);
  expect(says({ id: 'e1', keywords: { $seen: true } }, { id: 'e1', keywords: {} })).toBe(false);
});
