import { beforeEach, expect, test, vi } from 'vitest';

const kept = new Map<string, unknown>();
let asked: [string, Record<string, unknown>][] = [];
const subscribe = vi.fn(() => Promise.resolve(subscription('again')));
const subscription = (name: string) => ({ options: { userVisibleOnly: true }, toJSON: () => ({ endpoint: `https://push.example/${name}`, keys: { p256dh: 'p', auth: 'a' } }) });

/** A request of the database that is done in the next turn. */
function request<T>(result: T): { result: T; onsuccess?: () => void } {
  const one: { result: T; onsuccess?: () => void } = { result };
  queueMicrotask(() => one.onsuccess?.());
  return one;
}
const answers: Record<string, unknown> = {
  'Email/get': { state: 'e1', list: [] },
  'Email/changes': { newState: 'e2', created: [] },
  'Mailbox/get': { list: [] },
  'PushSubscription/get': { list: [{ id: 'p1', deviceClientId: 'this one' }] },
};
vi.stubGlobal('self', { clients: { matchAll: () => Promise.resolve([]) }, navigator: {}, registration: { pushManager: { subscribe } } });
vi.stubGlobal('indexedDB', { open: () => request({ close: () => undefined, transaction: () => ({ objectStore: () => ({ get: (id: string) => request(kept.get(id)), put: (value: unknown, id: string) => request(void kept.set(id, value)) }) }) }) });
vi.stubGlobal('fetch', (url: string, init?: { body: string }) => {
  if (url === '/api/session') return Promise.resolve(new Response(JSON.stringify({ accountId: 'a', csrf: 'c' })));
  const { methodCalls } = JSON.parse(init?.body ?? '') as { methodCalls: [string, Record<string, unknown>, string][] };
  asked.push(...methodCalls.map(([name, args]): [string, Record<string, unknown>] => [name, args]));
  return Promise.resolve(new Response(JSON.stringify({ methodResponses: methodCalls.map(([name, , id]) => [name, answers[name] ?? {}, id]) })));
});

// A worker's names are others than a page's, which the tests are checked with.
const worker = '../src/worker/push.ts';
const { onPush, onSubscriptionChange } = (await import(worker)) as { onPush: (message: object) => Promise<void>; onSubscriptionChange: (fresh: unknown, before: unknown) => Promise<void> };
const said = (name: string): Record<string, unknown>[] => asked.filter(([one]) => one === name).map(([, args]) => args);
const change = { changed: { a: { Email: 'e2' } } };

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-11-28T12:00:00Z'), toFake: ['Date'] });
  kept.clear();
  asked = [];
});

test('whoever opens no window for weeks is told all the same: a push a day renews the subscription', async () => {
  await onPush({ '@type': 'PushVerification', pushSubscriptionId: 'p1', verificationCode: 'v' });
  asked = [];
  await onPush(change);
  expect(said('PushSubscription/set')).toEqual([]);
  vi.setSystemTime(new Date('2026-11-30T12:00:00Z'));
  await onPush(change);
  await onPush(change);
  expect(said('PushSubscription/set')).toEqual([{ accountId: 'a', update: { p1: { expires: '2026-12-07T12:00:00Z' } } }]);
});

test('where the browser has another address for the device the server has it too, in place of the one before', async () => {
  await onPush({ '@type': 'PushVerification', pushSubscriptionId: 'p1', verificationCode: 'v' });
  asked = [];
  await onSubscriptionChange(null, subscription('before'));
  expect(subscribe).toHaveBeenCalledWith({ userVisibleOnly: true });
  const here = { deviceClientId: 'this one', url: 'https://push.example/again', keys: { p256dh: 'p', auth: 'a' }, types: ['Email', 'EmailDelivery'] };
  expect(said('PushSubscription/set')).toEqual([{ accountId: 'a', destroy: ['p1'], create: { here } }]);
  await onSubscriptionChange(subscription('given'), null);
  expect(said('PushSubscription/set').at(-1)).toMatchObject({ create: { here: { url: 'https://push.example/given' } } });
});
