/** Where rows lie when a few of them carry a heading above them. `heads` are the rows with headings, ascending. */
export interface Geometry {
  count: number;
  row: number;
  head: number;
  heads: readonly number[];
}

function headsBefore(heads: readonly number[], index: number, inclusive: boolean): number {
  let low = 0;
  let high = heads.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const value = heads[middle] as number;
    if (inclusive ? value <= index : value < index) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The top of a row's heading, or of the row where it has none. */
export function startOf(geometry: Geometry, index: number): number {
  return index * geometry.row + headsBefore(geometry.heads, index, false) * geometry.head;
}

/** The top of the row itself. */
export function rowStart(geometry: Geometry, index: number): number {
  return index * geometry.row + headsBefore(geometry.heads, index, true) * geometry.head;
}

export function wholeHeight(geometry: Geometry): number {
  return geometry.count * geometry.row + geometry.heads.length * geometry.head;
}

/** The row that lies at `y`. */
export function indexAt(geometry: Geometry, y: number): number {
  let low = 0;
  let high = Math.max(0, geometry.count - 1);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (startOf(geometry, middle) <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}
