/** Mail for later: here is who starts the thread that fetches it, says when it may go on, and keeps what the page knows better. Nothing of it goes into the page's memory. */
import type { Email, Id } from '../jmap/types.ts';
import { Offline, SignedOut } from '../jmap/errors.ts';
import { csrfHeader } from '../jmap/http.ts';
import { hand } from '../kit/rest.ts';
import { scriptUrl } from '../kit/trusted.ts';
import type { Order, Said } from './fetch.worker.ts';
import workerUrl from './fetch.worker.ts?worker&url';
import type { Progress } from './fetching.ts';
import type { Store } from './store.svelte.ts';

const REST_MS = 1200;
const MOST_WAIT_MS = 20_000;

const breath = (): Promise<void> => new Promise((resolve) => (typeof requestIdleCallback === 'function' ? requestIdleCallback(() => resolve(), { timeout: 2000 }) : setTimeout(resolve, 50)));

export class Prefetch {
  /** How far it is; null where it does not run. */
  progress = $state.raw<Progress | null>(null);
  #worker: Worker | null = null;
  /** So many orders are not carried out yet. */
  #open = 0;
  /** It has been started and not stopped. */
  #going = false;

  constructor(readonly store: Store) {}

  stop(): void {
    this.#going = false;
    this.#close();
  }

  #close(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.#open = 0;
    this.progress = null;
  }

  /** Fetch what came within `days`, and everything in `folders`. A later call ends an earlier one. */
  start(days: number, folders: readonly Id[] = []): void {
    this.stop();
    this.#going = true;
    if (days > 0 || folders.length) this.#tell({ t: 'all', days, folders: [...folders] });
  }

  /** Mail that has just come: its text follows when the hand rests. */
  arrived(emails: readonly Email[]): void {
    if (this.#going && emails.length) this.#tell({ t: 'texts', ids: emails.map(({ id }) => id) });
  }

  #tell(order: Order): void {
    const { client, db } = this.store;
    if (!client || !db) return;
    if (!this.#worker) {
      const worker = (this.#worker = new Worker(scriptUrl(workerUrl), { type: 'module' }));
      worker.onmessage = ({ data }: MessageEvent<Said>) => void this.#hear(data, worker);
      // Without the thread nothing is fetched for later; what is opened is kept as ever.
      worker.onerror = () => this.#close();
      const { session, accountId } = client;
      worker.postMessage({ t: 'open', session, accountId, csrf: csrfHeader()['X-CSRF-Token'] ?? '', database: this.store.accountId, key: db.key, rowProperties: this.store.rowProperties } satisfies Order);
    }
    this.#open++;
    this.#worker.postMessage(order);
  }

  async #hear(said: Said, worker: Worker): Promise<void> {
    const go = (n: number, wanted: Id[] = []): void => worker.postMessage({ t: 'go', n, wanted } satisfies Order);
    switch (said.t) {
      case 'rest':
        await hand().rests(REST_MS, MOST_WAIT_MS, () => this.store.syncing);
        await breath();
        go(said.n);
        break;
      case 'rows':
        this.store.tell(said.emails);
        go(said.n, said.emails.filter(({ id }) => !this.store.emails.has(id)).map(({ id }) => id));
        break;
      case 'progress':
        this.progress = said.progress;
        break;
      case 'failed':
        this.store.report(said.kind === 'offline' ? new Offline(said.words) : said.kind === 'signed-out' ? new SignedOut(said.words) : new Error(said.words));
        break;
      case 'done':
        // The thread costs memory: the next mail starts another one.
        if (worker === this.#worker && !--this.#open) this.#close();
    }
  }
}
