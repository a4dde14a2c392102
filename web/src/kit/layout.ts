/** Layouts are data: a tree of panes. Every arrangement is drawn by the same code. */
export type PaneName = 'list' | 'reader';
export type Layout = { pane: PaneName; section?: number } | { split: 'row' | 'column'; sizes: number[]; children: Layout[] };
export type Preset = 'columns' | 'bottom' | 'table' | 'focus' | 'split';

/** Sizes are shares of the whole. `table` and `focus` show one pane at a time; the reader takes the list's place. */
export const presets: Record<Preset, Layout> = {
  columns: { split: 'row', sizes: [0.36, 0.64], children: [{ pane: 'list' }, { pane: 'reader' }] },
  bottom: { split: 'column', sizes: [0.42, 0.58], children: [{ pane: 'list' }, { pane: 'reader' }] },
  table: { pane: 'list' },
  focus: { pane: 'list' },
  split: splitInto(3),
};

/** Lists one below the other, each for a section of the inbox, beside the reader. */
export function splitInto(sections: number): Layout {
  const children = Array.from({ length: sections }, (_, section): Layout => ({ pane: 'list', section }));
  return { split: 'row', sizes: [0.4, 0.6], children: [{ split: 'column', sizes: children.map(() => 1 / sections), children }, { pane: 'reader' }] };
}

/** How often a pane stands in a layout. */
export function count(layout: Layout, pane: PaneName): number {
  return 'pane' in layout ? Number(layout.pane === pane) : layout.children.reduce((sum, child) => sum + count(child, pane), 0);
}

export function isPreset(name: unknown): name is Preset {
  return typeof name === 'string' && name in presets;
}

/** True where list and reader are on the screen together. */
export function showsBoth(layout: Layout): boolean {
  return count(layout, 'reader') > 0;
}

/** Move the border after child `index` by `delta` (a share), leaving each neighbour at least `least`. */
export function resize(sizes: number[], index: number, delta: number, least = 0.2): number[] {
  const left = sizes[index];
  const right = sizes[index + 1];
  if (left === undefined || right === undefined) return sizes;
  const moved = Math.min(Math.max(delta, least - left), right - least);
  return sizes.map((size, at) => (at === index ? left + moved : at === index + 1 ? right - moved : size));
}

/** A layout that came from storage, or null where it is none. */
export function checked(value: unknown, depth = 0): Layout | null {
  if (typeof value !== 'object' || value === null || depth > 6) return null;
  const layout = value as Partial<{ pane: unknown; section: unknown; split: unknown; sizes: unknown; children: unknown }>;
  const { section } = layout;
  if (layout.pane === 'list' || layout.pane === 'reader') return { pane: layout.pane, ...(typeof section === 'number' ? { section } : {}) };
  if ((layout.split !== 'row' && layout.split !== 'column') || !Array.isArray(layout.children) || !Array.isArray(layout.sizes)) return null;
  const children = layout.children.map((child) => checked(child, depth + 1));
  const sizes = layout.sizes.map(Number);
  if (children.length < 2 || children.length !== sizes.length || children.includes(null) || sizes.some((size) => !(size > 0 && size < 1))) return null;
  const sum = sizes.reduce((total, size) => total + size, 0);
  return { split: layout.split, sizes: sizes.map((size) => size / sum), children: children as Layout[] };
}
