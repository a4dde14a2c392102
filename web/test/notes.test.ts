import { expect, test } from 'vitest';
import { type World, toFilter } from '../src/kit/search-filter.ts';
import { parse } from '../src/kit/search.ts';

const world = (notes: boolean): World => ({ mailbox: () => null, label: () => null, hidden: [], notes });
const filter = (text: string, notes = true): unknown => toFilter(parse(text), world(notes), new Date(), true).filter;

test('words are looked for in notes too, where there are any', () => {
  expect({ text: 'otto' }).toEqual(filter('otto', false));
  expect({ operator: 'OR', conditions: [{ text: 'otto' }, { note: 'otto' }] }).toEqual(filter('otto'));
});

test('notes have an operator of their own, and so has there being one', () => {
  expect({ note: 'otto' }).toEqual(filter('note:otto'));
  expect({ note: '' }).toEqual(filter('has:note'));
  expect({ operator: 'NOT', conditions: [{ note: '' }] }).toEqual(filter('-has:note'));
  expect({ hasAttachment: true }).toEqual(filter('has:attachment'));
});
