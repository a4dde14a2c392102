/**
 * The account's replica on this device: records, the states they stand at, live queries.
 *
 * `emails` holds what the screen shows: the server's record with every change laid over it that this device has made and the
 * server has not confirmed. News (`/changes`) is applied to the record beneath; the overlays stay on top until they are
 * settled, so that nothing flickers back. What nobody refers to any more leaves the page's memory (`tidy`); the device has it.
 */
import { untrack } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { Offline, Refused, SignedOut } from '../jmap/errors.ts';
import type { Client } from '../jmap/client.ts';
import type { ChangesResponse, Email, GetResponse, Id, Identity, Mailbox, News, Thread } from '../jmap/types.ts';
import { PLUS, SUBMISSION } from '../jmap/types.ts';
import { alike, says } from '../kit/alike.ts';
import { hand } from '../kit/rest.ts';
import { type Held, Holds } from './holds.ts';
import { type Patch, apply } from './patch.ts';
import { EmailQuery, type QuerySpec, keyOf } from './query.svelte.ts';
import type { Database } from './db.ts';
import type { KeptOther, Other } from './others.svelte.ts';
import type { Result } from './query.svelte.ts';

export const rowProperties = ['id', 'blobId', 'threadId', 'mailboxIds', 'keywords', 'size', 'receivedAt', 'from', 'to', 'subject', 'preview', 'hasAttachment'];

const MANY_CHANGED = 200;
/** So many lists are kept current. */
const MOST_QUERIES = 12;
/** With more emails than this in memory those that nobody refers to are let go, when the hand rests so long, and after so long in any case. */
const MOST_EMAILS = 3000;
const TIDY_REST_MS = 800;
const TIDY_WAIT_MS = 20_000;
const AT_ONCE = 200;
/** Of the emails that are let go one of so many leaves its date behind: enough to find the headings of a long list. */
const DATED = 16;

/** Answers to what has changed, as far as there are any; by the names that news gives them. */
interface Changes {
  changes: ChangesResponse;
  created: GetResponse<Email>;
  updated: GetResponse<Email>;
  threads: GetResponse<Thread>;
  boxes: ChangesResponse;
  made: GetResponse<Mailbox>;
  moved: GetResponse<Mailbox>;
}
const said = ['changes', 'created', 'updated', 'threads', 'boxes', 'made', 'moved'] as const;

export type Link = 'starting' | 'online' | 'offline' | 'signed-out';

/** An account of which there is a replica here: one's own, or one that somebody shares. */
export interface Side {
  /** Whose it is, where it is not one's own. */
  readonly of?: Id | undefined;
  mailboxes: Mailbox[];
  states: Record<string, string>;
}

interface Overlay {
  op: string;
  patch: Patch;
}

