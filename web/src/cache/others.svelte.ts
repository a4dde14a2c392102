/**
 * Accounts of which others share something with the owner of this one (RFC 9670; docs/decisions/0096): who they are, and what becomes of what
 * was here of one that is shared no longer. Their emails lie beside one's own, each with its account's id.
 */
import type { Id, Mailbox, Session } from '../jmap/types.ts';
import type { Database } from './db.ts';
import { NAMES } from './bodies.ts';
import { mergedOf } from './merged.svelte.ts';
import type { Side, Store } from './store.svelte.ts';

/** So many rows are looked through at one time. */
const BATCH = 500;

export interface KeptOther {
  id: Id;
  name: string;
  isReadOnly: boolean;
  mailboxes: Mailbox[];
  states: Record<string, string>;
}

export class Other implements Side {
  readonly id: Id;
  readonly of: Id;
  /** The address of its owner. */
  name = $state('');
  isReadOnly = $state(true);
  #mailboxes = $state.raw<Mailbox[]>([]);
  states: Record<string, string>;

  constructor({ id, name, isReadOnly, mailboxes, states }: KeptOther) {
    this.id = this.of = id;
    this.name = name;
    this.isReadOnly = isReadOnly;
    this.mailboxes = mailboxes;
    this.states = states;
  }

  get mailboxes(): Mailbox[] {
    return this.#mailboxes;
  }

  set mailboxes(list: Mailbox[]) {
    this.#mailboxes = list.map((box) => (box.accountId === this.id ? box : { ...box, accountId: this.id }));
  }

  get kept(): KeptOther {
    const { id, name, isReadOnly, mailboxes, states } = this;
    return { id, name, isReadOnly, mailboxes, states: { ...states } };
  }
}

/** What this device has of them, before the network has answered. */
export function revive(store: Store, kept: KeptOther[]): void {
  store.merged ??= mergedOf(store);
  store.others = kept.map((one) => new Other(one));
}

/** The accounts of a session object: those that are new are asked for what they share, those that are gone leave nothing here. */
export async function follow(store: Store, session: Session): Promise<void> {
  const wanted = Object.entries(session.accounts).filter(([id]) => id !== store.accountId);
  const gone = store.others.filter(({ id }) => !wanted.some(([one]) => one === id));
  const others = wanted.map(([id, { name, isReadOnly }]) => {
    // The same one as before: it may be followed just now.
    const other = store.others.find((one) => one.id === id) ?? new Other({ mailboxes: [], states: {}, id, name, isReadOnly });
    other.name = name;
    other.isReadOnly = isReadOnly;
    return other;
  });
  const same = others.length === store.others.length && others.every((one, at) => one === store.others[at]);
  store.merged ??= mergedOf(store);
  if (!same) store.others = others;
  for (const { id } of gone) {
    await store.leave(id);
    if (store.db) await forget(store.db, id).catch(() => undefined);
  }
  if (same) return;
  store.db?.later('meta', [['others', others.map(({ kept }) => kept)]]);
  await Promise.all(others.filter(({ states }) => states['Email'] === undefined).map((other) => store.sync(undefined, other)));
  store.keepStates();
}

/** Nothing of an account stays on the device: rows, texts, lists, and deeds that are about nothing else. */
async function forget(db: Database, account: Id): Promise<void> {
  const mine = (value: unknown): boolean => (value as { accountId?: Id } | null)?.accountId === account;
  const emails: Id[] = [];
  for await (const batch of db.batches<unknown>('email', BATCH)) emails.push(...batch.filter(([, email]) => mine(email)).map(([id]) => id));
  await db.delete('email', emails);
  const bodies = (await db.keys('body')).filter((id) => emails.includes(id));
  for await (const batch of db.batches<unknown>('body', BATCH)) bodies.push(...batch.filter(([, body]) => mine(body)).map(([id]) => id));
  await db.delete('body', bodies);
  const meta = emails.map((id) => `${NAMES}${id}`);
  for await (const batch of db.batches<unknown>('meta', BATCH)) meta.push(...batch.filter(([id, value]) => id.startsWith('thread:') && mine(value)).map(([id]) => id));
  await db.delete('meta', meta);
  const deeds: string[] = [];
  for await (const batch of db.batches<{ patches: Record<Id, unknown>; of?: Record<Id, Id> }>('log', BATCH))
    deeds.push(...batch.filter(([, { patches, of }]) => of && Object.keys(patches).every((id) => of[id] === account)).map(([id]) => id));
  await db.delete('log', deeds);
  await db.delete('query', (await db.keys('query')).filter((key) => (JSON.parse(key) as unknown[])[3] === account));
}
