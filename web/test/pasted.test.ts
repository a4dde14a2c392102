import { expect, test } from 'vitest';
import { entryOf, meant, pictureOf } from '../src/feature/composer/pasted.ts';

test('a style says what an element can say, or that it is not so', () => {
  expect(meant('font-weight:700; color:red')).toEqual({ b: true });
  expect(meant('font-weight: normal')).toEqual({ b: false });
  expect(meant('mso-bidi-font-weight:bold')).toEqual({});
  expect(meant('FONT-STYLE:italic;text-decoration:underline line-through')).toEqual({ i: true, u: true, s: true });
  expect(meant('text-decoration-line: underline')).toEqual({ u: true });
  expect(meant('')).toEqual({});
});

test('a paragraph of a word processor is an entry of a list by its style, numbered by its mark', () => {
  expect(entryOf('margin-left:36pt;mso-list:l0 level2 lfo1', '·   ')).toEqual({ level: 2, ordered: false });
  expect(entryOf('mso-list:l3 level1 lfo4', '12.  ')).toEqual({ level: 1, ordered: true });
  expect(entryOf('mso-list:l3 level1 lfo4', 'o   ')).toEqual({ level: 1, ordered: false });
  expect(entryOf('mso-list:l3 level1 lfo4', '(a) ')).toEqual({ level: 1, ordered: true });
  expect(entryOf('mso-list:none', '')).toBe(null);
  expect(entryOf('margin:0', '1.')).toBe(null);
});

test('a picture in a text is a file, and nothing else is', async () => {
  const file = pictureOf('data:image/jpeg;base64,QUJD');
  expect([file?.name, file?.type, await file?.text()]).toEqual(['picture.jpg', 'image/jpeg', 'ABC']);
  for (const other of ['data:image/svg+xml;base64,QUJD', 'data:text/html;base64,QUJD', 'https://elsewhere.example/x.png', 'cid:a']) expect(pictureOf(other)).toBe(null);
});
