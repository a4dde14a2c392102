import { expect, test } from 'vitest';
import { headings } from '../src/feature/list/headings.ts';

/** One after the other: what it has to be. */
function plainly(known: readonly number[], nameOf: (place: number) => string | undefined): number[] {
  const out: number[] = [];
  let last: string | undefined;
  for (const place of known) {
    const name = nameOf(place);
    if (name === undefined) continue;
    if (name !== last) out.push(place);
    last = name;
  }
  return out;
}

test('headings stand where a name begins, also with holes and with rows that are not there yet', () => {
  let seed = 7;
  const chance = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let round = 0; round < 400; round++) {
    const names: (string | undefined)[] = [];
    for (let name = 0; names.length < chance() * 60; name++) for (let row = Math.floor(chance() * 8); row >= 0; row--) names.push(chance() < 0.2 * (round % 4) ? undefined : `n${name}`);
    const known = names.map((_, place) => place).filter(() => chance() < 0.8);
    expect(headings(known, (place) => names[place])).toEqual(plainly(known, (place) => names[place]));
  }
  expect(headings([], () => 'x')).toEqual([]);
  expect(headings([3, 4], () => undefined)).toEqual([]);
});

test('of many rows few are asked', () => {
  let asked = 0;
  const known = Array.from({ length: 100_000 }, (_, place) => place);
  const found = headings(known, (place) => {
    asked++;
    return `day ${Math.floor(place / 9000)}`;
  });
  expect(found.length).toBe(12);
  expect(asked).toBeLessThan(2000);
});
