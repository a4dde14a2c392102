/** How large a page of a PDF file is drawn, whatever it says of itself: bounded on the screen and in pixels. Pure. */

/** Larger files are not read here. */
export const MOST_OCTETS = 50_000_000;
/** Further pages are not shown here. */
export const MOST_PAGES = 2000;
/** The most pixels of one drawn page, and of one of its sides. */
export const MOST_PIXELS = 12_000_000;
export const MOST_SIDE = 8192;
/** No page is longer or broader on the screen. */
const MOST_ON_SCREEN = 20_000;
/** Pixels of the screen in a point of a file, at 100 %. */
const POINT = 96 / 72;
/** A page that fits is not blown up further by itself. */
const MOST_FITTED = 1.25;
const STEPS = [0.25, 0.33, 0.5, 0.67, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4];

export interface Size {
  width: number;
  height: number;
}

/** A page as large as a sheet of A4, where a file gives none that makes sense. */
const SHEET: Size = { width: 595, height: 842 };

export const sensible = ({ width, height }: Size): Size => (Number.isFinite(width) && Number.isFinite(height) && width > 0 && height > 0 ? { width, height } : SHEET);

/** Pixels of the screen for a point of this page: at `zoom`, or as broad as there is room. */
export function scaleOf(page: Size, zoom: number | 'fit', room: number): number {
  const wished = zoom === 'fit' ? Math.min(room / page.width, MOST_FITTED * POINT) : zoom * POINT;
  return Math.max(Number.MIN_VALUE, Math.min(wished, MOST_ON_SCREEN / Math.max(page.width, page.height)));
}

/** How many pixels are drawn for a point: as many as the screen has, and no more than can be held. */
export function drawnScale({ width, height }: Size, scale: number, ratio: number): number {
  return Math.min(scale * ratio, Math.sqrt(MOST_PIXELS / width / height), MOST_SIDE / Math.max(width, height));
}

export const zoomOf = (scale: number): number => scale / POINT;

/** The next step of the zoom beyond what is shown now. */
export function stepped(zoom: number, by: 1 | -1): number {
  const near = 0.01;
  return by > 0 ? (STEPS.find((step) => step > zoom + near) ?? (STEPS.at(-1) as number)) : (STEPS.findLast((step) => step < zoom - near) ?? (STEPS[0] as number));
}
