import { expect, test } from 'vitest';
import { keepSpaces } from '../src/kit/spaces.ts';

test('spaces that stand in a row, or begin a line, are kept; those between words may break the line', () => {
  expect(keepSpaces('<div dir="auto">  tea    2.00 each</div>')).toBe('<div dir="auto">\u00a0 tea\u00a0\u00a0\u00a0 2.00 each</div>');
  expect(keepSpaces('<a href="x  y">a  b</a>')).toBe('<a href="x  y">a\u00a0 b</a>');
  expect(keepSpaces('<div dir="auto">at <a href="x">a</a> has</div>')).toBe('<div dir="auto">at <a href="x">a</a> has</div>');
  expect(keepSpaces('a\tb')).toBe('a\u00a0\u00a0\u00a0 b');
});
