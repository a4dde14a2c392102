import { expect, test } from 'vitest';
import { newestFirst } from '../src/cache/query.svelte.ts';
import { Store } from '../src/cache/store.svelte.ts';
import { Offline } from '../src/jmap/errors.ts';
import type { Email, Id, Mailbox, News } from '../src/jmap/types.ts';
import { type Answers, fakeClient } from './fake.ts';

const email = (id: Id, thread: Id, minute: number, more: object = {}): Email =>
  ({ id, threadId: thread, mailboxIds: { in: true }, keywords: {}, receivedAt: `2026-11-27T10:${String(minute).padStart(2, '0')}:00Z`, subject: id, preview: '', from: null, to: null, size: 1, hasAttachment: false, ...more }) as unknown as Email;
const inbox = { id: 'in', name: 'Inbox', role: 'inbox', unreadThreads: 0 } as unknown as Mailbox;

/** A store that has begun, with a list of these emails (newest first; null is a place that was not fetched), and what it has been asked. */
async function begun(emails: (Email | null)[]): Promise<{ store: Store; query: ReturnType<Store['query']>; asked: string[] }> {
  const asked: string[] = [];
  const known = emails.filter((one) => one !== null);
  const answers: Answers = {
    'Mailbox/get': () => ({ state: 'm1', list: [inbox], notFound: [] }),
    'Email/get': () => ({ state: 'e1', list: structuredClone(known), notFound: [] }),
    'Thread/get': () => ({ state: 't1', list: [...new Set(known.map(({ threadId }) => threadId))].map((id) => ({ id, emailIds: known.filter(({ threadId }) => threadId === id).map((one) => one.id).reverse() })), notFound: [] }),
    'Email/query': () => ({ queryState: 'q1', canCalculateChanges: true, position: 0, ids: emails.map((one) => one?.id ?? '').filter(Boolean), total: emails.length }),
  };
  const store = new Store('a', 'me@example.test');
  store.client = fakeClient(answers, asked);
  const query = store.query({ filter: { inMailbox: 'in' }, sort: newestFirst, collapseThreads: true });
  await store.sync();
  await query.ensure(0, 10);
  expect(query.ids).toEqual(emails.map((one) => one?.id ?? null));
  asked.length = 0;
  return { store, query, asked };
}

function news(created: Email[], more: { updated?: Email[]; destroyed?: Id[]; since?: string; threads?: { id: Id; emailIds: Id[] }[]; failed?: boolean } = {}): News {
  const { updated = [], destroyed = [], since = 'e1', failed = false } = more;
  const threads = more.threads ?? created.map(({ threadId, id }) => ({ id: threadId, emailIds: [id] }));
  return {
    accountId: 'a',
    since: { Email: since, Mailbox: 'm1' },
    response: {
      methodResponses: [
        ['Email/changes', { newState: 'e2', hasMoreChanges: false, created: created.map(({ id }) => id), updated: updated.map(({ id }) => id), destroyed }, 'changes'],
        failed ? ['error', { type: 'serverFail' }, 'created'] : ['Email/get', { state: 'e2', list: created, notFound: [] }, 'created'],
        ['Email/get', { state: 'e2', list: updated, notFound: [] }, 'updated'],
        ['Thread/get', { state: 't2', list: threads, notFound: [] }, 'threads'],
        ['Mailbox/changes', { newState: 'm2', created: [], updated: ['in'], destroyed: [] }, 'boxes'],
        ['Mailbox/get', { state: 'm2', list: [], notFound: [] }, 'made'],
        ['Mailbox/get', { state: 'm2', list: [{ id: 'in', unreadThreads: 7 }], notFound: [] }, 'moved'],
      ],
    },
  };
}

test('mail that is told with the event stands in the list at once, and nothing is asked for it', async () => {
  const { store, query, asked } = await begun([email('b', 'tb', 20), email('a', 'ta', 10), null]);
  expect(store.hear(news([email('c', 'tc', 30)]))).toBe(true);
  expect(query.ids).toEqual(['c', 'b', 'a', null]);
  expect([store.emails.get('c')?.subject, store.state('Email'), store.state('Mailbox'), store.mailboxById.get('in')?.unreadThreads, store.mailboxById.get('in')?.name]).toEqual(['c', 'e2', 'm2', 7, 'Inbox']);
  expect(asked).toEqual([]);
  // The same again goes on from where nobody stands any more.
  expect(store.hear(news([email('d', 'td', 40)]))).toBe(false);
  expect(query.ids).toEqual(['c', 'b', 'a', null]);
});

