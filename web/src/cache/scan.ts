/** Search as one types, over the rows that this device has: a linear scan over strings made once. */
import type { Email, Filter, Id } from '../jmap/types.ts';
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

  /** What of a list this device has: the filter of a place, looked at here. */
  select(filter: Filter | null, collapse: boolean): Id[] {
    this.#fresh();
    const found = [...this.#rows.values()].map(({ email }) => email).filter((email) => !filter || matches(filter, email));
    return collapsed(found, collapse);
  }

  /** Newest first; one row of each conversation where `collapse` says so. */
  scan(terms: Term[], world: World, everywhere: boolean, collapse: boolean): Scan {
    const begin = performance.now();
    this.#fresh();
    const test = matcher(terms, world, new Date(), everywhere);
    const found: Email[] = [];
    for (const { email, text } of this.#rows.values()) if (test(email, text)) found.push(email);
    const ids = collapsed(found, collapse);
    performance.measure('scan', { start: begin });
    return { ids, looked: this.#rows.size, ms: performance.now() - begin };
  }
}

function collapsed(emails: Email[], collapse: boolean): Id[] {
  emails.sort((left, right) => (left.receivedAt < right.receivedAt ? 1 : -1));
  if (!collapse) return emails.map(({ id }) => id);
  const threads = new Set<Id>();
  return emails.filter(({ threadId }) => !threads.has(threadId) && threads.add(threadId)).map(({ id }) => id);
}

/** The conditions that places are made of (RFC 8621 §4.4.1), for one email. What is not known here matches nothing. */
export function matches(filter: Filter, email: Email): boolean {
  if ('operator' in filter && Array.isArray(filter['conditions'])) {
    const each = (filter['conditions'] as Filter[]).map((one) => matches(one, email));
    return filter['operator'] === 'AND' ? each.every(Boolean) : filter['operator'] === 'OR' ? each.some(Boolean) : !each.some(Boolean);
  }
  return Object.entries(filter).every(([name, value]) => {
    if (name === 'inMailbox') return String(value) in email.mailboxIds;
    if (name === 'inMailboxOtherThan') return Object.keys(email.mailboxIds).some((id) => !(value as Id[]).includes(id));
    if (name === 'hasKeyword') return String(value) in email.keywords;
    if (name === 'notKeyword') return !(String(value) in email.keywords);
    if (name === 'after') return email.receivedAt >= String(value);
    if (name === 'before') return email.receivedAt < String(value);
    return name === 'hasAttachment' ? email.hasAttachment === value : false;
  });
}
