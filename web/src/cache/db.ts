/**
 * The device's store: IndexedDB, every value sealed.
 *
 * Keys of the database are opaque ids; values are AES-GCM under a key that cannot be exported. It is derived (HKDF) from a
 * secret of this device and a share that the server gives to this web session only; the derived key is kept for the lease,
 * so that one reads offline, and no longer. Without the lease or after sign-out the rows are noise. Browser data is a cache:
 * whatever cannot be opened is thrown away and fetched anew.
 */
import { type IDBPDatabase, deleteDB, openDB } from 'idb';
import { hand } from '../kit/rest.ts';

export type StoreName = 'email' | 'body' | 'mailbox' | 'query' | 'meta' | 'log' | 'draft';
export const stores: StoreName[] = ['email', 'body', 'mailbox', 'query', 'meta', 'log', 'draft'];
const VERSION = 1;
const LEASE_DAYS = 14;
/** What can wait is written when the hand has rested so long, and after so long in any case, so many values in one go. */
const REST_MS = 300;
const MOST_WAIT_MS = 20_000;
const IN_ONE_GO = 40;

export interface KeyRecord {
  key: CryptoKey;
  local: Uint8Array<ArrayBuffer>;
  share: string;
  leaseUntil: number;
}

export interface Sealed {
  iv: Uint8Array<ArrayBuffer>;
  data: ArrayBuffer;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export async function seal(key: CryptoKey, value: unknown): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { iv, data: await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, encoder.encode(JSON.stringify(value))) };
}

export async function unseal<T>(key: CryptoKey, sealed: Sealed): Promise<T> {
  return JSON.parse(decoder.decode(await crypto.subtle.decrypt({ name: 'AES-GCM', iv: sealed.iv }, key, sealed.data))) as T;
}

async function fingerprint(share: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', share as Uint8Array<ArrayBuffer>);
  return [...new Uint8Array(hash).subarray(0, 8)].map((octet) => octet.toString(16).padStart(2, '0')).join('');
}

/** The database of an account, with all its stores. */
async function opened(accountId: string): Promise<IDBPDatabase> {
  const idb = await openDB(Database.prefix + accountId, VERSION, {
    upgrade(db) {
      for (const name of stores) if (!db.objectStoreNames.contains(name)) db.createObjectStore(name);
      if (!db.objectStoreNames.contains('key')) db.createObjectStore('key');
    },
    blocking: () => idb.close(),
  });
  return idb;
}

/** What becomes of one request says its transaction as a whole. */
export const attempted = (request: unknown): Promise<unknown> => Promise.resolve(request).catch(() => undefined);

/** The lease lasts longer; false where the browser takes nothing more, and it stays as it is. */
const prolonged = (idb: IDBPDatabase, kept: KeyRecord, leaseUntil: number): Promise<boolean> => idb.put('key', { ...kept, leaseUntil }, 'store').then(() => true, () => false);

function mapOf(told: Map<StoreName, Map<string, unknown>>, store: StoreName): Map<string, unknown> {
  const known = told.get(store) ?? new Map<string, unknown>();
  told.set(store, known);
  return known;
}

export class Database {
  private constructor(
    readonly idb: IDBPDatabase,
    readonly key: CryptoKey,
    readonly leaseUntil: number,
  ) {}

  static readonly prefix = 'mailstead:';

  /**
   * Open the store of an account. With a `share` (online) the key is derived and its lease renewed; a store of another share
   * is emptied, but for what its owner has done and the server does not know yet: that goes on under the new key. Without (offline) the kept key is used while its lease lasts; null when there is none.
   */
  static async open(accountId: string, share: Uint8Array | null, now = Date.now()): Promise<Database | null> {
    const idb = await opened(accountId);
    const kept = (await idb.get('key', 'store')) as KeyRecord | undefined;
    if (!share) {
      if (kept && kept.leaseUntil > now) return new Database(idb, kept.key, kept.leaseUntil);
      if (kept) await Database.#empty(idb);
      idb.close();
      return null;
    }
    const leaseUntil = now + LEASE_DAYS * 86_400_000;
    const mark = await fingerprint(share);
    if (kept?.share === mark) {
      const lasts = (await prolonged(idb, kept, leaseUntil)) ? leaseUntil : kept.leaseUntil;
      return lasts > now ? new Database(idb, kept.key, lasts) : null;
    }
    const before = kept && kept.leaseUntil > now ? new Database(idb, kept.key, kept.leaseUntil) : null;
    const { rekey } = await import('./rekey.ts');
    const key = await rekey(idb, before, share, { share: mark, leaseUntil });
    return new Database(idb, key, leaseUntil);
  }

