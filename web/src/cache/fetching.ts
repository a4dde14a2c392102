/**
 * The last days of mail, and chosen folders, onto the device, behind everything else: rows first, so that lists and search are whole, then texts, then the names
 * of the files of those whose text is too much to keep. What is there is not asked for again.
 *
 * Knows neither page nor thread: `World` says when it may go on and hears of what has come.
 */
import type { Client } from '../jmap/client.ts';
import type { BodyPart, Email, Filter, GetResponse, Id, QueryResponse, Thread } from '../jmap/types.ts';
import { type Detail, NAMES, bodyCall } from './bodies.ts';
import type { Database } from './db.ts';

const PAGE = 200;
/** So many rows at once: news that comes meanwhile waits for no more than these. */
const ROWS = 40;
const TEXTS = 8;
/** For each millisecond of work so many of rest: the server and the page are other people's too, and news must not queue behind us. */
const REST_FOR_WORK = 4;
const LONGEST_REST_MS = 2000;
/** More than this a browser is not asked to keep. */
const MOST = 100_000;
const MOST_TEXTS = 5000;

export type Progress = { done: number; total: number };

export interface World {
  client: Pick<Client, 'call'>;
  db: Pick<Database, 'keys' | 'putMany' | 'getMany'>;
  rowProperties: string[];
  mostTexts?: number;
  /** Resolves when nobody's hand works. */
  rest: () => Promise<void>;
  /** Rows have come. Resolves to those that are to be written: the page may have newer ones. */
  rows: (emails: Email[]) => Promise<ReadonlySet<Id>>;
  progress: (progress: Progress | null) => void;
}

export class Fetching {
  #began = 0;

  constructor(readonly world: World) {}

  async #turn(): Promise<void> {
    const worked = performance.now() - this.#began;
    if (this.#began) await new Promise((resolve) => setTimeout(resolve, Math.min(LONGEST_REST_MS, REST_FOR_WORK * worked)));
    await this.world.rest();
    this.#began = performance.now();
  }

  async #rows(ids: Id[]): Promise<void> {
    const { client, db, rowProperties, rows } = this.world;
    await this.#turn();
    const emails = client.call<GetResponse<Email>>('Email/get', { ids, properties: rowProperties });
    const threads = client.call<GetResponse<Thread>>('Thread/get', { '#ids': emails.ref('/list/*/threadId') });
    const [{ list }, threadList] = await Promise.all([emails, threads]);
    const wanted = await rows(list);
    await db.putMany('email', list.filter(({ id }) => wanted.has(id)).map((email) => [email.id, email]));
    await db.putMany('meta', threadList.list.map((thread) => [`thread:${thread.id}`, thread]));
  }

  /** Texts of these, some at a time. */
  async texts(ids: readonly Id[], progress: (done: number) => void = () => undefined): Promise<void> {
    const { client, db } = this.world;
    for (let from = 0; from < ids.length; from += TEXTS) {
      progress(from);
      await this.#turn();
      const { list } = await client.call<GetResponse<Detail>>('Email/get', bodyCall(ids.slice(from, from + TEXTS)));
      await db.putMany('body', list.map((detail) => [detail.id, detail]));
    }
  }

  /** Of messages with files whose texts are not kept: what the files are called, for the search. */
  async #names(ids: Id[]): Promise<void> {
    const { client, db } = this.world;
    const kept = await db.getMany<Email>('email', ids);
    const holders = [...kept.values()].filter(({ hasAttachment }) => hasAttachment).map(({ id }) => id);
    if (!holders.length) return;
    await this.#turn();
    const { list } = await client.call<GetResponse<Email & { attachments: BodyPart[] }>>('Email/get', { ids: holders, properties: ['id', 'attachments'], bodyProperties: ['name'] });
    await db.putMany('meta', list.map(({ id, attachments }) => [`${NAMES}${id}`, attachments.map(({ name }) => name).filter((name) => name !== null)]));
  }

  /** Fetch what came within `days`, and everything in `folders`. */
  async all(days: number, folders: readonly Id[]): Promise<void> {
    if (days <= 0 && !folders.length) return;
    const { client, db, progress, mostTexts = MOST_TEXTS } = this.world;
    const after = `${new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 19)}Z`;
    const parts: Filter[] = [...(days > 0 ? [{ after }] : []), ...folders.map((inMailbox) => ({ inMailbox }))];
    const filter: Filter = parts.length === 1 ? (parts[0] as Filter) : { operator: 'OR', conditions: parts };
    const rows = new Set(await db.keys('email'));
    const texts = new Set(await db.keys('body'));
    const named = new Set(await db.keys('meta'));
    const wanted: Id[] = [];
    const unread: Id[] = [];
    let total = PAGE;
    for (let position = 0; position < Math.min(total, MOST); position += PAGE) {
      await this.#turn();
      const page = await client.call<QueryResponse>('Email/query', { filter, sort: [{ property: 'receivedAt', isAscending: false }], position, limit: PAGE, calculateTotal: true });
      total = page.total ?? position + page.ids.length;
      if (!page.ids.length) break;
      const absent = page.ids.filter((id) => !rows.has(id));
      for (let from = 0; from < absent.length; from += ROWS) await this.#rows(absent.slice(from, from + ROWS));
      const without = page.ids.filter((id) => !texts.has(id));
      const room = Math.max(0, mostTexts - wanted.length);
      wanted.push(...without.slice(0, room));
      unread.push(...without.slice(room));
    }
    try {
      await this.texts(wanted, (done) => progress({ done, total: wanted.length }));
      const nameless = unread.filter((id) => !named.has(`${NAMES}${id}`));
      for (let from = 0; from < nameless.length; from += ROWS) await this.#names(nameless.slice(from, from + ROWS));
    } finally {
      progress(null);
    }
  }
}
