/**
 * The last days of mail onto the device, behind everything else: rows first, so that lists and search are whole, then texts.
 * Nothing of it goes into the page's memory. What is there is not asked for again. Loaded when it is first due.
 */
import type { Email, GetResponse, Id, QueryResponse, Thread } from '../jmap/types.ts';
import { hand } from '../kit/rest.ts';
import type { Prefetch } from './prefetch.svelte.ts';

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

/** Fetch what came within `days`, until `over` says yes. */
export async function bring(to: Prefetch, days: number, over: () => boolean): Promise<void> {
  let began = 0;
  const turn = async (): Promise<void> => {
    const worked = performance.now() - began;
    if (began) await new Promise((resolve) => setTimeout(resolve, Math.min(LONGEST_REST_MS, REST_FOR_WORK * worked)));
    await hand().rests(REST_MS, MOST_WAIT_MS, () => to.store.syncing);
    await breath();
    began = performance.now();
  };
  const { store, bodies } = to;
  const { client, db } = store;
  if (!client || !db || days <= 0) return;
  const after = `${new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 19)}Z`;
  try {
    const rows = new Set(await db.keys('email'));
    const texts = new Set(await db.keys('body'));
    const wanted: Id[] = [];
    let total = PAGE;
    for (let position = 0; position < Math.min(total, MOST); position += PAGE) {
      if (over()) return;
      const page = await client.call<QueryResponse>('Email/query', { filter: { after }, sort: [{ property: 'receivedAt', isAscending: false }], position, limit: PAGE, calculateTotal: true });
      total = page.total ?? position + page.ids.length;
      if (!page.ids.length) break;
      const absent = page.ids.filter((id) => !rows.has(id));
      for (let from = 0; from < absent.length; from += ROWS) {
        await turn();
        if (over()) return;
        const emails = client.call<GetResponse<Email>>('Email/get', { ids: absent.slice(from, from + ROWS), properties: store.rowProperties });
        const threads = client.call<GetResponse<Thread>>('Thread/get', { '#ids': emails.ref('/list/*/threadId') });
        const [emailList, threadList] = await Promise.all([emails, threads]);
        store.tell(emailList.list);
        await db.putMany('email', emailList.list.filter((email) => !store.emails.has(email.id)).map((email) => [email.id, email]));
        await db.putMany('meta', threadList.list.map((thread) => [`thread:${thread.id}`, thread]));
      }
      if (wanted.length < MOST_TEXTS) wanted.push(...page.ids.filter((id) => !texts.has(id)));
      await turn();
    }
    for (let from = 0; from < wanted.length; from += TEXTS) {
      if (over()) return;
      to.progress = { done: from, total: wanted.length };
      await bodies.prefetch(wanted.slice(from, from + TEXTS));
      await turn();
    }
  } catch (error) {
    store.report(error);
  } finally {
    if (!over()) to.progress = null;
  }
}
