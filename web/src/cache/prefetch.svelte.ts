/**
 * The last days of mail, and chosen folders, onto the device, behind everything else: rows first, so that lists and search are whole, then texts, then the names
 * of the files of those whose text is too much to keep. Mail that comes meanwhile follows.
 * Nothing of it goes into the page's memory. What is there is not asked for again.
 */
import type { BodyPart, Email, Filter, GetResponse, Id, QueryResponse, Thread } from '../jmap/types.ts';
import { hand } from '../kit/rest.ts';
import { type Bodies, NAMES } from './bodies.ts';
import type { Store } from './store.svelte.ts';

const PAGE = 200;
/** So many rows at once: news that comes meanwhile waits for no more than these. */
const ROWS = 40;
const TEXTS = 8;
const REST_MS = 1200;
const MOST_WAIT_MS = 20_000;
/** For each millisecond of work so many of rest: the server and the page are other people's too, and news must not queue behind us. */
const REST_FOR_WORK = 4;
const LONGEST_REST_MS = 2000;
/** More than this a browser is not asked to keep. */
const MOST = 100_000;
const MOST_TEXTS = 5000;

const breath = (): Promise<void> => new Promise((resolve) => (typeof requestIdleCallback === 'function' ? requestIdleCallback(() => resolve(), { timeout: 2000 }) : setTimeout(resolve, 50)));

export class Prefetch {
  /** How far it is; null where it does not run. */
  progress = $state.raw<{ done: number; total: number } | null>(null);
  #run = 0;

  constructor(
    readonly store: Store,
    readonly bodies: Bodies,
    readonly mostTexts = MOST_TEXTS,
  ) {}

  stop(): void {
    this.#run++;
    this.progress = null;
  }

  #began = 0;

  async #turn(): Promise<void> {
    const worked = performance.now() - this.#began;
    if (this.#began) await new Promise((resolve) => setTimeout(resolve, Math.min(LONGEST_REST_MS, REST_FOR_WORK * worked)));
    await hand().rests(REST_MS, MOST_WAIT_MS, () => this.store.syncing);
    await breath();
    this.#began = performance.now();
  }

  #fresh: Id[] = [];

  /** Mail that has just come: its text follows when the hand rests. */
  async arrived(emails: readonly Email[]): Promise<void> {
    const idle = !this.#fresh.length;
    this.#fresh.push(...emails.map(({ id }) => id));
    if (!idle) return;
    try {
      while (this.#fresh.length) {
        await this.#turn();
        await this.bodies.prefetch(this.#fresh.slice(0, TEXTS));
        this.#fresh = this.#fresh.slice(TEXTS);
      }
    } catch (error) {
      this.#fresh = [];
      this.store.report(error);
    }
  }

  /** Of messages with files whose texts are not kept: what the files are called, for the search. */
  async #names(ids: Id[]): Promise<void> {
    const { client, db } = this.store;
    if (!client || !db) return;
    const { list } = await client.call<GetResponse<Email & { attachments: BodyPart[] }>>('Email/get', { ids, properties: ['id', 'attachments'], bodyProperties: ['name'] });
    await db.putMany('meta', list.map(({ id, attachments }) => [`${NAMES}${id}`, attachments.map(({ name }) => name).filter((name) => name !== null)]));
  }

  /** Fetch what came within `days`, and everything in `folders`. A later call ends an earlier one. */
  async start(days: number, folders: readonly Id[] = []): Promise<void> {
    const run = ++this.#run;
    this.#began = 0;
    const { client, db } = this.store;
    if (!client || !db || (days <= 0 && !folders.length)) return;
    const after = `${new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 19)}Z`;
    const parts: Filter[] = [...(days > 0 ? [{ after }] : []), ...folders.map((inMailbox) => ({ inMailbox }))];
    const filter: Filter = parts.length === 1 ? (parts[0] as Filter) : { operator: 'OR', conditions: parts };
    try {
      const rows = new Set(await db.keys('email'));
      const texts = new Set(await db.keys('body'));
      const named = new Set(await db.keys('meta'));
      const wanted: Id[] = [];
      const unread: Id[] = [];
      let total = PAGE;
      for (let position = 0; position < Math.min(total, MOST); position += PAGE) {
        if (run !== this.#run) return;
        const page = await client.call<QueryResponse>('Email/query', { filter, sort: [{ property: 'receivedAt', isAscending: false }], position, limit: PAGE, calculateTotal: true });
        total = page.total ?? position + page.ids.length;
        if (!page.ids.length) break;
        const absent = page.ids.filter((id) => !rows.has(id));
        for (let from = 0; from < absent.length; from += ROWS) {
          await this.#turn();
          if (run !== this.#run) return;
          const emails = client.call<GetResponse<Email>>('Email/get', { ids: absent.slice(from, from + ROWS), properties: this.store.rowProperties });
          const threads = client.call<GetResponse<Thread>>('Thread/get', { '#ids': emails.ref('/list/*/threadId') });
          const [emailList, threadList] = await Promise.all([emails, threads]);
          this.store.tell(emailList.list);
          await db.putMany('email', emailList.list.filter((email) => !this.store.emails.has(email.id)).map((email) => [email.id, email]));
          await db.putMany('meta', threadList.list.map((thread) => [`thread:${thread.id}`, thread]));
        }
        const without = page.ids.filter((id) => !texts.has(id));
        const room = Math.max(0, this.mostTexts - wanted.length);
        wanted.push(...without.slice(0, room));
        unread.push(...without.slice(room));
        await this.#turn();
      }
      for (let from = 0; from < wanted.length; from += TEXTS) {
        if (run !== this.#run) return;
        this.progress = { done: from, total: wanted.length };
        await this.bodies.prefetch(wanted.slice(from, from + TEXTS));
        await this.#turn();
      }
      const nameless = unread.filter((id) => !named.has(`${NAMES}${id}`));
      for (let from = 0; from < nameless.length; from += ROWS) {
        if (run !== this.#run) return;
        const kept = await db.getMany<Email>('email', nameless.slice(from, from + ROWS));
        const holders = [...kept.values()].filter(({ hasAttachment }) => hasAttachment).map(({ id }) => id);
        if (!holders.length) continue;
        await this.#names(holders);
        await this.#turn();
      }
    } catch (error) {
      this.store.report(error);
    } finally {
      if (run === this.#run) this.progress = null;
    }
  }
}
