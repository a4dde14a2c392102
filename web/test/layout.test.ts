import { expect, test } from 'vitest';
import { checked, count, presets, resize, showsBoth, splitInto } from '../src/kit/layout.ts';

test('a split inbox has so many lists, one reader, and survives being kept', () => {
  for (const sections of [2, 3, 4]) {
    const layout = splitInto(sections);
    expect([sections, 1]).toEqual([count(layout, 'list'), count(layout, 'reader')]);
    expect(layout).toEqual(checked(JSON.parse(JSON.stringify(layout))));
  }
});

test('list and reader are on the screen together or not', () => {
  expect({ columns: true, bottom: true, table: false, focus: false, split: true }).toEqual(Object.fromEntries(Object.entries(presets).map(([name, layout]) => [name, showsBoth(layout)])));
  const lists = splitInto(3);
  expect(false).toBe('children' in lists && lists.children[0] ? showsBoth(lists.children[0]) : true);
});

test('what is broken is no layout, and borders stop before they hide a pane', () => {
  for (const broken of [null, 7, {}, { split: 'row', sizes: [1], children: [{ pane: 'list' }] }, { split: 'row', sizes: [0.5, 0.5], children: [{ pane: 'list' }, { pane: 'attic' }] }]) expect(checked(broken)).toBeNull();
  expect([0.2, 0.8]).toEqual(resize([0.5, 0.5], 0, -0.9).map((size) => Math.round(size * 10) / 10));
});
