import { expect, test } from 'vitest';
import { inWords } from '../src/action/in-words.ts';
import { Offline, Refused, SignedOut } from '../src/jmap/errors.ts';
import { en } from '../src/kit/i18n/en.ts';

test('what went wrong on the way is said in words of the catalogue', () => {
  expect(inWords(new Offline())).toBe(en['pull.failed']);
  expect(inWords(new SignedOut('The session has ended.'))).toBe(en['signed_out']);
  expect(inWords(new Offline('In so many words.'))).toBe('In so many words.');
  expect(inWords(new Refused('tooLarge', ''))).toBe('tooLarge');
  expect(inWords('as it is')).toBe('as it is');
});

test('the way to the server says nothing in English that somebody would read', () => {
  const sources = import.meta.glob<string>('../src/{jmap,cache,action}/**/*.ts', { query: '?raw', import: 'default', eager: true });
  expect(Object.keys(sources).length).toBeGreaterThan(50);
  const said = Object.entries(sources).flatMap(([name, text]) => [...text.matchAll(/new (?:Offline|SignedOut)\((['"`][^'"`]+)/g)].map(([, words]) => `${name}: ${words}`));
  expect(said).toEqual([]);
});
