import { expect, it } from 'vitest';
import { addressesOf } from '../src/action/people.ts';

it('takes the addresses of a card, with the name that it has', () => {
  expect(addressesOf({ name: { full: 'Ada Love' }, emails: { a: { address: 'ada@x.test' }, b: { address: 'ada@y.test' } } })).toEqual([
    { name: 'Ada Love', email: 'ada@x.test' },
    { name: 'Ada Love', email: 'ada@y.test' },
  ]);
  expect(addressesOf({ name: { components: [{ value: 'Ada' }, { value: 'Love' }] }, emails: { a: { address: 'ada@x.test' } } })[0]?.name).toBe('Ada Love');
  expect(addressesOf({ emails: { a: { address: 'ada@x.test' } } })).toEqual([{ name: null, email: 'ada@x.test' }]);
  expect(addressesOf({ name: { full: 'Nobody' } })).toEqual([]);
  expect(addressesOf({ kind: 'group', name: { full: 'All' }, emails: { a: { address: 'all@x.test' } } })).toEqual([]);
});