  /** The store with the key that this device has kept, before anybody has been asked; null where there is none or its lease is over. Nothing is changed. */
  static async reopen(accountId: string, now = Date.now()): Promise<Database | null> {
    const idb = await opened(accountId);
    const kept = (await idb.get('key', 'store')) as KeyRecord | undefined;
    if (kept && kept.leaseUntil > now) return new Database(idb, kept.key, kept.leaseUntil);
    idb.close();
    return null;
  }

  /** The server has given its share: the lease begins anew. False where the key was made with another share, so that the store has to be opened with this one. */
  async renew(share: Uint8Array, now = Date.now()): Promise<boolean> {
    const kept = (await this.idb.get('key', 'store')) as KeyRecord | undefined;
    if (kept?.share !== (await fingerprint(share))) return false;
    await prolonged(this.idb, kept, now + LEASE_DAYS * 86_400_000);
    return true;
  }

  /** The store of an account that another thread has opened, with its key. */
  static async join(accountId: string, key: CryptoKey): Promise<Database> {
    const idb = await openDB(Database.prefix + accountId, VERSION, { blocking: () => idb.close() });
    return new Database(idb, key, 0);
  }

  static async #empty(idb: IDBPDatabase): Promise<void> {
    const transaction = idb.transaction([...stores, 'key'], 'readwrite');
    await Promise.all([...stores, 'key'].map((name) => transaction.objectStore(name).clear()));
    await transaction.done;
  }

  /** Destroy the key first, then everything: what a crash leaves behind is noise. */
  static async destroy(accountId: string): Promise<void> {
    try {
      const idb = await openDB(Database.prefix + accountId, VERSION);
      if (idb.objectStoreNames.contains('key')) await idb.clear('key');
      idb.close();
    } catch {
      // Nothing to destroy.
    }
    await deleteDB(Database.prefix + accountId);
  }

  async get<T>(store: StoreName, id: string): Promise<T | undefined> {
    for (const told of this.#told(store)) if (told.has(id)) return told.get(id) as T;
    const sealed = (await this.idb.get(store, id)) as Sealed | undefined;
    if (!sealed) return undefined;
    try {
      return await unseal<T>(this.key, sealed);
    } catch {
      return undefined;
    }
  }

  async getMany<T>(store: StoreName, ids: string[]): Promise<Map<string, T>> {
    let transaction;
    try {
      transaction = this.idb.transaction(store);
    } catch {
      return new Map(); // It is being closed, for the session has ended: as good as empty.
    }
    const sealed = await Promise.all(ids.map((id) => transaction.store.get(id) as Promise<Sealed | undefined>));
    const out = new Map<string, T>();
    const unwritten = this.#told(store);
    await Promise.all(
      sealed.map(async (value, index) => {
        const id = ids[index];
        const told = unwritten.find((one) => id !== undefined && one.has(id));
        if (id !== undefined && told) {
          out.set(id, told.get(id) as T);
          return;
        }
        if (!value || id === undefined) return;
        try {
          out.set(id, await unseal<T>(this.key, value));
        } catch {
          // Sealed under a key that is gone: as good as absent.
        }
      }),
    );
    return out;
  }

  async all<T>(store: StoreName): Promise<[string, T][]> {
    await this.flush();
    const transaction = this.idb.transaction(store);
    const [ids, sealed] = await Promise.all([transaction.store.getAllKeys(), transaction.store.getAll() as Promise<Sealed[]>]);
    const out: [string, T][] = [];
    for (let from = 0; from < ids.length; from += 2000) {
      const part = await Promise.allSettled(sealed.slice(from, from + 2000).map((value) => unseal<T>(this.key, value)));
      part.forEach((result, index) => {
        if (result.status === 'fulfilled') out.push([String(ids[from + index]), result.value]);
      });
    }
    return out;
  }

  /** All values by their ids, `size` at a time. */
  async *batches<T>(store: StoreName, size: number): AsyncGenerator<[string, T][]> {
    for (let after: string | undefined; ; ) {
      const range = after === undefined ? undefined : IDBKeyRange.lowerBound(after, true);
      const transaction = this.idb.transaction(store);
      const [ids, sealed] = await Promise.all([transaction.store.getAllKeys(range, size), transaction.store.getAll(range, size) as Promise<Sealed[]>]);
      const opened = await Promise.allSettled(sealed.map((value) => unseal<T>(this.key, value)));
      yield opened.flatMap((result, index): [string, T][] => (result.status === 'fulfilled' ? [[String(ids[index]), result.value]] : []));
      if (ids.length < size) return;
      after = String(ids.at(-1));
    }
  }

  async count(store: StoreName): Promise<number> {
    await this.flush();
    return this.idb.count(store);
  }

  async keys(store: StoreName): Promise<string[]> {
    await this.flush();
    return (await this.idb.getAllKeys(store)).map(String);
  }

  /** What has been told and is not written yet, in the order in which it is to be written. */
  readonly #waiting = new Map<StoreName, Map<string, unknown>>();
  /** What is being sealed and written: it is read as if it were there. */
  readonly #underway = new Map<StoreName, Map<string, unknown>>();
  readonly #writes = new Set<Promise<void>>();

  /** What has been told of a store and is not there yet, the later word first. */
  #told(store: StoreName): Map<string, unknown>[] {
    return [this.#waiting, this.#underway].map((told) => mapOf(told, store));
  }

  #flushing: Promise<void> | null = null;
  #rests = false;

  /**
   * Write what may come late: a copy of what the server has. It is read as if it were there; it is written when the hand rests or
   * the page is hidden, and a page that ends before has lost a copy.
   */
  later(store: StoreName, entries: [string, unknown][]): void {
    const waiting = mapOf(this.#waiting, store);
    for (const [id, value] of entries) {
      waiting.delete(id);
      waiting.set(id, value);
    }
    if (!this.#rests) void this.#whenAtRest();
  }

  /** Of what may come late, write these values now. */
  async now(store: StoreName, ids: string[]): Promise<void> {
    const waiting = this.#waiting.get(store);
    const mine = ids.filter((id) => waiting?.has(id)).map((id): [string, unknown] => [id, waiting?.get(id)]);
    if (mine.length) await this.putMany(store, mine);
  }

  async #whenAtRest(): Promise<void> {
    this.#rests = true;
    const hidden = (): void => void (document.visibilityState === 'hidden' && this.flush().catch(() => undefined));
    document.addEventListener('visibilitychange', hidden);
    try {
      while (this.#open && [...this.#waiting.values()].some(({ size }) => size)) {
        // What has just come is painted before it is written.
        await new Promise((resolve) => setTimeout(resolve, REST_MS));
        await hand().rests(REST_MS, MOST_WAIT_MS);
        await this.flush(true);
      }
    } catch {
      // The database is gone, or takes no more: what it would have kept can be fetched again.
      this.#waiting.clear();
    } finally {
      document.removeEventListener('visibilitychange', hidden);
      this.#rests = false;
    }
  }

  /** Write what waits; `gently`: a few at a time, with pauses for whoever has work to do. */
  async flush(gently = false): Promise<void> {
    while (this.#flushing) await this.#flushing;
    this.#flushing = this.#write(gently).finally(() => (this.#flushing = null));
    await this.#flushing;
  }

  async #write(gently: boolean): Promise<void> {
    for (const [store, waiting] of this.#waiting) {
      while (waiting.size && this.#open) {
        const part = [...waiting].slice(0, gently ? IN_ONE_GO : 1000);
        // What is underway was told before.
        await Promise.allSettled(this.#writes);
        await this.#putAll(store, part, waiting);
        for (const [id, value] of part) if (waiting.get(id) === value) waiting.delete(id);
        if (gently) await new Promise((resolve) => setTimeout(resolve));
      }
    }
  }

  async put(store: StoreName, id: string, value: unknown): Promise<void> {
    await this.putMany(store, [[id, value]]);
  }

  async putMany(store: StoreName, entries: [string, unknown][]): Promise<void> {
    for (let from = 0; from < entries.length; from += 1000) {
      const part = entries.slice(from, from + 1000);
      const underway = mapOf(this.#underway, store);
      for (const [id, value] of part) {
        this.#waiting.get(store)?.delete(id);
        underway.set(id, value);
      }
      const work = this.#putAll(store, part, underway).finally(() => {
        this.#writes.delete(work);
        for (const [id, value] of part) if (underway.get(id) === value) underway.delete(id);
      });
      this.#writes.add(work);
      await work;
    }
  }

  /** Write what is still among `told` when it is sealed: what has been told, or taken away, meanwhile is the later word. */
  async #putAll(store: StoreName, entries: [string, unknown][], told: Map<string, unknown>): Promise<void> {
    const part = await Promise.all(entries.map(async ([id, value]) => [id, value, await seal(this.key, value)] as const));
    const transaction = this.idb.transaction(store, 'readwrite');
    for (const [id, value, sealed] of part) if (told.has(id) && told.get(id) === value) void attempted(transaction.store.put(sealed, id));
    await transaction.done;
  }

  async delete(store: StoreName, ids: string[]): Promise<void> {
    if (!ids.length) return;
    for (const told of this.#told(store)) for (const id of ids) told.delete(id);
    const transaction = this.idb.transaction(store, 'readwrite');
    for (const id of ids) void attempted(transaction.store.delete(id));
    await transaction.done;
  }

  async clear(store: StoreName): Promise<void> {
    for (const told of this.#told(store)) told.clear();
    await this.idb.clear(store);
  }

  #open = true;

  close(): void {
    this.#open = false;
    this.idb.close();
  }
}
