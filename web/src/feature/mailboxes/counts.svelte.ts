/**
 * How many a smart folder holds: asked once, and again when mail has changed and the page has a moment; what was done here meanwhile is reckoned in, as far as
 * this device can know it. Where nobody can be asked, what was answered last is what is reckoned from.
 */
import { untrack } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { expanded } from '../../action/saved.ts';
import { type Mail, session } from '../../action/session.svelte.ts';
import { keyOf, newestFirst } from '../../cache/query.svelte.ts';
import { isWithin, reckoner } from '../../cache/reckon.ts';
import type { Email, Id, QueryResponse, SavedSearch } from '../../jmap/types.ts';

const KEPT = 'smart-counts';

/** What deeds make of one smart folder's number, since the server has answered last. */
interface Running {
  from: number;
  upto: number;
  known: ReadonlyMap<Id, SavedSearch>;
  list: readonly (Id | null)[] | undefined;
  reckon: ReturnType<typeof reckoner>;
  /** Conversations that were touched: their emails as they were before the first deed, and what has come of it. */
  threads: Map<Id, { then: Map<Id, Email>; listed: boolean; delta: number }>;
  delta: number;
}

export class Counts {
  readonly known = new SvelteMap<Id, number>();
  readonly #asked = new Set<Id>();
  /** Up to which shift of the log the server's answer goes. */
  readonly #from = new SvelteMap<Id, number>();
  readonly #running = new Map<Id, Running>();
  /** The lists of smart folders as they were answered before this page was loaded. */
  readonly #lists = new SvelteMap<Id, readonly (Id | null)[]>();
  readonly #looked = new Set<Id>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly mail: Mail) {
    const again = (): void => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#ask([...this.#asked]), 400);
    };
    void this.#restore();
    mail.store.on('Email', again);
    mail.store.on('SavedSearch', again);
  }

  async #restore(): Promise<void> {
    const kept = await this.mail.store.db?.get<[Id, number][]>('meta', KEPT);
    for (const [id, n] of kept ?? []) if (!this.known.has(id)) this.known.set(id, n);
  }

  async #look(id: Id): Promise<void> {
    if (this.#looked.has(id)) return;
    this.#looked.add(id);
    const spec = { filter: { inSavedSearch: id }, sort: newestFirst, collapseThreads: session.settings.values.conversations };
    const list = await this.mail.store.db?.get<{ ids: (Id | null)[] }>('query', keyOf(spec));
    if (list) this.#lists.set(id, list.ids);
  }

  of(one: SavedSearch): number {
    untrack(() => {
      if (this.#asked.has(one.id)) return;
      this.#asked.add(one.id);
      this.#ask([one.id]);
    });
    const n = this.known.get(one.id);
    return n === undefined ? 0 : Math.max(0, n + this.#moved(one));
  }

  #isListed(id: Id, emails: readonly Email[]): boolean {
    void this.#look(id);
    const lists = [this.#lists.get(id), ...this.mail.store.queries.flatMap(({ spec, ids, hasState }) => (hasState && isWithin(spec.filter, id) ? [ids] : []))];
    return lists.some((ids) => ids && emails.some((email) => ids.includes(email.id)));
  }

  /** By how much the number is another through what was done here. */
  #moved(one: SavedSearch): number {
    const { log, searches } = this.mail;
    const from = this.#from.get(one.id) ?? 0;
    const known = searches.byId;
    const list = this.#lists.get(one.id);
    let running = this.#running.get(one.id);
    if (!running || running.from !== from || running.known !== known || running.list !== list) {
      running = { from, upto: from, known, list, reckon: reckoner(expanded({ inSavedSearch: one.id }, known), one.count === 'unread'), threads: new Map(), delta: 0 };
      this.#running.set(one.id, running);
    }
    for (const { n, threadId, then, now, torn } of log.shifts) {
      if (n <= running.upto) continue;
      running.upto = n;
      // What others share stands in no smart folder.
      if (now.some(({ accountId }) => accountId)) continue;
      const thread = running.threads.get(threadId) ?? { then: new Map<Id, Email>(), listed: untrack(() => this.#isListed(one.id, then)), delta: 0 };
      for (const email of then) if (!thread.then.has(email.id)) thread.then.set(email.id, email);
      running.threads.set(threadId, thread);
      running.delta -= thread.delta;
      thread.delta = running.reckon({ then: now.map((email) => thread.then.get(email.id) ?? email), now, torn, listed: thread.listed });
      running.delta += thread.delta;
    }
    return running.delta;
  }

  #ask(ids: Id[]): void {
    const { store, log, searches } = this.mail;
    const { client } = store;
    // While something is on its way nobody knows whether an answer has it in it: when all is told, it is asked.
    const waits = log.entries.some(({ state, patches }) => state === 'waiting' && Object.keys(patches).length);
    for (const id of ids) {
      const one = searches.byId.get(id);
      if (!one) {
        this.#asked.delete(id);
        this.#running.delete(id);
      }
      if (!client || !one || one.count === 'none' || waits) continue;
      const filter = one.count === 'total' ? { inSavedSearch: id } : { inSavedSearch: id, notKeyword: '$seen' };
      const upto = log.shifted;
      void client
        .call<QueryResponse>('Email/query', { filter, collapseThreads: true, limit: 1, calculateTotal: true })
        .then(({ total }) => {
          this.known.set(id, total ?? 0);
          this.#from.set(id, upto);
          store.db?.later('meta', [[KEPT, [...this.known]]]);
          const heard = Math.min(...[...this.#running.keys()].map((other) => this.#from.get(other) ?? 0));
          if ((log.shifts[0]?.n ?? Infinity) <= heard) log.shifts = log.shifts.filter(({ n }) => n > heard);
        })
        .catch((error: unknown) => store.report(error));
    }
  }
}

const all = new WeakMap<Mail, Counts>();

/** To be asked for outside of what shows them: nothing follows what it has made itself. */
export function countsOf(mail: Mail): Counts {
  let found = all.get(mail);
  if (!found) all.set(mail, (found = new Counts(mail)));
  return found;
}
