import { afterEach, expect, test, vi } from 'vitest';
import { Client, batches } from '../src/jmap/client.ts';
import { Offline, Refused, SignedOut } from '../src/jmap/errors.ts';
import type { Session } from '../src/jmap/types.ts';

const session = { capabilities: { 'urn:ietf:params:jmap:core': { maxCallsInRequest: 4 } }, accounts: { a: { accountCapabilities: {} } }, apiUrl: '/jmap' } as unknown as Session;

function answer(status: number, body: (request: { methodCalls: [string, Record<string, unknown>, string][] }) => unknown): ReturnType<typeof vi.fn> {
  const fake = vi.fn(async (_url: string, init: RequestInit) => new Response(JSON.stringify(body(JSON.parse(String(init.body)) as never)), { status, headers: { 'Content-Type': 'application/json' } }));
  vi.stubGlobal('fetch', fake);
  return fake;
}
afterEach(() => vi.unstubAllGlobals());

test('calls of one turn travel together and refer to each other', async () => {
  const fake = answer(200, ({ methodCalls }) => ({ methodResponses: methodCalls.map(([name, args, id]) => [name, { got: args }, id]) }));
  const client = new Client(session, 'a');
  const query = client.call<unknown>('Email/query');
  const get = client.call<{ got: Record<string, unknown> }>('Email/get', { '#ids': query.ref('/ids') });
  await query;
  expect({ accountId: 'a', '#ids': { resultOf: 'c0', name: 'Email/query', path: '/ids' } }).toEqual((await get).got);
  expect(1).toBe(fake.mock.calls.length);
});

test('one refused call leaves the others their answers', async () => {
  answer(200, ({ methodCalls }) => ({ methodResponses: methodCalls.map(([name, , id], index) => (index ? [name, {}, id] : ['error', { type: 'cannotCalculateChanges' }, id])) }));
  const client = new Client(session, 'a');
  const [first, second] = await Promise.allSettled([client.call('Email/changes'), client.call('Mailbox/get')]);
  expect(['rejected', 'fulfilled']).toEqual([first.status, second.status]);
  expect('cannotCalculateChanges').toBe(((first as PromiseRejectedResult).reason as Refused).type);
});

test('a broken line is Offline, a lost session SignedOut, a refusal Refused', async () => {
  const client = new Client(session, 'a');
  vi.stubGlobal('fetch', vi.fn(() => Promise.reject(new TypeError('fetch failed'))));
  await expect(client.call('Email/get')).rejects.toBeInstanceOf(Offline);
  answer(401, () => ({}));
  await expect(client.call('Email/get')).rejects.toBeInstanceOf(SignedOut);
  answer(400, () => ({ type: 'urn:ietf:params:jmap:error:limit', detail: 'too much' }));
  await expect(client.call('Email/get')).rejects.toBeInstanceOf(Refused);
});

test('a long queue is cut, never between a call and one that refers to it', () => {
  const call = (id: string, on?: string) => ({ id, args: on ? { '#ids': { resultOf: on, name: '', path: '' } } : {} });
  const cut = batches([call('a'), call('b'), call('c'), call('d', 'c'), call('e', 'd'), call('f')], 4);
  expect([['a', 'b'], ['c', 'd', 'e', 'f']]).toEqual(cut.map((batch) => batch.map(({ id }) => id)));
});
