/**
 * What of a value has changed, as it was and as it is: of a list its items, of an object its fields, else the whole. Either side can be put onto what the
 * value has become meanwhile, and leaves the rest of that as it is. Pure.
 */
export type Side = { value: unknown } | { fields: [string, unknown][] } | { items: [key: string, item: unknown, behind: string | null][] };

/** Not there. */
const NONE = null;

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function keyOf(item: unknown): string | null {
  if (typeof item === 'string') return item;
  if (!isObject(item)) return null;
  const key = item['id'] ?? item['keyword'] ?? item['name'];
  return typeof key === 'string' ? key : null;
}

/** The keys of a list's items; null where they are none, or not one for each. */
function keysOf(list: unknown[]): string[] | null {
  const keys = list.map(keyOf);
  return keys.some((key) => key === null) || new Set(keys).size < keys.length ? null : (keys as string[]);
}

/** The two sides, or null where nothing has changed. */
export function difference(before: unknown, after: unknown): [Side, Side] | null {
  if (same(before, after)) return null;
  if (Array.isArray(before) && Array.isArray(after)) {
    const [were, are] = [keysOf(before), keysOf(after)];
    if (were && are && same(were.filter((key) => are.includes(key)), are.filter((key) => were.includes(key)))) {
      const find = (list: unknown[], key: string): unknown => list.find((item) => keyOf(item) === key) ?? NONE;
      const changed = [...new Set([...were, ...are])].filter((key) => !same(find(before, key), find(after, key)));
      const side = (list: unknown[], keys: string[]): Side => ({ items: changed.map((key) => [key, find(list, key), keys[keys.indexOf(key) - 1] ?? null]) });
      return [side(before, were), side(after, are)];
    }
  } else if (isObject(before) && isObject(after)) {
    const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => !same(before[key], after[key]));
    const side = (value: Record<string, unknown>): Side => ({ fields: changed.map((key) => [key, value[key] ?? NONE]) });
    return [side(before), side(after)];
  }
  return [{ value: before }, { value: after }];
}

/** One side, put onto what there is now. */
export function put(side: Side, now: unknown): unknown {
  if ('value' in side) return side.value;
  if ('fields' in side) {
    const out: Record<string, unknown> = isObject(now) ? { ...now } : {};
    for (const [key, value] of side.fields) {
      if (value === NONE) delete out[key];
      else out[key] = value;
    }
    return out;
  }
  const out: unknown[] = Array.isArray(now) ? [...now] : [];
  for (const [key, item, behind] of side.items) {
    const at = out.findIndex((other) => keyOf(other) === key);
    if (at >= 0) out.splice(at, 1, ...(item === NONE ? [] : [item]));
    else if (item !== NONE) {
      const place = behind === null ? 0 : out.findIndex((other) => keyOf(other) === behind) + 1;
      out.splice(behind !== null && place === 0 ? out.length : place, 0, item);
    }
  }
  return out;
}
