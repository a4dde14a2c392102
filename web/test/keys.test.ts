import { expect, test, vi } from 'vitest';
import { speak } from '../src/kit/i18n/index.svelte.ts';
import { KeyReader, bindingsOf, caps, conflicts, isSingle, keyPresets, strokeOf } from '../src/kit/keys.ts';

const stroke = (key: string, mods: Partial<Record<'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey', boolean>> = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...mods });

test('strokes carry what was held, and a shifted sign is itself', () => {
  expect(['j', 'Shift+j', '#', 'Ctrl+k', 'Ctrl+k', 'Shift+ArrowDown']).toEqual([
    strokeOf(stroke('j')), strokeOf(stroke('J', { shiftKey: true })), strokeOf(stroke('#', { shiftKey: true })),
    strokeOf(stroke('k', { ctrlKey: true })), strokeOf(stroke('k', { metaKey: true }), true), strokeOf(stroke('ArrowDown', { shiftKey: true })),
  ]);
});

test('no preset gives one key to two commands', () => {
  for (const preset of Object.keys(keyPresets) as (keyof typeof keyPresets)[]) expect([], preset).toEqual(conflicts(bindingsOf(preset, {}, true)));
});

test('the switch takes every single character away and leaves the rest', () => {
  const bindings = bindingsOf('gmail', {}, false);
  expect([]).toEqual(Object.values(bindings).flat().filter(isSingle));
  expect(['ArrowDown']).toEqual(bindings['list.next']);
});

test('sequences wait for their second key and are forgotten in time', () => {
  const reader = new KeyReader();
  const bindings = bindingsOf('gmail', {}, true);
  expect('more').toBe(reader.read('g', bindings, 0));
  expect({ id: 'go.inbox' }).toEqual(reader.read('i', bindings, 400));
  reader.read('g', bindings, 2000);
  expect({ id: 'thread.next' }).toEqual(reader.read('n', bindings, 4000));
});

test('a burst of letters is typing, not commands', () => {
  const reader = new KeyReader();
  const bindings = bindingsOf('gmail', {}, true);
  const results = [...'helo!'].map((letter, index) => reader.read(letter, bindings, index * 60));
  expect(['typing', 'typing']).toEqual(results.slice(3));
  expect({ id: 'mail.archive' }).toEqual(reader.read('e', bindings, 2000));
});

test('a key held down is no typing', () => {
  const reader = new KeyReader();
  const bindings = bindingsOf('gmail', {}, true);
  expect(new Array(20).fill({ id: 'list.next' })).toEqual(Array.from({ length: 20 }, (_, index) => reader.read('j', bindings, index * 30)));
});

test('caps are what stands on the keys', async () => {
  expect(['Ctrl', 'k']).toEqual(caps('Ctrl+k'));
  expect(['⌘', 'k']).toEqual(caps('Ctrl+k', true));
  expect(['g', 'i']).toEqual(caps('g i'));
  vi.stubGlobal('document', { documentElement: {} });
  vi.stubGlobal('navigator', { languages: [] });
  await speak('de');
  expect(['Strg', 'Eingabe', 'Entf', 'x']).toEqual(caps('Ctrl+Enter Delete x'));
  await speak('en');
  expect(['Ctrl', '+']).toEqual(caps('Ctrl++'));
});
