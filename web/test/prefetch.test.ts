import { beforeAll, expect, test, vi } from 'vitest';
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
function account() {
  const asked: [string, Record<string, unknown>][] = [];
  const ids = ['d', 'c', 'b', 'a'];
  const call = (method: string, args: Record<string, unknown>) => {
    asked.push([method, args]);
    const wanted = (args['ids'] as string[] | undefined) ?? ids;
    const answer =
      method === 'Email/query' ? { ids, total: ids.length }
      : method === 'Thread/get' ? { list: ids.map((id) => ({ id: `t${id}`, emailIds: [id] })) }
      : { list: wanted.map((id) => ((args['properties'] as string[]).includes('attachments') ? { id, attachments: (names[id] ?? []).map((name) => ({ name })) } : row(id))) };
    return Object.assign(Promise.resolve(answer), { ref: () => ({}) });
  };
  const db = new Db();
  const store = { client: { call }, db, emails: new Map(), rowProperties: ['id'], syncing: false, tell: () => undefined, report: (error: unknown) => { throw error; }, load: async () => undefined, peek: row };
  const bodies = { prefetch: async (list: string[]) => db.putMany('body', list.map((id) => [id, { id, attachments: (names[id] ?? []).map((name) => ({ name })) }])) };
  return { asked, db, store: store as unknown as Store, bodies: bodies as never };
}

beforeAll(() => {
  vi.stubGlobal('window', new EventTarget());
});

test('of messages whose text is too much to keep, the names of their files are kept, and found', async () => {
  const { Prefetch } = await import('../src/cache/prefetch.svelte.ts');
  const { asked, db, store, bodies } = account();
  await new Prefetch(store, bodies, 2).start(30);
  expect(await db.keys('body')).toEqual(['d', 'c']);
  // Nothing is asked of those without files.
  expect(asked.filter(([, { properties }]) => (properties as string[] | undefined)?.includes('attachments')).map(([, { ids }]) => ids)).toEqual([['a']]);
  const find = async (text: string) => (await named(store, parse(text), world, true, true))?.ids;
  expect(await find('filename:plan')).toEqual(['a']);
  expect(await find('filename:invoice')).toEqual(['c']);
  expect(await named(store, parse('filename:pdf'), world, true, true)).toEqual({ ids: ['c', 'a'], looked: 3 });
});

test('whole folders come beside the last days', async () => {
  const { Prefetch } = await import('../src/cache/prefetch.svelte.ts');
  const filterOf = async (days: number, folders: string[]) => {
    const { asked, store, bodies } = account();
    await new Prefetch(store, bodies).start(days, folders);
    return asked.find(([method]) => method === 'Email/query')?.[1]['filter'];
  };
  expect(await filterOf(0, [])).toBe(undefined);
  expect(await filterOf(0, ['box'])).toEqual({ inMailbox: 'box' });
  expect(await filterOf(7, ['box', 'other'])).toEqual({ operator: 'OR', conditions: [{ after: expect.any(String) }, { inMailbox: 'box' }, { inMailbox: 'other' }] });
});

test('mail that comes meanwhile is fetched as well, each once', async () => {
  const { Prefetch } = await import('../src/cache/prefetch.svelte.ts');
  const { db, store, bodies } = account();
  const prefetch = new Prefetch(store, bodies);
  await Promise.all([prefetch.arrived([row('a')] as never), prefetch.arrived([row('b'), row('c')] as never)]);
  expect(await db.keys('body')).toEqual(['a', 'b', 'c']);
});
