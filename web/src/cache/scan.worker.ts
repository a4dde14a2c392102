/** The thread that searches as one types: it opens the rows of this device by itself and answers the newest question only. */
import type { Comparator, Email, Filter, Id } from '../jmap/types.ts';
import { Database } from './db.ts';
import type { Question } from './question.ts';
import { type Found, Rows } from './rows.ts';

export type Order =
  | { t: 'open'; accountId: Id; key: CryptoKey | null }
  | { t: 'rows'; rows: [Id, Email | null][] }
  | { t: 'look'; n: number; asked: Question[]; first: number }
  | { t: 'rest'; n: number; look: number; part: number }
  | { t: 'select'; n: number; filter: Filter | null; collapse: boolean; account?: Id | undefined; sort: Comparator[] };

/** Of what was found for one question: the first of it, and how much that is in all. */
export interface Part {
  ids: Id[];
  total: number;
}

export type Answer = { t: 'ready' } | { t: 'found'; n: number; parts: Part[]; looked: number } | { t: 'ids'; n: number; ids: Id[] };

/** So long a slice of work lasts before newer orders are looked at. */
const SLICE_MS = 8;
const BATCH = 500; // what is asked meanwhile waits for one of them

const rows = new Rows();
/** What the page has told by itself is newer than what lies in the database; null when that has been read. */
let told: Set<Id> | null = new Set();
let newest = 0;
let result: { n: number; found: Found[] } | null = null;
const say = (answer: Answer): void => postMessage(answer);

const turns = new MessageChannel();
const waiting: (() => void)[] = [];
turns.port1.onmessage = () => waiting.shift()?.();
/** Until the orders that have come meanwhile are taken. */
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    waiting.push(resolve);
    turns.port2.postMessage(null);
  });

async function load(accountId: Id, key: CryptoKey | null): Promise<void> {
  if (key) {
    const db = await Database.join(accountId, key);
    try {
      for await (const batch of db.batches<Email>('email', BATCH)) rows.put(batch.filter(([id]) => !told?.has(id)));
    } finally {
      db.close();
    }
  }
  told = null;
  say({ t: 'ready' });
}

/** The questions of several accounts are one search, which says something when all are answered. */
async function look(n: number, asked: Question[], first: number): Promise<void> {
  const found: Found[] = [];
  let begin = performance.now();
  for (const question of asked) {
    const searching = rows.search(question, new Date());
    let step = searching.next();
    for (; !step.done; step = searching.next()) {
      if (performance.now() - begin < SLICE_MS) continue;
      await turn();
      if (n !== newest) return;
      begin = performance.now();
    }
    found.push(step.value);
  }
  result = { n, found };
  say({ t: 'found', n, parts: found.map(({ ids, total }) => ({ ids: ids(first), total })), looked: asked.reduce((sum, { account }) => sum + rows.sizeOf(account), 0) });
}

onmessage = ({ data }: MessageEvent<Order>) => {
  switch (data.t) {
    case 'open':
      void load(data.accountId, data.key).catch(() => say({ t: 'ready' }));
      break;
    case 'rows':
      for (const [id] of data.rows) told?.add(id);
      rows.put(data.rows);
      break;
    case 'look':
      newest = data.n;
      void look(data.n, data.asked, data.first);
      break;
    case 'rest':
      say({ t: 'ids', n: data.n, ids: result?.n === data.look ? (result.found[data.part]?.ids() ?? []) : [] });
      break;
    case 'select':
      say({ t: 'ids', n: data.n, ids: rows.select(data.filter, data.collapse, data.account, data.sort) });
  }
};
