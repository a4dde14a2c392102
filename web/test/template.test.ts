import { expect, test } from 'vitest';
import { fill, unfilled } from '../src/action/template.ts';

const template = { subject: 'For {first}', text: 'Dear {name}, {me} {unknown} <{address}>' };

test('fields are filled with what is known, and wait for what is not', () => {
  const before = fill(template, undefined, 'Wilma');
  expect(before).toEqual({ subject: 'For {first}', text: 'Dear {name}, Wilma {unknown} <{address}>' });
  expect(fill(before, { name: 'Ada Lovelace', email: 'ada@example.test' }, 'Wilma')).toEqual({ subject: 'For Ada', text: 'Dear Ada Lovelace, Wilma {unknown} <ada@example.test>' });
});

test('what is put into the text is written as the text is, and into the subject as it is', () => {
  const { subject, text } = fill({ subject: '{first}', text: '{first}' }, { name: 'A&B', email: 'a@b.example' }, '', (word) => word.replace('&', '&amp;'));
  expect([subject, text]).toEqual(['A&B', 'A&amp;B']);
});

test('a field that is left is found, and braces of another kind are none', () => {
  expect(unfilled('Dear {first}')).toBe('{first}');
  expect(unfilled('{x} {First} { me }')).toBe(null);
});