export class Store implements Side {
  readonly of = undefined;
  readonly emails = new SvelteMap<Id, Email>();
  readonly threads = new SvelteMap<Id, Thread>();
  /** Goes up with each batch of emails that has come: for who asks for many of them by `peek`. */
  taken = $state(0);
  mailboxes = $state.raw<Mailbox[]>([]);
  /** Accounts of which somebody shares something with the owner of this one (`others.svelte.ts`). */
  others = $state.raw<Other[]>([]);
  /** Who shares something has been asked. */
  looked = $state(false);
  /** One list of several, newest first; there as soon as there are other accounts. */
  merged: ((specs: QuerySpec[]) => Result) | undefined;
  /** Another account has gone, as somebody's answer says. */
  onGone: (() => void) | undefined;
  /** Of which account emails are that others share. */
  readonly #whose = new Map<Id, Id>();
  identities = $state.raw<Identity[]>([]);
  /** True while an exchange is under way that the user did not ask for. */
  syncing = $state(false);
  #client = $state.raw<Client | null>(null);
  #link = $state<Link>('starting');
  #waiters: (() => void)[] = [];
  #db: Database | null = null;
  /** Of what the device has, or will have when it next writes: what comes as it is here already is not written again. */
  readonly #written = new Set<string>();
  readonly queries: EmailQuery[] = [];
  readonly byRole = $derived(new Map(this.mailboxes.filter((box) => box.role).map((box) => [box.role as string, box])));
  readonly mailboxById = $derived(new Map([this as Side, ...this.others].flatMap(({ mailboxes }) => mailboxes.map((box) => [box.id, box]))));
  /** Called when nobody has answered: to try again. */
  onOffline: (() => void) | undefined;
  /** Called with each batch of emails that arrived after the first sync. */
  readonly arrivals = new Set<(emails: Email[]) => void>();
  /** What has changed since a search has last been told; null while nobody searches. */
  changed: Map<Id, Email | null> | null = null;
  /** Called when that has become much: told all at once it would hold up whoever searches next, and until then it would be held here. */
  onManyChanged: (() => void) | undefined;
  states: Record<string, string> = {};
  #server = new Map<Id, Email>();
  #overlays = new Map<Id, Overlay[]>();
  #chain: Promise<unknown> = Promise.resolve();
  /** Mail has been taken that no list has been asked about yet. */
  #listsBehind = false;
  #listeners = new Map<string, Set<() => void>>();
  readonly #holds = new Holds();
  /** Dates of some of the emails that are no longer in memory. */
  readonly #dates = new Map<Id, string>();
  #loading = 0;
  #tidying: Promise<void> | null = null;
  /** Counts that unconfirmed changes move, by mailbox. */
  unreadDelta = new SvelteMap<Id, number>();

  constructor(
    readonly accountId: Id,
    readonly address: string,
  ) {}

  get client(): Client | null {
    return this.#client;
  }

