/** Searching: what is asked for of whose mail, what this device finds of it with each letter, and when the server is asked. */
import { untrack } from 'svelte';
import { type Mail, session, tell } from '../action/session.svelte.ts';
import type { Named } from '../cache/files.ts';
import { type Result, newestFirst } from '../cache/query.svelte.ts';
import { question } from '../cache/question.ts';
import { type Scan, Scanner } from '../cache/scan.ts';
import { Snippets } from '../cache/snippets.svelte.ts';
import type { Ids } from '../cache/windows.ts';
import type { Shown } from '../feature/list/shown.ts';
import { roles } from '../feature/mailboxes/tree.ts';
import { marking } from '../feature/search/marking.ts';
import type { Searched } from '../feature/search/Scope.svelte';
import type { Filter, Id } from '../jmap/types.ts';
import { type Said, stands } from '../kit/found.ts';
import { t, withMessages } from '../kit/i18n/index.svelte.ts';
import { took } from '../kit/rest.ts';
import { router } from '../kit/router.svelte.ts';
import { type World, toFilter, words } from '../kit/search-filter.ts';
import { type Term, parse } from '../kit/search.ts';

const PAUSE_MS = 160;
const STAYS_MS = 400;
/** So many rows of each account are there before they are shown. */
const FIRST_SCREEN = 24;

/** What is asked of one account. */
interface Part {
  account: Id | undefined;
  world: World;
  filter: Filter | null;
}

