import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Database } from '../src/cache/db.ts';

const rows = new Map<string, unknown>();
const done = Promise.resolve();
const store = { put: (value: unknown, id: string) => void rows.set(id, value), get: (id: string) => Promise.resolve(rows.get(id)), delete: (id: string) => void rows.delete(id) };
vi.mock('idb', () => ({ openDB: () => Promise.resolve({ transaction: () => ({ store, done }), get: (_: string, id: string) => Promise.resolve(rows.get(id)), clear: () => rows.clear(), close: () => undefined }) }));

/** Each sealing takes as long as is said here, the first one first. */
let pauses: number[] = [];

beforeEach(() => {
  rows.clear();
  pauses = [];
  const { encrypt } = SubtleCrypto.prototype;
  vi.stubGlobal('document', { addEventListener: () => undefined, removeEventListener: () => undefined });
  vi.stubGlobal('window', { addEventListener: () => undefined });
  vi.spyOn(SubtleCrypto.prototype, 'encrypt').mockImplementation(async function slowly(this: SubtleCrypto, ...what) {
    await new Promise((resolve) => setTimeout(resolve, pauses.shift() ?? 0));
    return encrypt.apply(this, what);
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

async function opened(): Promise<Database> {
  return Database.join('a', await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']));
}

test('what is being written is read as if it were there', async () => {
  const db = await opened();
  pauses = [40];
  const writing = db.put('meta', 'one', 'first');
  expect(await db.get('meta', 'one')).toBe('first');
  expect(rows.size).toBe(0);
  await writing;
  expect(rows.size).toBe(1);
  expect(await db.get('meta', 'one')).toBe('first');
});

test('the later word stays, also where it is sealed sooner', async () => {
  const db = await opened();
  pauses = [40, 0];
  await Promise.all([db.put('log', 'deed', { state: 'waiting' }), db.put('log', 'deed', { state: 'done' })]);
  expect(await db.get('log', 'deed')).toEqual({ state: 'done' });
});

test('what is taken away while it is being written does not come back', async () => {
  const db = await opened();
  pauses = [40, 40];
  const writing = [db.put('draft', 'sent', 'text'), db.putMany('email', [['m', { id: 'm' }]])];
  await db.delete('draft', ['sent']);
  await db.clear('email');
  await Promise.all(writing);
  expect(rows.size).toBe(0);
  expect(await db.get('draft', 'sent')).toBe(undefined);
});

test('what may come late comes behind what is being written', async () => {
  const db = await opened();
  pauses = [60, 0];
  const writing = db.put('email', 'm', { keywords: { $flagged: true } });
  db.later('email', [['m', { keywords: {} }]]);
  expect(await db.get('email', 'm')).toEqual({ keywords: {} });
  await Promise.all([writing, db.flush()]);
  expect(rows.size).toBe(1);
  expect(await db.get('email', 'm')).toEqual({ keywords: {} });
});
