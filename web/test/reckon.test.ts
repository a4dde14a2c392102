import { expect, test } from 'vitest';
import { type Change, isWithin, reckoner } from '../src/cache/reckon.ts';
import type { Email, Filter } from '../src/jmap/types.ts';

const email = (id: string, keywords: string[] = [], more: Partial<Email> = {}): Email =>
  ({ id, threadId: 't', mailboxIds: { in: true }, keywords: Object.fromEntries(keywords.map((name) => [name, true])), receivedAt: '2026-11-27T10:00:00Z', subject: 'Teapot', preview: 'pour', from: [{ name: 'Carol', email: 'carol@x.example' }], to: null, size: 100, hasAttachment: false, ...more }) as unknown as Email;
const by = (filter: Filter, then: Email[], now: Email[], more: Partial<Change> & { unread?: boolean } = {}): number => reckoner(filter, more.unread ?? true)({ then, now, torn: false, listed: false, ...more });
const read = email('a', ['$seen']);
const unread = email('a');

test('what the device knows is reckoned: words of the head, marks, mailboxes, days', () => {
  for (const filter of [{ subject: 'tea' }, { from: 'carol' }, { notKeyword: '$flagged' }, { inMailbox: 'in' }, { after: '2026-11-01T00:00:00Z', maxSize: 200 }, { operator: 'NOT' as const, conditions: [{ inMailbox: 'junk' }] }]) expect(by(filter, [unread], [read])).toBe(-1);
  for (const filter of [{ subject: 'coffee' }, { hasKeyword: '$flagged' }, { inMailbox: 'junk' }]) expect(by(filter, [unread], [read])).toBe(0);
  expect(by({ inMailbox: 'in' }, [unread], [email('a', [], { mailboxIds: { archive: true } })])).toBe(-1);
  expect(by({ inMailbox: 'archive' }, [read], [email('a', ['$seen'], { mailboxIds: { archive: true } })], { unread: false })).toBe(1);
  expect(by({ hasKeyword: '$flagged' }, [read], [email('a', ['$seen', '$flagged'])], { unread: false })).toBe(1);
  // All of them count, read or not.
  expect(by({ subject: 'tea' }, [unread], [read], { unread: false })).toBe(0);
});

test('a conversation counts once, for as long as one of it is unread', () => {
  const other = email('b');
  expect(by({ subject: 'tea' }, [unread, other], [read, other])).toBe(0);
  expect(by({ subject: 'tea' }, [unread, other], [read, email('b', ['$seen'])])).toBe(-1);
  expect(by({ someInThread: { hasKeyword: '$flagged' } }, [unread, email('b', ['$seen'])], [unread, email('b', ['$seen', '$flagged'])])).toBe(1);
  expect(by({ allInThreadHaveKeyword: '$flagged' }, [unread, other], [email('a', ['$flagged']), email('b', ['$flagged'])])).toBe(1);
  expect(by({ noneInThreadHaveKeyword: '$flagged' }, [unread, other], [email('a', ['$flagged']), other])).toBe(-1);
});

test('where the device cannot know the number stays', () => {
  expect(by({ text: 'invoice' }, [unread], [read])).toBe(0);
  expect(by({ header: ['List-Id', 'x'] }, [unread], [read])).toBe(0);
  expect(by({ operator: 'NOT', conditions: [{ body: 'invoice' }] }, [unread], [read])).toBe(0);
  expect(by({ somethingNew: true }, [unread], [read])).toBe(0);
  // Some of the conversation is not here.
  expect(by({ subject: 'tea' }, [unread], [read], { torn: true })).toBe(0);
});

test('where it is the same whatever the device does not know, it is known', () => {
  // What is seen of the text says enough.
  expect(by({ text: 'pour' }, [unread], [read])).toBe(-1);
  expect(by({ text: 'invoice', inMailbox: 'junk' }, [unread], [read])).toBe(0);
  expect(by({ operator: 'OR', conditions: [{ text: 'invoice' }, { subject: 'tea' }] }, [unread], [read])).toBe(-1);
  expect(by({ text: 'invoice' }, [unread], [email('a', ['$flagged'])])).toBe(0);
});

test('what the server has listed it has found', () => {
  expect(by({ text: 'invoice' }, [unread], [read], { listed: true })).toBe(-1);
  expect(by({ operator: 'AND', conditions: [{ text: 'invoice' }, { header: ['List-Id'] }] }, [unread], [read], { listed: true })).toBe(-1);
  expect(by({ text: 'invoice', inMailbox: 'in' }, [unread], [email('a', [], { mailboxIds: { archive: true } })], { listed: true })).toBe(-1);
  // One of the two was found, and nobody knows which.
  expect(by({ text: 'invoice' }, [unread, email('b', ['$seen'])], [read, email('b', ['$seen'])], { listed: true })).toBe(0);
  expect(by({ text: 'invoice' }, [unread, email('b')], [read, email('b', ['$seen'])], { listed: true })).toBe(-1);
  // What a mark of its own may have changed with the deed is not taken for what it was.
  expect(by({ somethingNew: true }, [unread], [email('a', ['$flagged'])], { listed: true })).toBe(0);
});

test('too much that is not known is not known', () => {
  const many = Array.from({ length: 8 }, (_, n) => email(`m${n}`));
  expect(by({ text: 'invoice' }, many, many.map(({ id }) => email(id, ['$seen'])))).toBe(0);
});

test('a list is within a smart folder where it is of it, narrowed or not', () => {
  expect([{ inSavedSearch: 's' }, { operator: 'AND' as const, conditions: [{ inSavedSearch: 's' }, { notKeyword: '$seen' }] }].map((filter) => isWithin(filter, 's'))).toEqual([true, true]);
  expect([null, { inSavedSearch: 'other' }, { operator: 'OR' as const, conditions: [{ inSavedSearch: 's' }, { hasKeyword: 'x' }] }].map((filter) => isWithin(filter, 's'))).toEqual([false, false, false]);
});
