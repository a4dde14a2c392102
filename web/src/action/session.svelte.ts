/** The one signed-in account of this page and what belongs to it. Features read it; only `app` sets it. */
import { SvelteSet } from 'svelte/reactivity';
import { Bodies } from '../cache/bodies.ts';
import type { Prefetch } from '../cache/prefetch.svelte.ts';
import { type Result, mailboxOf } from '../cache/query.svelte.ts';
import { Settings } from '../cache/settings.svelte.ts';
import { Store } from '../cache/store.svelte.ts';
import type { Signed } from '../jmap/session.ts';
import { Records } from '../cache/records.svelte.ts';
import type { Email, Id, Identity, Job, Note, Reminder, SavedSearch, SenderProfile, VacationResponse } from '../jmap/types.ts';
import { PLUS, SHARE, SUBMISSION, VACATION } from '../jmap/types.ts';
import { withMessages } from '../kit/i18n/index.svelte.ts';
import { afterPaint } from '../kit/rest.ts';
import { Log } from './log.svelte.ts';
import { Shared } from './shared.svelte.ts';

export interface Toast {
  id: number;
  text: string;
  action?: { label: string; key?: string; run: () => void };
  /** Seconds to show as a running ring; the toast stays until they are over. */
  countdown?: number;
  alert?: boolean;
}

export type Picker = { kind: 'move' | 'label' | 'snooze' | 'remind' | 'flag' | 'note'; rows: Id[] };

/** What a deed does: marks as read, marks otherwise, files elsewhere (in a mailbox with this role). */
export type Need = 'seen' | 'keywords' | 'away' | { to: string };

const isOpen = ({ state }: Reminder): boolean => state === 'armed' || state === 'fired';

/** By its id, or by `t:` and the conversation of which it is. */
export const reminderBy = (list: Reminder[], name: string): Reminder | undefined => list.findLast((one) => one.id === name || (`t:${one.threadId}` === name && isOpen(one)));

export class Mail {
  readonly store: Store;
  readonly log: Log;
  readonly bodies: Bodies;
  /** What brings mail onto the device comes when there is nothing else to do. */
  prefetch = $state.raw<Prefetch | null>(null);
  /** The list on the screen. */
  query = $state.raw<Result | null>(null);
  /** The row that the keys act on, by its email. */
  cursor = $state<Id | null>(null);
  readonly selected = new SvelteSet<Id>();
  /** The selection is everything that the list is of, also what this page has not seen. */
  everything = $state(false);
  readonly searches: Records<SavedSearch>;
  readonly reminders: Records<Reminder>;
  readonly senders: Records<SenderProfile>;
  readonly jobs: Records<Job>;
  readonly notes: Records<Note>;
  readonly identities: Records<Identity>;
  readonly vacation: Records<VacationResponse>;
  readonly shared: Shared;
  picker = $state.raw<Picker | null>(null);
  /** The mailbox of which it is asked with whom it is shared. */
  sharing = $state<Id | null>(null);

  constructor(readonly signed: Signed) {
    this.store = new Store(signed.accountId, signed.address);
    this.log = new Log(this.store);
    this.bodies = new Bodies(this.store);
    this.searches = new Records(this.store, 'SavedSearch');
    this.reminders = new Records(this.store, 'Reminder');
    this.senders = new Records(this.store, 'SenderProfile');
    this.jobs = new Records(this.store, 'Job');
    this.notes = new Records(this.store, 'Note');
    this.identities = new Records(this.store, 'Identity', SUBMISSION, (list) => this.store.takeIdentities(list));
    this.vacation = new Records(this.store, 'VacationResponse', VACATION);
    this.shared = new Shared(this);
    // What a list is of may change without any mail changing.
    for (const type of ['SavedSearch', 'Note']) this.store.on(type, () => {
      for (const query of this.store.queries) if (query.ids && /"(?:inSavedSearch|note)"/.test(query.key)) void query.refresh();
    });
    this.store.hold(() => ({ emails: [this.cursor, ...this.selected, ...(this.picker?.rows ?? [])] }));
    this.log.onSettled = () => this.shared.notice();
    this.log.onNote = async (note) => (await import('./notes.ts')).tellNote(this, note);
    // What is chosen can be taken back like what is done to mail.
    const choices = () => withMessages(import('./choices.ts'));
    this.log.onBegun = (entry) => void choices().then(({ begun }) => begun(entry));
    session.settings.onChange = (key, before, after) => void choices().then(({ chosen }) => chosen(this, { key, before, after }));
    this.log.onFact = async (fact) => (await import('./objects.ts')).tellFact(this, fact);
  }

  /** The reminder of a conversation that is still to come or has come, if any. */
  reminderOf(threadId: Id): Reminder | undefined {
    return this.#reminded.get(threadId);
  }

  /** The reminders that are still to come or have come: what the server has, and what it has not been told yet. */
  readonly dues = $derived.by(() => {
    const all = new Map(this.reminders.list.map((one) => [one.id, one]));
    for (const { fact, state } of this.log.entries)
      if (fact?.type === 'Reminder' && state === 'waiting')
        for (const [name, due] of Object.entries(fact.after)) {
          const key = reminderBy(this.reminders.list, name)?.id ?? name;
          if (due) all.set(key, { id: key, firedAt: null, ...all.get(key), ...due } as Reminder);
          else all.delete(key);
        }
    return [...all.values()].filter(isOpen);
  });

