/** How many a smart folder holds: asked once, and again when mail has changed and the page has a moment. Where nobody can be asked, what was answered last. */
import { untrack } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import type { Mail } from '../../action/session.svelte.ts';
import type { Id, QueryResponse, SavedSearch } from '../../jmap/types.ts';

const KEPT = 'smart-counts';

class Counts {
  readonly known = new SvelteMap<Id, number>();
  readonly #asked = new Set<Id>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly mail: Mail) {
    const again = (): void => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#ask([...this.#asked]), 400);
    };
    void mail.store.db?.get<[Id, number][]>('meta', KEPT).then((kept) => {
      for (const [id, n] of kept ?? []) if (!this.known.has(id)) this.known.set(id, n);
    });
    mail.store.on('Email', again);
    mail.store.on('SavedSearch', again);
  }

  of(one: SavedSearch): number {
    untrack(() => {
      if (this.#asked.has(one.id)) return;
      this.#asked.add(one.id);
      this.#ask([one.id]);
    });
    return this.known.get(one.id) ?? 0;
  }

  #ask(ids: Id[]): void {
    const client = this.mail.store.client;
    for (const id of ids) {
      const one = this.mail.searches.byId.get(id);
      if (!client || !one) {
        this.#asked.delete(id);
        continue;
      }
      if (one.count === 'none') continue;
      const filter = one.count === 'total' ? { inSavedSearch: id } : { inSavedSearch: id, notKeyword: '$seen' };
      void client
        .call<QueryResponse>('Email/query', { filter, collapseThreads: true, limit: 1, calculateTotal: true })
        .then(({ total }) => {
          this.known.set(id, total ?? 0);
          this.mail.store.db?.later('meta', [[KEPT, [...this.known]]]);
        })
        .catch((error: unknown) => this.mail.store.report(error));
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
