/**
 * Whom one writes to, ranked by use: each message that was sent counts most, each received one a little, all of it less with time. Whoever stands
 * among the contacts is known without any. What the server has told is kept on the device, for writing without a network.
 */
import type { Email, EmailAddress, GetResponse, Id, QueryResponse } from '../jmap/types.ts';
import { Offline } from '../jmap/errors.ts';
import { CONTACTS } from '../jmap/types.ts';
import { folded } from '../kit/folding.ts';
import { domainOf } from '../kit/mail.ts';
import { isMachine } from '../kit/people.ts';
import type { Mail } from './session.svelte.ts';

interface Known {
  address: EmailAddress;
  weight: number;
  /** Name and address as they are looked through, made once: each letter looks through thousands. */
  folded?: [name: string, email: string];
}

interface Book {
  known: Map<string, Known>;
  /** By address and by domain (`@…`), as whom one has written there, and how often. */
  as: Map<string, Map<string, number>>;
  asked: Promise<void> | null;
  /** Messages that have been counted. */
  seen: Set<Id>;
  /** What this device had kept is among it. */
  isKept: boolean;
}

const books = new WeakMap<Mail, Book>();
const HALF_LIFE_DAYS = 60;
/** As much as three messages that have just come from there. */
const CONTACT = 3;
/** So many contacts are asked for at once, and at most; so many people are kept on the device. */
const PAGE = 250;
const MOST_CONTACTS = 10_000;
const KEPT = 2000;
const KEPT_AS = 'people';

/** Of a card (RFC 9553) what an address needs. */
export interface Card {
  kind?: string;
  name?: { full?: string; components?: { value: string }[] };
  emails?: Record<string, { address: string }>;
}

export function addressesOf({ kind, name, emails }: Card): EmailAddress[] {
  if (kind === 'group') return [];
  const words = name?.full ?? name?.components?.map(({ value }) => value).join(' ') ?? '';
  return Object.values(emails ?? {}).map(({ address }) => ({ name: words.trim() || null, email: address }));
}

async function askContacts(mail: Mail, known: Map<string, Known>): Promise<void> {
  const { client } = mail.store;
  if (!client?.has(CONTACTS)) return;
  let total = 1;
  for (let position = 0; position < Math.min(total, MOST_CONTACTS); position += PAGE) {
    const query = client.call<QueryResponse>('ContactCard/query', { position, limit: PAGE, calculateTotal: true });
    const get = client.call<GetResponse<Card>>('ContactCard/get', { '#ids': query.ref('/ids'), properties: ['id', 'kind', 'name', 'emails'] });
    const [page, { list }] = await Promise.all([query, get]);
    total = page.total ?? 0;
    for (const card of list) for (const address of addressesOf(card)) count(known, address, CONTACT, true);
  }
}

function bookOf(mail: Mail): Book {
  let book = books.get(mail);
  if (!book) {
    book = { known: new Map(), as: new Map(), asked: null, seen: new Set(), isKept: false };
    books.set(mail, book);
  }
  return book;
}

/** `named`: the name is one's own word for somebody. */
function count(known: Map<string, Known>, address: EmailAddress, weight: number, named = false): void {
  const key = address.email.toLowerCase();
  const entry = known.get(key);
  if (entry) {
    entry.weight += weight;
    if (address.name && (named || !entry.address.name)) {
      entry.address = address;
      delete entry.folded;
    }
  } else known.set(key, { address, weight });
}

function wroteAs({ as }: Book, from: string, to: EmailAddress[]): void {
  for (const place of new Set(to.flatMap(({ email }) => [email.toLowerCase(), `@${domainOf(email)}`]))) {
    const counts = as.get(place) ?? new Map<string, number>();
    counts.set(from, (counts.get(from) ?? 0) + 1);
    as.set(place, counts);
  }
}

function learn(book: Book, emails: Iterable<Email>, mine: Set<string>, now: number): void {
  const { known, seen } = book;
  for (const email of emails) {
    if (seen.has(email.id)) continue;
    seen.add(email.id);
    const age = (now - Date.parse(email.receivedAt)) / 86_400_000;
    const worth = 2 ** (-age / HALF_LIFE_DAYS);
    const author = email.from?.[0]?.email.toLowerCase() ?? '';
    const own = mine.has(author);
    const to = [...(email.to ?? []), ...(email.cc ?? [])];
    if (own && !('$draft' in (email.keywords ?? {}))) wroteAs(book, author, to);
    if (own) for (const address of to) count(known, address, 5 * worth);
    else if (email.from?.[0] && !isMachine(email.from[0].email)) count(known, email.from[0], worth);
  }
}

