import { expect, test } from 'vitest';
import { Log } from '../src/action/log.svelte.ts';
import { type EmailQuery, newestFirst } from '../src/cache/query.svelte.ts';
import { Store } from '../src/cache/store.svelte.ts';
import type { Client } from '../src/jmap/client.ts';
import type { Email, Id } from '../src/jmap/types.ts';

type Args = Record<string, unknown>;
const fresh = (id: Id, minute: number): Email =>
  ({ id, threadId: `t-${id}`, mailboxIds: { in: true }, keywords: {}, receivedAt: `2026-11-27T10:${minute}:00Z`, subject: id, preview: '', from: null, to: null, size: 1, hasAttachment: false }) as unknown as Email;
const filed = { 'mailboxIds/in': null, 'mailboxIds/archive': true };
const flagged = { operator: 'AND', conditions: [{ inMailbox: 'in' }, { hasKeyword: '$flagged' }] };

/** A server with four messages. An answer says what is so when it is asked for, whenever it comes. */
class Server {
  emails = ['one', 'two', 'three', 'four'].map((id, at) => fresh(id, 40 - at));
  refuses = false;
  asked = 0;
  readonly #past: Email[][] = [this.emails];
  readonly #held = new Map<string, Promise<void>>();

  /** The answers of this method are on their way until the returned function is called. */
  hold(name: string): () => void {
    let free = (): void => undefined;
    this.#held.set(name, new Promise<void>((resolve) => (free = resolve)));
    return () => {
      this.#held.delete(name);
      free();
    };
  }

  change(update: Record<Id, Record<string, unknown>>): void {
    this.emails = this.emails.map((email) => {
      const out = { ...email, mailboxIds: { ...email.mailboxIds }, keywords: { ...email.keywords } } as unknown as Record<string, Record<string, unknown>>;
      for (const [path, value] of Object.entries(update[email.id] ?? {})) {
        const [property, key] = path.split('/') as ['mailboxIds' | 'keywords', string];
        if (value) (out[property] as Record<string, unknown>)[key] = true;
        else delete (out[property] as Record<string, unknown>)[key];
      }
      return out as unknown as Email;
    });
    this.#past.push(this.emails);
  }

