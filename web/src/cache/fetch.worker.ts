/** The thread that fetches mail for later: what comes is read, sealed and written here, so that the page is held up by none of it. The page says when it may go on. */
import { Client } from '../jmap/client.ts';
import { Offline, SignedOut } from '../jmap/errors.ts';
import { setCsrf } from '../jmap/http.ts';
import type { Email, Id, Session } from '../jmap/types.ts';
import { Database } from './db.ts';
import { Fetching, type Progress } from './fetching.ts';

export type Order =
  | { t: 'open'; session: Session; accountId: Id; csrf: string; database: Id; key: CryptoKey; rowProperties: string[] }
  | { t: 'all'; days: number; folders: Id[] }
  | { t: 'texts'; ids: Id[] }
  /** The answer to `rest` or `rows`: go on; of rows these are wanted. */
  | { t: 'go'; n: number; wanted: Id[] };

export type Said =
  | { t: 'rest'; n: number }
  | { t: 'rows'; n: number; emails: Email[] }
  | { t: 'progress'; progress: Progress | null }
  | { t: 'failed'; kind: 'offline' | 'signed-out' | 'other'; words: string }
  /** An order has been carried out, or has failed. */
  | { t: 'done' };

const say = (said: Said): void => postMessage(said);
const waiting = new Map<number, (wanted: Id[]) => void>();
let asked = 0;
const ask = (said: (n: number) => Said): Promise<Id[]> =>
  new Promise((resolve) => {
    waiting.set(++asked, resolve);
    say(said(asked));
  });

let opening: Promise<Fetching> | null = null;

async function open({ session, accountId, csrf, database, key, rowProperties }: Extract<Order, { t: 'open' }>): Promise<Fetching> {
  setCsrf(csrf);
  return new Fetching({
    client: new Client(session, accountId),
    db: await Database.join(database, key),
    rowProperties,
    rest: async () => void (await ask((n) => ({ t: 'rest', n }))),
    rows: async (emails) => new Set(await ask((n) => ({ t: 'rows', n, emails }))),
    progress: (progress) => say({ t: 'progress', progress }),
  });
}

async function work(what: (fetching: Fetching) => Promise<void>): Promise<void> {
  try {
    if (opening) await what(await opening);
  } catch (error) {
    say({ t: 'failed', kind: error instanceof Offline ? 'offline' : error instanceof SignedOut ? 'signed-out' : 'other', words: error instanceof Error ? error.message : String(error) });
  }
  say({ t: 'done' });
}

onmessage = ({ data }: MessageEvent<Order>) => {
  switch (data.t) {
    case 'open':
      opening = open(data);
      break;
    case 'all':
      void work((fetching) => fetching.all(data.days, data.folders));
      break;
    case 'texts':
      void work((fetching) => fetching.texts(data.ids));
      break;
    case 'go':
      waiting.get(data.n)?.(data.wanted);
      waiting.delete(data.n);
  }
};
