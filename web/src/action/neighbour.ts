/** Where the cursor goes from a row that leaves the list. */
import type { Id } from '../jmap/types.ts';

/** The nearest row of `ids` that `stays`, from place `at` in steps of 1 (down) or -1 (up). */
export function neighbour(ids: readonly (Id | null)[], at: number, step: 1 | -1, stays: (id: Id) => boolean): Id | null {
  for (let index = at + step; index >= 0 && index < ids.length; index += step) {
    const id = ids[index];
    if (id && stays(id)) return id;
  }
  return null;
}
