/**
 * The account's replica on this device: its mailboxes, the states that its records stand at, live queries, and how news is followed.
 * The emails themselves, as the page has them, are what it is made upon (`emails.svelte.ts`).
 */
import { SvelteMap } from 'svelte/reactivity';
import { Offline, Refused, SignedOut } from '../jmap/errors.ts';
import type { Client } from '../jmap/client.ts';
import type { ChangesResponse, Email, GetResponse, Id, Identity, Mailbox, News, Thread } from '../jmap/types.ts';
import { PLUS, SUBMISSION } from '../jmap/types.ts';
import { EmailQuery, type QuerySpec, keyOf } from './query.svelte.ts';
import { Emails } from './emails.svelte.ts';
import type { KeptOther, Other } from './others.svelte.ts';
import type { Result } from './query.svelte.ts';

export const rowProperties = ['id', 'blobId', 'threadId', 'mailboxIds', 'keywords', 'size', 'receivedAt', 'from', 'to', 'subject', 'preview', 'hasAttachment'];

/** So many lists are kept current. */
const MOST_QUERIES = 12;

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

export class Store extends Emails implements Side {
  readonly of = undefined;
  mailboxes = $state.raw<Mailbox[]>([]);
  /** Accounts of which somebody shares something with the owner of this one (`others.svelte.ts`). */
  others = $state.raw<Other[]>([]);
  /** Who shares something has been asked. */
  looked = $state(false);
  /** One list of several, newest first; there as soon as there are other accounts. */
  merged: ((specs: QuerySpec[]) => Result) | undefined;
  /** Another account has gone, as somebody's answer says. */
  onGone: (() => void) | undefined;
  identities = $state.raw<Identity[]>([]);
  /** True while an exchange is under way that the user did not ask for. */
  syncing = $state(false);
  #client = $state.raw<Client | null>(null);
  #link = $state<Link>('starting');
  /** Times that the way to the server broke. */
  #breaks = 0;
  #waiters: (() => void)[] = [];
  readonly queries: EmailQuery[] = [];
  readonly byRole = $derived(new Map(this.mailboxes.filter((box) => box.role).map((box) => [box.role as string, box])));
  readonly mailboxById = $derived(new Map([this as Side, ...this.others].flatMap(({ mailboxes }) => mailboxes.map((box) => [box.id, box]))));
  /** Called when nobody has answered: to try again. */
  onOffline: (() => void) | undefined;
  /** Called with each batch of emails that arrived after the first sync. */
  readonly arrivals = new Set<(emails: Email[]) => void>();
  states: Record<string, string> = {};
  #chain: Promise<unknown> = Promise.resolve();
  /** Mail has been taken that no list has been asked about yet. */
  #listsBehind = false;
  #listeners = new Map<string, Set<(told: boolean) => void>>();
  /** Counts that unconfirmed changes move, by mailbox. */
  unreadDelta = new SvelteMap<Id, number>();

  constructor(
    readonly accountId: Id,
    readonly address: string,
  ) {
    super();
  }

  get client(): Client | null {
    return this.#client;
  }

  set client(client: Client | null) {
    this.#client = client;
    if (client) for (const wake of this.#waiters.splice(0)) wake();
  }

  get link(): Link {
    return this.#link;
  }

  set link(link: Link) {
    this.#link = link;
    if (link === 'offline' || link === 'signed-out') this.#breaks++;
    if (link !== 'starting') for (const wake of this.#waiters.splice(0)) wake();
  }

  /** Something is asked: what to call when the answer is there. It says that the server is reached, unless the way broke in between: then the answer set out before. */
  asking(): () => void {
    const breaks = this.#breaks;
    return () => {
      if (breaks === this.#breaks) this.link = 'online';
    };
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

  /** The mailboxes of an account that somebody shares, or one's own. */
  boxesOf(account: Id | undefined): Mailbox[] {
    return account ? (this.others.find(({ id }) => id === account)?.mailboxes ?? []) : this.mailboxes;
  }

  /** The mailbox with a role, of one's own or of another account. */
  roleOf(role: string, account: Id | undefined): Mailbox | undefined {
    return account ? this.boxesOf(account).find((box) => box.role === role) : this.byRole.get(role);
  }

  /** Tell what went wrong on the way to everybody who shows the link's state. */
  report(error: unknown): void {
    if (error instanceof SignedOut) this.link = 'signed-out';
    else if (error instanceof Offline) {
      this.link = 'offline';
      this.onOffline?.();
    } else if (error instanceof Refused && error.type === 'accountNotFound') this.onGone?.();
  }

  // ------------------------------------------------------------------------------------------------ queries

  /** The live query of a specification, made if need be. It stays current for as long as it is among the last few used. */
  query(spec: QuerySpec): EmailQuery {
    return this.together([spec])[0] as EmailQuery;
  }

  /** The live queries of several, which are used as one. */
  together(specs: QuerySpec[]): EmailQuery[] {
    const wanted = specs.map((spec) => {
      const key = keyOf(spec);
      return this.queries.find((query) => query.key === key) ?? new EmailQuery(this, spec);
    });
    // A search of which the next letter has made another one, before the server was asked, has nothing that could be kept current.
    const others = this.queries.filter((query) => !wanted.includes(query) && (!query.patient || query.hasState));
    this.queries.splice(0, Infinity, ...[...wanted, ...others].slice(0, Math.max(MOST_QUERIES, wanted.length)));
    return wanted;
  }

  // ------------------------------------------------------------------------------------------------ news

  /** Call `listener` when a type that this store does not keep itself has changed (`told`), or may have while nobody was listening. */
  on(type: string, listener: (told: boolean) => void): () => void {
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
      const answered = this.asking();
      try {
        const first = side.states['Email'] === undefined;
        if (first) await this.#begin(client, side);
        else await this.#catchUp(client, side, changed);
        answered();
        if (side !== this) {
          this.keepStates();
          return;
        }
        for (const [type, state] of Object.entries(changed ?? {})) {
          if (type === 'Email') for (const listener of this.#listeners.get(type) ?? []) listener(true);
          if (type === 'Email' || type === 'Mailbox' || type === 'Thread' || type === 'EmailDelivery') continue;
          if (this.states[type] !== state) {
            this.states[type] = state;
            for (const listener of this.#listeners.get(type) ?? []) listener(true);
          }
        }
        if (!changed) for (const listeners of this.#listeners.values()) for (const listener of listeners) listener(false);
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
    this.db?.later('meta', [['identities', list]]);
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
    for (const id of changes.destroyed) this.forget(id);
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

  /** Nothing of these emails and conversations stays: somebody shares them no longer. */
  async leave(account: Id): Promise<void> {
    for (const query of this.queries.filter(({ spec }) => spec.account === account)) this.queries.splice(this.queries.indexOf(query), 1);
    this.forgetAllOf(account);
    await this.db?.flush();
  }

  /** The server has forgotten how to tell us: keep what is shown, ask for everything anew. */
  async #beginAnew(client: Client, side: Side): Promise<void> {
    const rest = await this.beginEmailsAnew(side.of);
    if (side === this) await this.db?.clear('query');
    await this.#begin(client, side);
    rest(new Set(this.queries.flatMap((query) => query.ids ?? [])));
  }

  // ------------------------------------------------------------------------------------------------ counts

  /** Unread conversations of a mailbox as they are shown: the server's number and what waits to be told. */
  unread(box: Mailbox): number {
    return Math.max(0, box.unreadThreads + (this.unreadDelta.get(box.id) ?? 0));
  }
}
