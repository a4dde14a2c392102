/** Search by the names of attached files on this device: rows do not know them; the messages that are kept here do, and of the others with files the names are kept. */
import type { Id } from '../jmap/types.ts';
import { folded } from '../kit/folding.ts';
import { haystack, matcher } from '../kit/matching.ts';
import type { World } from '../kit/search-filter.ts';
import type { Term } from '../kit/search.ts';
import { type Detail, NAMES } from './bodies.ts';
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
export async function named(store: Store, terms: Term[], world: World, everywhere: boolean, collapse: boolean, account?: Id): Promise<Named | null> {
  const wanted = terms.filter(({ op, not }) => op === 'filename' && !not).map(({ value }) => value);
  if (!wanted.length) return null;
  const holders: Id[] = [];
  let looked = 0;
  if (store.db) {
    const seen = new Set<Id>();
    const look = (id: Id, names: (string | null)[]): void => {
      if (seen.has(id)) return;
      seen.add(id);
      looked++;
      if (wanted.every((words) => names.some((name) => name && says(folded(name), words)))) holders.push(id);
    };
    for await (const batch of store.db.batches<Detail>('body', BATCH)) for (const [id, { accountId, attachments }] of batch) if (accountId === account) look(id, attachments.map(({ name }) => name));
    // Of what others share texts are kept alone (`fetching.ts` is one's own account's).
    const kept = account ? [] : (await store.db.keys('meta')).filter((key) => key.startsWith(NAMES));
    for (let from = 0; from < kept.length; from += BATCH) for (const [key, names] of await store.db.getMany<string[]>('meta', kept.slice(from, from + BATCH))) look(key.slice(NAMES.length), names);
  }
  await store.load(holders);
  const test = matcher(terms.filter(({ op, not }) => op !== 'filename' || not), world, new Date(), everywhere);
  const found = holders.map((id) => store.peek(id)).filter((email) => email !== undefined).filter((email) => email.accountId === account && test(email, haystack(email)));
  found.sort((left, right) => (left.receivedAt > right.receivedAt ? -1 : left.receivedAt < right.receivedAt ? 1 : left.id > right.id ? -1 : 1));
  const threads = new Set<Id>();
  const ids = found.filter(({ threadId }) => !collapse || (!threads.has(threadId) && threads.add(threadId))).map(({ id }) => id);
  return { ids, looked };
}
