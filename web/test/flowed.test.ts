import { expect, it } from 'vitest';
import { asWritten, flow, flowedBy, unflow } from '../src/kit/flowed.ts';

it('joins what was broken for the way, at the same depth only', () => {
  expect(unflow('One line that \r\ngoes on.\r\n\r\n> quoted \r\n> text\r\n>> deeper \r\n> not the same', false)).toBe('One line that goes on.\n\n> quoted text\n>> deeper \n> not the same');
});
it('keeps the line above a signature', () => {
  expect(unflow('Yours, \n-- \nCarol', false)).toBe('Yours, \n-- \nCarol');
});
it('takes the stuffed space away, and the marking one where it is told to', () => {
  expect(unflow(' >not quoted', false)).toBe('>not quoted');
  expect(unflow('Donau \ndampf', true)).toBe('Donaudampf');
});
it('knows which text it is about', () => {
  expect(flowedBy(' text/plain; charset=utf-8; format=flowed; DelSp=yes')).toEqual({ delsp: true });
  expect(flowedBy('text/plain; charset=utf-8')).toBeNull();
});

it('breaks long lines so that they come back whole', () => {
  const text = ['Dear Ada,', '', 'one two three four five six seven eight nine ten '.repeat(8).trim(), ' indented', 'From here on', '> quoted '.concat('word '.repeat(40)).trim(), '>> deeper', '-- ', 'Carol', 'x'.repeat(200), `${'y'.repeat(90)} end`, `  ${'z'.repeat(100)} end`].join('\n');
  const lines = flow(text).split('\n');
  expect(lines.filter((line) => line.length > 76 && line.trim().includes(' ') && !/[xyz]{90}/.test(line))).toEqual([]);
  expect(unflow(flow(text), false)).toBe(text);
  expect(lines).toContain(' From here on');
  expect(lines).toContain('  indented');
});
it('never makes a line flow that does not', () => {
  expect(flow('Yours  \nCarol\n>  \n   ')).toBe('Yours\nCarol\n>\n');
  expect(unflow(flow('a\n>\nb'), false).replace(/ $/m, '')).toBe('a\n>\nb');
});
it('gives a part as it was written', () => {
  expect(asWritten({ 'header:Content-Type': 'text/plain; format=flowed' }, 'a \nb')).toBe('a b');
  expect(asWritten({}, 'a \nb')).toBe('a \nb');
});
