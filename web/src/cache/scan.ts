/** Search as one types, over the rows that this device has: a linear scan over strings made once. */
import type { Email, Id } from '../jmap/types.ts';
import { type Term, type World, haystack, matcher } from '../kit/search.ts';
import type { Store } from './store.svelte.ts';

export interface Scan {
  ids: Id[];
  looked: number;
  ms: number;
}

export class Scanner {
  readonly #rows = new Map<Id, { email: Email; text: string }>();
  #all: Promise<void> | null = null;

  constructor(readonly store: Store) {}

  /** Fetch every row of the device into memory, once. */
  prepare(): Promise<void> {
    this.#all ??= (async () => {
      for (const [id, email] of (await this.store.db?.all<Email>('email')) ?? []) this.#rows.set(id, { email, text: haystack(email) });
    })();
    return this.#all;
  }

  #fresh(): void {
    for (const [id, email] of this.store.emails) {
      const known = this.#rows.get(id);
      if (known?.email !== email) this.#rows.set(id, { email, text: known && known.email.subject === email.subject && known.email.preview === email.preview ? known.text : haystack(email) });
    }
  }

  /** Newest first; one row of each conversation where `collapse` says so. */
  scan(terms: Term[], world: World, everywhere: boolean, collapse: boolean): Scan {
    const begin = performance.now();
    this.#fresh();
    const test = matcher(terms, world, new Date(), everywhere);
    const found: Email[] = [];
    for (const { email, text } of this.#rows.values()) if (test(email, text)) found.push(email);
    found.sort((left, right) => (left.receivedAt < right.receivedAt ? 1 : -1));
    const ids: Id[] = [];
    const threads = new Set<Id>();
    for (const email of found) {
      if (collapse && threads.has(email.threadId)) continue;
      threads.add(email.threadId);
      ids.push(email.id);
    }
    return { ids, looked: this.#rows.size, ms: performance.now() - begin };
  }
}
