import { expect, test } from 'vitest';
import { neighbour } from '../src/action/neighbour.ts';

const ids = ['a', 'b', null, 'c', 'd'];
const but = (...gone: string[]) => (id: string): boolean => !gone.includes(id);

test('the nearest that stays, on the side that was asked for', () => {
  expect(neighbour(ids, 1, 1, but('b'))).toBe('c');
  expect(neighbour(ids, 1, 1, but('b', 'c'))).toBe('d');
  expect(neighbour(ids, 3, -1, but('c'))).toBe('b');
});

test('none beyond the ends', () => {
  expect(neighbour(ids, 4, 1, but())).toBeNull();
  expect(neighbour(ids, 0, -1, but())).toBeNull();
  expect(neighbour(ids, 3, 1, but('c', 'd'))).toBeNull();
});
