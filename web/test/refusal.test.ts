import { expect, it, vi } from 'vitest';
import { whyNot } from '../src/action/refusal.ts';
import { speak } from '../src/kit/i18n/index.svelte.ts';

vi.stubGlobal('document', { documentElement: {} });
vi.stubGlobal('navigator', { languages: [] });

const noWay = 'This server cannot send to other servers: no [outbound] smarthost is set';

it('says what whoever writes can do about it, and behind it what the server says', async () => {
  await speak('en');
  expect(whyNot({ type: 'invalidRecipients', description: noWay })).toBe(`your server cannot send to other domains yet. Ask its administrator. (${noWay})`);
  await speak('de');
  expect(whyNot({ type: 'invalidRecipients', description: noWay })).toContain(noWay);
});

it('leaves other reasons as they are', () => {
  expect(whyNot({ type: 'invalidRecipients', description: 'There is no such mailbox here' })).toBe('There is no such mailbox here');
  expect(whyNot({ type: 'invalidProperties', description: null, properties: ['envelope', 'emailId'] })).toBe('invalidProperties: envelope, emailId');
  expect(whyNot({ type: 'forbiddenToSend', description: '' })).toBe('forbiddenToSend');
});