  set client(client: Client | null) {
    this.#client = client;
    if (client) for (const wake of this.#waiters.splice(0)) wake();
  }

  get db(): Database | null {
    return this.#db;
  }

  set db(db: Database | null) {
    this.#db = db;
    this.#written.clear();
  }

  get link(): Link {
    return this.#link;
  }

  set link(link: Link) {
    this.#link = link;
    if (link !== 'starting') for (const wake of this.#waiters.splice(0)) wake();
  }

  /** The way to the server; while the page starts, as soon as it is known whether there is one. Null where nobody answers. */
  async reach(): Promise<Client | null> {
    if (!this.#client && this.#link === 'starting') await new Promise<void>((resolve) => this.#waiters.push(resolve));
    return this.#client;
  }

  get rowProperties(): string[] {
    return this.client?.has(PLUS) ? [...rowProperties, 'snoozed'] : rowProperties;
  }

  /** The way to an account that somebody shares, or to one's own. */
  clientOf(account: Id | undefined): Client | null {
    return account ? (this.#client?.of(account) ?? null) : this.#client;
  }

  /** Whose an email is, where somebody else shares it. */
  whose(id: Id): Id | undefined {
    return this.peek(id)?.accountId ?? this.#whose.get(id);
  }

  /** These emails are of an account that somebody shares: whoever looks for one asks there. */
  know(ids: Iterable<Id | null>, account: Id | undefined): void {
    if (account) for (const id of ids) if (id) this.#whose.set(id, account);
  }

  /** The mailbox with a role, of one's own or of another account. */
  roleOf(role: string, account: Id | undefined): Mailbox | undefined {
    return account ? this.others.find(({ id }) => id === account)?.mailboxes.find((box) => box.role === role) : this.byRole.get(role);
  }

  #foreign(account: Id | undefined): Id | undefined {
    return account === this.accountId ? undefined : account;
  }

  /** Tell what went wrong on the way to everybody who shows the link's state. */
  report(error: unknown): void {
    if (error instanceof SignedOut) this.link = 'signed-out';
    else if (error instanceof Offline) {
      this.link = 'offline';
      this.onOffline?.();
    } else if (error instanceof Refused && error.type === 'accountNotFound') this.onGone?.();
  }

  // ------------------------------------------------------------------------------------------------ records

  takeEmails(response: GetResponse<Email>): void {
    const account = this.#foreign(response.accountId);
    if (account) for (const email of response.list) email.accountId = account;
    const fresh = response.list.filter((email) => this.#put(email) || !this.#written.has(email.id));
    // What is here already is neither drawn nor written again.
    if (fresh.length || response.notFound.length) this.taken++;
    this.#write('email', fresh.map((email) => [email.id, this.#server.get(email.id) ?? this.emails.get(email.id)]));
    for (const id of response.notFound) if (this.whose(id) === account) this.#drop(id);
  }

  takeThreads(response: GetResponse<Thread>): void {
    const account = this.#foreign(response.accountId);
    const fresh = response.list.filter((thread) => {
      if (account) {
        thread.accountId = account;
        this.know(thread.emailIds, account);
      }
      const changed = !alike(this.threads.get(thread.id), thread);
      if (changed) this.threads.set(thread.id, thread);
      return changed || !this.#written.has(`thread:${thread.id}`);
    });
    for (const id of response.notFound) if (this.threads.get(id)?.accountId === account) this.threads.delete(id);
    this.#write('meta', fresh.map((thread) => [`thread:${thread.id}`, thread]));
  }

  #write(store: 'email' | 'meta', entries: [string, unknown][]): void {
    if (!this.#db || !entries.length) return;
    this.#db.later(store, entries);
    for (const [id] of entries) this.#written.add(id);
  }

  /** Show an email as it is now. */
  #show(email: Email): void {
    this.emails.set(email.id, email);
    this.#note(email.id, email);
    if (untrack(() => this.emails.size) > this.mostEmails) this.#tidying ??= this.#tidyAtRest();
  }

  /** Rows have come onto this device without being shown. */
  tell(emails: Email[]): void {
    for (const email of emails) if (!this.emails.has(email.id)) this.#note(email.id, email);
  }

  #note(id: Id, email: Email | null): void {
    if (!this.changed) return;
    this.changed.set(id, email);
    if (this.changed.size >= MANY_CHANGED) this.onManyChanged?.();
  }

  /** Take an email in. False where it says nothing new. */
  #put(email: Email): boolean {
    const known = this.#server.get(email.id) ?? this.emails.get(email.id);
    if (known && says(known, email)) return false;
    const merged = known ? { ...known, ...email } : email;
    const overlays = this.#overlays.get(email.id);
    if (overlays?.length) {
      this.#server.set(email.id, merged);
      this.#show(overlays.reduce((shown, { patch }) => apply(shown, patch), merged));
    } else {
      this.#server.delete(email.id);
      this.#show(merged);
    }
    return true;
  }

  #drop(id: Id): void {
    this.emails.delete(id);
    this.#dates.delete(id);
    this.#note(id, null);
    this.#server.delete(id);
    this.#overlays.delete(id);
    this.#written.delete(id);
    void this.db?.delete('email', [id]);
    void this.db?.delete('body', [id]);
  }

