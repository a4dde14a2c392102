/** What lies open: the place, its lists, the conversation beside them, and how they are arranged. */
import { untrack } from 'svelte';
import { commands, keyOf } from '../action/commands.svelte.ts';
import { composers } from '../action/composers.svelte.ts';
import { deedWords } from '../action/deed-words.ts';
import type { Entry } from '../action/log.svelte.ts';
import { type Mail, session } from '../action/session.svelte.ts';
import type { EmailQuery, Result } from '../cache/query.svelte.ts';
import type { Id } from '../jmap/types.ts';
import { isKey, t } from '../kit/i18n/index.svelte.ts';
import { type Layout, type Preset, presets, showsBoth, splitInto } from '../kit/layout.ts';
import { afterPaint } from '../kit/rest.ts';
import { router } from '../kit/router.svelte.ts';
import { room } from '../kit/window.svelte.ts';
import type { Finding } from './finding.svelte.ts';
import { type Narrow, type Place, chosenPlace, isTable, sectionsOf } from './places.ts';
import { connect } from './start.ts';

export interface Part {
  part: Place;
  query: EmailQuery;
}

/** Whether mail is filed elsewhere by it, and not only marked. */
export function moves({ patches }: Entry): boolean {
  return Object.values(patches).some((patch) => Object.keys(patch).some((path) => path === 'snoozed' || path.startsWith('mailboxIds')));
}

export class Desk {
  readonly mail: Mail;
  /** What searches comes later (`Later`). */
  finding = $state.raw<Finding | null>(null);
  /** What is asked for, where somebody searches. */
  readonly asked = $derived(router.route.at === 'search' ? router.route.query : '');
  narrow = $state<Narrow>('all');
  readonly source = $derived(router.route.at === 'mail' ? router.route.source : '');
  readonly table = $derived(isTable(session.settings.values));
  readonly place: Place | null = $derived.by(() => chosenPlace(this.mail, router.route, session.settings.values, this.narrow));
  readonly thread = $derived(router.route.at === 'mail' || router.route.at === 'search' ? router.route.thread : null);

  readonly preset: Preset = $derived.by(() => {
    const wanted = session.settings.values.layout;
    if (room.isPhone) return 'focus';
    if (!room.isWide && wanted === 'columns') return 'focus';
    if (wanted === 'split' && (this.place?.role !== 'inbox' || this.place.account)) return room.isWide ? 'columns' : 'focus';
    return wanted;
  });
  /** A split inbox is several lists of which one has the hand; everything else is one. */
  readonly parts: Part[] = $derived.by(() => {
    const { sections, labels, notifyRules } = session.settings.values;
    if (this.preset !== 'split' || !this.place) return [];
    return sectionsOf(this.mail, this.place, sections, labels, notifyRules.vips).map((part) => ({ part, query: this.mail.store.query(part.spec) }));
  });
  readonly layout: Layout = $derived.by(() => {
    if (room.isPhone) return presets.focus;
    const whole = this.preset === 'split' && this.parts.length < session.settings.values.sections.length ? splitInto(this.parts.length) : session.settings.layoutOf(this.preset);
    return this.preset === 'split' && !room.isWide && 'split' in whole ? (whole.children[0] ?? whole) : whole;
  });
  readonly both = $derived(showsBoth(this.layout));

