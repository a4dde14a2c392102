import { expect, test } from 'vitest';
import { type Ids, change, missing, place } from '../src/cache/windows.ts';
import { type Geometry, indexAt, rowStart, startOf, wholeHeight } from '../src/kit/offsets.ts';

const random = (seed: number) => () => (seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 32;

test('windows fall into place and an id stands once', () => {
  expect(['a', 'b', null, null]).toEqual(place([], 0, ['a', 'b'], 4));
  expect(['a', null, 'b', 'c']).toEqual(place(['a', 'b', null, null], 2, ['b', 'c'], 4));
});

test('a fully known result follows any history of changes', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const next = random(seed);
    let truth = Array.from({ length: Math.floor(next() * 12) }, (_, index) => `x${index}`);
    let ids: Ids = [...truth];
    for (let step = 0; step < 12; step++) {
      const before = [...truth];
      const removed: string[] = [];
      truth = truth.filter((id) => next() > 0.25 || !removed.push(id));
      const fresh = Array.from({ length: Math.floor(next() * 3) }, (_, index) => `s${step}-${index}`);
      if (removed.length && next() > 0.5) fresh.push(removed[0] as string);
      for (const id of fresh) truth.splice(Math.floor(next() * (truth.length + 1)), 0, id);
      const added = truth.map((id, index) => ({ id, index })).filter(({ id }) => fresh.includes(id));
      ids = change(ids, { removed: [...removed, ...fresh.filter((id) => before.includes(id))], added, total: truth.length });
      expect(truth, `seed ${seed}`).toEqual(ids);
    }
  }
});

test('unknown stretches keep the length of the whole', () => {
  const ids = change(['a', 'b', null, null, null], { removed: ['q'], added: [{ id: 'n', index: 0 }], total: 5 });
  expect(['n', 'a', 'b', null, null]).toEqual(ids);
});

test('only pages with holes are asked for', () => {
  const ids: Ids = [...Array.from({ length: 64 }, (_, index) => `${index}`), ...new Array<null>(100).fill(null)];
  expect([64, 128]).toEqual(missing(ids, 10, 164, 64));
  expect([]).toEqual(missing(ids, 0, 64, 64));
  // A row that has left has made the end of its page unknown: nobody looks there yet.
  const shifted: Ids = [...ids.slice(1), null];
  expect([]).toEqual(missing(shifted, 0, 24, 64));
  expect([0]).toEqual(missing(shifted, 40, 64, 64));
});

test('rows and headings lie where they say', () => {
  const geometry: Geometry = { count: 100_000, row: 72, head: 28, heads: [0, 5, 40_000] };
  expect([0, 28, 5 * 72 + 28, 5 * 72 + 56]).toEqual([startOf(geometry, 0), rowStart(geometry, 0), startOf(geometry, 5), rowStart(geometry, 5)]);
  expect(100_000 * 72 + 3 * 28).toBe(wholeHeight(geometry));
  for (const index of [0, 1, 4, 5, 6, 39_999, 40_000, 99_999]) {
    expect(index).toBe(indexAt(geometry, startOf(geometry, index)));
    expect(index).toBe(indexAt(geometry, rowStart(geometry, index) + 71));
  }
});
