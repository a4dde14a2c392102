/** One live query: its filter, the ids known so far, and how it is kept true. The rows themselves live in the store. */
import type { Comparator, Email, Filter, GetResponse, Id, QueryChangesResponse, QueryResponse, Thread } from '../jmap/types.ts';
import type { Client } from '../jmap/client.ts';
import type { Store } from './store.svelte.ts';
import { type Ids, change, missing, place, without } from './windows.ts';

/** So many places are asked for at one time: about what can be seen, for the frame in which they come has to draw them. */
export const PAGE = 32;
/** So many ids of a result are kept on the device. */
const KEPT = 5000;

export interface QuerySpec {
  filter: Filter | null;
  sort: Comparator[];
  collapseThreads: boolean;
  /** Whose mail, where it is not one's own. */
  account?: Id;
}

/** What a list shows: one query, or several that stand as one. */
export interface Result {
  readonly key: string;
  readonly spec: QuerySpec;
  /** The queries that it is made of. */
  readonly parts: readonly EmailQuery[];
  readonly ids: Ids | undefined;
  readonly total: number;
  readonly loading: boolean;
  readonly error: unknown;
  readonly fromDevice: boolean;
  readonly hasState: boolean;
  readonly took: number | null;
  restore: () => Promise<void>;
  ensure: (from: number, to: number) => Promise<void>;
  refresh: () => Promise<void>;
}

export const newestFirst: Comparator[] = [{ property: 'receivedAt', isAscending: false }];

export function keyOf(spec: QuerySpec): string {
  return JSON.stringify([spec.filter, spec.sort, spec.collapseThreads, ...(spec.account ? [spec.account] : [])]);
}

/** The mailbox that a list is of, where it is of one. */
export function mailboxOf(filter: Filter | null): Id | null {
  if (!filter) return null;
  if ('operator' in filter && Array.isArray(filter['conditions'])) {
    if (filter['operator'] !== 'AND') return null;
    return (filter['conditions'] as Filter[]).map(mailboxOf).find((id) => id !== null) ?? null;
  }
  const box = (filter as { inMailbox?: unknown }).inMailbox;
  return typeof box === 'string' ? box : null;
}

/** What a query has asked for with others: `come` when the answers are there, `take` to follow them, in the same turn where that can be. */
export interface News {
  come: Promise<unknown>;
  take: () => Promise<void>;
}

/** What a deed of this device says of a conversation: it is no longer part of the result, or this email of it is back. */
interface Word {
  back: Email | null;
  /** The server has been told. */
  told?: boolean;
}

interface Kept {
  ids: Ids;
  state: string;
  calculates: boolean;
}

export class EmailQuery implements Result {
  /** The whole result, null where not fetched; undefined until the first answer. */
  ids = $state.raw<Ids | undefined>(undefined);
  loading = $state(false);
  error = $state.raw<unknown>(null);
  /** True where the ids come from this device and the server has not confirmed them yet. */
  fromDevice = $state(false);
  readonly key: string;
  readonly parts = [this];
  #state = '';
  #calculates = false;
  #inFlight = new Set<number>();
  /** News came while the first answer was on its way. */
  #overtaken = false;
  /** The result as the server has answered last. */
  #answered: Ids = [];
  /** What holds against its answers, by conversation: until one has been asked for since it was told. */
  readonly #words = new Map<Id, Word>();

  constructor(
    readonly store: Store,
    readonly spec: QuerySpec,
  ) {
    this.key = keyOf(spec);
  }

