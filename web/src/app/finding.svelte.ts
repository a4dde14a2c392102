/** Searching: what is asked for, what this device finds of it with each letter, and when the server is asked. */
import { untrack } from 'svelte';
import { type Mail, session } from '../action/session.svelte.ts';
import type { Named } from '../cache/files.ts';
import { type EmailQuery, newestFirst } from '../cache/query.svelte.ts';
import { type Scan, Scanner } from '../cache/scan.ts';
import type { Ids } from '../cache/windows.ts';
import { roles } from '../feature/mailboxes/tree.ts';
import type { Id } from '../jmap/types.ts';
import { t, withMessages } from '../kit/i18n/index.svelte.ts';
import { took } from '../kit/rest.ts';
import { router } from '../kit/router.svelte.ts';
import { type World, toFilter, words } from '../kit/search-filter.ts';
import { type Term, parse } from '../kit/search.ts';

const PAUSE_MS = 160;
const STAYS_MS = 400;

export class Finding {
  readonly #mail: Mail;
  readonly scanner: Scanner;
  everywhere = $state(false);
  /** Whose mail is looked through, where it is not one's own. */
  readonly account = $derived(router.route.at === 'search' ? router.route.account : undefined);
  readonly world: World = $derived.by(() => {
    const { store, noted } = this.#mail;
    const { labels } = session.settings.values;
    return {
      mailbox: (name) => {
        const low = name.toLowerCase();
        const { account } = this;
        return (store.roleOf(roles.find((one) => t(one.name).toLowerCase() === low)?.role ?? low, account) ?? store.boxesOf(account).find((box) => box.name.toLowerCase() === low))?.id ?? null;
      },
      label: (name) => labels.find((label) => label.name.toLowerCase() === name.toLowerCase() || label.keyword === name.toLowerCase())?.keyword ?? name.toLowerCase(),
      hidden: ['junk', 'trash'].map((role) => store.roleOf(role, this.account)?.id).filter((id) => id !== undefined),
      notes: noted.length > 0 && !this.account,
    };
  });
  readonly terms = $derived(parse(router.route.at === 'search' ? router.route.query : ''));
  readonly filter = $derived(router.route.at === 'search' && this.terms.length ? toFilter(this.terms, this.world, new Date(), this.everywhere).filter : null);
  readonly query: EmailQuery | null = $derived.by(() => (this.filter ? this.#mail.store.query({ filter: this.filter, sort: newestFirst, collapseThreads: session.settings.values.conversations, ...(this.account ? { account: this.account } : {}) }) : null));
  readonly marks = $derived(router.route.at === 'search' ? words(this.terms) : []);
  scan = $state.raw<Scan | null>(null);
  /** What was looked for beside the rows, in the names of files. */
  files = $state.raw<Named | null>(null);

  // While one types, what was found last stays until there is more to show: no list is taken down and made anew between two letters.
  #last: EmailQuery | null = null;
  #stays = $state(true);
  /** What this device has been looked through for, to the end. */
  #looked = $state.raw<EmailQuery | null>(null);
  readonly shown = $derived.by(() => (this.#last = !this.query || this.query.ids || this.query.error || !this.#last || !this.#stays ? this.query : this.#last));
  /** Not all that will be found is shown yet: the answer is under way. */
  readonly waits = $derived.by(() => {
    const { client, link } = this.#mail.store;
    const now = this.query;
    if (!now || now !== this.shown) return now !== null;
    return client && link !== 'offline' ? now.took === null && !now.error : this.#looked !== now;
  });

  constructor(mail: Mail) {
    this.#mail = mail;
    this.scanner = new Scanner(mail.store);
    $effect(() => {
      const now = this.query;
      const what = this.terms;
      if (!now) {
        // What an earlier search has found is nothing of the next one.
        this.#last = null;
        return;
      }
      if (!now.hasState) now.patient = true;
      untrack(() => {
        void this.#look(now, what);
        // Once more when every row is there; not where they are already, or each letter would be looked for twice.
        if (!this.scanner.isReady) void this.scanner.ready.then(() => (now === this.query ? this.#look(now, what) : undefined));
      });
    });
    // The server is asked when the typing pauses; where nobody can be asked, the rest comes from here.
    $effect(() => {
      const now = this.query;
      const found = this.scan;
      const { store } = this.#mail;
      if (!now) return;
      const timer = setTimeout(() => {
        if (store.client && store.link !== 'offline') void now.ask();
        else if (found) void this.scanner.rest(found).then(async (ids) => ids.length === found.total && now.seed(await this.#withMore(ids, this.terms)));
      }, PAUSE_MS);
      return () => clearTimeout(timer);
    });
    $effect(() => {
      void this.query;
      this.#stays = true;
      const timer = setTimeout(() => (this.#stays = false), STAYS_MS);
      return () => clearTimeout(timer);
    });
    $effect(() => () => this.scanner.close());
  }

  async #look(now: EmailQuery, what: Term[]): Promise<void> {
    const begin = performance.now();
    const found = await this.scanner.look(what, this.world, this.everywhere, session.settings.values.conversations, this.account);
    if (!found) return;
    took('scan', begin);
    if (now !== this.query) return;
    // The rows of the first screen are there when their places are: nothing is drawn twice.
    await this.#mail.store.load(found.ids.slice(0, 24));
    if (now !== this.query) return;
    this.scan = found;
    const places: Ids = [...(await this.#withMore(found.ids, what))];
    const { length } = places;
    places.length += found.total - found.ids.length;
    now.seed(places.fill(null, length));
    if (this.scanner.isReady) this.#looked = now;
    took('found', begin);
  }

  /** What one wrote oneself about a conversation is no part of its rows, nor are the names of its files. */
  async #withMore(ids: Id[], what: Term[]): Promise<Id[]> {
    const { store } = this.#mail;
    const named = what.some(({ op }) => op === 'filename') ? await (await import('../cache/files.ts')).named(store, what, this.world, this.everywhere, session.settings.values.conversations) : null;
    if (what === this.terms) this.files = named;
    if (named) return named.ids;
    return this.world.notes ? [...new Set([...ids, ...(await (await import('../action/notes.ts')).notedRows(this.#mail, what))])] : ids;
  }

  async keep(name: string): Promise<void> {
    const { filter } = this;
    if (!filter) return;
    const { saveSearch, tell } = await withMessages(import('../action/objects.ts'));
    try {
      const made = await saveSearch(this.#mail, name, filter);
      router.go({ at: 'mail', source: `saved:${made.id}`, thread: null });
    } catch (error) {
      tell(error);
    }
  }
}
