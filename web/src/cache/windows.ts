/**
 * A query's result as the client knows it: an array as long as the whole result, with ids where a window has been fetched and
 * null elsewhere. Pure functions, so that they can be tested against a plain array.
 */
import type { Id, QueryChangesResponse } from '../jmap/types.ts';

export type Ids = (Id | null)[];

/** The ids of an array that `place` has made, and perhaps some that it has no longer: of 100,000 places the next window need not look at each. */
const seen = new WeakMap<Ids, Set<Id>>();

/** Put a fetched window in place; an id stands once, where it was seen last. */
export function place(ids: Ids, position: number, window: Id[], total: number): Ids {
  const known = seen.get(ids) ?? new Set(ids.filter((id) => id !== null));
  seen.delete(ids);
  const out: Ids = ids.slice(0, total);
  const { length } = out;
  if (length < total) {
    out.length = total;
    out.fill(null, length);
  }
  if (window.some((id) => known.has(id))) {
    const fresh = new Set(window);
    for (let index = 0; index < length; index++) {
      const id = out[index];
      if (id && fresh.has(id)) out[index] = null;
    }
  }
  window.forEach((id, index) => {
    if (position + index < total) out[position + index] = id;
    known.add(id);
  });
  seen.set(out, known);
  return out;
}

/** Fewer than these are looked for one by one: of 100,000 places the rest is copied as it stands. */
const FEW = 8;

/** The places without these ids. */
export function without(ids: Ids, removed: readonly Id[]): Ids {
  if (removed.length > FEW) {
    const gone = new Set<Id | null>(removed);
    return ids.filter((id) => id === null || !gone.has(id));
  }
  const out = ids.slice();
  for (const id of removed) for (let at = out.indexOf(id); at >= 0; at = out.indexOf(id, at)) out.splice(at, 1);
  return out;
}

/** Apply RFC 8620 §5.6: take out what was removed, then put in what was added, lowest index first. */
export function change(ids: Ids, changes: Pick<QueryChangesResponse, 'removed' | 'added' | 'total'>): Ids {
  const out = without(ids, changes.removed);
  // Ids removed from a stretch that was never fetched leave it one shorter; where, nobody knows.
  for (const { id, index } of [...changes.added].sort((left, right) => left.index - right.index)) {
    const old = out.indexOf(id);
    if (old >= 0) out.splice(old, 1);
    while (out.length < index) out.push(null);
    out.splice(index, 0, id);
  }
  if (changes.total !== undefined) {
    for (let index = out.length - 1; index >= 0 && out.length > changes.total; index--) if (out[index] === null) out.splice(index, 1);
    out.length = Math.min(out.length, changes.total);
    while (out.length < changes.total) out.push(null);
  }
  return out;
}

/** The stretches of at most `page`, aligned to pages, that hold a null within [from, to): what else of them is not known may wait until somebody comes there. */
export function missing(ids: Ids, from: number, to: number, page: number): number[] {
  const out: number[] = [];
  for (let start = Math.floor(Math.max(0, from) / page) * page; start < Math.min(to, ids.length); start += page) {
    for (let index = Math.max(start, from); index < Math.min(start + page, to, ids.length); index++) {
      if (ids[index] === null) {
        out.push(start);
        break;
      }
    }
  }
  return out;
}
