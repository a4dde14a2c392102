/** Search by the names of attached files on this device: rows do not know them, the messages that are kept here do. */
import type { Id } from '../jmap/types.ts';
import { type Term, type World, haystack, matcher } from '../kit/search.ts';
import type { Detail } from './bodies.ts';
import { says } from './rows.ts';
import type { Store } from './store.svelte.ts';

export interface Named {
  /** Newest first, one of each conversation where asked so. */
  ids: Id[];
  /** So many messages were looked into. */
  looked: number;
}

const BATCH = 200;

/** Null where the terms do not ask for the name of a file. */
export async function named(store: Store, terms: Term[], world: World, everywhere: boolean, collapse: boolean): Promise<Named | null> {
  const wanted = terms.filter(({ op, not }) => op === 'filename' && !not).map(({ value }) => value);
  if (!wanted.length) return null;
  const holders: Id[] = [];
  let looked = 0;
  if (store.db) {
    for await (const batch of store.db.batches<Detail>('body', BATCH)) {
      looked += batch.length;
      for (const [id, { attachments }] of batch) if (wanted.every((words) => attachments.some(({ name }) => name && says(name.toLowerCase(), words)))) holders.push(id);
    }
  }
  await store.load(holders);
  const test = matcher(terms.filter(({ op, not }) => op !== 'filename' || not), world, new Date(), everywhere);
  const found = holders.map((id) => store.peek(id)).filter((email) => email !== undefined).filter((email) => test(email, haystack(email)));
  found.sort((left, right) => (left.receivedAt > right.receivedAt ? -1 : left.receivedAt < right.receivedAt ? 1 : left.id > right.id ? -1 : 1));
  const threads = new Set<Id>();
  const ids = found.filter(({ threadId }) => !collapse || (!threads.has(threadId) && threads.add(threadId))).map(({ id }) => id);
  return { ids, looked };
}
