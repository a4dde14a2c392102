import { expect, test, vi } from 'vitest';
import type { Order, Said } from '../src/cache/fetch.worker.ts';
import { Fetching, type Progress, type World } from '../src/cache/fetching.ts';
import { named } from '../src/cache/files.ts';
import type { Store } from '../src/cache/store.svelte.ts';
import { parse } from '../src/kit/search.ts';

const world = { mailbox: () => null, label: () => null, hidden: [] };
const names: Record<string, string[]> = { a: ['plan.pdf'], b: [], c: ['Invoice May.pdf'], d: ['photo.jpg'] };
const row = (id: string) => ({ id, threadId: `t${id}`, receivedAt: `2026-11-0${'abcd'.indexOf(id) + 1}T10:00:00Z`, size: 1, hasAttachment: (names[id] ?? []).length > 0, keywords: {}, mailboxIds: { box: true }, from: null, to: null, subject: id, preview: '' });

class Db {
  readonly kept: Record<string, Map<string, unknown>> = { email: new Map(), body: new Map(), meta: new Map() };
  keys = async (store: string) => [...(this.kept[store] as Map<string, unknown>).keys()];
  putMany = async (store: string, entries: [string, unknown][]) => entries.forEach(([id, value]) => this.kept[store]?.set(id, value));
  getMany = async (store: string, ids: string[]) => new Map(ids.filter((id) => this.kept[store]?.has(id)).map((id) => [id, this.kept[store]?.get(id)]));
  async *batches(store: string) {
    yield [...(this.kept[store] as Map<string, unknown>)];
  }
}

/** A server with the four messages, newest first; what it was asked. */
function account(more: Partial<World> = {}) {
  const asked: [string, Record<string, unknown>][] = [];
  const ids = ['d', 'c', 'b', 'a'];
  const call = (method: string, args: Record<string, unknown>) => {
    asked.push([method, args]);
    const wanted = (args['ids'] as string[] | undefined) ?? ids;
    const attachments = (id: string) => (names[id] ?? []).map((name) => ({ name }));
    const properties = (args['properties'] as string[] | undefined) ?? [];
    const answer =
      method === 'Email/query' ? { ids, total: ids.length }
      : method === 'Thread/get' ? { list: ids.map((id) => ({ id: `t${id}`, emailIds: [id] })) }
      : { list: wanted.map((id) => (properties.includes('attachments') ? { id, attachments: attachments(id) } : row(id))) };
    return Object.assign(Promise.resolve(answer), { ref: () => ({}) });
  };
  const db = new Db();
  const heard: (Progress | null)[] = [];
  const fetching = new Fetching({
    client: { call } as unknown as World['client'],
    db: db as unknown as World['db'],
    rowProperties: ['id'],
    rest: async () => undefined,
    rows: async (emails) => new Set(emails.map(({ id }) => id)),
    progress: (progress) => heard.push(progress),
    ...more,
  });
  const store = { db, load: async () => undefined, peek: row } as unknown as Store;
  return { asked, db, heard, fetching, store };
}

test('of messages whose text is too much to keep, the names of their files are kept, and found', async () => {
  const { asked, db, heard, fetching, store } = account({ mostTexts: 2 });
  await fetching.all(30, []);
  expect(await db.keys('body')).toEqual(['d', 'c']);
  expect(heard).toEqual([{ done: 0, total: 2 }, null]);
  // Nothing is asked of those without files.
  expect(asked.filter(([, { properties }]) => JSON.stringify(properties) === '["id","attachments"]').map(([, { ids }]) => ids)).toEqual([['a']]);
  const find = async (text: string) => (await named(store, parse(text), world, true, true))?.ids;
  expect(await find('filename:plan')).toEqual(['a']);
  expect(await find('filename:invoice')).toEqual(['c']);
  expect(await named(store, parse('filename:pdf'), world, true, true)).toEqual({ ids: ['c', 'a'], looked: 3 });
  // What another account is said to have been looked into for is its own alone.
  expect(await named(store, parse('filename:pdf'), world, true, true, 'other')).toEqual({ ids: [], looked: 0 });
});

