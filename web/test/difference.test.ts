import { expect, test } from 'vitest';
import { type Side, difference, put } from '../src/kit/difference.ts';

const sides = (before: unknown, after: unknown): [Side, Side] => difference(before, after) as [Side, Side];
const label = (keyword: string, name = keyword): { keyword: string; name: string } => ({ keyword, name });

test('nothing has changed', () => {
  expect(difference(['a'], ['a'])).toBe(null);
  expect(difference({ a: [1] }, { a: [1] })).toBe(null);
});

test('a single value is put as it was', () => {
  const [before, after] = sides('light', 'dark');
  expect(put(before, 'contrast')).toBe('light');
  expect(put(after, 'light')).toBe('dark');
});

test('an item that was removed comes back to its place, and what came meanwhile stays', () => {
  const [before, after] = sides([label('a'), label('b'), label('c')], [label('a'), label('c')]);
  expect(before).toEqual({ items: [['b', label('b'), 'a']] });
  expect(put(before, [label('a'), label('c'), label('d')])).toEqual([label('a'), label('b'), label('c'), label('d')]);
  expect(put(after, [label('a'), label('b'), label('c'), label('d')])).toEqual([label('a'), label('c'), label('d')]);
});

test('the first comes back first, and one whose neighbour has gone comes last', () => {
  expect(put(sides(['a', 'b'], ['b'])[0], ['b', 'c'])).toEqual(['a', 'b', 'c']);
  expect(put(sides(['a', 'b'], ['a'])[0], ['x', 'y'])).toEqual(['x', 'y', 'b']);
});

test('an item that was changed is as it was, where it stands now', () => {
  const [before] = sides([label('a', 'One'), label('b')], [label('a', 'Two'), label('b')]);
  expect(put(before, [label('c'), label('a', 'Two'), label('b')])).toEqual([label('c'), label('a', 'One'), label('b')]);
});

test('what was added goes, and only that', () => {
  const [before] = sides(['a'], ['a', 'b']);
  expect(put(before, ['z', 'a', 'b'])).toEqual(['z', 'a']);
});

test('the fields of an object are put one by one', () => {
  const [before] = sides({ reply: ['r'], send: ['s'] }, { reply: ['x'] });
  expect(put(before, { reply: ['x'], archive: ['e'] })).toEqual({ reply: ['r'], send: ['s'], archive: ['e'] });
});

test('another order, or items without names, are a value as a whole', () => {
  expect(sides(['a', 'b'], ['b', 'a'])[0]).toEqual({ value: ['a', 'b'] });
  expect(sides([1, 2], [1])[0]).toEqual({ value: [1, 2] });
});
