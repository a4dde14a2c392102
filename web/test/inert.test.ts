import { expect, test } from 'vitest';
import { hideStyles, showStyles } from '../src/kit/inert.ts';

test('styles are hidden from the page, and come back as they were', () => {
  const html = '<head><STYLE type="text/css">a[style="x"]{color:red}</STYLE></head><body style = "margin:0"><p Style=\'color:red\' title="style=1">My style = yours, restyle=no</p><style>b{}</style></body>';
  const hidden = hideStyles(html);
  // Nothing that a browser would take for a style: neither an attribute of that name nor an element.
  expect(/(?:^|[\s"'/])style\s*=|<\/?style/i.test(hidden)).toBe(false);
  expect(showStyles(hidden).replace(/<(\/?)noframes/g, '<$1style')).toBe(html.replace(/STYLE(?= type)|STYLE(?=>)/g, 'style'));
});

test('what is put back makes no markup', () => {
  for (const text of ['&lt;noframes x-mailstead-sheet&gt;', '"x-mailstead-style', 'x-mailstead-x-mailstead-style']) expect(/[<>]/.test(showStyles(text))).toBe(false);
  expect(hideStyles(hideStyles('<p style="a">'))).toBe(hideStyles('<p style="a">'));
});