  readonly #reminded = $derived(new Map(this.dues.map((one) => [one.threadId, one])));

  /** The note on a conversation, "" where there is none: what the server has, and what it has not been told yet. */
  noteOf(threadId: Id): string {
    return this.#notes.get(threadId) ?? '';
  }

  /** Whether notes can be written: the server has them, or will be told later. */
  get canNote(): boolean {
    return this.store.client?.has(PLUS) ?? true;
  }

  /** Every conversation with a note, with its text. */
  get noted(): [Id, string][] {
    return [...this.#notes].filter(([, text]) => text !== '');
  }

  readonly #notes = $derived.by(() => {
    const notes = new Map(this.notes.list.map(({ threadId, text }) => [threadId, text]));
    for (const { note, state } of this.log.entries) if (note && state === 'waiting') notes.set(note.threadId, note.after);
    return notes;
  });

  /** What an action works on: the selection, else the row at the cursor; nothing where no list is on the screen. */
  get rows(): Id[] {
    if (!this.query) return [];
    if (this.selected.size) return [...this.selected];
    return this.cursor ? [this.cursor] : [];
  }

  /** All emails behind rows: the whole conversations, or the single emails where conversations are off. */
  emailsOf(rows: Id[]): Email[] {
    const collapse = this.query?.spec.collapseThreads ?? true;
    const seen = new Map<Id, Email>();
    for (const id of rows) {
      const email = this.store.emails.get(id);
      if (!email) continue;
      const members = collapse ? this.store.threadEmails(email.threadId) : [];
      for (const member of members.length ? members : [email]) seen.set(member.id, member);
    }
    return [...seen.values()];
  }

  get currentMailbox(): Id | null {
    return mailboxOf(this.query?.spec.filter ?? null);
  }

  /** One's own inbox, and those that others share. */
  readonly inboxes = $derived.by(() => [this.store, ...this.store.others].map(({ mailboxes }) => mailboxes.find(({ role, myRights }) => role === 'inbox' && myRights['mayReadItems'])).filter((box) => box !== undefined));

  /** The address of whoever owns an account that is shared. */
  nameOf(account: Id | undefined): string {
    return account ? (this.store.others.find(({ id }) => id === account)?.name ?? '') : this.signed.address;
  }

  /** What may be done with the mail of others comes with the first of them (`rights.ts`). */
  rights: ((mail: Mail, emails: Iterable<Email>, needs: Need[]) => string | null) | undefined;

  /** Why something cannot be done with these; null where it can. */
  barred(emails: Iterable<Email>, ...needs: Need[]): string | null {
    return this.store.others.length ? (this.rights?.(this, emails, needs) ?? null) : null;
  }

  /** The mailbox of the list, where others can be given it. */
  get shareable(): Id | null {
    const { client, link, mailboxes } = this.store;
    return link === 'online' && client?.has(SHARE) ? (mailboxes.find(({ id }) => id === this.currentMailbox)?.id ?? null) : null;
  }

  /** Whether all of these are one's own. */
  isOwn(rows: Id[]): boolean {
    return !this.store.others.length || rows.every((id) => !this.store.whose(id));
  }

  /** The mailbox of the list in which an email stands, where it is a list of mailboxes. */
  hereOf({ accountId }: Email): Id | null {
    return mailboxOf(this.query?.parts.find(({ spec }) => spec.account === accountId)?.spec.filter ?? null);
  }
}

class Session {
  mail = $state.raw<Mail | null>(null);
  readonly settings = new Settings();
  toasts = $state.raw<Toast[]>([]);
  palette = $state(false);
  keySheet = $state(false);
  tour = $state(false);
  #next = 0;
  readonly #coming = new Set<number>();

  toast(toast: Omit<Toast, 'id'>, milliseconds = 6000): number {
    const id = this.#next++;
    this.#coming.add(id);
    // What it speaks of is seen first. Its time begins with a frame in which it stands, so it waits for whoever is looking elsewhere; what is counted down runs already.
    const ends = (): unknown => setTimeout(() => this.dismiss(id), toast.countdown ? toast.countdown * 1000 : milliseconds);
    if (toast.countdown) ends();
    afterPaint(() => {
      if (!this.#coming.delete(id)) return;
      // One at a time, but what counts down, and what offers something beside one that only tells: the way back from a deed is not lost to news of another.
      const stays = (other: Toast): boolean => other.countdown !== undefined || toast.countdown !== undefined || (other.action !== undefined && toast.action === undefined);
      this.toasts = [...this.toasts.filter(stays), { ...toast, id }];
      if (!toast.countdown) requestAnimationFrame(ends);
    });
    return id;
  }

  dismiss(id: number): void {
    this.#coming.delete(id);
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
  }

  /** The account, where the caller can only be on the screen when there is one. */
  get must(): Mail {
    if (!this.mail) throw new Error('Nobody is signed in.');
    return this.mail;
  }
}

export const session = new Session();

/** What has gone wrong, as an error or in words, said long enough to be read. */
export function tell(error: unknown): void {
  const say = (text: string): unknown => session.toast({ text, alert: true }, 8000);
  const words = error instanceof Error ? error.message : String(error);
  if (words) say(words);
  else void withMessages(import('./in-words.ts')).then(({ inWords }) => say(inWords(error)));
}
