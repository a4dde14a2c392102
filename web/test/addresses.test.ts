import { expect, test } from 'vitest';
import { baseSubject, formatAddress, isAddress, parseAddress, splitAddresses } from '../src/kit/addresses.ts';
import { initials } from '../src/kit/people.ts';
import { authResults, linkMismatch, namePretends } from '../src/feature/reader/trust.ts';

test('addresses part where they end, not inside a name', () => {
  expect(['"Sato, Megumi" <m@a.example>', 'b@c.example', 'd@e.example']).toEqual(splitAddresses('"Sato, Megumi" <m@a.example>, b@c.example;\n d@e.example,'));
  expect({ name: 'Sato, "Meg"', email: 'm@a.example' }).toEqual(parseAddress('"Sato, \\"Meg\\"" <m@a.example>'));
  expect('"Sato, M." <m@a.example>').toBe(formatAddress({ name: 'Sato, M.', email: 'm@a.example' }));
});

test('what cannot be sent to is no address', () => {
  for (const text of ['a', 'a@', '@b.example', 'a b@c.example', 'a@b.', 'a@b,c', '<a@b>', `${'x'.repeat(330)}@b.example`]) expect(false, text).toBe(isAddress(text));
  for (const text of ['a@b.example', 'jõgeva@näide.example', '"a b"@c.example', 'a+b@localhost']) expect(true, text).toBe(isAddress(text));
});

test('prefixes of every language come off, once written again', () => {
  expect('Plan').toBe(baseSubject('Re: AW: Fwd: SV[2]: Plan'));
  expect('Result: 5').toBe(baseSubject('Result: 5'));
});

test('initials of names and of addresses', () => {
  expect(['MS', 'JB', 'ЕП', '佐']).toEqual([initials('Megumi Satō', ''), initials('', 'j.bloggs@x.example'), initials('Елена Петрова', ''), initials('佐藤', '')]);
});

test('only our own results count, and a comment cannot forge them', () => {
  expect({ spf: 'pass', dkim: 'fail' }).toEqual(authResults('mx.ours.example; spf=pass smtp.mailfrom=a; dkim=fail (dmarc=pass; really)', 'mx.ours.example'));
  expect(null).toBe(authResults('mx.theirs.example; dmarc=pass', 'mx.ours.example'));
});

test('a link whose words name another place is told', () => {
  expect({ shown: 'bank.example', real: 'evil.test' }).toEqual(linkMismatch('https://evil.test/x', 'https://bank.example/login'));
  expect(null).toBe(linkMismatch('https://www.bank.example/x', 'bank.example'));
  expect(null).toBe(linkMismatch('https://evil.test/x', 'click here'));
});

test('a name that is another address pretends', () => {
  expect('ceo@us.example').toBe(namePretends({ name: 'ceo@us.example', email: 'x@evil.test' }));
  expect(null).toBe(namePretends({ name: 'x@evil.test', email: 'x@evil.test' }));
});
