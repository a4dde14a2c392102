import { expect, test, vi } from 'vitest';
import { Log } from '../src/action/log.svelte.ts';
import type { Mail } from '../src/action/session.svelte.ts';
import type { Patch } from '../src/cache/patch.ts';
import type { Database } from '../src/cache/db.ts';
import { Store } from '../src/cache/store.svelte.ts';
import { Offline } from '../src/jmap/errors.ts';
import type { Email, SavedSearch } from '../src/jmap/types.ts';
import { type Answers, fakeClient } from './fake.ts';

// Asked as the module is loaded.
vi.stubGlobal('navigator', { languages: ['en'], platform: '' });
vi.stubGlobal('window', { addEventListener: () => undefined });
const { Counts } = await import('../src/feature/mailboxes/counts.svelte.ts');
type Counts = InstanceType<typeof Counts>;

const folder = (id: string, filter: object, count: 'unread' | 'total' = 'unread'): SavedSearch => ({ id, filter, count, parentId: null, inheritParent: false }) as unknown as SavedSearch;
const email = (id: string, subject: string): Email => ({ id, threadId: `t${id}`, mailboxIds: { in: true }, keywords: {}, receivedAt: '2026-11-27T10:00:00Z', subject, preview: '', from: null, to: null, size: 1, hasAttachment: false }) as unknown as Email;
const settled = async (done: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 300 && !done(); turn++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(done()).toBe(true);
};

const folders = [folder('teapots', { subject: 'teapot' }), folder('flagged', { hasKeyword: '$flagged' }, 'total'), folder('invoices', { text: 'invoice' })];
const states: Answers = { 'Mailbox/get': () => ({ state: 'm', list: [] }), 'Email/get': () => ({ state: 'e', list: [] }), 'Thread/get': () => ({ state: 't', list: [] }) };

interface Device {
  log: Log;
  store: Store;
  answers: Answers;
  asked: string[];
  count: () => () => number[];
}

/** A device with two messages, three smart folders, and what it has kept by the names of its stores; the server says of each folder that it holds so many. */
function device(holds: () => number, kept: Record<string, unknown> = {}): Device {
  const store = new Store('a', 'me@example.test');
  store.db = { get: (place: string, key: string) => Promise.resolve(kept[place === 'query' ? key.match(/"inSavedSearch":"(\w+)"/)?.[1] ?? '' : key]), put: () => Promise.resolve(), now: () => Promise.resolve(), later: () => undefined, delete: () => Promise.resolve() } as unknown as Database;
  const log = new Log(store);
  const mail = { store, log, searches: { byId: new Map(folders.map((one) => [one.id, one])) } } as unknown as Mail;
  const answers: Answers = { ...states, 'Email/query': () => ({ total: holds() }), 'Email/set': () => Promise.reject(new Offline('')) };
  const asked: string[] = [];
  store.takeEmails({ state: 'e', list: [email('1', 'Teapot one'), email('2', 'Teapot two')], notFound: [] } as never);
  store.takeThreads({ state: 't', list: [{ id: 't1', emailIds: ['1'] }, { id: 't2', emailIds: ['2'] }], notFound: [] } as never);
  store.client = fakeClient(answers, asked);
  const count = (): (() => number[]) => {
    const counts = new Counts(mail);
    return () => folders.map((one) => counts.of(one));
  };
  return { log, store, answers, asked, count };
}
const read = (id: string): [string, Record<string, number>, Record<string, Patch>] => ['did.read', {}, { [id]: { 'keywords/$seen': true } }];

test('a count follows what is done without a network, and what is taken back', async () => {
  const { log, count } = device(() => 7);
  const said = count();
  await settled(() => said().join() === '7,7,7');
  log.perform(...read('1'));
  log.perform('did.flag', {}, { '2': { 'keywords/$flagged': true } });
  expect(said()).toEqual([6, 8, 7]);
  log.perform(...read('2'));
  expect(said()).toEqual([5, 8, 7]);
  log.undo();
  expect(said()).toEqual([6, 8, 7]);
});

test('what waits when a page is loaded is reckoned with what was answered last, the lists among it', async () => {
  const { log, store, asked, count } = device(() => 1, { 'smart-counts': [['teapots', 7], ['invoices', 3]], invoices: { ids: ['1', 'other'] } });
  store.client = null;
  log.perform(...read('1'));
  const said = count();
  await settled(() => said().join() === '6,0,2');
  // Nobody asks while something is on its way.
  expect(asked).not.toContain('Email/query');
});

test('when the server has been told, what it answers holds', async () => {
  let holds = 7;
  const { log, answers, count } = device(() => holds);
  const said = count();
  await settled(() => said().join() === '7,7,7');
  log.perform(...read('1'));
  expect(said()).toEqual([6, 7, 7]);
  // It is told; another device has read five more.
  answers['Email/set'] = () => ({ updated: { '1': null } });
  holds = 1;
  await log.flush();
  expect(log.waiting).toEqual([]);
  // Until the answer is there the number does not go back.
  expect(said()).toEqual([6, 7, 7]);
  await settled(() => said().join() === '1,1,1');
  expect(log.shifts).toEqual([]);
});
