/**
 * The rows of this device in memory, newest first, and the search through them as one types.
 *
 * Pure: rows and terms give ids. A search is a generator that pauses after each few thousand rows, so that whoever drives it may
 * give way or leave it; what an earlier search has found is all that a narrower one looks at.
 */
import type { Comparator, Email, Filter, Id } from '../jmap/types.ts';
import { folded } from '../kit/folding.ts';
import { haystack, matcher } from '../kit/matching.ts';
import { type World, whoOf } from '../kit/search-filter.ts';
import type { Term } from '../kit/search.ts';
import type { Question } from './question.ts';

function worldOf({ names, hidden, me }: Question): World {
  return { mailbox: (name) => names[`in:${name}`] ?? null, label: (name) => names[`label:${name}`] ?? null, hidden, ...(me ? { me } : {}) };
}

const grows = new Set(['text', 'from', 'to', 'subject', 'body']);

/** True where whatever answers `next` answers `last` as well: each earlier term is there still, or has got more letters. */
export function narrows(last: Question, next: Question): boolean {
  if (last.account !== next.account || last.everywhere !== next.everywhere || last.hidden.join() !== next.hidden.join() || next.terms.length < last.terms.length) return false;
  const looksIn = (asked: Question): boolean => asked.terms.some(({ op }) => op === 'in');
  if (looksIn(last) !== looksIn(next)) return false;
  return last.terms.every((old, index) => {
    const now = next.terms[index];
    if (!now || now.op !== old.op || now.not !== old.not) return false;
    if (now.value === old.value) return last.names[`${old.op}:${old.value}`] === next.names[`${now.op}:${now.value}`];
    return !old.not && grows.has(old.op) && !whoOf(old, last.me) && !whoOf(now, next.me) && folded(now.value).includes(folded(old.value));
  });
}

/** What a search needs of an email. */
interface Entry {
  id: Id;
  /** A small number for its conversation. */
  thread: number;
  account: Id | undefined;
  receivedAt: string;
  size: number;
  hasAttachment: boolean;
  keywords: Record<string, true>;
  mailboxIds: Record<string, true>;
  text: string;
}

const same = (left: Entry, right: Entry): boolean => (Object.keys(right) as (keyof Entry)[]).every((name) => left[name] === right[name]);
const later = (left: Entry, right: Entry): number => (left.receivedAt > right.receivedAt ? -1 : left.receivedAt < right.receivedAt ? 1 : left.id > right.id ? -1 : 1);
const SLICE = 2048;

/** What a question has found: rows of the list by their places, newest first. */
interface Result {
  asked: Question;
  places: Uint32Array;
  /** Where the word that was looked for last begins in each of these rows: with more letters it begins nowhere before. */
  word: { term: number; starts: Uint32Array } | null;
}

/** So many results are kept of each account: who takes letters back has been there before. */
const KEPT = 8;

/** What a search has found, newest first, one row of each conversation where asked so. */
export interface Found {
  total: number;
  ids: (first?: number) => Id[];
}

export class Rows {
  #list: Entry[] = [];
  /** Rows that have come since somebody asked, in runs, each in order, the longest first: many thousands are not put into the list one batch after the other. */
  #runs: Entry[][] = [];
  readonly #byId = new Map<Id, Entry>();
  readonly #threads = new Map<Id, number>();
  readonly #sets = new Map<string, Record<string, true>>();
  #seen = new Uint32Array(1024);
  #round = 0;
  #version = 0;
  /** The questions that were answered to their end since the rows have changed, by whose mail they are about, the last one first. */
  readonly #kept = new Map<Id | undefined, Result[]>();
  /** How many rows there are of each account. */
  readonly #sizes = new Map<Id | undefined, number>();
  /** The day on which they were asked: "today" is another one tomorrow. */
  #day = '';

  get size(): number {
    return this.#byId.size;
  }

  /** How many rows are of an account. */
  sizeOf(account: Id | undefined): number {
    return this.#sizes.get(account) ?? 0;
  }

