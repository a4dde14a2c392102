/** What comes when it is needed: components, each with the messages that only it and its like use, and what searches. */
import { untrack } from 'svelte';
import type { Component } from 'svelte';
import { composers } from '../action/composers.svelte.ts';
import { session } from '../action/session.svelte.ts';
import { withMessages } from '../kit/i18n/index.svelte.ts';
import { whenIdle } from '../kit/rest.ts';
import { router } from '../kit/router.svelte.ts';
import { room } from '../kit/window.svelte.ts';
import type { Desk } from './desk.svelte.ts';
import type { Finding as Found } from './finding.svelte.ts';

type Lazy = Component<Record<string, unknown>>;
const lazy = async (load: () => Promise<{ default: unknown }>): Promise<Lazy> => (await withMessages(load())).default as Lazy;

export class Later {
  Palette = $state.raw<Lazy | null>(null);
  KeySheet = $state.raw<Lazy | null>(null);
  Picker = $state.raw<Lazy | null>(null);
  Settings = $state.raw<Lazy | null>(null);
  History = $state.raw<Lazy | null>(null);
  Composer = $state.raw<Lazy | null>(null);
  Reader = $state.raw<Lazy | null>(null);
  Asks = $state.raw<Lazy | null>(null);
  Outbox = $state.raw<Lazy | null>(null);
  Waiting = $state.raw<Lazy | null>(null);
  Tour = $state.raw<Lazy | null>(null);
  Hints = $state.raw<Lazy | null>(null);
  Share = $state.raw<Lazy | null>(null);
  Scope = $state.raw<Lazy | null>(null);
  AtRisk = $state.raw<Lazy | null>(null);
  /** A telephone has its places in a drawer: they are made when the list stands. */
  hasDrawer = $state(false);
  /** Whether somebody signs in again, beside what is open. */
  again = $state(false);
  /** Whether somebody who has something unsent wants to sign out. */
  leaving = $state(false);
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
    // The reader comes right behind the list: with the first conversation, or when there is nothing else to do.
    $effect(() => {
      const { thread, query } = desk;
      if (this.Reader || (!thread && !query?.ids)) return;
      const load = (): void => void lazy(() => import('../feature/reader/Reader.svelte')).then((component) => (this.Reader = component));
      if (thread) load();
      else return whenIdle(load);
    });
    // What searches comes with the first question, where nobody but this device answers, or when there is nothing else to do.
    let Finding = $state.raw<typeof Found | null>(null);
    $effect(() => {
      const now = router.route.at === 'search' || desk.mail.store.link === 'offline';
      if (Finding || (!now && !desk.query?.ids)) return;
      const load = (): void => void import('./finding.svelte.ts').then((module) => (Finding = module.Finding));
      if (now) load();
      else return whenIdle(load);
    });
    $effect(() => {
      const Made = Finding;
      if (Made) desk.finding = untrack(() => new Made(desk.mail));
    });
    $effect(() => {
      if (room.isPhone && desk.query?.ids && !this.hasDrawer) return whenIdle(() => (this.hasDrawer = true));
    });
    $effect(() => {
      const { at } = router.route;
      if (session.palette && !this.Palette) void lazy(() => import('../feature/palette/Palette.svelte')).then((component) => (this.Palette = component));
      if (session.tour && !this.Tour) void lazy(() => import('../feature/tour/Tour.svelte')).then((component) => (this.Tour = component));
      if (session.keySheet && !this.KeySheet) void lazy(() => import('../feature/palette/KeySheet.svelte')).then((component) => (this.KeySheet = component));
      if (desk.mail.sharing && !this.Share) void lazy(() => import('../feature/mailboxes/Share.svelte')).then((component) => (this.Share = component));
      if (desk.mail.picker && !this.Picker) void lazy(() => import('../feature/list/Picker.svelte')).then((component) => (this.Picker = component));
      if ((composers.list.length || at === 'compose') && !this.Composer) void lazy(() => import('../feature/composer/Composer.svelte')).then((component) => (this.Composer = component));
      if ((desk.mail.log.refused || composers.list.some(({ kept }) => !kept)) && !this.AtRisk) void lazy(() => import('./AtRisk.svelte')).then((component) => (this.AtRisk = component));
      if ((this.again || this.leaving) && !this.Asks) void lazy(() => import('./Asks.svelte')).then((component) => (this.Asks = component));
      if (at === 'settings' && !this.Settings) void lazy(() => import('../feature/settings/Settings.svelte')).then((component) => (this.Settings = component));
      if (at === 'outbox' && !this.Outbox) void lazy(() => import('../feature/outbox/Outbox.svelte')).then((component) => (this.Outbox = component));
      if (at === 'waiting' && !this.Waiting) void lazy(() => import('../feature/waiting/Waiting.svelte')).then((component) => (this.Waiting = component));
      if (at === 'search' && !this.Hints) void lazy(() => import('../feature/search/Hints.svelte')).then((component) => (this.Hints = component));
      if (at === 'search' && !this.Scope) void lazy(() => import('../feature/search/Scope.svelte')).then((component) => (this.Scope = component));
      if (at === 'history' && !this.History) void lazy(() => import('../feature/history/History.svelte')).then((component) => (this.History = component));
    });
  }

  /** Whether something that will take the keys is on its way. */
  get coming(): boolean {
    return (
      (session.palette && !this.Palette) || (session.tour && !this.Tour) || (session.keySheet && !this.KeySheet) || (this.#desk.mail.picker !== null && !this.Picker)
      || ((this.again || this.leaving) && !this.Asks) || (!this.Composer && composers.list.some((draft) => !draft.minimised))
    );
  }
}
