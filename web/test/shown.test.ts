import { expect, test } from 'vitest';
import { rowOf } from '../src/feature/list/rows.ts';
import { blank, shownOf } from '../src/feature/list/shown.ts';
import type { Email, Reminder } from '../src/jmap/types.ts';

const email = {
  id: 'e1', blobId: 'b1', threadId: 't1', size: 4200, hasAttachment: false, mailboxIds: { mi: true }, keywords: { $seen: true }, receivedAt: '2020-03-04T10:00:00Z',
  from: [{ name: 'Ann Lee', email: 'ann@example.test' }], to: null, subject: 'Tide', preview: 'High at noon.',
} as unknown as Email;
const mine = ['me@example.test'];
const label = (name: string): { name: string; keyword: string; hue: 'red'; hidden: false } => ({ name, keyword: name.toLowerCase(), hue: 'red', hidden: false });

test('a row is put into words once, with the marks of what it is', () => {
  const plain = shownOf(rowOf(email, [], mine, false), [label('Boats')]);
  expect([plain.from, plain.subject, plain.when, plain.portrait]).toEqual(['Ann Lee', 'Tide', 'Mar 4, 2020', { classes: expect.stringMatching(/^hue-\w+$/), letters: 'AL' }]);
  expect([plain.marks, plain.chips]).toEqual([[], []]);
  const own = shownOf(rowOf({ ...email, from: [{ name: null, email: 'me@example.test' }], subject: null } as Email, [], mine, false), []);
  expect([own.from, own.subject]).toEqual(['me', 'No subject']);
  const machine = shownOf(rowOf({ ...email, from: [{ name: 'Shop', email: 'no-reply@example.test' }] } as Email, [], mine, false), []);
  expect(machine.portrait.classes).toMatch(/ org$/);

  const keywords = { $seen: true, $flagged: true, $mailflagbit2: true, $muted: true, $answered: true, $forwarded: true, boats: true, c: true, d: true } as const;
  const reminder = { id: 'r', threadId: 't1', at: '2020-03-05T10:00:00Z', state: 'fired', kind: 'noReply' } as unknown as Reminder;
  const full = shownOf(rowOf({ ...email, keywords, hasAttachment: true, snoozed: { until: '2020-03-06T10:00:00Z' } } as unknown as Email, [], mine, false, reminder, 'ring her'), ['Boats', 'C', 'D'].map(label));
  expect(full.marks.map(({ icon }) => icon)).toEqual(['belloff', 'clock', 'waiting', 'note', 'flag', 'clip', 'reply', 'forward']);
  expect(full.marks.filter(({ said }) => !said).map(({ icon }) => icon)).toEqual(['clock', 'waiting']);
  expect(full.marks.map(({ kind }) => kind).filter(Boolean)).toEqual(['due', 'flag-blue']);
  expect(full.marks.map(({ title }) => title).filter(Boolean)).toEqual(['ring her']);
  expect(full.marks.map(({ words }) => words).every(Boolean)).toBe(true);
  expect(full.chips.map(({ name }) => name)).toEqual(['Boats', 'C']);
});

test('a conversation that is followed is muted no more', () => {
  const rows = [{ $muted: true }, { $muted: true, $followed: true }].map((keywords) => shownOf(rowOf({ ...email, keywords } as Email, [], mine, false), []));
  expect(rows.map(({ marks }) => marks.map(({ icon }) => icon))).toEqual([['belloff'], []]);
});

test('rows without marks, labels or a known face have the same ones: nothing is drawn where one follows the other', () => {
  const [left, right] = ['e1', 'e2'].map((id) => shownOf(rowOf({ ...email, id } as Email, [], mine, false), []));
  expect(left?.marks).toBe(right?.marks);
  expect(left?.chips).toBe(blank.chips);
  expect(left?.portrait).toBe(right?.portrait);
});

test('of a conversation that is said first which stands for it in a sorted list', () => {
  const bob = { ...email, id: 'e2', from: [{ name: 'Bob Day', email: 'bob@example.test' }], size: 800 } as Email;
  const row = (by?: string): [string, number] => {
    const { from, size } = shownOf(rowOf(bob, [email, bob], mine, false, undefined, '', by), []);
    return [from, size];
  };
  expect(row()).toEqual(['Ann, Bob', 5000]);
  expect(row('from')).toEqual(['Bob, Ann', 5000]);
  expect(row('size')).toEqual(['Ann, Bob', 800]);
});
