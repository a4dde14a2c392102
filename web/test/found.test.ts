import { expect, test } from 'vitest';
import { type Said, stands } from '../src/kit/found.ts';
import { parse } from '../src/kit/search.ts';

/** The text with what is found of it in brackets. */
const marked = (query: string, said: Said[]): string[] => {
  const all = said.map(() => [] as (readonly [number, number])[]);
  for (const term of parse(query)) stands(term, said)?.forEach((spans, at) => all[at]?.push(...spans));
  return said.map(([, text], at) => [...(all[at] ?? [])].sort((left, right) => right[0] - left[0]).reduce((out, [start, end]) => `${out.slice(0, start)}[${out.slice(start, end)}]${out.slice(end)}`, text));
};
const subject = (query: string, text: string): string => marked(query, [['subject', text]])[0] as string;

test('words are found by their beginnings, in either case', () => {
  expect(subject('roof', 'Roof drawings, ROOFING; a proof')).toBe('[Roof] drawings, [ROOF]ING; a proof');
  expect(subject('roof plan', 'Plan of the roof, planned')).toBe('[Plan] of the [roof], [plan]ned');
  expect(subject('14', 'Detail 14, no 114')).toBe('Detail [14], no 114');
  expect(subject('roof', 'Nothing of it')).toBe('Nothing of it');
});

test('where no word begins so it is found within one, as this device finds it', () => {
  expect(subject('oof', 'Roof drawings')).toBe('R[oof] drawings');
});

test('accents and other spellings of a letter are the same letter, and what is marked is what stands there', () => {
  expect(subject('cafe', 'Ein Café, ein Cafe\u0301 und CAFÉS')).toBe('Ein [Café], ein [Cafe\u0301] und [CAFÉ]S');
  expect(subject('résumé', 'My resume')).toBe('My [resume]');
  expect(subject('strasse', 'In der Straße 5')).toBe('In der [Straße] 5');
  expect(subject('stras', 'In der Straße 5')).toBe('In der [Straß]e 5');
  expect(subject('λόγος', 'Ο ΛΟΓΟΣ και ο λόγος')).toBe('Ο [ΛΟΓΟΣ] και ο [λόγος]');
  expect(subject('straße', 'STRASSE')).toBe('[STRASSE]');
  expect(subject('roof', '🏠🏠 roof')).toBe('🏠🏠 [roof]');
});

test('scripts from the right, with their points and without; scripts without blanks', () => {
  expect(subject('كتاب', 'هذا كِتَابٌ جديد')).toBe('هذا [كِتَابٌ] جديد');
  expect(subject('שלום', 'שָׁלוֹם לכם')).toBe('[שָׁלוֹם] לכם');
  expect(subject('会議', '明日の会議の件')).toBe('明日の[会議]の件');
  expect(subject('한', '한국 대한')).toBe('[한]국 대[한]');
});

test('each operator marks where it looks', () => {
  const row: Said[] = [['from', 'Roof Roofer'], ['subject', 'The roof'], ['preview', 'About a roof.'], ['file', 'roof.pdf']];
  expect(marked('roof', row)).toEqual(['[Roof] [Roof]er', 'The [roof]', 'About a [roof].', 'roof.pdf']);
  expect(marked('from:roof', row)).toEqual(['[Roof] [Roof]er', 'The roof', 'About a roof.', 'roof.pdf']);
  expect(marked('subject:roof', row)).toEqual(['Roof Roofer', 'The [roof]', 'About a roof.', 'roof.pdf']);
  expect(marked('body:roof', row)).toEqual(['Roof Roofer', 'The roof', 'About a [roof].', 'roof.pdf']);
  expect(marked('filename:roof', row)).toEqual(['Roof Roofer', 'The roof', 'About a roof.', '[roof].pdf']);
  for (const nothing of ['to:roof', 'in:roof', '-roof', '-subject:roof', 'label:roof']) expect(marked(nothing, row), nothing).toEqual(row.map(([, text]) => text));
});

test('a phrase is found as one, else its words', () => {
  expect(subject('"harbour office"', 'To the harbour office at the harbour')).toBe('To the [harbour office] at the harbour');
  expect(subject('"harbour office"', 'The office at the harbour')).toBe('The [office] at the [harbour]');
  expect(marked('from:tomasz@statik.example', [['from', 'Tomasz Wierzbicki']])).toEqual(['[Tomasz] Wierzbicki']);
  expect(subject('a.b+c', 'Write to a.b+c@d')).toBe('Write to [a.b+c]@d');
});

test('of a term that is nowhere nothing is said, so that one can look elsewhere', () => {
  const [term] = parse('roof');
  expect(term && stands(term, [['subject', 'Walls']])).toBe(null);
  expect(term && stands(term, [['subject', 'Walls'], ['preview', 'Roofs']])).toEqual([[], [[0, 4]]]);
});