export class Finding {
  readonly #mail: Mail;
  readonly scanner: Scanner;
  /** Also in what a search leaves out by itself: junk and trash, and other people's mail. */
  readonly everywhere = $derived(router.route.at === 'search' && router.route.everywhere === true);
  /** Whose mail is looked through, where it is that of one other account. */
  readonly account = $derived(router.route.at === 'search' && !router.route.everybody ? router.route.account : undefined);
  readonly #asked = $derived(router.route.at === 'search' ? router.route.query : '');
  /** The same ones while nothing else is asked for, whatever else of the address changes. */
  readonly terms = $derived(parse(this.#asked));
  /** Others of whom something can be read. */
  readonly #readable = $derived.by(() => this.#mail.store.others.filter(({ mailboxes }) => mailboxes.some(({ myRights }) => myRights['mayReadItems'])).map(({ id }) => id));
  readonly #everybody = $derived(router.route.at === 'search' && (router.route.everybody === true || this.everywhere));
  readonly #parts: Part[] = $derived.by(() => {
    if (!this.terms.length) return [];
    const all = (this.#everybody ? [undefined, ...this.#readable] : [this.account]).map((account) => {
      const world = this.#worldOf(account);
      return { account, world, ...toFilter(this.terms, world, new Date(), this.everywhere) };
    });
    // Where a mailbox is named, whoever has none of that name has nothing to be found there.
    const named = all.filter(({ bad }) => bad.every((at) => this.terms[at]?.op !== 'in' || this.terms[at].not));
    return (named.length ? named : all).filter(({ filter }) => filter !== null);
  });
  readonly query: Result | null = $derived.by(() => {
    const { store } = this.#mail;
    const collapseThreads = session.settings.values.conversations;
    const specs = this.#parts.map(({ account, filter }) => ({ filter, sort: newestFirst, collapseThreads, ...(account ? { account } : {}) }));
    return specs[0] ? ((specs.length > 1 ? store.merged?.(specs) : undefined) ?? store.query(specs[0])) : null;
  });
  readonly marks = $derived(words(this.terms));
  /** A row whose words say nothing of what was found shows where it stands; null where no words are looked for in texts. */
  readonly reword = $derived.by(() => {
    const looked = this.terms.filter(({ op, not }) => !not && (op === 'text' || op === 'body'));
    const query = looked.length ? this.query : null;
    if (!query) return null;
    const { store } = this.#mail;
    const snippets = new Snippets(store, (account) => this.#parts.find((part) => part.account === account)?.filter ?? null);
    const made = new WeakMap<Shown, { words: string; row: Shown }>();
    return (row: Shown): Shown => {
      const missing = (said: Said[]): Term[] => looked.filter((term) => !stands(term, said));
      const silent = missing([['from', row.from], ['subject', row.subject], ['preview', row.preview]]);
      const email = silent.length ? store.emails.get(row.emailId) : undefined;
      if (!email) return row;
      // A row of a conversation shows the newest of it, which need not be the one that was found.
      const own = silent.filter((term) => stands(term, [['preview', email.preview]])).length;
      const answered = store.link !== 'offline' && query.parts.some(({ spec, took }) => spec.account === email.accountId && took !== null);
      const words = (own < silent.length && answered && snippets.of(email)) || (own ? email.preview : '');
      if (!words) return row;
      const known = made.get(row);
      if (known?.words === words) return known.row;
      const other = { ...row, preview: words };
      made.set(row, { words, row: other });
      return other;
    };
  });
  #scan = $state.raw<Scan | null>(null);
  /** What was looked for beside the rows, in the names of files. */
  #files = $state.raw<Named | null>(null);

  // While one types, what was found last stays until there is more to show: no list is taken down and made anew between two letters.
  #last: Result | null = null;
  #stays = $state(true);
  /** What this device has been looked through for, to the end. */
  #looked = $state.raw<Result | null>(null);
  readonly shown = $derived.by(() => (this.#last = !this.query || this.query.ids || this.query.error || !this.#last || !this.#stays ? this.query : this.#last));
  /** Not all that will be found is shown yet: the answer is under way. */
  readonly #waits = $derived.by(() => {
    const { client, link } = this.#mail.store;
    const now = this.query;
    if (!now || now !== this.shown) return now !== null;
    return client && link !== 'offline' ? now.parts.some(({ took, error }) => took === null && !error) : this.#looked !== now;
  });
  /** What was looked through, to be said under what was found. */
  readonly searched: Searched = $derived.by(() => {
    const mail = this.#mail;
    const parts = this.query?.parts ?? [];
    const alone = parts.length === 1 && !parts[0]?.spec.account;
    const elsewhere = this.terms.some(({ op }) => op === 'in');
    return {
      looked: this.#files?.looked ?? this.#scan?.looked ?? 0,
      found: this.#files?.ids.length ?? this.#scan?.parts.reduce((sum, { total }) => sum + total, 0) ?? 0,
      waits: this.#waits,
      accounts: mail.store.others.length ? parts.map(({ spec, error }) => ({ name: mail.nameOf(spec.account), silent: Boolean(error) })) : [],
      hidden: !this.everywhere && !elsewhere && this.#parts.some(({ world }) => world.hidden.length > 0),
      others: !this.#everybody && this.#readable.length > 0,
      oneverywhere: () => void (router.route.at === 'search' && router.go({ ...router.route, everywhere: true })),
      onsave: mail.searches.possible && alone ? (name) => void this.keep(name) : null,
    };
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
      for (const part of now.parts) if (!part.hasState) part.patient = true;
      untrack(() => {
        void this.#look(now, what);
        // Once more when every row is there; not where they are already, or each letter would be looked for twice.
        if (!this.scanner.isReady) void this.scanner.ready.then(() => (now === this.query ? this.#look(now, what) : undefined));
      });
    });
    // The server is asked when the typing pauses; where nobody can be asked, the rest comes from here.
    $effect(() => {
      const now = this.query;
      const found = this.#scan;
      const { store } = this.#mail;
      if (!now) return;
      const timer = setTimeout(() => {
        if (store.client && store.link !== 'offline') for (const part of now.parts) void part.ask();
        else if (found) this.#parts.forEach((part, at) => void this.#rest(now, found, part, at));
      }, PAUSE_MS);
      return () => clearTimeout(timer);
    });
    $effect(() => {
      void this.query;
      this.#stays = true;
      const timer = setTimeout(() => (this.#stays = false), STAYS_MS);
      return () => clearTimeout(timer);
    });
    $effect(() => {
      if (this.terms.length) return marking(this.terms);
    });
    $effect(() => () => this.scanner.close());
  }

  /** What the words mean to an account. */
  #worldOf(account: Id | undefined): World {
    const { store, noted } = this.#mail;
    const { labels } = session.settings.values;
    return {
      mailbox: (name) => {
        const low = name.toLowerCase();
        return (store.roleOf(roles.find((one) => t(one.name).toLowerCase() === low)?.role ?? low, account) ?? store.boxesOf(account).find((box) => box.name.toLowerCase() === low))?.id ?? null;
      },
      label: (name) => labels.find((label) => label.name.toLowerCase() === name.toLowerCase() || label.keyword === name.toLowerCase())?.keyword ?? name.toLowerCase(),
      hidden: ['junk', 'trash'].map((role) => store.roleOf(role, account)?.id).filter((id) => id !== undefined),
      me: [...new Set([this.#mail.signed.address, ...store.identities.map(({ email }) => email)])],
      notes: noted.length > 0 && !account,
    };
  }

  async #look(now: Result, what: Term[]): Promise<void> {
    const begin = performance.now();
    const asked = this.#parts;
    const found = await this.scanner.look(asked.map(({ account, world }) => question(what, world, this.everywhere, session.settings.values.conversations, account)));
    if (!found) return;
    took('scan', begin);
    if (now !== this.query) return;
    // The rows of the first screen are there when their places are: nothing is drawn twice.
    await this.#mail.store.load(found.parts.flatMap(({ ids }) => ids.slice(0, FIRST_SCREEN)));
    if (now !== this.query) return;
    this.#scan = found;
    const more = await Promise.all(asked.map((part, at) => this.#withMore(found.parts[at]?.ids ?? [], what, part)));
    if (what === this.terms) this.#files = more.reduce<Named | null>((all, { ids, looked }) => (looked === undefined ? all : { ids: [...(all?.ids ?? []), ...ids], looked: (all?.looked ?? 0) + looked }), null);
    found.parts.forEach(({ ids, total }, at) => {
      const places: Ids = [...(more[at]?.ids ?? [])];
      const { length } = places;
      places.length += total - ids.length;
      now.parts[at]?.seed(places.fill(null, length));
    });
    if (this.scanner.isReady) this.#looked = now;
    took('found', begin);
  }

  /** The end of what this device has found in an account. */
  async #rest(now: Result, found: Scan, part: Part, at: number): Promise<void> {
    const ids = await this.scanner.rest(found, at);
    if (ids.length === found.parts[at]?.total) now.parts[at]?.seed((await this.#withMore(ids, this.terms, part)).ids);
  }

  /** What one wrote oneself about a conversation is no part of its rows, nor are the names of its files; `looked`: where it was looked for in these. */
  async #withMore(ids: Id[], what: Term[], { account, world }: Part): Promise<Partial<Named> & { ids: Id[] }> {
    const { store } = this.#mail;
    const named = what.some(({ op }) => op === 'filename') ? await (await import('../cache/files.ts')).named(store, what, world, this.everywhere, session.settings.values.conversations, account) : null;
    if (named) return named;
    return { ids: world.notes ? [...new Set([...ids, ...(await (await import('../action/notes.ts')).notedRows(this.#mail, what))])] : ids };
  }

  async keep(name: string): Promise<void> {
    const filter = this.#parts[0]?.filter;
    if (!filter) return;
    const { makeKept } = await withMessages(import('../action/kept.ts'));
    try {
      const id = await makeKept(this.#mail, 'SavedSearch', { name, filter, count: 'unread' });
      router.go({ at: 'mail', source: `saved:${id}`, thread: null });
    } catch (error) {
      tell(error);
    }
  }
}
