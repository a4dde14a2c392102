import { expect, it } from 'vitest';
import { flowedBy, unflow } from '../src/kit/flowed.ts';

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
