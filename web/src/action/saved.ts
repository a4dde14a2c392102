/** Smart folders as this device understands them: their filters in place of their names. */
import type { Filter, SavedSearch } from '../jmap/types.ts';

/** As deep as the server lets smart folders stand in one another. */
const DEEPEST = 10;
const NOTHING: Filter = { operator: 'OR', conditions: [] };

/** A filter with each `inSavedSearch` as what it stands for, its parents' filters with it where it takes them over. */
export function expanded(filter: Filter, known: ReadonlyMap<string, SavedSearch>, depth = 0): Filter {
  if ('operator' in filter && Array.isArray(filter['conditions'])) return { ...filter, conditions: (filter['conditions'] as Filter[]).map((one) => expanded(one, known, depth)) };
  const { inSavedSearch, someInThread, ...rest } = filter as { inSavedSearch?: unknown; someInThread?: Filter };
  const all: Filter[] = Object.keys(rest).length ? [rest] : [];
  if (someInThread) all.push({ someInThread: expanded(someInThread, known, depth) });
  if (typeof inSavedSearch === 'string') all.push(whole(inSavedSearch, known, depth + 1));
  return all.length === 1 ? (all[0] as Filter) : { operator: 'AND', conditions: all };
}

function whole(id: string, known: ReadonlyMap<string, SavedSearch>, depth: number): Filter {
  const one = known.get(id);
  if (!one || depth > DEEPEST) return NOTHING;
  const conditions: Filter[] = one.filter ? [expanded(one.filter, known, depth)] : [];
  if (one.inheritParent && one.parentId) conditions.push(whole(one.parentId, known, depth + 1));
  return { operator: 'AND', conditions };
}
