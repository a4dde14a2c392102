import { beforeAll, expect, it, vi } from 'vitest';
import { whyNot } from '../src/action/refusal.ts';
import { Refused, refusedBy, saidBy } from '../src/jmap/errors.ts';
import { speak } from '../src/kit/i18n/index.svelte.ts';

vi.stubGlobal('document', { documentElement: {} });
vi.stubGlobal('navigator', { languages: [] });
beforeAll(() => speak('en'));

it('says what whoever writes can do about it, and behind it what the server says', async () => {
  const noWay = { type: 'invalidRecipients', reason: 'noWayOut', description: 'Whatever it calls that', invalidRecipients: ['far@elsewhere.example'] };
  expect(whyNot(noWay)).toBe('your server cannot send to other domains yet. Show this to its administrator: “Whatever it calls that”');
  await speak('de');
  expect(whyNot(noWay)).toBe('Ihr Server kann noch nicht an andere Domains senden. Zeigen Sie dies seinem Administrator: „Whatever it calls that“');
  await speak('en');
});

it('decides by kinds and reasons, never by words', () => {
  const words = 'This server cannot send to other servers: no [outbound] smarthost is set';
  expect(whyNot({ type: 'invalidRecipients', description: words })).toBe(words);
  expect(whyNot({ type: 'invalidRecipients', reason: 'ofTomorrow', description: words })).toBe(words);
  expect(whyNot({ type: 'invalidRecipients', reason: 'noSuchMailbox', description: words, invalidRecipients: ['a@x.example', 'b@x.example'] })).toBe('there is no mailbox a@x.example, b@x.example.');
  expect(whyNot({ type: 'invalidRecipients', reason: 'noAddress', invalidRecipients: ['nobody'] })).toBe('these are no addresses: nobody.');
  expect(whyNot({ type: 'forbiddenFrom', description: words })).toBe('this is not an address of yours.');
  expect(whyNot({ type: 'forbiddenToSend', description: 'Over for today' })).toBe('you may not send. Ask your server’s administrator. (Over for today)');
  expect(whyNot({ type: 'noRecipients' })).toBe('it is to nobody.');
  expect(whyNot({ type: 'tooManyRecipients', maxRecipients: 1000 })).toBe('it has too many recipients. At most 1,000 are possible.');
  expect(whyNot({ type: 'tooLarge', maxSize: 50_000_000 })).toBe('it is too large. At most 50 MB can be sent.');
  // Without its figure it would say nothing.
  expect(whyNot({ type: 'tooLarge', description: 'Too much of it' })).toBe('Too much of it');
});

it('leaves other reasons as they are', () => {
  expect(whyNot({ type: 'overQuota', description: 'The mailbox is full' })).toBe('The mailbox is full');
  expect(whyNot({ type: 'invalidProperties', description: null, properties: ['envelope', 'emailId'] })).toBe('invalidProperties: envelope, emailId');
});

it('has one rule for what the server says itself', () => {
  expect([saidBy({ type: 'forbidden', description: 'No' }), saidBy({ type: 'invalidProperties', properties: ['name'] }), saidBy({ type: 'forbidden', description: '' })]).toEqual(['No', 'invalidProperties: name', 'forbidden']);
  const error = refusedBy({ type: 'forbidden', description: 'No' });
  expect([error instanceof Refused, error.type, error.message, refusedBy(error as never, 'Not now').message]).toEqual([true, 'forbidden', 'No', 'Not now']);
});
