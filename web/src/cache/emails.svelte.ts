/**
 * Emails and conversations as this page has them.
 *
 * `emails` holds what the screen shows: the server's record with every change laid over it that this device has made and the
 * server has not confirmed. News (`/changes`) is applied to the record beneath; the overlays stay on top until they are
 * settled, so that nothing flickers back. What nobody refers to any more leaves the page's memory (`tidy`); the device has it.
 */
import { untrack } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { Refused } from '../jmap/errors.ts';
import { type Client, answeredUntil, askedAt, moment } from '../jmap/client.ts';
import type { Email, GetResponse, Id, Thread } from '../jmap/types.ts';
import { alike, says } from '../kit/alike.ts';
import { hand } from '../kit/rest.ts';
import type { Database } from './db.ts';
import { type Held, Holds } from './holds.ts';
import { type Patch, apply } from './patch.ts';
import type { EmailQuery } from './query.svelte.ts';

const MANY_CHANGED = 200;
/** With more emails than this in memory those that nobody refers to are let go, when the hand rests so long, and after so long in any case. */
const MOST_EMAILS = 3000;
const TIDY_REST_MS = 800;
const TIDY_WAIT_MS = 20_000;
const AT_ONCE = 200;
/** Of the emails that are let go one of so many leaves its date behind: enough to find the headings of a long list. */
const DATED = 16;

interface Overlay {
  op: string;
  patch: Patch;
}

/** A change that the server has taken, and when that was heard here. */
interface Told {
  at: number;
  patch: Patch;
}

export abstract class Emails {
  readonly emails = new SvelteMap<Id, Email>();
  readonly threads = new SvelteMap<Id, Thread>();
  /** Goes up with each batch of emails that has come: for who asks for many of them by `peek`. */
  taken = $state(0);
  /** What has changed since a search has last been told; null while nobody searches. */
  changed: Map<Id, Email | null> | null = null;
  /** Called when that has become much: told all at once it would hold up whoever searches next, and until then it would be held here. */
  onManyChanged: (() => void) | undefined;
  /** Of which account emails are that others share. */
  readonly #whose = new Map<Id, Id>();
  #db: Database | null = null;
  /** Of what the device has, or will have when it next writes: what comes as it is here already is not written again. */
  readonly #written = new Set<string>();
  #server = new Map<Id, Email>();
  #overlays = new Map<Id, Overlay[]>();
  /** What was asked for before the server took a change may be answered without it, and come after it. */
  #told = new Map<Id, Told[]>();
  readonly #holds = new Holds();
  /** Dates of some of the emails that are no longer in memory. */
  readonly #dates = new Map<Id, string>();
  #loading = 0;
  #tidying: Promise<void> | null = null;

  // What the account that they are of says.
  abstract readonly accountId: Id;
  abstract readonly queries: readonly EmailQuery[];
  abstract readonly others: readonly { id: Id }[];
  abstract get link(): string;
  abstract get rowProperties(): string[];
  abstract clientOf(account: Id | undefined): Client | null;
  abstract report(error: unknown): void;

  get db(): Database | null {
    return this.#db;
  }

  set db(db: Database | null) {
    this.#db = db;
    this.#written.clear();
  }

  /** Whose an email is, where somebody else shares it. */
  whose(id: Id): Id | undefined {
    return this.peek(id)?.accountId ?? this.#whose.get(id);
  }

  /** These emails are of an account that somebody shares: whoever looks for one asks there. */
  know(ids: Iterable<Id | null>, account: Id | undefined): void {
    if (account) for (const id of ids) if (id) this.#whose.set(id, account);
  }

  #foreign(account: Id | undefined): Id | undefined {
    return account === this.accountId ? undefined : account;
  }

  takeEmails(response: GetResponse<Email>): void {
    const account = this.#foreign(response.accountId);
    if (account) for (const email of response.list) email.accountId = account;
    const asked = askedAt(response);
    const fresh = response.list.filter((email) => this.#put(this.#asTold(email, asked)) || !this.#written.has(email.id));
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

  /** An email as an answer says it, with what the server has taken since that was asked for. */
  #asTold(email: Email, asked: number): Email {
    const since = this.#told.get(email.id)?.filter(({ at }) => at > asked) ?? [];
    return since.reduce((now, { patch }) => apply(now, patch), email);
  }

  #keepTold(id: Id, patch: Patch): void {
    const until = answeredUntil();
    // By when they were last told: those behind the first that may still be missed may be so too.
    for (const [other, all] of this.#told) {
      if ((all.at(-1)?.at ?? 0) >= until) break;
      this.#told.delete(other);
    }
    const all = [...(this.#told.get(id) ?? []), { at: moment(), patch }];
    this.#told.delete(id);
    this.#told.set(id, all);
  }

  #drop(id: Id): void {
    this.emails.delete(id);
    this.#told.delete(id);
    this.#dates.delete(id);
    this.#note(id, null);
    this.#server.delete(id);
    this.#overlays.delete(id);
    this.#written.delete(id);
    void this.db?.delete('email', [id]);
    void this.db?.delete('body', [id]);
  }

  /** An email as the server has it, as far as this page has heard. */
  beneath(id: Id): Email | undefined {
    return this.#server.get(id) ?? this.peek(id);
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
    if (accepted) this.#keepTold(id, mine.patch);
    if (!base) return;
    const now = accepted ? apply(base, mine.patch) : base;
    if (rest.length) this.#server.set(id, now);
    else this.#server.delete(id);
    this.#show(rest.reduce((shown, { patch }) => apply(shown, patch), now));
    this.db?.later('email', [[id, now]]);
  }

  /** An email is no more, and a conversation with its last one. */
  protected forget(id: Id): void {
    const threadId = this.emails.get(id)?.threadId;
    this.#drop(id);
    const thread = threadId ? this.threads.get(threadId) : undefined;
    if (!thread) return;
    const emailIds = thread.emailIds.filter((other) => other !== id);
    if (emailIds.length) this.threads.set(thread.id, { ...thread, emailIds });
    else this.threads.delete(thread.id);
  }

  /** Nothing of these emails and conversations stays: somebody shares them no longer. */
  protected forgetAllOf(account: Id): void {
    for (const [id, owner] of this.#whose) if (owner === account) this.#whose.delete(id);
    for (const { id, accountId } of [...this.emails.values()]) if (accountId === account) this.#drop(id);
    for (const { id, accountId } of [...this.threads.values()])
      if (accountId === account) {
        this.threads.delete(id);
        this.#written.delete(`thread:${id}`);
      }
  }

  /** What is here of an account may be no more: what is returned lets go whatever is not among those that it is told of then, nor changed here. */
  protected async beginEmailsAnew(account: Id | undefined): Promise<(stays: ReadonlySet<Id | null>) => void> {
    const known = [...this.emails.values()].filter(({ accountId }) => accountId === account).map(({ id }) => id);
    if (!account) {
      await this.#db?.clear('email');
      this.#written.clear();
      this.#dates.clear();
    }
    return (stays) => {
      for (const id of known) if (!stays.has(id) && !this.#overlays.has(id)) this.#drop(id);
    };
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
    while ((this.#db || this.link === 'online') && !this.#loading && this.#letGo(AT_ONCE)) await new Promise((resolve) => setTimeout(resolve));
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
}