  get #client(): Client | null {
    return this.store.clientOf(this.spec.account);
  }

  get total(): number {
    return this.ids?.length ?? 0;
  }

  /** What is seen first when somebody comes back to this list. */
  get top(): Id[] {
    return this.ids?.slice(0, PAGE).filter((id) => id !== null) ?? [];
  }

  /** Threads that are otherwise here than the server's last answer says. */
  get held(): Iterable<Id> {
    return this.#words.keys();
  }

  /** The server's word, and what this device says beside it. */
  #show(answered: Ids): void {
    this.#answered = answered;
    this.ids = this.#visible(answered);
  }

  /** To be called when something is asked; what it gives, when the answer is there: what was told before counts no longer. */
  #asking(): () => void {
    const told = [...this.#words].filter(([, { told }]) => told);
    return () => {
      for (const [id, word] of told) if (this.#words.get(id) === word) this.#words.delete(id);
    };
  }

  get hasState(): boolean {
    return this.#state !== '';
  }

  /** What this device has kept of the result, with its first rows; shown when `until` is there. */
  async restore(until?: Promise<unknown>): Promise<void> {
    const kept = await this.store.db?.get<Kept>('query', this.key);
    if (!kept || this.ids) return;
    this.store.know(kept.ids, this.spec.account);
    await this.store.load(kept.ids.slice(0, PAGE).filter((id) => id !== null));
    await until;
    if (this.ids) return;
    this.#show(kept.ids.filter((id) => id === null || this.#belongs(id)));
    this.#state = kept.state;
    this.#calculates = kept.calculates;
    this.fromDevice = true;
    // Whoever was brought up to date before has not told this list.
    if (this.store.client && this.store.link !== 'offline' && !this.patient) await this.changesCall()?.take();
  }

  /** False where a change that the server has not seen yet has taken the row out of this list's mailbox. */
  #belongs(id: Id): boolean {
    const box = mailboxOf(this.spec.filter);
    const email = this.store.emails.get(id);
    if (box === null || !email) return true;
    const members = this.spec.collapseThreads ? this.store.threadEmails(email.threadId) : [];
    return (members.length ? members : [email]).some((member) => box in member.mailboxIds);
  }

  #keep(): void {
    if (!this.ids || !this.#state) return;
    this.store.db?.later('query', [[this.key, { ids: this.ids.slice(0, KEPT), state: this.#state, calculates: this.#calculates } satisfies Kept]]);
  }

  /** A search that is still being typed: the server is asked when `ask` is called, not when rows are wanted. */
  patient = false;

  /** What this device can say before the server has ever answered (it may be asked anew just now); null where it has more than it has told yet. */
  seed(ids: Ids): void {
    if (this.#state || this.took !== null) return;
    this.#show(ids);
    this.fromDevice = true;
    this.error = null;
  }

  /** Milliseconds that the server's last answer took. */
  took = $state<number | null>(null);

  /** Fetch what the rows [from, to) need. */
  async ensure(from: number, to: number): Promise<void> {
    if (!this.#state && this.store.client && !this.patient) {
      if (!this.#inFlight.has(0)) await this.#fetch(0, true);
      return;
    }
    if (!this.ids) return;
    if (this.patient && !this.#state) {
      await this.store.load(this.ids.slice(from, to).filter((id) => id !== null));
      return;
    }
    // What is hidden or back moves the places of the others.
    const { size } = this.#words;
    await Promise.all([
      ...missing(this.#answered, from - size, to + size, PAGE)
        .filter((start) => !this.#inFlight.has(start))
        .map((start) => this.#fetch(start)),
      this.#around(from, to),
    ]);
  }

  /** Rows that are known, and those beside them: whoever scrolls back finds them there, though they have left the memory meanwhile. */
  async #around(from: number, to: number): Promise<void> {
    const known = (start: number, end: number): Id[] => this.ids?.slice(Math.max(0, start), end).filter((id) => id !== null) ?? [];
    await this.store.load(known(from, to));
    await this.store.load([...known(to, to + PAGE), ...known(from - PAGE, from)]);
  }

  /** Ask the server what it has, where that has not been done since the page was loaded: what this device has kept is no answer of now. */
  async ask(): Promise<void> {
    this.patient = false;
    if (this.took === null && !this.#inFlight.has(0)) await this.#fetch(0, true);
  }

  /** Ask anew for the first window, keeping what is shown until the answer is there. */
  async refresh(): Promise<void> {
    this.#state = '';
    await this.#fetch(0, true);
  }

  async #fetch(position: number, anew = false): Promise<void> {
    const client = this.#client;
    if (!client) return;
    this.#inFlight.add(position);
    this.loading = true;
    const begin = performance.now();
    try {
      const answeredIs = this.#asking();
      const query = client.call<QueryResponse>('Email/query', {
        filter: this.spec.filter,
        sort: this.spec.sort,
        collapseThreads: this.spec.collapseThreads,
        position,
        limit: PAGE,
        calculateTotal: true,
      });
      // The rows themselves come with their conversations: here they only lead to them.
      const rows = client.call<GetResponse<Email>>('Email/get', { '#ids': query.ref('/ids'), properties: ['id', 'threadId'] });
      const threads = client.call<GetResponse<Thread>>('Thread/get', { '#ids': rows.ref('/list/*/threadId') });
      const members = client.call<GetResponse<Email>>('Email/get', { '#ids': threads.ref('/list/*/emailIds'), properties: this.store.rowProperties });
      // All come in one answer: whoever waits for the conversations has the places as well.
      let answer: QueryResponse | undefined;
      void query.then((value) => (answer = value), () => undefined);
      let moved = false;
      const take = (): void => {
        if (!answer) return;
        moved = answer.queryState !== this.#state && this.#state !== '' && position > 0;
        if (moved) return;
        this.store.know(answer.ids, this.spec.account);
        const total = answer.total ?? Math.max(this.total, position + answer.ids.length);
        answeredIs();
        this.#show(place(anew ? [] : this.#answered, answer.position, answer.ids, total));
        this.#state = answer.queryState;
        this.#calculates = answer.canCalculateChanges;
        this.error = null;
        this.fromDevice = false;
        this.took = performance.now() - begin;
      };
      await Promise.all([query, rows, this.store.takeConversations(threads, members, take, this.spec.account)]);
      if (moved) {
        // The result moved between two windows: begin again rather than mix two results.
        this.#state = '';
        await this.#fetch(0, true);
        return;
      }
      this.#keep();
    } catch (error) {
      this.error = error;
      this.store.report(error);
    } finally {
      this.#inFlight.delete(position);
      this.loading = this.#inFlight.size > 0;
    }
    if (this.#overtaken && !this.#inFlight.size) {
      this.#overtaken = false;
      await this.refresh();
    }
  }

  /** The calls that bring this query up to date, to travel with others; null where there is nothing to be brought up to date. */
  changesCall(): News | null {
    const client = this.#client;
    if (!client) return null;
    if (!this.#state || !this.ids) {
      // What is under way may have been answered before the news.
      this.#overtaken = this.#inFlight.size > 0;
      return null;
    }
    if (!this.#calculates) return { come: Promise.resolve(), take: () => this.refresh() };
    const since = this.#state;
    const answeredIs = this.#asking();
    const changes = client.call<QueryChangesResponse>('Email/queryChanges', {
      filter: this.spec.filter,
      sort: this.spec.sort,
      collapseThreads: this.spec.collapseThreads,
      sinceQueryState: since,
      maxChanges: 500,
      calculateTotal: true,
    });
    const rows = client.call<GetResponse<Email>>('Email/get', { '#ids': changes.ref('/added/*/id'), properties: ['id', 'threadId'] });
    const threads = client.call<GetResponse<Thread>>('Thread/get', { '#ids': rows.ref('/list/*/threadId') });
    const members = client.call<GetResponse<Email>>('Email/get', { '#ids': threads.ref('/list/*/emailIds'), properties: this.store.rowProperties });
    let answers: [PromiseSettledResult<QueryChangesResponse>, unknown, PromiseSettledResult<GetResponse<Thread>>, PromiseSettledResult<GetResponse<Email>>] | undefined;
    const come = Promise.allSettled([changes, rows, threads, members]).then((all) => (answers = all));
    const take = async (): Promise<void> => {
      const [changed, , threadList, emailList] = answers ?? (await come);
      if (changed.status === 'rejected') {
        await this.refresh();
        return;
      }
      if (threadList.status === 'fulfilled' && emailList.status === 'fulfilled') {
        this.store.takeThreads(threadList.value);
        this.store.takeEmails(emailList.value);
      } else await this.store.takeConversations(threads, members, undefined, this.spec.account).catch(() => undefined);
      if (this.#state !== since || !this.ids) return;
      this.store.know(changed.value.added.map(({ id }) => id), this.spec.account);
      answeredIs();
      this.#show(change(this.#answered, changed.value));
      this.#state = changed.value.newQueryState;
      this.fromDevice = false;
      this.error = null;
      this.#keep();
    };
    return { come, take };
  }

  #visible(ids: Ids): Ids {
    const { threads } = this.store;
    const words = [...this.#words];
    const gone = words.flatMap(([id, { back }]) => (back ? [] : id));
    let out = ids;
    if (gone.length) {
      if (gone.every((id) => threads.has(id))) out = without(ids, gone.flatMap((id) => threads.get(id)?.emailIds ?? []));
      else out = ids.filter((id) => id === null || !gone.includes(this.store.peek(id)?.threadId ?? ''));
    }
    for (const [, { back }] of words) {
      if (!back || this.#members(back).some((id) => out.includes(id))) continue;
      if (out === ids) out = ids.slice();
      out.splice(this.#newestFirst ? this.#placeOf(back, out) : out.length, 0, back.id);
    }
    return out;
  }

  /** The emails that stand as one row with this one. */
  #members({ id, threadId }: Email): Id[] {
    return [id, ...(this.spec.collapseThreads ? (this.store.threads.get(threadId)?.emailIds ?? []) : [])];
  }

  /** A change here says that these threads are no longer part of the result. */
  hide(threadIds: Iterable<Id>): void {
    for (const id of threadIds) this.#words.set(id, { back: null });
    if (this.ids) this.#show(this.#answered);
  }

  /** A change here says that these emails are part of it again: an undo that is seen before the server has answered. */
  reveal(emails: Email[]): void {
    for (const email of emails) {
      // What else the list asks for is known of the rows that it had.
      if (this.#whole || this.#members(email).some((id) => this.#answered.includes(id))) this.#words.set(email.threadId, { back: email });
      else this.#words.delete(email.threadId);
    }
    if (this.ids) this.#show(this.#answered);
  }

  /** The server has been told of these threads: its next answer counts for them; `anew` where it has refused. */
  async told(threadIds: Iterable<Id>, anew = false): Promise<void> {
    let any = false;
    for (const id of threadIds) {
      const word = this.#words.get(id);
      if (word) any = word.told = true;
    }
    if (any && anew) await this.refresh();
  }

  /** Whether all of a mailbox is part of it. */
  get #whole(): boolean {
    const { filter } = this.spec;
    return filter !== null && Object.keys(filter).length === 1 && 'inMailbox' in filter;
  }

  get #newestFirst(): boolean {
    return this.spec.sort[0]?.property === 'receivedAt' && this.spec.sort[0].isAscending !== true;
  }

  /** Where an email stands among these, newest first: before the first that is older, or was never fetched. What is not in memory any more is passed over. */
  #placeOf(email: Email, ids: Ids): number {
    const at = ids.findIndex((id) => id === null || (this.store.dateOf(id) ?? email.receivedAt) < email.receivedAt);
    return at < 0 ? ids.length : at;
  }

  /** Mail has come: its rows stand where the server will say that they stand, before it has said so. Where that is not plain, it is asked. */
  meet(emails: Email[]): void {
    const box = this.#whole ? mailboxOf(this.spec.filter) : null;
    if (box === null || !this.#newestFirst || !this.#state) return;
    for (const email of emails) {
      const answered = this.#answered;
      if (!this.ids || !(box in email.mailboxIds) || this.#words.has(email.threadId) || answered.includes(email.id)) continue;
      const ids = without(answered, this.#members(email));
      const at = this.#placeOf(email, ids);
      // Beside what is not known here its place is not plain.
      if (ids[at] === null || (at > 0 && !this.store.dateOf(ids[at - 1] ?? ''))) continue;
      ids.splice(at, 0, email.id);
      this.#show(ids);
    }
  }
}
