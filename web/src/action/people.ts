/**
 * Whom one writes to, ranked by use: each message that was sent counts most, each received one a little, all of it less with time.
 */
import type { Email, EmailAddress, GetResponse, Id } from '../jmap/types.ts';
import { fold } from '../kit/match.ts';
import { isMachine } from '../kit/people.ts';
import type { Mail } from './session.svelte.ts';

interface Known {
  address: EmailAddress;
  weight: number;
}

const books = new WeakMap<Mail, { known: Map<string, Known>; asked: Promise<void> | null }>();
const HALF_LIFE_DAYS = 60;

function bookOf(mail: Mail): { known: Map<string, Known>; asked: Promise<void> | null } {
  let book = books.get(mail);
  if (!book) {
    book = { known: new Map(), asked: null };
    books.set(mail, book);
  }
  return book;
}

function count(known: Map<string, Known>, address: EmailAddress, weight: number): void {
  const key = address.email.toLowerCase();
  const entry = known.get(key);
  if (entry) {
    entry.weight += weight;
    if (!entry.address.name && address.name) entry.address = address;
  } else known.set(key, { address, weight });
}

function learn(known: Map<string, Known>, emails: Iterable<Email>, mine: Set<string>, now: number): void {
  for (const email of emails) {
    const age = (now - Date.parse(email.receivedAt)) / 86_400_000;
    const worth = 2 ** (-age / HALF_LIFE_DAYS);
    const own = mine.has(email.from?.[0]?.email.toLowerCase() ?? '');
    if (own) for (const address of [...(email.to ?? []), ...(email.cc ?? [])]) count(known, address, 5 * worth);
    else if (email.from?.[0] && !isMachine(email.from[0].email)) count(known, email.from[0], worth);
  }
}

/** Look once through what was sent, and through what is in memory. */
export async function prepare(mail: Mail): Promise<void> {
  const book = bookOf(mail);
  book.asked ??= (async () => {
    const mine = new Set([mail.signed.address, ...mail.store.identities.map((identity) => identity.email)].map((address) => address.toLowerCase()));
    learn(book.known, mail.store.emails.values(), mine, Date.now());
    const sent = mail.store.byRole.get('sent')?.id;
    const client = mail.store.client;
    if (!client || !sent) return;
    try {
      const query = client.call<{ ids: Id[] }>('Email/query', { filter: { inMailbox: sent }, sort: [{ property: 'receivedAt', isAscending: false }], limit: 300 });
      const get = client.call<GetResponse<Email>>('Email/get', { '#ids': query.ref('/ids'), properties: ['id', 'from', 'to', 'cc', 'receivedAt'] });
      // Both are heard: where nobody answers, both say so.
      const [, { list }] = await Promise.all([query, get]);
      learn(book.known, list, mine, Date.now());
    } catch (error) {
      mail.store.report(error);
      book.asked = null;
    }
  })();
  await book.asked;
}

export function note(mail: Mail, addresses: EmailAddress[]): void {
  for (const address of addresses) count(bookOf(mail).known, address, 5);
}

export function suggest(mail: Mail, query: string, without: ReadonlySet<string>, limit = 8): EmailAddress[] {
  const wanted = fold(query.trim());
  if (!wanted) return [];
  const found: { address: EmailAddress; worth: number }[] = [];
  for (const { address, weight } of bookOf(mail).known.values()) {
    if (without.has(address.email.toLowerCase())) continue;
    const name = fold(address.name ?? '');
    const email = fold(address.email);
    const place = name.startsWith(wanted) || email.startsWith(wanted) ? 3 : name.split(/\s+/).some((word) => word.startsWith(wanted)) ? 2 : email.includes(wanted) || name.includes(wanted) ? 1 : 0;
    if (place) found.push({ address, worth: place * 100 + Math.min(99, weight) });
  }
  return found.sort((left, right) => right.worth - left.worth).slice(0, limit).map(({ address }) => address);
}
