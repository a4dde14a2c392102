import { expect, test } from 'vitest';
import { Merged, lay } from '../src/cache/merged.svelte.ts';
import { type QuerySpec, newestFirst } from '../src/cache/query.svelte.ts';
import { Store } from '../src/cache/store.svelte.ts';
import type { Client } from '../src/jmap/client.ts';
import type { Email, Id } from '../src/jmap/types.ts';
import type { Ids } from '../src/cache/windows.ts';

const random = (seed: number) => () => (seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 32;
const stamp = (minute: number): string => new Date(Date.UTC(2026, 0, 1) + minute * 60_000).toISOString();

test('rows stand by their dates, and none before all that may stand above it are known', () => {
  const dates: Record<Id, string> = { a1: stamp(9), a2: stamp(5), b1: stamp(7), b2: stamp(6), b3: stamp(1) };
  const dateOf = (id: Id): string | undefined => dates[id];
  expect(lay([['a1', 'a2'], ['b1', 'b2', 'b3']], dateOf)).toEqual({ ids: ['a1', 'b1', 'b2', 'a2', 'b3'], known: 5, waits: [-1, -1] });
  // The second place of the first list may be anything below `a1`.
  expect(lay([['a1', null], ['b1', 'b2', 'b3']], dateOf)).toEqual({ ids: ['a1', null, null, null, null], known: 1, waits: [1, -1] });
  expect(lay([['a1', 'x'], ['b1']], dateOf)).toEqual({ ids: ['a1', null, null], known: 1, waits: [1, -1] });
  expect(lay([[], ['b1']], dateOf)).toEqual({ ids: ['b1'], known: 1, waits: [-1, -1] });
  expect(lay([], dateOf)).toEqual({ ids: [], known: 0, waits: [] });
});

test('of rows of the same second each list keeps its own order, and nothing stands twice', () => {
  expect(lay([['a1', 'a2'], ['b1', 'b2']], () => stamp(1)).ids).toEqual(['a1', 'a2', 'b1', 'b2']);
});

test('whatever of the lists is known, what is laid is the beginning of the whole', () => {
  for (let seed = 1; seed <= 400; seed++) {
    const next = random(seed);
    const dates = new Map<Id, string>();
    const whole: Ids[] = Array.from({ length: 1 + Math.floor(next() * 4) }, (_, list) => {
      const minutes = Array.from({ length: Math.floor(next() * 15) }, () => Math.floor(next() * 40)).sort((left, right) => right - left);
      return minutes.map((minute, at) => (dates.set(`${list}-${at}`, stamp(minute)), `${list}-${at}`));
    });
    const all = lay(whole, (id) => dates.get(id)).ids;
    expect(new Set(all).size, `seed ${seed}`).toBe(dates.size);
    expect(all.map((id) => dates.get(id as Id)), `seed ${seed}`).toEqual([...dates.values()].sort().reverse());
    const holes = whole.map((ids) => ids.map((id) => (next() < 0.15 ? null : id)));
    const { ids, known, waits } = lay(holes, (id) => (next() < 0.05 ? undefined : dates.get(id)));
    expect(ids.slice(0, known), `seed ${seed}`).toEqual(all.slice(0, known));
    expect(ids.slice(known).every((id) => id === null) && ids.length === all.length, `seed ${seed}`).toBe(true);
    expect(known === all.length || waits.some((place) => place >= 0), `seed ${seed}`).toBe(true);
  }
});

/** Two accounts with so many emails in their inboxes; the minutes of their coming decide how they mix. */
function world(minutes: Record<string, number[]>): { store: Store; specs: QuerySpec[]; truth: () => Id[]; asked: string[] } {
  const asked: string[] = [];
  const emailsOf = (account: string): Email[] =>
    [...(minutes[account] as number[])].sort((left, right) => right - left).map((minute, at, all) => ({ id: `${account}-${all.length - at}-${minute}`, threadId: `t-${account}-${all.length - at}-${minute}`, receivedAt: stamp(minute), mailboxIds: { [`in-${account}`]: true }, keywords: {} }) as unknown as Email);
  const clientOf = (account: string): Client => {
    // References are answered in order: what a query gave is what the gets behind it give.
    let page: Email[] = [];
    const client = {
      has: () => false,
      maxObjectsInGet: 500,
      of: (id: string) => clientOf(id),
      call: (name: string, args: Record<string, unknown>) => {
        asked.push(`${account} ${name}`);
        const all = emailsOf(account);
        const answer = (): unknown => {
          if (name === 'Email/query') {
            const position = Number(args['position']);
            page = all.slice(position, position + Number(args['limit']));
            return { queryState: String(all.length), canCalculateChanges: true, position, ids: page.map(({ id }) => id), total: all.length };
          }
          if (name === 'Thread/get') return { accountId: account, state: '', list: page.map(({ threadId, id }) => ({ id: threadId, emailIds: [id] })), notFound: [] };
          const ids = args['ids'] as Id[] | undefined;
          return { accountId: account, state: '', list: structuredClone(ids ? all.filter(({ id }) => ids.includes(id)) : page), notFound: [] };
        };
        return Object.assign(Promise.resolve(answer()), { ref: () => ({}) });
      },
    };
    return client as unknown as Client;
  };
  const store = new Store('own', 'me@example.test');
  store.client = clientOf('own');
  store.link = 'online';
  const specs = Object.keys(minutes).map((account) => ({ filter: { inMailbox: `in-${account}` }, sort: newestFirst, collapseThreads: true, ...(account === 'own' ? {} : { account }) }));
  const truth = (): Id[] => Object.keys(minutes).flatMap(emailsOf).sort((left, right) => (left.receivedAt > right.receivedAt ? -1 : 1)).map(({ id }) => id);
  return { store, specs, truth, asked };
}

const spread = (from: number, count: number, step: number): number[] => Array.from({ length: count }, (_, at) => from + at * step);

test.each([
  ['evenly mixed', { own: spread(0, 150, 2), a7: spread(1, 150, 2) }],
  ['one after the other', { own: spread(1000, 120, 1), a7: spread(0, 120, 1) }],
  ['one much longer', { own: spread(0, 400, 3), a7: spread(1, 5, 100) }],
  ['one empty', { own: [], a7: spread(0, 70, 1) }],
])('paged through from above: %s', async (_, minutes) => {
  const { store, specs, truth } = world(minutes);
  const list = new Merged(store, specs.map((spec) => store.query(spec)));
  expect(list.ids).toBeUndefined();
  await list.ensure(0, 40);
  const whole = truth();
  expect(list.total).toBe(whole.length);
  for (let at = 0; at < whole.length; at += 30) {
    await list.ensure(at, at + 30);
    expect(list.ids?.slice(0, at + 30), `at ${at}`).toEqual(whole.slice(0, at + 30));
  }
  expect(list.ids).toEqual(whole);
  expect(store.emails.get(whole.at(-1) as Id)?.accountId).toBe(whole.at(-1)?.startsWith('own') ? undefined : 'a7');
});

test('straight to the end, and rows that have left the memory', async () => {
  const { store, specs, truth } = world({ own: spread(0, 300, 2), a7: spread(1, 300, 2) });
  const list = new Merged(store, specs.map((spec) => store.query(spec)));
  await list.ensure(0, 40);
  await list.ensure(560, 600);
  expect(list.ids).toEqual(truth());
  store.mostEmails = 10;
  await store.tidy();
  expect(store.emails.size).toBeLessThan(600);
  expect(list.ids).toEqual(truth());
});

test('an account that nobody answers for holds up no other', async () => {
  const { store, specs, truth } = world({ own: spread(0, 20, 1), a7: [] });
  const bad = store.query({ filter: { inMailbox: 'gone' }, sort: newestFirst, collapseThreads: true, account: 'a9' });
  bad.error = new Error('gone');
  const list = new Merged(store, [store.query(specs[0] as QuerySpec), bad]);
  await store.query(specs[0] as QuerySpec).ensure(0, 40);
  expect(list.ids).toEqual(truth());
  expect(list.error).toBeNull();
});
