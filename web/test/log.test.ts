import { expect, test } from 'vitest';
import { Log } from '../src/action/log.svelte.ts';
import type { Database } from '../src/cache/db.ts';
import { Store } from '../src/cache/store.svelte.ts';
import type { Client } from '../src/jmap/client.ts';
import type { Email } from '../src/jmap/types.ts';

const mail = { id: 'm', threadId: 't', mailboxIds: { archive: true }, keywords: {}, receivedAt: '2026-11-27T10:00:00Z', subject: 'm', preview: '', from: null, to: null, size: 1, hasAttachment: false } as unknown as Email;
const filed = { id: '1', title: 'did.archive', values: {}, at: 1, state: 'done', patches: { m: { 'mailboxIds/in': null, 'mailboxIds/archive': true } }, inverses: { m: { 'mailboxIds/in': true, 'mailboxIds/archive': null } } };

/** A device that keeps these deeds, and what it has written, as far as that has come. */
function device(log: [string, unknown][], ms = 0): { db: Database; written: Map<string, { state: string }> } {
  const written = new Map<string, { state: string }>();
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const db = {
    all: (store: string) => Promise.resolve(store === 'log' ? log : []),
    getMany: () => Promise.resolve(new Map()),
    later: () => undefined,
    now: pause,
    delete: (_: string, ids: string[]) => pause().then(() => ids.forEach((id) => written.delete(id))),
    put: (_: string, id: string, value: { state: string }) => pause().then(() => void written.set(id, value)),
  } as unknown as Database;
  return { db, written };
}

/** A server that has this one message, and what it was told. */
function server(): { client: Client; told: unknown[] } {
  const told: unknown[] = [];
  const answers: Record<string, () => unknown> = {
    'Email/get': () => ({ state: 'e1', list: [mail], notFound: [] }),
    'Thread/get': () => ({ state: 't1', list: [{ id: 't', emailIds: ['m'] }], notFound: [] }),
    'Mailbox/get': () => ({ state: 'm1', list: [], notFound: [] }),
    'Email/set': () => ({ updated: { m: null } }),
  };
  const client = {
    has: () => false,
    maxObjectsInGet: 500,
    maxObjectsInSet: 500,
    call: (name: string, args: Record<string, unknown>) => {
      if (name === 'Email/set') told.push(args['update']);
      return Object.assign(answers[name] ? Promise.resolve(answers[name]()) : Promise.reject(new Error(name)), { ref: () => ({}) });
    },
  } as unknown as Client;
  return { client, told };
}

const settled = async (done: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 200 && !done(); turn++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(done()).toBe(true);
};

test('a deed about messages that this device has forgotten is taken back as soon as the server can be asked', async () => {
  const store = new Store('a', 'me@example.test');
  store.db = device([['1', filed]]).db;
  const log = new Log(store);
  await log.restore();
  expect(log.undo()?.id).toBe('1');
  const { client, told } = server();
  store.client = client;
  await settled(() => told.length > 0);
  expect(told).toEqual([{ m: filed.inverses.m }]);
});

test('a deed is taken back on the server also where the row is kept as it was before the deed', async () => {
  const store = new Store('a', 'me@example.test');
  store.db = device([['1', filed]]).db;
  const { client, told } = server();
  store.client = client;
  store.takeEmails({ state: 'e0', list: [{ ...mail, mailboxIds: { in: true } } as unknown as Email], notFound: [] });
  const log = new Log(store);
  await log.restore();
  log.undo();
  await settled(() => told.length > 0);
  expect(told).toEqual([{ m: filed.inverses.m }]);
});

test('where nobody answers such a deed stays what it was, and is taken back later', async () => {
  const store = new Store('a', 'me@example.test');
  store.db = device([['1', filed]]).db;
  const log = new Log(store);
  await log.restore();
  log.undo();
  store.link = 'offline';
  await settled(() => log.undoable.length === 1);
  expect(log.canRedo).toBe(false);
  const { client, told } = server();
  store.client = client;
  log.undo();
  await settled(() => told.length > 0);
});

