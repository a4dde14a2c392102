import { describe, expect, it } from 'vitest';

const sources = Object.fromEntries(Object.entries(import.meta.glob<string>('../src/**/*.{ts,svelte}', { query: '?raw', import: 'default', eager: true })).map(([path, text]) => [path.slice('../src/'.length), text]));
const read = (path: string): string => sources[path] ?? '';
const symbols = (path: string): string[] => [...read(path).matchAll(/<symbol id="i-(\w+)"/g)].map((match) => match[1] as string);
const first = symbols('kit/Sprite.svelte');
const late = symbols('kit/LateSprite.svelte');
/** From the folder of a file to another one. */
const beside = (path: string, target: string): string => new URL(target, `file:///${path}`).pathname.slice(1);

/** Everything that a file leads to without being asked for later. */
function atOnce(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const [, target] of read(path).matchAll(/^\s*(?:import|export)\s(?!type\s)[^;]*?from '(\.[^']+\.(?:ts|svelte))'/gm)) atOnce(beside(path, target as string), found);
  return found;
}

/** The icons that a text names: as a component's property, or as one of a command or an entry. */
const named = (text: string): string[] =>
  [...text.matchAll(/<Icon name=(?:"(\w+)"|\{([^}]*)\})|\bicon(?:=|: )(?:"(\w+)"|\{?([^},]*))|\bto\('[\w.]+', '[\w.]+', '(\w+)'/g)].flatMap(([, name, words, own, more, place]) => [name, own, place, ...[...(`${words ?? ''} ${more ?? ''}`).matchAll(/'(\w+)'/g)].map((match) => match[1])]).filter((one) => one !== undefined);

describe('icons', () => {
  it('are each in one of the two sprites, and all that a name can be', () => {
    const names = [...read('kit/icons.ts').matchAll(/\| '(\w+)'/g)].map((match) => match[1]);
    expect([...first, ...late].sort()).toEqual([...names].sort());
  });
  it('of the first screen come with it', () => {
    const asked = [...atOnce('app/main.ts')].flatMap((path) => named(read(path)));
    expect(asked.length).toBeGreaterThan(60);
    expect(asked.filter((name) => late.includes(name))).toEqual([]);
  });
  it('are named somewhere', () => {
    const text = Object.keys(sources).filter((path) => !/^kit\/(?:icons|i18n|.*Sprite)/.test(path)).map(read).join('');
    expect([...first, ...late].filter((name) => !new RegExp(`['"]${name}['"]`).test(text))).toEqual([]);
  });
});
