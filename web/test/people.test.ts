import { expect, it } from 'vitest';
import type { Mail } from '../src/action/session.svelte.ts';
import { addressesOf, note, suggest } from '../src/action/people.ts';

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

it('offers whoever is written to most first, by each part of a name and without accents', () => {
  const mail = {} as Mail;
  const [ada, zoe, plain] = [{ name: 'Ada Bérard', email: 'ada@x.test' }, { name: 'Zoe Berard', email: 'zoe@x.test' }, { name: null, email: 'berta@x.test' }];
  note(mail, [ada, zoe, plain], 'me@x.test');
  note(mail, [zoe], 'me@x.test');
  const offered = (text: string): string[] => suggest(mail, text, new Set(['berta@x.test'])).map(({ email }) => email);
  expect(offered('berard')).toEqual(['zoe@x.test', 'ada@x.test']);
  expect(offered('BÉR')).toEqual(['zoe@x.test', 'ada@x.test']);
  expect(offered('ada')).toEqual(['ada@x.test']);
  // A name that comes later is found too.
  note(mail, [{ name: 'Nina Nova', email: 'nina@x.test' }], 'me@x.test');
  expect(suggest(mail, 'nova', new Set()).map(({ email }) => email)).toEqual(['nina@x.test']);
  note(mail, [{ name: 'Berta Blum', email: 'berta@x.test' }], 'me@x.test');
  expect(suggest(mail, 'blum', new Set()).map(({ email }) => email)).toEqual(['berta@x.test']);
});
