/**
 * Lists of several accounts as one, newest first. Each account gives windows of its own result, in its own order; here they are laid into one another.
 *
 * A row stands where every row that may stand above it is known: from the first place on of which that cannot be said the places are empty, until
 * whoever scrolls there has the missing windows fetched. So there is neither a hole nor a row twice, whatever came when.
 */
import type { Id } from '../jmap/types.ts';
import { type EmailQuery, PAGE, type QuerySpec, type Result } from './query.svelte.ts';
import type { Store } from './store.svelte.ts';
import type { Ids } from './windows.ts';

/** So far ahead of what is wanted each part is asked at one time, when somebody goes far down. */
const FAR = 8 * PAGE;

/** Where the laying ended: each part's first place that could not be laid, because it is not known or has no date. Empty where all is laid. */
export interface Laid {
  ids: Ids;
  /** How many of `ids` are known, from the first on. */
  known: number;
  /** By part, the place that has to be known before it can go on; -1 where that part holds nothing up. */
  waits: number[];
}

/** Lay lists into one another by the dates of their rows, newest first; each keeps its own order. Pure. */
export function lay(parts: readonly Ids[], dateOf: (id: Id) => string | undefined): Laid {
  const at = parts.map(() => 0);
  const total = parts.reduce((sum, { length }) => sum + length, 0);
  const ids: Ids = [];
  for (;;) {
    let best = -1;
    let newest = '';
    const waits = parts.map((part, index) => {
      const place = at[index] as number;
      if (place >= part.length) return -1;
      const id = part[place];
      const date = id ? dateOf(id) : undefined;
      if (date === undefined) return place;
      // Of two that came in the same second the one of the first list stands first.
      if (best < 0 || date > newest) {
        best = index;
        newest = date;
      }
      return -1;
    });
    if (best < 0 || waits.some((place) => place >= 0)) {
      const known = ids.length;
      ids.length = total;
      return { ids: ids.fill(null, known), known, waits };
    }
    const place = at[best] as number;
    at[best] = place + 1;
    ids.push((parts[best] as Ids)[place] as Id);
  }
}

export class Merged implements Result {
  readonly key: string;
  readonly spec: QuerySpec;
  /** Dates of rows: they never change, and rows leave the page's memory. */
  readonly #dates = new Map<Id, string>();

  constructor(
    readonly store: Store,
    readonly parts: readonly EmailQuery[],
  ) {
    this.key = JSON.stringify(parts.map(({ key }) => key));
    const { sort, collapseThreads } = (parts[0] as EmailQuery).spec;
    this.spec = { filter: null, sort, collapseThreads };
  }

  #dateOf(id: Id): string | undefined {
    const known = this.#dates.get(id);
    if (known) return known;
    const date = this.store.peek(id)?.receivedAt;
    if (date) this.#dates.set(id, date);
    return date;
  }

  /** The parts that can say anything: one that nobody answers for holds up no other. */
  readonly #heard = $derived.by(() => this.parts.filter(({ ids, error }) => ids || !error));

  readonly laid = $derived.by((): Laid | null => {
    void this.store.taken;
    const lists = this.#heard.map(({ ids }) => ids);
    if (!lists.length || lists.some((ids) => !ids)) return null;
    return lay(lists as Ids[], (id) => this.#dateOf(id));
  });

  get ids(): Ids | undefined {
    return this.laid?.ids;
  }

  get total(): number {
    return this.ids?.length ?? 0;
  }

  get loading(): boolean {
    return this.parts.some(({ loading }) => loading);
  }

  /** Where not one of them has anything to show. */
  get error(): unknown {
    return this.#heard.length ? null : this.parts[0]?.error;
  }

  get fromDevice(): boolean {
    return this.parts.some(({ fromDevice }) => fromDevice);
  }

  get hasState(): boolean {
    return this.parts.every(({ hasState }) => hasState);
  }

  get took(): number | null {
    return this.parts.reduce<number | null>((most, { took }) => (took === null ? most : Math.max(most ?? 0, took)), null);
  }

  async restore(): Promise<void> {
    await Promise.all(this.parts.map((part) => part.restore()));
  }

  async refresh(): Promise<void> {
    await Promise.all(this.parts.map((part) => part.refresh()));
  }

  /** Fetch what the rows [from, to) need: whatever may stand above them, and they themselves. */
  async ensure(from: number, to: number): Promise<void> {
    await Promise.all(this.parts.map((part) => (part.ids ? undefined : part.ensure(0, PAGE))));
    for (let before = -1; ; ) {
      const { laid } = this;
      if (!laid || laid.known >= Math.min(to, laid.ids.length)) break;
      // Where nobody gives more, there is no more to be had now.
      if (laid.known === before) break;
      before = laid.known;
      const far = to - laid.known > 2 * PAGE ? FAR : PAGE;
      const heard = this.#heard;
      await Promise.all(laid.waits.map((place, index) => (place < 0 ? undefined : heard[index]?.ensure(place, place + far))));
    }
    await this.store.load((this.ids ?? []).slice(Math.max(0, from), to).filter((id) => id !== null));
  }
}

/** The merged list of these questions, the same object as long as the queries behind it are. */
export function mergedOf(store: Store): (specs: QuerySpec[]) => Merged {
  let last: Merged | null = null;
  return (specs) => {
    const parts = store.together(specs);
    if (last?.parts.length !== parts.length || !last.parts.every((part, at) => part === parts[at])) last = new Merged(store, parts);
    return last;
  };
}
