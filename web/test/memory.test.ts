import { expect, test } from 'vitest';
import { Log } from '../src/action/log.svelte.ts';
import { Bodies } from '../src/cache/bodies.ts';
import { LATELY } from '../src/cache/holds.ts';
import { type EmailQuery, PAGE, newestFirst } from '../src/cache/query.svelte.ts';
import { Store } from '../src/cache/store.svelte.ts';
import type { Client } from '../src/jmap/client.ts';
import type { Email, Id, Mailbox } from '../src/jmap/types.ts';
import { headings } from '../src/feature/list/headings.ts';
import { type Answers, fakeClient } from './fake.ts';

const ROWS = LATELY + 2000;
const at = (number: number): string => new Date(Date.UTC(2026, 10, 27) - number * 600_000).toISOString().replace('.000', '');
/** Two emails each: `e…`, which is the row, and an older answer to it that stands nowhere. */
const email = (id: Id, number: number): Email =>
  ({ id, threadId: `t${number}`, mailboxIds: { in: true }, keywords: {}, receivedAt: at(number), subject: id, preview: '', from: null, to: null, size: 1, hasAttachment: false }) as unknown as Email;
const pair = (number: number): Email[] => [email(`o${number}`, number), email(`e${number}`, number)];
const inbox = { id: 'in', name: 'Inbox', role: 'inbox', unreadThreads: 0 } as unknown as Mailbox;

