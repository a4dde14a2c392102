/**
 * Search as one types, over the rows that this device has. The rows live in a thread of their own, which is started by the first
 * question; here is who asks it and tells it what has changed.
 */
import type { Comparator, Filter, Id } from '../jmap/types.ts';
import { scriptUrl } from '../kit/trusted.ts';
import type { Question } from './question.ts';
import type { Answer, Order, Part } from './scan.worker.ts';
import workerUrl from './scan.worker.ts?worker&url';
import type { Store } from './store.svelte.ts';

export interface Scan {
  n: number;
  /** What was found for each question. */
  parts: Part[];
  /** So many rows were looked through. */
  looked: number;
  ms: number;
}

/** So many ids come at once with an answer; the rest when it is asked for. */
export const FIRST = 256;

export class Scanner {
  #worker: Worker | null = null;
  #n = 0;
  #looking: { n: number; begin: number; resolve: (scan: Scan | null) => void } | null = null;
  #asked = new Map<number, (ids: Id[]) => void>();
  #becameReady: () => void = () => undefined;
  /** Every row of this device has been taken in. */
  ready: Promise<void> = new Promise((resolve) => (this.#becameReady = resolve));
  isReady = false;

  constructor(readonly store: Store) {}

  #tell(order: Order): void {
    if (!this.#worker) {
      this.#worker = new Worker(scriptUrl(workerUrl), { type: 'module' });
      this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#hear(data);
      // Without the thread the server is asked alone.
      this.#worker.onerror = () => this.close();
      this.store.changed = new Map(this.store.emails);
      this.store.onManyChanged = () => this.#pass();
      this.#worker.postMessage({ t: 'open', accountId: this.store.accountId, key: this.store.db?.key ?? null } satisfies Order);
    }
    this.#pass();
    this.#worker.postMessage(order);
  }

  /** Hand over what has changed. */
  #pass(): void {
    const { changed } = this.store;
    if (!changed?.size) return;
    this.#worker?.postMessage({ t: 'rows', rows: [...changed] } satisfies Order);
    changed.clear();
  }

  #hear(answer: Answer): void {
    if (answer.t === 'ready') {
      this.isReady = true;
      this.#becameReady();
    }
    else if (answer.t === 'ids') {
      this.#asked.get(answer.n)?.(answer.ids);
      this.#asked.delete(answer.n);
    } else if (this.#looking?.n === answer.n) {
      const { begin, resolve } = this.#looking;
      this.#looking = null;
      const { n, parts, looked } = answer;
      resolve({ n, parts, looked, ms: performance.now() - begin });
    }
  }

  #ask(n: number, order: Order): Promise<Id[]> {
    return new Promise((resolve) => {
      this.#asked.set(n, resolve);
      this.#tell(order);
    });
  }

  /** Newest first; one row of each conversation where a question says so. Null where later ones have overtaken these. */
  look(asked: Question[]): Promise<Scan | null> {
    const n = ++this.#n;
    this.#looking?.resolve(null);
    return new Promise((resolve) => {
      this.#looking = { n, begin: performance.now(), resolve };
      this.#tell({ t: 'look', n, asked, first: FIRST });
    });
  }

  /** Everything that a search has found for one of its questions; nothing where another one has been made since. */
  rest({ n: look, parts }: Scan, part: number): Promise<Id[]> {
    const { ids, total } = parts[part] ?? { ids: [], total: 0 };
    if (ids.length === total) return Promise.resolve(ids);
    const n = ++this.#n;
    return this.#ask(n, { t: 'rest', n, look, part });
  }

  /** What of a list this device has: the filter of a place, looked at here. */
  async select(filter: Filter | null, collapse: boolean, sort: Comparator[], account?: Id): Promise<Id[]> {
    const n = ++this.#n;
    const ids = this.#ask(n, { t: 'select', n, filter, collapse, account, sort });
    return ids;
  }

  /** Let the thread and its rows go. */
  close(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.store.changed = null;
    this.store.onManyChanged = undefined;
    this.#looking?.resolve(null);
    this.#looking = null;
    for (const resolve of this.#asked.values()) resolve([]);
    this.#asked.clear();
    this.isReady = false;
    this.ready = new Promise((resolve) => (this.#becameReady = resolve));
  }
}