test('the lists are asked about what was told, also where nothing else has moved', async () => {
  const { store, asked } = await begun([email('b', 'tb', 20)]);
  const states = { Email: 'e2', Mailbox: 'm2', Thread: 't2' };
  expect(store.hear(news([], { updated: [email('b', 'tb', 20, { keywords: { $flagged: true } })] }))).toBe(true);
  expect(store.emails.get('b')?.keywords).toEqual({ $flagged: true });
  await store.sync(states).catch(() => undefined);
  expect(asked).toContain('Email/queryChanges');
  asked.length = 0;
  await store.sync(states);
  expect(asked).toEqual([]);
});

test('an answer that set out before the line broke does not say that the server is reached', async () => {
  const { store } = await begun([email('b', 'tb', 20)]);
  expect(store.link).toBe('online');
  const asked: string[] = [];
  let answer: (value: unknown) => void = () => undefined;
  const changes = { oldState: 'e1', newState: 'e1', hasMoreChanges: false, created: [], updated: [], destroyed: [] };
  const table: Answers = {
    'Email/changes': () => new Promise((resolve) => (answer = resolve)),
    'Thread/changes': () => ({ ...changes, oldState: 't1', newState: 't1' }),
    'Mailbox/changes': () => ({ ...changes, oldState: 'm1', newState: 'm1' }),
    'Email/get': () => ({ state: 'e1', list: [], notFound: [] }),
    'Mailbox/get': () => ({ state: 'm1', list: [], notFound: [] }),
    'Thread/get': () => ({ state: 't1', list: [], notFound: [] }),
  };
  store.client = fakeClient(table, asked);
  const late = store.sync();
  await expect.poll(() => asked).toContain('Email/changes');
  store.report(new Offline('The line broke.'));
  answer(changes);
  await late;
  expect(store.link).toBe('offline');
  const next = store.sync();
  await expect.poll(() => asked.filter((name) => name === 'Email/changes').length).toBe(2);
  answer(changes);
  await next;
  expect(store.link).toBe('online');
});

test('a conversation that has an answer moves up with it', async () => {
  const { store, query } = await begun([email('b', 'tb', 20), email('a', 'ta', 10)]);
  expect(store.hear(news([email('c', 'ta', 30)], { threads: [{ id: 'ta', emailIds: ['a', 'c'] }] }))).toBe(true);
  expect(query.ids).toEqual(['c', 'b']);
});

test('what is of another mailbox, or stands where nothing is known, is no row yet', async () => {
  const { store, query } = await begun([email('b', 'tb', 20), null, null]);
  expect(store.hear(news([email('c', 'tc', 30, { mailboxIds: { junk: true } }), email('d', 'td', 5)]))).toBe(true);
  expect(query.ids).toEqual(['b', null, null]);
  expect(store.emails.has('d')).toBe(true);
});

test('what cannot be followed from here is asked for: other states, what has gone, an answer that failed', async () => {
  const { store, query } = await begun([email('b', 'tb', 20), email('a', 'ta', 10)]);
  for (const one of [news([email('c', 'tc', 30)], { since: 'e0' }), news([], { destroyed: ['a'] }), news([email('c', 'tc', 30)], { failed: true })]) expect(store.hear(one)).toBe(false);
  expect([query.ids, store.state('Email'), store.emails.has('a'), store.emails.has('c')]).toEqual([['b', 'a'], 'e1', true, false]);
});

test('the mailboxes of an account are found by whose it is, and by their roles', async () => {
  const { store } = await begun([]);
  const trash = { id: 'tr', name: 'Trash', role: 'trash' } as unknown as Mailbox;
  store.others = [{ id: 'x', mailboxes: [trash] }] as unknown as Store['others'];
  expect([store.boxesOf(undefined).map(({ id }) => id), store.boxesOf('x').map(({ id }) => id), store.boxesOf('gone')]).toEqual([['in'], ['tr'], []]);
  expect([store.roleOf('inbox', undefined)?.id, store.roleOf('trash', undefined), store.roleOf('trash', 'x')?.id, store.roleOf('inbox', 'x')]).toEqual(['in', undefined, 'tr', undefined]);
});

test('searches that are one stand together: those of the next letter take the place of those of the last', async () => {
  const { store, query } = await begun([]);
  const specs = (text: string): Parameters<Store['query']>[0][] => ['x', undefined].map((account) => ({ filter: { text }, sort: newestFirst, collapseThreads: true, ...(account ? { account } : {}) }));
  const typed = store.together(specs('a'));
  for (const one of typed) one.patient = true;
  expect([store.queries, store.together(specs('a'))]).toEqual([[...typed, query], typed]);
  const next = store.together(specs('ab'));
  expect(store.queries).toEqual([...next, query]);
  // What is used now is kept, however much it is.
  const many = store.together(Array.from({ length: 20 }, (_, at) => ({ filter: { text: 'b' }, sort: newestFirst, collapseThreads: true, account: `x${at}` })));
  expect(store.queries).toEqual(many);
});
