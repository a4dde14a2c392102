import { expect, test } from 'vitest';
import { MOST_PIXELS, MOST_SIDE, drawnScale, scaleOf, sensible, stepped, zoomOf } from '../src/kit/pdf-size.ts';

const sheet = { width: 595, height: 842 };

test('a page fits the room it has, and is not blown up beyond what reads well', () => {
  expect(sheet.width * scaleOf(sheet, 'fit', 358)).toBeCloseTo(358);
  expect(zoomOf(scaleOf(sheet, 'fit', 4000))).toBeCloseTo(1.25);
  expect(sheet.width * scaleOf(sheet, 1, 358)).toBeCloseTo(793.33, 1);
});

test('a page of any size stays on the screen and in memory', () => {
  for (const page of [sheet, { width: 1e7, height: 1e7 }, { width: 200, height: 1e6 }, { width: 1e9, height: 1 }, { width: 1e-3, height: 1e-3 }])
    for (const zoom of ['fit', 0.25, 4] as const) {
      const scale = scaleOf(page, zoom, 1000);
      expect(Math.max(page.width, page.height) * scale).toBeLessThanOrEqual(20_000.001);
      const drawn = drawnScale(page, scale, 3);
      expect(page.width * drawn * page.height * drawn).toBeLessThanOrEqual(MOST_PIXELS * 1.0001);
      expect(Math.max(page.width, page.height) * drawn).toBeLessThanOrEqual(MOST_SIDE * 1.0001);
      expect(drawn).toBeGreaterThan(0);
    }
});

test('a size that makes no sense is that of a sheet', () => {
  for (const page of [{ width: 0, height: 1 }, { width: NaN, height: 1 }, { width: 1, height: Infinity }, { width: -1, height: 1 }]) expect(sensible(page)).toEqual(sheet);
  expect(sensible({ width: 1, height: 2 })).toEqual({ width: 1, height: 2 });
});

test('each step of the zoom goes on from what is shown', () => {
  expect(stepped(1, 1)).toBe(1.1);
  expect(stepped(1.07, -1)).toBe(1);
  expect(stepped(0.451, 1)).toBe(0.5);
  expect(stepped(4, 1)).toBe(4);
  expect(stepped(0.1, -1)).toBe(0.25);
});
