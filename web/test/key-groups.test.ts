import { expect, test } from 'vitest';
import { ofOtherPlaces } from '../src/kit/key-groups.ts';

const sources = import.meta.glob<string>('../src/feature/{list/List,reader/Reader}.svelte', { query: '?raw', import: 'default', eager: true });

test('lists and readers have these commands, under these names, and no others', () => {
  const theirs = ['list/List.svelte', 'reader/Reader.svelte'].flatMap((path) =>
    [...(sources[`../src/feature/${path}`] ?? '').matchAll(/\{ id: '([\w.-]+)', title: '([\w.]+)'.*?group: '(\w+)'/g)].map(([, id, title, group]) => ({ id, title, group })),
  );
  expect(theirs.length).toBeGreaterThan(10);
  expect(ofOtherPlaces).toEqual(theirs);
});
