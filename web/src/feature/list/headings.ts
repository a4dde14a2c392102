/** Where headings stand in a list that is sorted by date. */
import { section } from '../../kit/dates.ts';

/**
 * The heading of a date (ISO 8601, UTC), found once for each quarter of an hour: no zone's midnight lies between two of them (Kolkata is 5:30 ahead, Kathmandu 5:45).
 */
export function namesOfDates(now: Date): (date: string) => string {
  const names = new Map<string, string>();
  return (date) => {
    const quarter = date.slice(0, 14) + Math.floor(Number(date.slice(14, 16)) / 15);
    const name = names.get(quarter) ?? section(date, now);
    names.set(quarter, name);
    return name;
  };
}

/**
 * The places of `known` (ascending) at which a new name begins; a place of which no name is known is passed over. Equal names stand together, for the list is
 * sorted: what lies between two equal ones is not asked, so that of 100,000 places some hundred are.
 */
export function headings(known: readonly number[], nameOf: (place: number) => string | undefined): number[] {
  const nameAt = (at: number): string | undefined => nameOf(known[at] as number);
  /** The nearest place with a name from `at` towards `end`, which is not looked at; -1 for none. */
  const nearest = (at: number, end: number): number => {
    for (const step = Math.sign(end - at); at !== end; at += step) if (nameAt(at) !== undefined) return at;
    return -1;
  };
  const out: number[] = [];
  /** Both ends have names, and different ones. */
  const between = (low: number, high: number): void => {
    const half = (low + high) >> 1;
    let middle = nearest(half, low);
    if (middle < 0) middle = nearest(half + 1, high);
    if (middle < 0) {
      out.push(known[high] as number);
      return;
    }
    const name = nameAt(middle);
    if (name !== nameAt(low)) between(low, middle);
    if (name !== nameAt(high)) between(middle, high);
  };
  const first = nearest(0, known.length);
  if (first < 0) return out;
  out.push(known[first] as number);
  const last = nearest(known.length - 1, -1);
  if (nameAt(last) !== nameAt(first)) between(first, last);
  return out;
}