test('a deed is done when this device has written it down, and the last word on it stays', async () => {
  const store = new Store('a', 'me@example.test');
  const { db, written } = device([], 40);
  store.db = db;
  store.client = server().client;
  store.takeEmails({ state: 'e1', list: [mail], notFound: [] });
  const log = new Log(store);
  const entry = log.perform('did.read', {}, { m: { 'keywords/$seen': true } });
  await settled(() => log.waiting.length === 0);
  expect(written.get(entry?.id ?? '')?.state).toBe('waiting');
  await settled(() => written.get(entry?.id ?? '')?.state === 'done');
});

test('what is not known here is changed blindly, and not taken back', async () => {
  const store = new Store('a', 'me@example.test');
  const { client, told } = server();
  store.client = client;
  const log = new Log(store);
  expect(log.perform('did.trash', {}, { m: { 'mailboxIds/trash': true } })).toBe(null);
  expect(log.perform('did.trash', {}, { m: { 'mailboxIds/trash': true } }, { quiet: true, blind: true })?.inverses).toEqual({});
  await settled(() => told.length > 0);
  expect(log.undoable).toEqual([]);
});

test('what this device does about a fact is done at once, and undone at once while nobody has been told', async () => {
  const log = new Log(new Store('a', 'me@example.test'));
  const begun: unknown[] = [];
  log.onBegun = ({ fact }) => begun.push(fact?.after);
  const theme = { type: 'Setting' as const, before: { theme: 'light' }, after: { theme: 'dark' } };
  const done = log.done('did.setting', {}, theme);
  expect(begun).toEqual([]);
  log.undo(done.id);
  await settled(() => begun.length === 1);
  expect(begun[0]).toEqual({ theme: 'light' });
  log.redo();
  await settled(() => begun.length === 2);
  expect(begun[1]).toEqual({ theme: 'dark' });
  log.undo();
  await settled(() => begun.length === 3);
  expect(begun[2]).toEqual({ theme: 'light' });
});

test('a deed that went on is one, and one that came to nothing is none', () => {
  const log = new Log(new Store('a', 'me@example.test'));
  const fact = { type: 'Setting' as const, before: { theme: 'light' }, after: { theme: 'dark' } };
  const entry = log.done('did.setting', {}, fact);
  log.mend((one) => (one.id === entry.id ? { ...one, fact: { ...fact, after: { theme: 'contrast' } } } : one));
  expect(log.undoable.map((one) => one.fact?.after)).toEqual([{ theme: 'contrast' }]);
  log.mend((one) => (one.id === entry.id ? { ...one, state: 'undone' } : one));
  expect(log.undoable).toEqual([]);
});

test('deeds follow an object to its new name', () => {
  const log = new Log(new Store('a', 'me@example.test'));
  log.done('did.smart_changed', {}, { type: 'SavedSearch', before: { old: { name: 'a' } }, after: { old: { name: 'b' } } });
  log.mend((one) => (one.fact ? { ...one, fact: { ...one.fact, before: { fresh: one.fact.before['old'] }, after: { fresh: one.fact.after['old'] } } } : one));
  expect(log.undoable[0]?.fact).toEqual({ type: 'SavedSearch', before: { fresh: { name: 'a' } }, after: { fresh: { name: 'b' } } });
});

test('what deeds move is told by conversations, as they were and as they are', () => {
  const store = new Store('a', 'me@example.test');
  const log = new Log(store);
  store.takeEmails({ state: 'e0', list: [mail, { ...mail, id: 'n' }], notFound: [] } as never);
  store.takeThreads({ state: 't0', list: [{ id: 't', emailIds: ['m', 'n', 'elsewhere'] }], notFound: [] } as never);
  log.perform('did.read', {}, { m: { 'keywords/$seen': true } });
  log.undo();
  const seen = (emails: Email[]): string => emails.map(({ id, keywords }) => `${id}:${Object.keys(keywords).join()}`).join(' ');
  expect(log.shifts.map(({ n, threadId, then, now, torn }) => [n, threadId, seen(then), seen(now), torn])).toEqual([
    [1, 't', 'm: n:', 'm:$seen n:', true],
    [2, 't', 'm:$seen n:', 'm: n:', true],
  ]);
});