test('whole folders come beside the last days', async () => {
  const filterOf = async (days: number, folders: string[]) => {
    const { asked, fetching } = account();
    await fetching.all(days, folders);
    return asked.find(([method]) => method === 'Email/query')?.[1]['filter'];
  };
  expect(await filterOf(0, [])).toBe(undefined);
  expect(await filterOf(0, ['box'])).toEqual({ inMailbox: 'box' });
  expect(await filterOf(7, ['box', 'other'])).toEqual({ operator: 'OR', conditions: [{ after: expect.any(String) }, { inMailbox: 'box' }, { inMailbox: 'other' }] });
});

test('rows that the page has are not written: it may have newer ones', async () => {
  const { db, fetching } = account({ rows: async () => new Set(['b']) });
  await fetching.all(30, []);
  expect(await db.keys('email')).toEqual(['b']);
  expect((await db.keys('meta')).sort()).toEqual(['ta', 'tb', 'tc', 'td'].map((id) => `thread:${id}`));
});

test('nothing is fetched while it is asked to rest', async () => {
  const goes: (() => void)[] = [];
  const { asked, fetching } = account({ rest: () => new Promise((resolve) => goes.push(resolve)) });
  const all = fetching.all(30, []);
  for (let went = 0; went < 3; went++) {
    const before = asked.length;
    await expect.poll(() => goes.length).toBe(went + 1);
    expect(asked.length).toBe(before);
    goes[went]?.();
    await expect.poll(() => asked.length).toBeGreaterThan(before);
  }
  await all;
});

/** The thread, as the page sees it. */
class Thread {
  static all: Thread[] = [];
  readonly told: Order[] = [];
  ended = false;
  onmessage: ((event: { data: Said }) => void) | undefined;
  constructor() {
    Thread.all.push(this);
  }
  postMessage(order: Order): void {
    this.told.push(order);
  }
  terminate(): void {
    this.ended = true;
  }
  says(said: Said): void {
    this.onmessage?.({ data: said });
  }
  get last(): Order | undefined {
    return this.told.at(-1);
  }
}

async function page() {
  Thread.all = [];
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('Worker', Thread);
  const { Prefetch } = await import('../src/cache/prefetch.svelte.ts');
  const told: string[] = [];
  const store = {
    accountId: 'a', rowProperties: ['id'], syncing: false, db: { key: 'key' }, client: { session: {}, accountId: 'a' }, emails: new Map([['b', {}]]),
    tell: (emails: { id: string }[]) => told.push(...emails.map(({ id }) => id)), report: (error: unknown) => told.push(String(error)),
  };
  return { prefetch: new Prefetch(store as never), store, told };
}

test('the thread is told what to fetch, asks before each step, and goes when everything is done', async () => {
  const { prefetch, told } = await page();
  prefetch.arrived([row('z')] as never);
  expect(Thread.all).toEqual([]);
  prefetch.start(30, ['box']);
  const [thread] = Thread.all as [Thread];
  expect(thread.told.map(({ t }) => t)).toEqual(['open', 'all']);
  thread.says({ t: 'rest', n: 1 });
  await expect.poll(() => thread.last).toEqual({ t: 'go', n: 1, wanted: [] });
  thread.says({ t: 'rows', n: 2, emails: [row('a'), row('b')] as never });
  expect([thread.last, told]).toEqual([{ t: 'go', n: 2, wanted: ['a'] }, ['a', 'b']]);
  thread.says({ t: 'progress', progress: { done: 1, total: 2 } });
  expect(prefetch.progress).toEqual({ done: 1, total: 2 });
  // Mail that comes meanwhile is another order: the thread stays for it.
  prefetch.arrived([row('c')] as never);
  expect(thread.last).toEqual({ t: 'texts', ids: ['c'] });
  thread.says({ t: 'done' });
  expect(thread.ended).toBe(false);
  thread.says({ t: 'done' });
  expect([thread.ended, prefetch.progress]).toEqual([true, null]);
  prefetch.arrived([row('d')] as never);
  expect(Thread.all.length).toBe(2);
});

test('what fails is reported, and nothing goes on after it was stopped', async () => {
  const { prefetch, told } = await page();
  prefetch.start(30);
  const [thread] = Thread.all as [Thread];
  thread.says({ t: 'failed', kind: 'offline', words: 'no line' });
  expect(told).toEqual(['Offline: no line']);
  prefetch.stop();
  expect(thread.ended).toBe(true);
  prefetch.arrived([row('a')] as never);
  expect(Thread.all.length).toBe(1);
});