  /** Lay a change over an email until `settle`. */
  overlay(op: string, id: Id, patch: Patch): void {
    const shown = this.emails.get(id);
    if (!shown) return;
    if (!this.#server.has(id)) this.#server.set(id, shown);
    this.#overlays.set(id, [...(this.#overlays.get(id) ?? []), { op, patch }]);
    this.#show(apply(shown, patch));
  }

  /** The server has answered: keep the change (`accepted`) or take it away. */
  settle(op: string, id: Id, accepted: boolean): void {
    const overlays = this.#overlays.get(id);
    const mine = overlays?.find((overlay) => overlay.op === op);
    if (!overlays || !mine) return;
    const base = this.#server.get(id);
    const rest = overlays.filter((overlay) => overlay !== mine);
    if (rest.length) this.#overlays.set(id, rest);
    else this.#overlays.delete(id);
    if (!base) return;
    const now = accepted ? apply(base, mine.patch) : base;
    if (rest.length) this.#server.set(id, now);
    else this.#server.delete(id);
    this.#show(rest.reduce((shown, { patch }) => apply(shown, patch), now));
    this.db?.later('email', [[id, now]]);
  }

  // ------------------------------------------------------------------------------------------------ memory

  /** Only tests have fewer. */
  mostEmails = MOST_EMAILS;

  /** Emails and conversations that somebody works with: whatever `held` says stays in memory, until the returned function is called. */
  hold(held: Held): () => void {
    return this.#holds.add(held);
  }

  /** When an email was received, as far as that is known: of what is no longer in memory only here and there. */
  dateOf(id: Id): string | undefined {
    return this.peek(id)?.receivedAt ?? this.#dates.get(id);
  }

  async #tidyAtRest(): Promise<void> {
    await hand().rests(TIDY_REST_MS, TIDY_WAIT_MS, () => this.#loading > 0);
    await this.tidy().finally(() => (this.#tidying = null));
  }

  /**
   * Let go what nobody refers to: neither a list (its first page and what was looked at lately), nor whoever holds something (`hold`), nor a change that the server has
   * not confirmed. A conversation stays as a whole. What goes is on the device; where there is no device's store the server has it, and where neither is, it stays.
   * Some go at one time, so that nobody waits for it.
   */
  async tidy(): Promise<void> {
    await this.#db?.flush(true).catch(() => undefined);
    while ((this.#db || this.#link === 'online') && !this.#loading && this.#letGo(AT_ONCE)) await new Promise((resolve) => setTimeout(resolve));
  }

  /** The conversations that somebody refers to. */
  #referred(): Set<Id> {
    const { emails, threads } = this.#holds.all();
    for (const id of this.#overlays.keys()) emails.add(id);
    for (const query of this.queries) {
      for (const id of query.top) emails.add(id);
      for (const id of query.held) threads.add(id);
    }
    for (const id of emails) threads.add(this.peek(id)?.threadId ?? '');
    return threads;
  }

  /** Let go about so many emails, with all of their conversations; true where there are more. */
  #letGo(most: number): boolean {
    const referred = this.#referred();
    const going = new Set<Id>();
    let gone = 0;
    let more = false;
    const letThreadGo = (id: Id): void => {
      if (this.threads.delete(id)) this.#written.delete(`thread:${id}`);
    };
    // As plain maps: to look at each entry of the other kind makes something that watches it.
    for (const [id, { threadId, receivedAt }] of Map.prototype.entries.call(this.emails) as Iterable<[Id, Email]>) {
      if (referred.has(threadId)) continue;
      if (gone >= most && !going.has(threadId)) {
        more = true;
        continue;
      }
      going.add(threadId);
      if (gone++ % DATED === 0) this.#dates.set(id, receivedAt);
      else this.#dates.delete(id);
      this.emails.delete(id);
      this.#written.delete(id);
      letThreadGo(threadId);
    }
    if (!more) for (const id of Map.prototype.keys.call(this.threads) as Iterable<Id>) if (!referred.has(id)) letThreadGo(id);
    return more;
  }

  /** Make sure that rows are in memory, from this device if it has them. */
  async load(ids: Id[]): Promise<void> {
    this.#holds.used(ids);
    const absent = ids.filter((id) => !this.emails.has(id));
    if (!absent.length) return;
    this.#loading++;
    try {
      await this.#load(absent);
    } finally {
      this.#loading--;
    }
  }

  async #load(absent: Id[]): Promise<void> {
    const kept = (await this.db?.getMany<Email>('email', absent)) ?? new Map<string, Email>();
    for (const [id, email] of kept) {
      if (!this.emails.has(id)) this.#put(email);
      this.#written.add(id);
    }
    this.taken++;
    const threadIds = [...new Set([...kept.values()].map((email) => email.threadId))].filter((id) => !this.threads.has(id));
    const threads = (await this.db?.getMany<Thread>('meta', threadIds.map((id) => `thread:${id}`))) ?? new Map<string, Thread>();
    for (const thread of threads.values()) {
      if (!this.threads.has(thread.id)) this.threads.set(thread.id, thread);
      this.#written.add(`thread:${thread.id}`);
    }
    const members = [...threads.values()].flatMap((thread) => thread.emailIds).filter((id) => !this.emails.has(id));
    if (members.length) for (const [, email] of (await this.db?.getMany<Email>('email', members)) ?? []) this.#put(email);
    const unknown = absent.filter((id) => !this.emails.has(id));
    for (const account of new Set(unknown.map((id) => this.whose(id)))) await this.#ask(unknown.filter((id) => this.whose(id) === account), account);
  }

  async #ask(unknown: Id[], account: Id | undefined): Promise<void> {
    const client = this.clientOf(account);
    if (client) {
      for (let from = 0; from < unknown.length; from += client.maxObjectsInGet) {
        const rows = client.call<GetResponse<Email>>('Email/get', { ids: unknown.slice(from, from + client.maxObjectsInGet), properties: this.rowProperties });
        const more = client.call<GetResponse<Thread>>('Thread/get', { '#ids': rows.ref('/list/*/threadId') });
        const all = client.call<GetResponse<Email>>('Email/get', { '#ids': more.ref('/list/*/emailIds'), properties: this.rowProperties });
        try {
          const [mine] = await Promise.all([rows, this.takeConversations(more, all, undefined, account)]);
          this.takeEmails(mine);
        } catch (error) {
          this.report(error);
          return;
        }
      }
    }
  }

  /** An email as it is shown, for who wants no news of it: quick enough to be asked of everything that is known. */
  peek(id: Id): Email | undefined {
    return Map.prototype.get.call(this.emails, id) as Email | undefined;
  }

  /**
   * Conversations and their emails, which were asked for together; where these are more than the server gives at one time, they are asked for in pieces.
   * `then` is done in the same turn in which the last of them is taken: what leads to them is drawn once.
   */
  async takeConversations(threads: Promise<GetResponse<Thread>>, members: Promise<GetResponse<Email>>, then: () => void = () => undefined, account?: Id): Promise<void> {
    const [threadList, emailList] = await Promise.allSettled([threads, members]);
    if (threadList.status === 'rejected') throw threadList.reason;
    if (emailList.status === 'fulfilled') {
      this.takeThreads(threadList.value);
      this.takeEmails(emailList.value);
      then();
      return;
    }
    this.takeThreads(threadList.value);
    const client = this.clientOf(account);
    if (!client || !(emailList.reason instanceof Refused) || emailList.reason.type !== 'requestTooLarge') throw emailList.reason;
    const ids = [...new Set(threadList.value.list.flatMap((thread) => thread.emailIds))];
    for (let from = 0; from < ids.length; from += client.maxObjectsInGet) {
      this.takeEmails(await client.call<GetResponse<Email>>('Email/get', { ids: ids.slice(from, from + client.maxObjectsInGet), properties: this.rowProperties }));
    }
    then();
  }

  /** The emails of a thread, oldest first, as far as they are known. */
  threadEmails(threadId: Id): Email[] {
    const thread = this.threads.get(threadId);
    return (thread?.emailIds ?? []).map((id) => this.emails.get(id)).filter((email) => email !== undefined);
  }

  /** The row of a list that stands for a thread, null where none is known. News is of this thread only, not of all that is in the list. */
  rowOf(ids: readonly (Id | null)[], threadId: Id): Id | null {
    const members = this.threads.get(threadId)?.emailIds;
    const at = members ? Math.min(...members.map((id) => ids.indexOf(id)).filter((index) => index >= 0)) : ids.findIndex((id) => id !== null && this.peek(id)?.threadId === threadId);
    const row = ids[at] ?? null;
    void (row ? this.emails.get(row) : this.taken);
    return row;
  }

  async loadThread(threadId: Id): Promise<void> {
    if (this.threads.has(threadId) && this.threadEmails(threadId).length === this.threads.get(threadId)?.emailIds.length) return;
    const kept = await this.db?.get<Thread>('meta', `thread:${threadId}`);
    if (kept) {
      this.threads.set(threadId, kept);
      this.know(kept.emailIds, kept.accountId);
      await this.load(kept.emailIds);
    }
    // Where nothing says whose it is everybody is asked.
    const known = this.threads.get(threadId);
    for (const account of known ? [known.accountId] : [undefined, ...this.others.map(({ id }) => id)]) {
      const client = this.clientOf(account);
      if (!client || (!known && this.threads.has(threadId))) continue;
      try {
        const thread = client.call<GetResponse<Thread>>('Thread/get', { ids: [threadId] });
        const members = client.call<GetResponse<Email>>('Email/get', { '#ids': thread.ref('/list/*/emailIds'), properties: this.rowProperties });
        await this.takeConversations(thread, members, undefined, account);
      } catch (error) {
        this.report(error);
      }
    }
  }

  // ------------------------------------------------------------------------------------------------ queries

  /** The live query of a specification, made if need be. It stays current for as long as it is among the last few used. */
  query(spec: QuerySpec): EmailQuery {
    const key = keyOf(spec);
    const at = this.queries.findIndex((query) => query.key === key);
    const query = at >= 0 ? (this.queries.splice(at, 1)[0] as EmailQuery) : new EmailQuery(this, spec);
    // A search of which the next letter has made another one, before the server was asked, has nothing that could be kept current.
    const others = this.queries.filter(({ patient, hasState }) => !patient || hasState).slice(0, MOST_QUERIES - 1);
    this.queries.splice(0, Infinity, query, ...others);
    return query;
  }

  // ------------------------------------------------------------------------------------------------ news

  /** Call `listener` when a type that this store does not keep itself has changed. */
  on(type: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(type, listeners);
    return () => listeners.delete(listener);
  }

  state(type: string): string | undefined {
    return this.states[type];
  }

  /** What this device knows, before the network has answered. */
  async restore(): Promise<void> {
    if (!this.db) return;
    const [states, mailboxes, identities, others] = await Promise.all([
      this.db.get<Record<string, string>>('meta', 'states'),
      this.db.get<Mailbox[]>('meta', 'mailboxes'),
      this.db.get<Identity[]>('meta', 'identities'),
      this.db.get<KeptOther[]>('meta', 'others'),
    ]);
    if (others?.length) (await import('./others.svelte.ts')).revive(this, others);
    if (states && mailboxes?.length) {
      this.states = states;
      this.mailboxes = mailboxes;
    }
    if (identities) this.identities = identities;
  }

  keepStates(): void {
    if (this.others.length) this.db?.later('meta', [['others', this.others.map((other) => other.kept)]]);
    // Behind the rows that came with them: a state must not be ahead of what is here.
    this.db?.later('meta', [['mailboxes', this.mailboxes], ['states', { ...this.states }]]);
  }

  /** One exchange at a time; what comes in meanwhile runs after it. */
  #serial<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#chain.then(work, work);
    this.#chain = next.catch(() => undefined);
    return next;
  }

  /** Bring everything up to date: at start, after a broken line, and when news names types. */
  async sync(changed?: Record<string, string>, side: Side = this): Promise<void> {
    if (changed) {
      const news = Object.entries(changed).filter(([type, state]) => side.states[type] !== state);
      if (!news.length && (side !== this || !this.#listsBehind)) return;
    }
    await this.#serial(async () => {
      const client = this.clientOf(side.of);
      if (!client) return;
      this.syncing = true;
      try {
        const first = side.states['Email'] === undefined;
        if (first) await this.#begin(client, side);
        else await this.#catchUp(client, side, changed);
        this.link = 'online';
        if (side !== this) {
          this.keepStates();
          return;
        }
        for (const [type, state] of Object.entries(changed ?? {})) {
          if (type === 'Email') for (const listener of this.#listeners.get(type) ?? []) listener();
          if (type === 'Email' || type === 'Mailbox' || type === 'Thread' || type === 'EmailDelivery') continue;
          if (this.states[type] !== state) {
            this.states[type] = state;
            for (const listener of this.#listeners.get(type) ?? []) listener();
          }
        }
        if (!changed) for (const listeners of this.#listeners.values()) for (const listener of listeners) listener();
        this.keepStates();
      } catch (error) {
        this.report(error);
        if (!(error instanceof Offline || error instanceof SignedOut || side !== this)) throw error;
      } finally {
        this.syncing = false;
      }
    });
    if (!changed && side === this) await Promise.all(this.others.map((other) => this.sync(undefined, other)));
  }

  async #begin(client: Client, side: Side): Promise<void> {
    const boxes = client.call<GetResponse<Mailbox>>('Mailbox/get', { ids: null });
    const none = client.call<GetResponse<Email>>('Email/get', { ids: [] });
    const threads = client.call<GetResponse<Thread>>('Thread/get', { ids: [] });
    const identities = client.has(SUBMISSION) ? client.call<GetResponse<Identity>>('Identity/get', { ids: null }) : null;
    const [boxList, emailList, threadList, identityList] = await Promise.all([boxes, none, threads, identities]);
    side.mailboxes = boxList.list;
    side.states = { Mailbox: boxList.state, Email: emailList.state, Thread: threadList.state };
    if (identityList) this.takeIdentities(identityList.list);
    await Promise.all(this.#queriesOf(side).map((query) => query.refresh()));
  }

  #queriesOf({ of }: Side): EmailQuery[] {
    return this.queries.filter(({ spec }) => spec.account === of);
  }

  takeIdentities(list: Identity[]): void {
    this.identities = list;
    void this.db?.put('meta', 'identities', list);
  }

  async #catchUp(client: Client, side: Side, changed?: Record<string, string>): Promise<void> {
    const about = (type: string): boolean => !changed || type in changed;
    const mailNews = about('Email') || about('Mailbox') || about('Thread');
    if (!mailNews) return;
    if (side === this) this.#listsBehind = false;
    const since = side.states;
    const emails = client.call<ChangesResponse>('Email/changes', { sinceState: since['Email'], maxChanges: 256 });
    const created = client.call<GetResponse<Email>>('Email/get', { '#ids': emails.ref('/created'), properties: this.rowProperties });
    const updated = client.call<GetResponse<Email>>('Email/get', { '#ids': emails.ref('/updated'), properties: this.rowProperties });
    const newThreads = client.call<GetResponse<Thread>>('Thread/get', { '#ids': created.ref('/list/*/threadId') });
    const boxes = client.call<ChangesResponse>('Mailbox/changes', { sinceState: since['Mailbox'] });
    const madeBoxes = client.call<GetResponse<Mailbox>>('Mailbox/get', { '#ids': boxes.ref('/created') });
    const movedBoxes = client.call<GetResponse<Mailbox>>('Mailbox/get', { '#ids': boxes.ref('/updated') });
    const settle = Promise.allSettled([emails, created, updated, newThreads, boxes, madeBoxes, movedBoxes]);
    // Whoever goes elsewhere meanwhile changes the order of the queries, not which of them is told now.
    const queries = this.#queriesOf(side);
    const [shown] = queries;
    const news = shown?.changesCall();
    // All of it is taken in one turn, so that it is drawn once.
    const [answers] = await Promise.all([settle, news?.come]);
    const failure = [answers[0], answers[4]].find((result) => result.status === 'rejected')?.reason as unknown;
    if (failure !== undefined) {
      if (failure instanceof Refused && failure.type === 'cannotCalculateChanges') {
        await this.#beginAnew(client, side);
        return;
      }
      throw failure;
    }
    const told = Object.fromEntries(answers.map((one, at) => [said[at], one.status === 'fulfilled' ? one.value : undefined])) as Partial<Changes>;
    const fresh = this.#takeChanges(told, side);
    await news?.take();
    this.#takeEnd(told, side);
    // The other queries are not on the screen; they follow behind.
    const others = queries.filter((query) => query !== shown).map((query) => query.changesCall());
    for (const other of others) await other?.take();
    if (fresh.length && side === this) for (const tell of this.arrivals) tell(fresh);
    if (told.changes?.hasMoreChanges) await this.#catchUp(client, side);
  }

  /** What has come and changed. Returns the emails that have come. */
  #takeChanges({ boxes, made, moved, threads, created, updated }: Partial<Changes>, side: Side): Email[] {
    if (boxes && made && moved) {
      const byId = new Map(side.mailboxes.map((box) => [box.id, box]));
      for (const box of [...made.list, ...moved.list]) byId.set(box.id, { ...byId.get(box.id), ...box });
      for (const id of boxes.destroyed) byId.delete(id);
      side.mailboxes = [...byId.values()];
      side.states['Mailbox'] = boxes.newState;
    }
    if (threads) {
      this.takeThreads(threads);
      side.states['Thread'] = threads.state;
    }
    if (created) this.takeEmails(created);
    if (updated) this.takeEmails(updated);
    return created?.list ?? [];
  }

  /** What has gone, behind the lists that held it: from here it goes on. */
  #takeEnd({ changes }: Partial<Changes>, side: Side): void {
    if (!changes) return;
    for (const id of changes.destroyed) this.#forget(id);
    side.states['Email'] = changes.newState;
  }