  #list(filter: unknown, emails: Email[]): Id[] {
    const one = JSON.stringify(filter);
    return emails.filter(({ mailboxIds, keywords }) => (one.includes('"in"') ? 'in' : 'archive') in mailboxIds && (!one.includes('$flagged') || '$flagged' in keywords)).map(({ id }) => id);
  }

  #answer(name: string, args: Args): unknown {
    const state = String(this.#past.length - 1);
    const list = structuredClone(this.emails);
    switch (name) {
      case 'Email/set':
        if (this.refuses) return { notUpdated: Object.fromEntries(Object.keys(args['update'] as object).map((id) => [id, { type: 'forbidden' }])) };
        this.change(args['update'] as Record<Id, Record<string, unknown>>);
        return { updated: {} };
      case 'Email/get':
        return { state, list, notFound: [] };
      case 'Thread/get':
        return { state, list: list.map(({ id, threadId }) => ({ id: threadId, emailIds: [id] })), notFound: [] };
      case 'Mailbox/get':
        return { state, list: [{ id: 'in', name: 'Inbox', role: 'inbox', unreadThreads: 0 }], notFound: [] };
      case 'Email/changes':
      case 'Mailbox/changes':
        return { newState: state, hasMoreChanges: false, created: [], updated: [], destroyed: [] };
      case 'Email/query': {
        const ids = this.#list(args['filter'], this.emails);
        return { queryState: state, canCalculateChanges: true, position: 0, ids, total: ids.length };
      }
      case 'Email/queryChanges': {
        const before = this.#list(args['filter'], this.#past[Number(args['sinceQueryState'])] ?? []);
        const now = this.#list(args['filter'], this.emails);
        return { newQueryState: state, removed: before.filter((id) => !now.includes(id)), added: now.flatMap((id, index) => (before.includes(id) ? [] : { id, index })), total: now.length };
      }
      default:
        throw new Error(name);
    }
  }

  readonly client = {
    has: () => false,
    maxObjectsInGet: 500,
    maxObjectsInSet: 500,
    call: (name: string, args: Args) => {
      this.asked++;
      const answer = this.#answer(name, args);
      return Object.assign((this.#held.get(name) ?? Promise.resolve()).then(() => answer), { ref: () => ({}) });
    },
  } as unknown as Client;
}

async function begun(filter: object = { inMailbox: 'in' }): Promise<{ server: Server; store: Store; log: Log; query: EmailQuery }> {
  const server = new Server();
  const store = new Store('a', 'me@example.test');
  store.client = server.client;
  const query = store.query({ filter: filter as never, sort: newestFirst, collapseThreads: true });
  await store.sync();
  await query.ensure(0, 10);
  return { server, store, log: new Log(store), query };
}

/** Until `done`; `so` is so after each single step on the way there. */
async function until(done: () => boolean, so: () => void = () => undefined): Promise<void> {
  for (let turn = 0; turn < 200 && !done(); turn++) {
    for (let step = 0; step < 40; step++) {
      await Promise.resolve();
      so();
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(done()).toBe(true);
}

const idle = (log: Log, store: Store) => (): boolean => !store.syncing && !log.entries.some(({ state }) => state === 'waiting');

const two = (server: Server): Email => server.emails[1] as Email;

test('what is taken back stays in its list when news of the deed comes behind it', async () => {
  const { server, store, log, query } = await begun();
  const news = server.hold('Email/queryChanges');
  log.perform('did.archive', {}, { two: filed });
  await until(() => 'archive' in two(server).mailboxIds && log.waiting.length === 0 && store.syncing);
  log.undo();
  await until(() => query.ids?.includes('two') ?? false);
  const stays = (): void => expect(query.ids).toEqual(['one', 'two', 'three', 'four']);
  news();
  await until(() => idle(log, store)() && 'in' in two(server).mailboxIds, stays);
});

test('what is taken back stays in its list when an answer comes last that was given before', async () => {
  const { server, store, log, query } = await begun();
  const set = server.hold('Email/set');
  log.perform('did.archive', {}, { two: filed });
  await until(() => 'archive' in two(server).mailboxIds);
  const news = server.hold('Email/queryChanges');
  const synced = store.sync();
  await until(() => store.syncing);
  log.undo();
  await until(() => query.ids?.includes('two') ?? false);
  const stays = (): void => expect(query.ids).toEqual(['one', 'two', 'three', 'four']);
  set();
  await until(() => log.waiting.length === 0 && 'in' in two(server).mailboxIds, stays);
  news();
  await until(() => idle(log, store)(), stays);
  await synced;
  // From here on the server's word counts again.
  server.change({ two: filed });
  await store.sync();
  expect(query.ids).toEqual(['one', 'three', 'four']);
});

test('what has left does not come again with an answer that was given before', async () => {
  const { server, store, log, query } = await begun();
  const old = server.hold('Email/query');
  const refreshed = query.refresh();
  log.perform('did.archive', {}, { two: filed });
  const gone = (): void => expect(query.ids).toEqual(['one', 'three', 'four']);
  await until(() => log.waiting.length === 0 && 'archive' in two(server).mailboxIds, gone);
  old();
  await until(() => idle(log, store)() && !query.loading, gone);
  await refreshed;
  // It is there again as soon as another device has fetched it back.
  server.change({ two: { 'mailboxIds/in': true, 'mailboxIds/archive': null } });
  await store.sync();
  expect(query.ids).toEqual(['one', 'two', 'three', 'four']);
});

test('what is taken back before anybody was told follows the server from then on', async () => {
  const { server, store, log, query } = await begun();
  store.client = null;
  log.perform('did.archive', {}, { two: filed });
  expect(query.ids).toEqual(['one', 'three', 'four']);
  log.undo();
  expect(query.ids).toEqual(['one', 'two', 'three', 'four']);
  store.client = server.client;
  server.change({ two: filed });
  await store.sync();
  expect(query.ids).toEqual(['one', 'three', 'four']);
});

test('also where a list asks for more than a mailbox, what it had comes back at once, and nothing else', async () => {
  const { server, store, log, query } = await begun(flagged);
  server.change({ two: { 'keywords/$flagged': true }, four: { 'keywords/$flagged': true } });
  await store.sync();
  store.client = null;
  log.perform('did.archive', {}, { two: filed, three: filed });
  expect(query.ids).toEqual(['four']);
  log.undo();
  expect(query.ids).toEqual(['two', 'four']);
});

test('rows below one that is back keep their places while the server does not count it yet', async () => {
  const { server, store, log, query } = await begun();
  server.change({ two: filed });
  await store.sync();
  const set = server.hold('Email/set');
  server.refuses = true;
  log.perform('did.inbox', {}, { two: { 'mailboxIds/in': true, 'mailboxIds/archive': null } });
  const back = (): void => expect(query.ids).toEqual(['one', 'two', 'three', 'four']);
  back();
  server.change({ one: { 'keywords/$seen': true } });
  const synced = store.sync();
  await until(() => !store.syncing, back);
  await synced;
  set();
  await until(() => log.entries.some(({ state }) => state === 'refused'), back);
  await until(() => query.total === 3);
  expect(query.ids).toEqual(['one', 'three', 'four']);
});

test('of two deeds about one conversation the last one holds until it is told', async () => {
  const { server, store, log, query } = await begun();
  const first = server.hold('Email/set');
  log.perform('did.archive', {}, { two: filed });
  await until(() => 'archive' in two(server).mailboxIds);
  log.undo();
  await until(() => query.ids?.includes('two') ?? false);
  log.redo();
  await until(() => !query.ids?.includes('two'));
  const gone = (): void => expect(query.ids).toEqual(['one', 'three', 'four']);
  first();
  // The undoing is told, and by what is heard then the row is there.
  const second = server.hold('Email/set');
  await until(() => 'in' in two(server).mailboxIds, gone);
  const synced = store.sync();
  await until(() => !store.syncing, gone);
  await synced;
  second();
  await until(idle(log, store), gone);
  expect(two(server).mailboxIds).toEqual({ archive: true });
});

test('what this device has kept of a search is no answer of the server: it is asked once', async () => {
  const { server, store } = await begun();
  const kept = { ids: ['one', 'two'], state: '0', calculates: true };
  store.db = { get: () => Promise.resolve(kept), many: () => Promise.resolve([]), later: () => undefined } as unknown as NonNullable<Store['db']>;
  const query = store.query({ filter: { text: 'of all mail', inMailbox: 'in' }, sort: newestFirst, collapseThreads: true });
  await query.restore();
  expect(query.hasState).toBe(true);
  expect(query.took).toBeNull();
  await query.ask();
  expect(query.ids).toEqual(['one', 'two', 'three', 'four']);
  expect(query.took).not.toBeNull();
  const asked = server.asked;
  await query.ask();
  expect(server.asked).toBe(asked);
});

test('what is read before the window is there is shown when the deeds that lie over it are', async () => {
  const { store } = await begun();
  const kept = { ids: ['one', 'two'], state: '0', calculates: true };
  store.db = { get: () => Promise.resolve(kept), many: () => Promise.resolve([]), later: () => undefined } as unknown as NonNullable<Store['db']>;
  const query = store.query({ filter: { text: 'of another start', inMailbox: 'in' }, sort: newestFirst, collapseThreads: true });
  store.client = null;
  let deeds = (): void => undefined;
  const reading = query.restore(new Promise<void>((resolve) => (deeds = resolve)));
  await new Promise((resolve) => setTimeout(resolve));
  expect(query.ids).toBeUndefined();
  store.overlay('a-deed', 'two', filed);
  deeds();
  await reading;
  expect(query.ids).toEqual(['one']);
});

test('a list that is opened after everything was brought up to date is brought up to date as well', async () => {
  const { server, store } = await begun();
  server.change({ two: { 'keywords/$flagged': true } });
  await store.sync();
  const kept = { ids: [], state: '0', calculates: true };
  store.db = { get: () => Promise.resolve(kept), many: () => Promise.resolve([]), later: () => undefined } as unknown as NonNullable<Store['db']>;
  const query = store.query({ filter: flagged as never, sort: newestFirst, collapseThreads: true });
  await query.restore();
  expect(query.ids).toEqual(['two']);
});
