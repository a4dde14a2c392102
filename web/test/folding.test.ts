import { expect, test } from 'vitest';
import { folded } from '../src/kit/folding.ts';

test.each([
  ['Zoë', 'ZOE'],
  ['Crème brûlée', 'creme brulee'],
  ['Straße', 'STRASSE'],
  ['Ångström', 'A\u030angstro\u0308m'],
  ['ﬁnal', 'final'],
  ['İstanbul', 'istanbul'],
  ['ΆΓΙΟΣ', 'αγιος'],
  ['ёлка', 'елка'],
  ['شَكَرَ', 'شكر'],
  ['أحمد', 'احمد'],
  ['שָׁלוֹם', 'שלום'],
])('%s and %s are one word', (written, typed) => {
  expect(folded(written)).toBe(folded(typed));
});

test.each([
  ['किताब', 'कताब'],
  ['がき', 'かき'],
  ['한글', '하글'],
  ['ก็', 'ก'],
])('%s and %s are two', (one, other) => {
  expect(folded(one)).not.toBe(folded(other));
});

test('what is folded stays as it is', () => {
  for (let code = 0; code < 0x30000; code++) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const once = folded(String.fromCodePoint(code));
    if (folded(once) !== once) throw new Error(`U+${code.toString(16)}`);
  }
});