/** What the device has written, and no more. */
class Device {
  readonly stores: Record<string, Map<string, unknown>> = {};
  reads = 0;
  #of(name: string): Map<string, unknown> {
    return (this.stores[name] ??= new Map());
  }
  later(name: string, entries: [string, unknown][]): void {
    for (const [id, value] of entries) this.#of(name).set(id, structuredClone(value));
  }
  put(name: string, id: string, value: unknown): Promise<void> {
    this.later(name, [[id, value]]);
    return Promise.resolve();
  }
  get(name: string, id: string): Promise<unknown> {
    return Promise.resolve(this.#of(name).get(id));
  }
  getMany(name: string, ids: string[]): Promise<Map<string, unknown>> {
    this.reads += ids.length;
    return Promise.resolve(new Map(ids.filter((id) => this.#of(name).has(id)).map((id) => [id, structuredClone(this.#of(name).get(id))])));
  }
  delete(name: string, ids: string[]): Promise<void> {
    for (const id of ids) this.#of(name).delete(id);
    return Promise.resolve();
  }
  now(): Promise<void> {
    return Promise.resolve();
  }
  flush(): Promise<void> {
    return Promise.resolve();
  }
}

interface World {
  store: Store;
  query: EmailQuery;
  device: Device;
  asked: string[];
}

/** A list of so many conversations, scrolled through from the top to its end. */
async function scrolled({ device = new Device(), rows = ROWS }: { device?: Device | null; rows?: number } = {}): Promise<World> {
  const asked: string[] = [];
  let window: Id[] = [];
  const answers: Answers = {
    'Mailbox/get': () => ({ state: 'm1', list: [inbox], notFound: [] }),
    'Email/query': ({ position }) => {
      window = Array.from({ length: Math.min(PAGE, rows - Number(position)) }, (_, index) => `e${Number(position) + index}`);
      return { queryState: 'q1', canCalculateChanges: true, position, ids: window, total: rows };
    },
    'Email/get': ({ ids }) => ({ state: 'e1', list: ((ids as Id[] | undefined) ?? window).flatMap((id) => pair(Number(id.slice(1)))), notFound: [] }),
    'Thread/get': () => ({ state: 't1', list: window.map((id) => ({ id: `t${id.slice(1)}`, emailIds: [`o${id.slice(1)}`, id] })), notFound: [] }),
  };
  const store = new Store('a', 'me@example.test');
  // The tidying is called for below.
  store.mostEmails = Infinity;
  store.db = device as unknown as Store['db'];
  store.client = fakeClient(answers, asked);
  const query = store.query({ filter: { inMailbox: 'in' }, sort: newestFirst, collapseThreads: true });
  await store.sync();
  // As the list does: once for the places, once more when they are known.
  for (let from = 0; from < rows; from += PAGE) for (const _ of [1, 2]) await query.ensure(from, Math.min(rows, from + PAGE));
  expect([query.ids?.length, store.emails.size]).toEqual([rows, 2 * rows]);
  asked.length = 0;
  if (device) device.reads = 0;
  return { store, query, device: device as Device, asked };
}

test('rows that were scrolled past leave the memory, whole conversations at one time; the top and what was seen last stay', async () => {
  const { store } = await scrolled();
  await store.tidy();
  expect(store.emails.size).toBe(2 * (LATELY + PAGE));
  expect([...store.threads.values()].every(({ emailIds }) => emailIds.every((id) => store.emails.has(id)))).toBe(true);
  expect(store.threads.size).toBe(LATELY + PAGE);
  expect(['e0', `e${PAGE}`, `e${ROWS - 1}`, `e${ROWS - LATELY + PAGE}`, `e${ROWS - LATELY - PAGE}`].map((id) => store.emails.has(id))).toEqual([true, false, true, true, false]);
});

test('they go some at one time, each conversation whole, and what is looked at meanwhile stays', async () => {
  const { store } = await scrolled();
  const tidied = store.tidy();
  const sizes: number[] = [];
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setTimeout(resolve));
    sizes.push(store.emails.size);
    for (const { id, emailIds } of store.threads.values()) if (!emailIds.every((one) => store.emails.has(one))) throw new Error(`${id} is in pieces`);
  }
  expect(sizes[0]).toBeLessThan(2 * ROWS);
  expect(sizes[2]).toBeGreaterThan(2 * (LATELY + PAGE));
  const left = [...store.emails.values()].find(({ id, threadId }) => id.startsWith('e') && Number(threadId.slice(1)) > 1900) as Email;
  await store.load([left.id]);
  await tidied;
  expect(store.emails.has(left.id)).toBe(true);
});

test('whoever scrolls back has them from the device, those beside them too, and nobody is asked', async () => {
  const { store, query, device, asked } = await scrolled();
  await store.tidy();
  await query.ensure(500, 520);
  const known = (index: number): boolean => store.threadEmails(`t${index}`).length === 2;
  expect([500 - PAGE, 499, 500, 519, 520, 520 + PAGE - 1].map(known)).toEqual([true, true, true, true, true, true]);
  expect([500 - PAGE - 1, 520 + PAGE].map(known)).toEqual([false, false]);
  expect([asked, device.reads > 0]).toEqual([[], true]);
  // Nor is the device asked for what is here.
  device.reads = 0;
  await query.ensure(505, 510);
  expect(device.reads).toBe(0);
});

test('without a database on the device the server is asked; where nobody can be asked nothing goes', async () => {
  const { store, query, asked } = await scrolled({ device: null });
  store.link = 'offline';
  await store.tidy();
  expect(store.emails.size).toBe(2 * ROWS);
  store.link = 'online';
  await store.tidy();
  expect(store.emails.has('e500')).toBe(false);
  await query.ensure(500, 510);
  expect([store.emails.has('e500'), asked.includes('Email/get')]).toEqual([true, true]);
});

test('a change that the server has not confirmed stays, and so does its conversation', async () => {
  const { store } = await scrolled();
  store.overlay('op', 'e500', { 'keywords/$flagged': true });
  await store.tidy();
  expect([store.emails.get('e500')?.keywords, store.emails.has('o500'), store.emails.has('e501')]).toEqual([{ $flagged: true }, true, false]);
  store.settle('op', 'e500', true);
  await store.tidy();
  expect(store.emails.has('e500')).toBe(false);
  await store.load(['e500']);
  expect(store.emails.get('e500')?.keywords).toEqual({ $flagged: true });
});

test('what the server takes back after all is as it was', async () => {
  const { store } = await scrolled();
  store.overlay('op', 'e500', { 'keywords/$flagged': true });
  await store.tidy();
  store.settle('op', 'e500', false);
  await store.tidy();
  await store.load(['e500']);
  expect(store.emails.get('e500')?.keywords).toEqual({});
});

test('what a reader, a composer or a selection holds stays until it is let go', async () => {
  const { store } = await scrolled();
  const release = store.hold(() => ({ emails: ['e500', null], threads: ['t600', null] }));
  await store.tidy();
  expect(['e500', 'o500', 'e600', 'o600', 'e700'].map((id) => store.emails.has(id))).toEqual([true, true, true, true, false]);
  release();
  await store.tidy();
  expect(['e500', 'e600'].map((id) => store.emails.has(id))).toEqual([false, false]);
});

test('a conversation that a deed has hidden stays hidden when its row would come again', async () => {
  const { store, query } = await scrolled();
  query.hide(['t500']);
  await store.tidy();
  expect([store.threads.has('t500'), query.ids?.includes('e500')]).toEqual([true, false]);
});

test('what is taken back comes to its place among rows that are no longer known', async () => {
  const { store, query } = await scrolled();
  const mine = store.emails.get('e3000') as Email;
  query.hide(['t3000']);
  expect(query.ids?.includes('e3000')).toBe(false);
  await store.tidy();
  query.reveal([mine]);
  expect(query.ids?.indexOf('e3000')).toBe(3000);
  // It stands there once.
  query.reveal([mine, store.emails.get('o3000') as Email]);
  expect(query.ids?.filter((id) => id === 'e3000' || id === 'o3000')).toEqual(['e3000']);
});

test('what is undone or done again is fetched first', async () => {
  const { store, query } = await scrolled();
  const log = new Log(store);
  store.client = null;
  const entry = log.perform('did.flag', {}, { e500: { 'keywords/$flagged': true } });
  store.settle(entry?.id ?? '', 'e500', true);
  log.entries = log.entries.map((one) => ({ ...one, state: 'done' }));
  await store.tidy();
  expect(store.emails.has('e500')).toBe(false);
  log.undo();
  await expect.poll(() => store.emails.get('e500')?.keywords).toEqual({});
  store.settle(log.entries.at(-1)?.id ?? '', 'e500', true);
  await store.load((query.ids as Id[]).slice(1000, 1000 + LATELY));
  await store.tidy();
  expect(store.emails.has('e500')).toBe(false);
  log.redo();
  await expect.poll(() => store.emails.get('e500')?.keywords).toEqual({ $flagged: true });
});

test('headings stand where they stood, and to find them takes no longer', async () => {
  const { store, query } = await scrolled();
  const ids = query.ids as Id[];
  const places = [...ids.keys()];
  const headed = (count = { asked: 0 }): number[] => headings(places, (place) => (count.asked++, store.dateOf(ids[place] as Id)?.slice(0, 10)));
  const before = headed();
  expect(before.length).toBeGreaterThan(20);
  store.hold(() => ({ emails: before.flatMap((index) => [ids[index] as Id, ids[index - 1] ?? null]) }));
  for (let round = 0; round < 3; round++) {
    await store.tidy();
    const count = { asked: 0 };
    expect(headed(count)).toEqual(before);
    expect(count.asked).toBeLessThan(ROWS);
    for (let from = 0; from < ROWS; from += 500) await store.load(ids.slice(from, from + 500));
  }
});

test('texts in memory are few, and not much altogether', async () => {
  const asked: Id[] = [];
  const size = new Map<Id, number>();
  const store = new Store('a', 'me@example.test');
  store.client = {
    call: (_: string, { ids }: { ids: Id[] }) => {
      asked.push(...ids);
      return Promise.resolve({ list: ids.map((id) => ({ id, bodyValues: { 1: { value: 'x'.repeat(size.get(id) ?? 1) } } })), notFound: [] });
    },
  } as unknown as Client;
  const bodies = new Bodies(store);
  for (let number = 0; number < 60; number++) await bodies.get(`e${number}`);
  expect([bodies.peek('e19'), bodies.peek('e20')?.id, bodies.peek('e59')?.id]).toEqual([undefined, 'e20', 'e59']);
  for (const id of ['big1', 'big2', 'big3']) size.set(id, 1_900_000);
  size.set('huge', 9_000_000);
  for (const id of ['big1', 'big2', 'big3']) await bodies.get(id);
  expect([bodies.peek('big1'), bodies.peek('big2')?.id, bodies.peek('big3')?.id]).toEqual([undefined, 'big2', 'big3']);
  // What was asked for is given, and kept while nothing else is.
  await bodies.get('huge');
  expect([bodies.peek('huge')?.id, bodies.peek('big3')]).toEqual(['huge', undefined]);
});