  #count(account: Id | undefined, more: number): void {
    this.#sizes.set(account, this.sizeOf(account) + more);
  }

  /** All rows in their order. */
  #all(): Entry[] {
    if (this.#runs.length) this.#list = merge(this.#list, this.#runs.splice(0).reduceRight((short, long) => merge(long, short)));
    return this.#list;
  }

  /** Take rows in, anew or changed; null for what is gone. */
  put(rows: [Id, Email | null][]): void {
    let changed = false;
    const fresh: Entry[] = [];
    const out = new Set<Entry>();
    for (const [id, email] of rows) {
      const known = this.#byId.get(id);
      if (!email) {
        if (known) {
          out.add(known);
          this.#count(known.account, -1);
          changed = true;
        }
        this.#byId.delete(id);
        continue;
      }
      const entry: Entry = {
        id, thread: this.#number(email.threadId), account: email.accountId, receivedAt: email.receivedAt, size: email.size, hasAttachment: email.hasAttachment,
        keywords: this.#shared(email.keywords), mailboxIds: this.#shared(email.mailboxIds), text: haystack(email),
      };
      // What the server answers is mostly what is here already: what was found last is still found then.
      if (known && same(known, entry)) continue;
      changed = true;
      if (!known) this.#count(entry.account, 1);
      if (known && known.receivedAt === entry.receivedAt) Object.assign(known, entry);
      else {
        if (known) out.add(known);
        this.#byId.set(id, entry);
        fresh.push(entry);
      }
    }
    if (!changed) return;
    this.#kept.clear();
    this.#version++;
    // Never in place: a search may be on its way through the old list.
    if (out.size) this.#list = this.#all().filter((entry) => !out.has(entry));
    // The same id may have come twice; the later one stands.
    let run = fresh.filter((entry) => this.#byId.get(entry.id) === entry).sort(later);
    if (!run.length) return;
    for (let last = this.#runs.at(-1); last && last.length < 2 * run.length; last = this.#runs.at(-1)) run = merge(this.#runs.pop() as Entry[], run);
    this.#runs.push(run);
  }

  /** Search. Yields after each slice of rows. Looked at are the fewest rows that can answer, and only for what they have not been asked yet. */
  *search(asked: Question, now: Date): Generator<undefined, Found> {
    const day = now.toDateString();
    if (day !== this.#day) this.#kept.clear();
    this.#day = day;
    const list = this.#all();
    const version = this.#version;
    const before = (): Result[] => this.#kept.get(asked.account) ?? [];
    const wider = before().filter((kept) => narrows(kept.asked, asked));
    const same = wider.find((kept) => narrows(asked, kept.asked));
    const base = wider.reduce<Result | null>((least, kept) => (least && least.places.length <= kept.places.length ? least : kept), null);
    const result = same ?? (yield* this.#look(asked, now, list, base));
    if (version === this.#version) this.#kept.set(asked.account, [result, ...before().filter((kept) => kept !== result)].slice(0, KEPT));
    return this.#found(list, result.places, asked.collapse);
  }

  /** The rows of `base` (all where it is null) that answer what is asked more. */
  *#look(asked: Question, now: Date, list: Entry[], base: Result | null): Generator<undefined, Result> {
    const fresh = asked.terms.flatMap(({ value }, index) => (base?.asked.terms[index]?.value === value ? [] : [index]));
    const lead = fresh.findLast((index) => asked.terms[index]?.op === 'text' && !asked.terms[index]?.not) ?? -1;
    const word = folded(asked.terms[lead]?.value ?? '');
    const known = base?.word && base.word.term === lead && word.startsWith(folded(base.asked.terms[lead]?.value ?? '\n')) ? base.word.starts : null;
    const others = fresh.filter((index) => index !== lead).map((index) => asked.terms[index] as Term);
    // Where something is left of an earlier answer, what hides rows has been looked at.
    const test = others.length || (!base && !asked.everywhere && asked.hidden.length) ? matcher(others, worldOf(asked), now, base !== null || asked.everywhere || asked.terms.some(({ op }) => op === 'in')) : null;
    const size = base ? base.places.length : list.length;
    const places = new Uint32Array(size);
    const starts = lead < 0 ? null : new Uint32Array(size);
    let count = 0;
    for (let from = 0; from < size; from += SLICE) {
      for (let at = from, end = Math.min(size, from + SLICE); at < end; at++) {
        const place = base ? (base.places[at] as number) : at;
        const entry = list[place] as Entry;
        if (entry.account !== asked.account) continue;
        const start = starts ? entry.text.indexOf(word, known ? known[at] : 0) : 0;
        if (start < 0 || (test && !test(entry, entry.text))) continue;
        places[count] = place;
        if (starts) starts[count] = start;
        count++;
      }
      yield;
    }
    return { asked, places: places.slice(0, count), word: starts && { term: lead, starts: starts.slice(0, count) } };
  }

  /** What of a list is here: the filter of a place, looked at by this device. */
  select(filter: Filter | null, collapse: boolean, account?: Id, sort: readonly Comparator[] = []): Id[] {
    const list = this.#all().filter((entry) => entry.account === account);
    if (!filter) return this.#ids(inOrder(list, sort), collapse);
    const members = new Map<number, Entry[]>();
    if (JSON.stringify(filter).includes('"someInThread"')) {
      for (const entry of list) {
        const known = members.get(entry.thread);
        if (known) known.push(entry);
        else members.set(entry.thread, [entry]);
      }
    }
    const test = matcherOf<Entry>(filter, { number: ({ thread }) => thread, members: (number) => members.get(number) ?? [] });
    return this.#ids(inOrder(list.filter(test), sort), collapse);
  }

  #found(list: Entry[], places: Uint32Array, collapse: boolean): Found {
    const shown = collapse ? this.#firstOfEach(places, (place) => list[place] as Entry) : places;
    return { total: shown.length, ids: (first = shown.length) => Array.from(shown.subarray(0, first), (place) => (list[place] as Entry).id) };
  }

  #ids(entries: Entry[], collapse: boolean): Id[] {
    const all = Uint32Array.from(entries.keys());
    return Array.from(collapse ? this.#firstOfEach(all, (place) => entries[place] as Entry) : all, (place) => (entries[place] as Entry).id);
  }

  /** The first place of each conversation. */
  #firstOfEach(places: Uint32Array, entryAt: (place: number) => Entry): Uint32Array {
    if (this.#seen.length < this.#threads.size) this.#seen = new Uint32Array(2 * this.#threads.size);
    const round = ++this.#round;
    const out = new Uint32Array(places.length);
    let count = 0;
    for (const place of places) {
      const { thread } = entryAt(place);
      if (this.#seen[thread] === round) continue;
      this.#seen[thread] = round;
      out[count++] = place;
    }
    return out.subarray(0, count);
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

/** Two lists in order as one. Where few come into many, their places are looked for and what lies between is taken as it is. */
function merge(left: Entry[], right: Entry[]): Entry[] {
  const few = right.length * 16 < left.length;
  const out: Entry[] = [];
  let at = 0;
  for (const entry of right) {
    let end = at;
    if (few) {
      for (let high = left.length; end < high; ) {
        const middle = (end + high) >> 1;
        if (later(left[middle] as Entry, entry) < 0) end = middle + 1;
        else high = middle;
      }
    } else while (end < left.length && later(left[end] as Entry, entry) < 0) end++;
    while (at < end) out.push(left[at++] as Entry);
    out.push(entry);
  }
  while (at < left.length) out.push(left[at++] as Entry);
  return out;
}

/** The name of the first address of a line of a haystack, else that address. */
const firstOf = (line: string): string => /^(.*?) \S+@/.exec(line)?.[1] || line.trim();
/** A subject without what answers and forwards put before and behind it (RFC 5256 §2.1). */
const baseOf = (subject: string): string => subject.replace(/^(?:\s*(?:\[[^\]]*\]\s*)?(?:re|fwd?)\s*(?:\[[^\]]*\]\s*)?:)+|(?:\s*\(fwd\))+\s*$/g, '').trim();
const keys: Record<string, (entry: Entry) => string | number> = {
  receivedAt: ({ receivedAt }) => receivedAt,
  size: ({ size }) => size,
  from: ({ text }) => firstOf(text.split('\n', 1)[0] as string),
  to: ({ text }) => firstOf(text.split('\n', 2)[1] as string),
  subject: ({ text }) => baseOf(text.split('\n', 3)[2] as string),
};

/** Rows that lie newest first, in another order as the server has it (RFC 8621 §4.4.2): what is equal in it stays as it lies. */
function inOrder(list: Entry[], [by]: readonly Comparator[]): Entry[] {
  const key = by && keys[by.property];
  if (!key || (by.property === 'receivedAt' && !by.isAscending)) return list;
  const sign = by.isAscending ? 1 : -1;
  const all = list.map((entry) => ({ entry, key: key(entry) }));
  return all.sort((left, right) => sign * (left.key < right.key ? -1 : left.key > right.key ? 1 : 0)).map(({ entry }) => entry);
}

/** What a place's filter looks at. */
export type Looked = Pick<Email, 'mailboxIds' | 'keywords' | 'receivedAt' | 'hasAttachment'> & { size?: number; text?: string };

const lines: Record<string, number> = { from: 0, to: 1, subject: 2, body: 3 };

/** Every word of `wanted` begins a word of `text`, a phrase in quotes stands in it, as the server looks for them (RFC 8621 §4.4.1). */
export function says(text: string, wanted: string): boolean {
  const parts = [...folded(wanted).matchAll(/"([^"]*)"|(\S+)/g)].map(([, phrase, word]) => ({ whole: phrase !== undefined, part: phrase ?? word ?? '' }));
  return parts.every(({ whole, part }) => {
    for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) if (whole || at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1] ?? '')) return true;
    return false;
  });
}