/** Look once through what was sent, through the contacts, and through what is in memory. Where nobody can be asked, what this device has kept will do until somebody can. */
export async function prepare(mail: Mail): Promise<void> {
  const book = bookOf(mail);
  book.asked ??= (async () => {
    const { store } = mail;
    const { client, db } = store;
    const mine = new Set([mail.signed.address, ...store.identities.map((identity) => identity.email)].map((address) => address.toLowerCase()));
    // Counted anew: what was kept holds the same messages.
    if (book.isKept) for (const part of [book.known, book.as, book.seen]) part.clear();
    book.isKept = false;
    learn(book, store.emails.values(), mine, Date.now());
    const sent = store.byRole.get('sent')?.id;
    try {
      if (!client || !sent) throw new Offline();
      const query = client.call<{ ids: Id[] }>('Email/query', { filter: { inMailbox: sent }, sort: [{ property: 'receivedAt', isAscending: false }], limit: 300 });
      const get = client.call<GetResponse<Email>>('Email/get', { '#ids': query.ref('/ids'), properties: ['id', 'from', 'to', 'cc', 'receivedAt'] });
      // Both are heard: where nobody answers, both say so.
      const [, { list }] = await Promise.all([query, get]);
      learn(book, list, mine, Date.now());
      await askContacts(mail, book.known);
      await db?.put('meta', KEPT_AS, [...book.known.values()].sort((left, right) => right.weight - left.weight).slice(0, KEPT).map(({ address, weight }) => ({ address, weight })));
    } catch (error) {
      if (client) store.report(error);
      book.asked = null;
      book.isKept = true;
      for (const kept of (await db?.get<Known[]>('meta', KEPT_AS)) ?? []) {
        const key = kept.address.email.toLowerCase();
        if (kept.weight >= (book.known.get(key)?.weight ?? 0)) book.known.set(key, kept);
      }
    }
  })();
  await book.asked;
}

/** A message to these has been sent by `from`. */
export function note(mail: Mail, addresses: EmailAddress[], from: string): void {
  for (const address of addresses) count(bookOf(mail).known, address, 5);
  wroteAs(bookOf(mail), from.toLowerCase(), addresses);
}

/** So often one must have written to a domain before it has a usual sender. */
const USUAL = 2;

/** As whom one has always written to somebody, or, where one never has, to everybody of that domain; null where it was now this one, now that. */
export function usualSender(mail: Mail, to: string): { as: string; of: string } | null {
  const { as } = bookOf(mail);
  const domain = `@${domainOf(to)}`;
  for (const [place, least] of [[to.toLowerCase(), 1], [domain, USUAL]] as const) {
    const counts = [...(as.get(place) ?? [])];
    if (!counts.length) continue;
    const [only] = counts;
    return counts.length === 1 && only && only[1] >= least ? { as: only[0], of: place === domain ? domain.slice(1) : to } : null;
  }
  return null;
}

export function suggest(mail: Mail, query: string, without: ReadonlySet<string>, limit = 8): EmailAddress[] {
  const wanted = folded(query.trim());
  if (!wanted) return [];
  const found: { address: EmailAddress; worth: number }[] = [];
  for (const one of bookOf(mail).known.values()) {
    const { address, weight } = one;
    if (without.has(address.email.toLowerCase())) continue;
    const [name, email] = (one.folded ??= [folded(address.name ?? ''), folded(address.email)]);
    const place = name.startsWith(wanted) || email.startsWith(wanted) ? 3 : name.split(/\s+/).some((word) => word.startsWith(wanted)) ? 2 : email.includes(wanted) || name.includes(wanted) ? 1 : 0;
    if (place) found.push({ address, worth: place * 100 + Math.min(99, weight) });
  }
  return found.sort((left, right) => right.worth - left.worth).slice(0, limit).map(({ address }) => address);
}