  /** What the push has told with its event, where this device stands at the states from which it goes on: seen at once. False where it has to be asked for. */
  hear({ since, response }: News): boolean {
    if (this.syncing || since['Email'] !== this.states['Email'] || since['Mailbox'] !== this.states['Mailbox']) return false;
    const told = Object.fromEntries(response.methodResponses.filter(([name]) => name !== 'error').map(([, answer, id]) => [id, answer])) as Partial<Changes>;
    // What has gone leaves its list first, and that says the server.
    if (said.some((name) => !told[name]) || told.changes?.destroyed.length) return false;
    const fresh = this.#takeChanges(told, this);
    this.#queriesOf(this)[0]?.meet(fresh);
    this.#listsBehind = true;
    this.#takeEnd(told, this);
    this.keepStates();
    if (fresh.length) for (const tell of this.arrivals) tell(fresh);
    return true;
  }

  #forget(id: Id): void {
    const threadId = this.emails.get(id)?.threadId;
    this.#drop(id);
    const thread = threadId ? this.threads.get(threadId) : undefined;
    if (!thread) return;
    const emailIds = thread.emailIds.filter((other) => other !== id);
    if (emailIds.length) this.threads.set(thread.id, { ...thread, emailIds });
    else this.threads.delete(thread.id);
  }

  /** Nothing of these emails and conversations stays: somebody shares them no longer. */
  async leave(account: Id): Promise<void> {
    for (const query of this.queries.filter(({ spec }) => spec.account === account)) this.queries.splice(this.queries.indexOf(query), 1);
    for (const [id, owner] of this.#whose) if (owner === account) this.#whose.delete(id);
    for (const { id, accountId } of [...this.emails.values()]) if (accountId === account) this.#drop(id);
    for (const { id, accountId } of [...this.threads.values()])
      if (accountId === account) {
        this.threads.delete(id);
        this.#written.delete(`thread:${id}`);
      }
    await this.#db?.flush();
  }

  /** The server has forgotten how to tell us: keep what is shown, ask for everything anew. */
  async #beginAnew(client: Client, side: Side): Promise<void> {
    const known = [...this.emails.values()].filter(({ accountId }) => accountId === side.of).map(({ id }) => id);
    if (side === this) {
      await this.db?.clear('email');
      await this.db?.clear('query');
      this.#written.clear();
      this.#dates.clear();
    }
    await this.#begin(client, side);
    const shown = new Set(this.queries.flatMap((query) => query.ids ?? []));
    for (const id of known) if (!shown.has(id) && !this.#overlays.has(id)) this.#drop(id);
  }

  // ------------------------------------------------------------------------------------------------ counts

  /** Unread conversations of a mailbox as they are shown: the server's number and what waits to be told. */
  unread(box: Mailbox): number {
    return Math.max(0, box.unreadThreads + (this.unreadDelta.get(box.id) ?? 0));
  }
}