  #inHand = $state(0);
  readonly inHand = $derived(Math.min(this.#inHand, this.parts.length - 1));
  readonly query: Result | null = $derived.by(() => (this.place ? (this.parts[this.inHand]?.query ?? (this.place.specs ? this.mail.store.merged?.(this.place.specs) : undefined) ?? this.mail.store.query(this.place.spec)) : (this.finding?.shown ?? null)));
  readonly lists: readonly EmailQuery[] = $derived(this.parts.length ? this.parts.map((one) => one.query) : this.place && this.query ? this.query.parts : []);
  readonly title = $derived(this.place?.title ?? t('nav.search'));

  readonly emailOfThread = $derived.by(() => {
    if (!this.thread || !this.query?.ids) return null;
    return this.mail.store.rowOf(this.query.ids, this.thread);
  });
  /** A deed of this page takes what is open out of the list. */
  leaving = false;

  constructor(mail: Mail) {
    this.mail = mail;
    const { store, log } = mail;
    $effect(() => {
      void this.source;
      this.narrow = 'all';
    });
    $effect(() => {
      mail.query = this.query;
    });
    $effect(() => store.hold(() => ({ emails: composers.list.map(({ fields }) => fields.about?.emailId ?? null), threads: [this.thread] })));
    $effect(() => {
      for (const one of this.lists) if (!one.ids) void one.restore().then(() => (one.hasState && !store.client ? undefined : one.ensure(0, 40)));
    });
    // Without a network a list is what this device has of it; with one again, what the server says.
    $effect(() => {
      for (const now of this.lists) {
        if (store.link === 'offline' && !now.ids) void (this.finding && this.#fromDevice(now, this.finding));
        else if (store.link === 'online' && now.fromDevice && !now.hasState && !now.loading) untrack(() => void now.refresh());
      }
    });
    // The list follows when the session opens after it was drawn from the device.
    $effect(() => {
      if (store.client) for (const one of this.lists) if (!one.ids && !one.loading && !one.error) void one.ensure(0, 40);
    });
    // The reader follows the cursor after rows have left: the next conversation, or none.
    $effect(() => {
      const ids = this.query?.ids;
      if (!this.thread || !ids || this.query?.loading || !mail.cursor) return;
      if (this.emailOfThread !== null || !this.leaving) return;
      // A row that the server takes away takes the cursor along: first it finds its new place (`Cursor`).
      if (ids.length && !ids.includes(mail.cursor)) return;
      this.leaving = false;
      // Beside the list it comes in the frame behind the one in which the row goes.
      if (this.both) afterPaint(() => this.#follow());
      else untrack(() => this.#follow());
    });

    log.onPerformed = (entry) => {
      if (entry.undoes) return;
      this.leaving = this.thread !== null && moves(entry);
      const { title } = entry;
      if (title === 'did.read' || title === 'did.unread' || !isKey(title)) return;
      const key = keyOf('app.undo');
      session.toast({ text: deedWords(entry), action: { label: t('cmd.undo'), ...(key ? { key } : {}), run: () => void log.undo(entry.id) } });
    };
  }

  readonly hold = (index: number): void => {
    this.#inHand = index;
    this.mail.query = this.parts[index]?.query ?? this.mail.query;
  };

  /** Beyond the end of a section the next one that has something goes on. */
  readonly beyond = (from: number, step: number): boolean => {
    for (let index = from + step; index >= 0 && index < this.parts.length; index += step) {
      const ids = this.parts[index]?.query.ids ?? [];
      const id = step > 0 ? ids[0] : ids.at(-1);
      if (!id) continue;
      this.hold(index);
      this.mail.cursor = id;
      const email = this.mail.store.emails.get(id);
      if (email && this.thread && this.both) this.open(email.threadId, id);
      return true;
    }
    return false;
  };

  readonly open = (threadId: Id, emailId: Id): void => {
    const { mail } = this;
    mail.cursor = emailId;
    // A draft is opened where it can be written on.
    const email = mail.store.emails.get(emailId);
    if (email && '$draft' in email.keywords && !email.accountId && mail.store.byRole.get('drafts')?.id === mail.currentMailbox && commands.get('compose.draft')) {
      commands.run('compose.draft');
      return;
    }
    const { route } = router;
    if (route.at === 'mail' || route.at === 'search') router.go({ ...route, thread: threadId }, { replace: this.thread !== null && this.both });
  };

  readonly close = (): void => {
    const { route } = router;
    if (route.at === 'mail' || route.at === 'search') router.go({ ...route, thread: null });
  };

  readonly search = (text: string): void => {
    const { route } = router;
    const { account, specs } = this.place ?? {};
    // From a list of several accounts all of them are looked through.
    if (route.at === 'search') router.go({ ...route, query: text, thread: null }, { replace: true });
    else if (text.trim()) router.go({ at: 'search', query: text, thread: null, ...(specs && this.mail.store.others.length ? { everybody: true } : account ? { account } : {}) });
  };

  readonly stopSearching = (): void => {
    if (router.route.at === 'search') router.go({ at: 'mail', source: 'inbox', thread: null });
  };

  /** By another column of the table, or by the same one the other way round; newest first is how it lies where nobody says anything. */
  readonly sortBy = (property: string): void => {
    const [now] = this.place?.spec.sort ?? [];
    const falls = now?.property === property ? now.isAscending : /^(?:receivedAt|size)$/.test(property);
    const { [this.source]: _, ...others } = session.settings.values.sorts;
    const wish = `${falls ? '-' : ''}${property}`;
    session.settings.set('sorts', wish === '-receivedAt' ? others : { ...others, [this.source]: wish });
  };

  /** What a hand that draws the list down wants: news, from whoever can be reached. */
  readonly lookForNews = async (): Promise<boolean> => {
    const { store } = this.mail;
    if (!store.client || store.link !== 'online') await connect(this.mail, false);
    else await store.sync();
    await this.query?.refresh();
    return store.link === 'online' && !this.query?.error;
  };

  #follow(): void {
    const { query } = this;
    if (!this.thread || this.emailOfThread !== null || !query?.ids) return;
    const next = this.mail.cursor ? this.mail.store.emails.get(this.mail.cursor) : undefined;
    if (next && query.ids.includes(next.id) && session.settings.values.afterFiling !== 'list') this.open(next.threadId, next.id);
    else this.close();
  }

  async #fromDevice(list: EmailQuery, { scanner }: Finding): Promise<void> {
    const { store, searches } = this.mail;
    const filter = list.spec.filter && (await import('../action/saved.ts')).expanded(list.spec.filter, searches.byId);
    // Asked first: the first question is what starts the thread.
    const { collapseThreads, account, sort } = list.spec;
    await scanner.select(filter, collapseThreads, sort, account);
    await scanner.ready;
    const ids = await scanner.select(filter, collapseThreads, sort, account);
    if (store.link === 'offline' && !list.ids) list.seed(ids);
  }
}
