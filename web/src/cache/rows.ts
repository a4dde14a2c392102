/**
 * The rows of this device in memory, newest first, and the search through them as one types.
 *
 * Pure: rows and terms give ids. A search is a generator that pauses after each few thousand rows, so that whoever drives it may
 * give way or leave it; what an earlier search has found is all that a narrower one looks at.
 */
import type { Email, Filter, Id } from '../jmap/types.ts';
import { type Term, type World, haystack, matcher } from '../kit/search.ts';

/** The words of a question as the account understands them, ready to travel to another thread. */
export interface Question {
  terms: Term[];
  /** What `in:` and `label:` name, by operator and value; null where nothing is called so. */
  names: Record<string, string | null>;
  hidden: string[];
  everywhere: boolean;
  collapse: boolean;
}

/** A question without functions in it. */
export function question(terms: Term[], world: World, everywhere: boolean, collapse: boolean): Question {
  const names: Record<string, string | null> = {};
  for (const { op, value } of terms) if (op === 'in' || op === 'label') names[`${op}:${value}`] = op === 'in' ? world.mailbox(value) : world.label(value);
  return { terms: terms.map(({ op, value, not }) => ({ op, value, not })), names, hidden: [...world.hidden], everywhere, collapse };
}

function worldOf({ names, hidden }: Question): World {
  return { mailbox: (name) => names[`in:${name}`] ?? null, label: (name) => names[`label:${name}`] ?? null, hidden };
}

const grows = new Set(['text', 'from', 'to', 'subject', 'body']);

/** True where whatever answers `next` answers `last` as well: each earlier term is there still, or has got more letters. */
export function narrows(last: Question, next: Question): boolean {
  if (last.everywhere !== next.everywhere || last.hidden.join() !== next.hidden.join() || next.terms.length < last.terms.length) return false;
  const looksIn = (asked: Question): boolean => asked.terms.some(({ op }) => op === 'in');
  if (looksIn(last) !== looksIn(next)) return false;
  return last.terms.every((old, index) => {
    const now = next.terms[index];
    if (!now || now.op !== old.op || now.not !== old.not) return false;
    if (now.value === old.value) return last.names[`${old.op}:${old.value}`] === next.names[`${now.op}:${now.value}`];
    return !old.not && grows.has(old.op) && now.value.toLowerCase().includes(old.value.toLowerCase());
  });
}

/** What a search needs of an email. */
interface Entry {
  id: Id;
  /** A small number for its conversation. */
  thread: number;
  receivedAt: string;
  size: number;
  hasAttachment: boolean;
  keywords: Record<string, true>;
  mailboxIds: Record<string, true>;
  text: string;
}

const later = (left: Entry, right: Entry): number => (left.receivedAt > right.receivedAt ? -1 : left.receivedAt < right.receivedAt ? 1 : left.id > right.id ? -1 : 1);
const SLICE = 2048;

export class Rows {
  #list: Entry[] = [];
  readonly #byId = new Map<Id, Entry>();
  readonly #threads = new Map<Id, number>();
  readonly #sets = new Map<string, Record<string, true>>();
  #seen = new Uint32Array(1024);
  #round = 0;
  #version = 0;
  /** The last question that was answered to its end, and everything that answers it. */
  #last: { asked: Question; found: Entry[] } | null = null;

  get size(): number {
    return this.#list.length;
  }

