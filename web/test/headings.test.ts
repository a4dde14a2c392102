import { afterAll, expect, test } from 'vitest';
import { headings, namesOfDates } from '../src/feature/list/headings.ts';
import { section } from '../src/kit/dates.ts';

const { env } = (globalThis as unknown as { process: { env: Record<string, string | undefined> } }).process;
const zone = env['TZ'];
afterAll(() => {
  if (zone === undefined) delete env['TZ'];
  else env['TZ'] = zone;
});

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

test('a day begins at midnight in zones of half an hour and of a quarter too, whatever was asked before', () => {
  for (const name of ['Asia/Kolkata', 'Australia/Adelaide', 'Asia/Kathmandu', 'Pacific/Chatham', 'America/St_Johns', 'Europe/Berlin']) {
    env['TZ'] = name;
    const midnight = new Date(2026, 10, 27);
    const now = new Date(2026, 10, 27, 9);
    const nameOf = namesOfDates(now);
    for (const minutes of [-1, 0, -20, 20, -44, 44, -1441, -1439, 700]) {
      const date = new Date(midnight.getTime() + minutes * 60_000).toISOString();
      expect(nameOf(date), `${name}, ${minutes} minutes from midnight`).toBe(section(date, now));
    }
    expect(nameOf(new Date(midnight.getTime() - 60_000).toISOString()), name).not.toBe(nameOf(midnight.toISOString()));
  }
});
