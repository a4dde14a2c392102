/** The store of an account under a new key: it is emptied, but for what its owner has done and the server does not know yet. */
import type { IDBPDatabase } from 'idb';
import { type Database, type KeyRecord, type StoreName, attempted, seal, stores } from './db.ts';

const encoder = new TextEncoder();

/** K = HKDF-SHA-256(device secret ‖ server share), not extractable. */
export async function derive(local: Uint8Array<ArrayBuffer>, share: Uint8Array): Promise<CryptoKey> {
  const material = new Uint8Array(local.length + share.length);
  material.set(local);
  material.set(share, local.length);
  const base = await crypto.subtle.importKey('raw', material, 'HKDF', false, ['deriveKey']);
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info: encoder.encode('mailstead device store 1') },
    base,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  );
}

/** Deeds that wait, drafts, and the files that wait with them. */
async function unsent(old: Database): Promise<[StoreName, string, unknown][]> {
  const log = (await old.all<{ state?: string }>('log')).filter(([, entry]) => entry.state === 'waiting');
  const drafts = await old.all<unknown>('draft');
  const files = await old.getMany<unknown>('meta', (await old.keys('meta')).filter((id) => id.startsWith('file:')));
  // The rows that the deeds are about, or there would be nothing to lay them over.
  const rows = await old.getMany<unknown>('email', log.flatMap(([, entry]) => Object.keys((entry as { patches?: object }).patches ?? {})));
  return [
    ...log.map(([id, value]): [StoreName, string, unknown] => ['log', id, value]),
    ...drafts.map(([id, value]): [StoreName, string, unknown] => ['draft', id, value]),
    ...[...files].map(([id, value]): [StoreName, string, unknown] => ['meta', id, value]),
    ...[...rows].map(([id, value]): [StoreName, string, unknown] => ['email', id, value]),
  ];
}

/** The new key, made of the server's `share` and a secret of this device. `before`: the store under the key that it has, where its lease lasts. */
export async function rekey(idb: IDBPDatabase, before: Database | null, share: Uint8Array, beside: Pick<KeyRecord, 'share' | 'leaseUntil'>): Promise<CryptoKey> {
  const own = before ? await unsent(before) : [];
  const local = crypto.getRandomValues(new Uint8Array(32));
  const key = await derive(local, share);
  const sealed = await Promise.all(own.map(async ([store, id, value]) => [store, id, await seal(key, value)] as const));
  // All or nothing: whoever closes the page now still has under the old key what nobody else knows.
  const transaction = idb.transaction([...stores, 'key'], 'readwrite');
  const put = (store: string, id: string, value: unknown): void => void attempted(transaction.objectStore(store).put(value, id));
  for (const store of [...stores, 'key']) void attempted(transaction.objectStore(store).clear());
  put('key', 'store', { key, local, ...beside } satisfies KeyRecord);
  for (const [store, id, value] of sealed) put(store, id, value);
  await transaction.done;
  return key;
}