  /** Take rows in, anew or changed; null for what is gone. */
  put(rows: [Id, Email | null][]): void {
    if (!rows.length) return;
    this.#last = null;
    this.#version++;
    const fresh: Entry[] = [];
    const out = new Set<Entry>();
    for (const [id, email] of rows) {
      const known = this.#byId.get(id);
      if (!email) {
        if (known) out.add(known);
        this.#byId.delete(id);
        continue;
      }
      const entry: Entry = {
        id, thread: this.#number(email.threadId), receivedAt: email.receivedAt, size: email.size, hasAttachment: email.hasAttachment,
        keywords: this.#shared(email.keywords), mailboxIds: this.#shared(email.mailboxIds), text: haystack(email),
      };
      if (known && known.receivedAt === entry.receivedAt) Object.assign(known, entry);
      else {
        if (known) out.add(known);
        this.#byId.set(id, entry);
        fresh.push(entry);
      }
    }
    if (out.size) this.#list = this.#list.filter((entry) => !out.has(entry));
    // The same id may have come twice; the later one stands.
    const put = fresh.filter((entry) => this.#byId.get(entry.id) === entry).sort(later);
    // Never in place: a search may be on its way through the old list.
    if (put.length) this.#list = merge(this.#list, put);
  }

  /** Search. Yields after each slice of rows; returns what was found, newest first, one row of each conversation where asked so. */
  *search(asked: Question, now: Date): Generator<undefined, Id[]> {
    const base = this.#last && narrows(this.#last.asked, asked) ? this.#last.found : this.#list;
    const test = matcher(asked.terms, worldOf(asked), now, asked.everywhere);
    const found: Entry[] = [];
    const version = this.#version;
    for (let from = 0; from < base.length; from += SLICE) {
      for (const entry of base.slice(from, from + SLICE)) if (test(entry, entry.text)) found.push(entry);
      yield;
    }
    if (version === this.#version) this.#last = { asked, found };
    return this.#ids(found, asked.collapse);
  }

  /** What of a list is here: the filter of a place, looked at by this device. */
  select(filter: Filter | null, collapse: boolean): Id[] {
    return this.#ids(filter ? this.#list.filter((entry) => matches(filter, entry)) : this.#list, collapse);
  }

  #ids(entries: Entry[], collapse: boolean): Id[] {
    if (!collapse) return entries.map(({ id }) => id);
    if (this.#seen.length < this.#threads.size) this.#seen = new Uint32Array(2 * this.#threads.size);
    const round = ++this.#round;
    const ids: Id[] = [];
    for (const { id, thread } of entries) {
      if (this.#seen[thread] === round) continue;
      this.#seen[thread] = round;
      ids.push(id);
    }
    return ids;
  }

  #number(threadId: Id): number {
    let number = this.#threads.get(threadId);
    if (number === undefined) this.#threads.set(threadId, (number = this.#threads.size));
    return number;
  }

  /** Most rows have the same few keywords and mailboxes: one object for all of them. */
  #shared(set: Record<string, true>): Record<string, true> {
    const key = Object.keys(set).sort().join(' ');
    let known = this.#sets.get(key);
    if (!known) this.#sets.set(key, (known = set));
    return known;
  }
}

function merge(left: Entry[], right: Entry[]): Entry[] {
  const out: Entry[] = [];
  let at = 0;
  for (const entry of right) {
    while (at < left.length && later(left[at] as Entry, entry) < 0) out.push(left[at++] as Entry);
    out.push(entry);
  }
  while (at < left.length) out.push(left[at++] as Entry);
  return out;
}

/** The conditions that places are made of (RFC 8621 §4.4.1), for one email. What is not known here matches nothing. */
export function matches(filter: Filter, email: Pick<Email, 'mailboxIds' | 'keywords' | 'receivedAt' | 'hasAttachment'>): boolean {
  if ('operator' in filter && Array.isArray(filter['conditions'])) {
    const each = (filter['conditions'] as Filter[]).map((one) => matches(one, email));
    return filter['operator'] === 'AND' ? each.every(Boolean) : filter['operator'] === 'OR' ? each.some(Boolean) : !each.some(Boolean);
  }
  return Object.entries(filter).every(([name, value]) => {
    if (name === 'inMailbox') return String(value) in email.mailboxIds;
    if (name === 'inMailboxOtherThan') return Object.keys(email.mailboxIds).some((id) => !(value as Id[]).includes(id));
    // A row knows its own message, not its thread: good enough until the server can say.
    if (name === 'hasKeyword' || name === 'someInThreadHaveKeyword' || name === 'allInThreadHaveKeyword') return String(value) in email.keywords;
    if (name === 'notKeyword') return !(String(value) in email.keywords);
    if (name === 'after') return email.receivedAt >= String(value);
    if (name === 'before') return email.receivedAt < String(value);
    return name === 'hasAttachment' ? email.hasAttachment === value : false;
  });
}