/**
 * The conditions that places are made of (RFC 8621 §4.4.1, and `someInThread`), as a test of one email. What is not known here matches nothing.
 * `thread` gives the emails of a conversation and a number for it; without it an email is a conversation of its own.
 */
export function matcherOf<T extends Looked>(filter: Filter, thread?: { number: (email: T) => number; members: (number: number) => readonly T[] }): (email: T) => boolean {
  if ('operator' in filter && Array.isArray(filter['conditions'])) {
    const each = (filter['conditions'] as Filter[]).map((one) => matcherOf(one, thread));
    if (filter['operator'] === 'AND') return (email) => each.every((test) => test(email));
    if (filter['operator'] === 'OR') return (email) => each.some((test) => test(email));
    return (email) => !each.some((test) => test(email));
  }
  const tests = Object.entries(filter).map(([name, value]): ((email: T) => boolean) => {
    const text = String(value);
    switch (name) {
      case 'inMailbox':
        return ({ mailboxIds }) => text in mailboxIds;
      case 'inMailboxOtherThan': {
        const others = new Set(value as Id[]);
        return ({ mailboxIds }) => Object.keys(mailboxIds).some((id) => !others.has(id));
      }
      case 'hasKeyword':
        return ({ keywords }) => text in keywords;
      case 'notKeyword':
        return ({ keywords }) => !(text in keywords);
      case 'after':
        return ({ receivedAt }) => receivedAt >= text;
      case 'before':
        return ({ receivedAt }) => receivedAt < text;
      case 'hasAttachment':
        return ({ hasAttachment }) => hasAttachment === value;
      case 'minSize':
        return ({ size = 0 }) => size >= Number(value);
      case 'maxSize':
        return ({ size = 0 }) => size < Number(value);
      case 'text':
        return (email) => says(email.text ?? '', text);
      case 'from':
      case 'to':
      case 'subject':
      case 'body':
        return (email) => says((email.text ?? '').split('\n')[lines[name] as number] ?? '', text);
      case 'someInThread': {
        const test = matcherOf(value as Filter, thread);
        if (!thread) return test;
        const known = new Map<number, boolean>();
        return (email) => {
          const number = thread.number(email);
          let found = known.get(number);
          if (found === undefined) known.set(number, (found = thread.members(number).some(test)));
          return found;
        };
      }
      default:
        return () => false;
    }
  });
  return (email) => tests.every((test) => test(email));
}
