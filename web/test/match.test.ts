import { expect, test } from 'vitest';
import { pieces, score } from '../src/kit/match.ts';

test('every word begins a word; earlier and whole ones count more', () => {
  expect(score('', 'Archive')).toBe(1);
  expect(score('chive', 'Archive')).toBe(0);
  expect(score('arch mail', 'Archive')).toBe(0);
  expect(score('mail arch', 'Archive this mail')).toBeGreaterThan(0);
  expect(score('open', 'Open')).toBeGreaterThan(score('open', 'Open in a window'));
  expect(score('mail', 'Mail in a window')).toBeGreaterThan(score('mail', 'New mail'));
  expect(score('entwurfe', 'Entwürfe')).toBeGreaterThan(0);
  expect(score('strasse', 'Hohe Straße')).toBeGreaterThan(0);
});

test.each([
  ['mail', 'New mail', ['New ', 'mail', '']],
  ['n ne', 'New mail', ['', 'Ne', 'w mail']],
  ['strasse', 'Hohe Straße 5', ['Hohe ', 'Straße', ' 5']],
  ['gros', 'Größe', ['', 'Größ', 'e']],
  ['ail', 'New mail', ['New mail']],
  ['', 'New mail', ['New mail']],
])('%s in %s', (query, text, parts) => {
  expect(pieces(query, text)).toEqual(parts);
});
