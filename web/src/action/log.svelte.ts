/**
 * Everything the user does to mail goes through this log: seen at once, kept on the device, told to the server in order,
 * taken back step by step. An entry is one deed, however many messages it touched.
 *
 * Offline, entries wait here; a reload finds them again. The server's refusal of single messages arrives inside a success
 * (RFC 8620 §5.3 `notUpdated`), so those are put back and named; the rest stands.
 */
import { Offline, SignedOut, isTemporary, saidBy } from '../jmap/errors.ts';
import type { Email, Id, SetResponse } from '../jmap/types.ts';
import { type Patch, effective, inverse } from '../cache/patch.ts';
import { mailboxOf } from '../cache/query.svelte.ts';
import type { Database } from '../cache/db.ts';
import type { Store } from '../cache/store.svelte.ts';
import type { Client } from '../jmap/client.ts';
import { afterPaint } from '../kit/rest.ts';

export type EntryState = 'waiting' | 'done' | 'refused' | 'undone';

export interface Entry {
  id: string;
  /** A message of the catalogue, and what fills it. */
  title: string;
  values: Record<string, string | number>;
  at: number;
  state: EntryState;
  patches: Record<Id, Patch>;
  inverses: Record<Id, Patch>;
  /** Whose emails these are, of those that others share. */
  of?: Record<Id, Id>;
  /** Set where this entry takes another one back. */
  undoes?: string;
  /** Marks that follow from reading are no deeds: sent like the others, but not listed and not undone. */
  quiet?: boolean;
  errors?: Record<Id, string>;
  /** Where the emails were, all of it. */
  was?: Record<Id, Email['mailboxIds']>;
  /** To where another device had moved them before this was told. */
  meanwhile?: Record<Id, Id[]>;
  /** It has been on its way to the server, which may have it though no answer came back. */
  attempted?: boolean;
  /** Something else to be done in its turn: a message to be sent that was written without a network. */
  job?: Job;
  /** A note on a conversation, changed beside the emails or without them. */
  note?: NoteChange;
  /** Something else on the server, changed beside the emails or without them. */
  fact?: Fact;
}

/** Objects of the server by name, as they were and as they are to be; null is none. Of a setting stands what of it has changed (`kit/difference.ts`), of the automatic reply the same by its properties. What the server has done whole is not done again from here: a bulk change, by its token, a folder that was removed, and mail that went to another account. */
export interface Fact {
  type: 'Reminder' | 'SenderProfile' | 'Mailbox' | 'Removal' | 'Job' | 'Crossing' | 'SavedSearch' | 'Identity' | 'Setting' | 'Vacation';
  before: Record<string, unknown>;
  after: Record<string, unknown>;
  /** It is of this device alone, and nothing to the others. */
  here?: true;
}

/** Whether the server has done it whole, so that it can be taken back from here and not done again. */
export const isWhole = ({ fact }: Pick<Entry, 'fact'>): boolean => fact?.type === 'Job' || fact?.type === 'Removal' || fact?.type === 'Crossing';

/** "" is no note. */
export interface NoteChange {
  threadId: Id;
  before: string;
  after: string;
}

export interface Job {
  kind: 'send';
  /** The draft as this device keeps it. */
  draft: string;
  /** When it is to be sent, where that is not at once. */
  at?: string;
}

/** What a deed has made of a conversation: the emails of it that are here, before and after. */
export interface Shift {
  /** Goes up with each. */
  n: number;
  threadId: Id;
  then: Email[];
  now: Email[];
  /** Some of the conversation is not here. */
  torn: boolean;
}

const KEPT = 200;
const MOST_SHIFTS = 5000;
const KEPT_WITHIN_MS = 3000;

type Beside = Pick<Entry, 'note' | 'fact'>;

/** What an entry changes beside emails. */
export const beside = ({ note, fact }: Beside): Beside => ({ ...(note ? { note } : {}), ...(fact ? { fact } : {}) });

/** The same as it was before: part of the entry that takes this one back. */
export function reversed({ note, fact }: Beside): Beside {
  return { ...(note ? { note: { ...note, before: note.after, after: note.before } } : {}), ...(fact ? { fact: { ...fact, before: fact.after, after: fact.before } } : {}) };
}

/** The emails of an entry by their accounts: each is told by itself. */
function sides({ patches, of = {} }: Entry): { account: Id | undefined; ids: Id[] }[] {
  const ids = Object.keys(patches);
  return [...new Set(ids.map((id) => of[id]))].map((account) => ({ account, ids: ids.filter((id) => of[id] === account) }));
}

export class Log {
  entries = $state.raw<Entry[]>([]);
  readonly waiting = $derived(this.entries.filter((entry) => entry.state === 'waiting' && !entry.quiet));
  /** Deeds that this device has not written yet: a reload would not find them. */
  unkept = $state.raw<ReadonlySet<string>>(new Set());
  /** What waits, and is found again whatever becomes of this page. */
  readonly safe = $derived(this.waiting.filter(({ id }) => !this.unkept.has(id)));
  /** The browser has refused to keep some of it, or keeps nothing at all. */
  refused = $state(false);
  /** What `undo` would take back now, newest first. */
  readonly undoable = $derived(this.entries.filter((entry) => !entry.quiet && !entry.undoes && (entry.state === 'waiting' || (entry.state === 'done' && !entry.job))).reverse());
  /** What deeds have moved, oldest first: for whoever counts by more than mailboxes. */
  shifts = $state.raw<Shift[]>([]);
  /** How many there have been. */
  shifted = 0;
  #redo: Entry[] = [];
  #sending = false;
  #counter = 0;
  onPerformed: ((entry: Entry) => void) | undefined;
  /** Mail is as it was before this entry. */
  onUndone: ((entry: Entry) => void) | undefined;
  onRefused: ((entry: Entry) => void) | undefined;
  /** Another device has moved what this entry moves. */
  onMet: ((entry: Entry) => void) | undefined;
  /** Does a job when its turn has come. Raises `Offline` where it has to wait. */
  onJob: ((job: Job) => Promise<void>) | undefined;
  /** Something is done, or taken back. */
  onSettled: (() => void) | undefined;
  onJobUndone: ((job: Job) => void) | undefined;
  /** Tells the server of a note. */
  onNote: ((note: NoteChange) => Promise<void>) | undefined;
  /** Tells the server of something else. */
  onFact: ((fact: Fact) => Promise<void>) | undefined;

  /** A fact begins to be so, or will not be so after all: what this device does about it at once. */
  onBegun: ((entry: Entry) => void) | undefined;

  /** For parts that come later, which would otherwise bring it to the front. */
  readonly inverse = inverse;

  constructor(readonly store: Store) {}

  async restore(): Promise<void> {
    const kept = (await this.store.db?.all<Entry>('log')) ?? [];
    const entries = kept.map(([, entry]) => entry).sort((left, right) => (left.id < right.id ? -1 : 1));
    this.entries = [...entries, ...this.entries];
    for (const { of } of entries) this.#recall(of);
    for (const entry of entries.filter(({ state }) => state === 'waiting')) {
      await this.store.load(Object.keys(entry.patches));
      const before = this.shown(Object.keys(entry.patches));
      for (const [id, patch] of Object.entries(entry.patches)) this.store.overlay(entry.id, id, patch);
      this.shift(before);
    }
  }

  #recall(of: Record<Id, Id> = {}): void {
    for (const [id, account] of Object.entries(of)) this.store.know([id], account);
  }

  #newId(): string {
    return `${Date.now().toString(36).padStart(9, '0')}-${(this.#counter++).toString(36).padStart(4, '0')}-${Math.random().toString(36).slice(2, 6)}`;
  }

  /** Change emails, or what is beside them; `blind`: also those that are not known here. Returns the entry, or null where nothing would change. */
  perform(title: string, values: Entry['values'], patches: Record<Id, Patch>, { blind = false, ...options }: Pick<Entry, 'quiet' | 'undoes'> & Beside & { blind?: boolean } = {}): Entry | null {
    const mine: Record<Id, Patch> = {};
    const inverses: Record<Id, Patch> = {};
    const was: NonNullable<Entry['was']> = {};
    for (const [id, patch] of Object.entries(patches)) {
      const email = this.store.emails.get(id);
      if (!email) {
        if (blind) mine[id] = patch;
        continue;
      }
      // What is taken back is told whole: the row may have been kept as it was before the deed.
      const change = options.undoes ? patch : effective(email, patch);
      if (!Object.keys(change).length) continue;
      mine[id] = change;
      inverses[id] = inverse(email, change);
      was[id] = email.mailboxIds;
    }
    if (!Object.keys(mine).length && !options.note && !options.fact) return null;
    const of = Object.fromEntries(Object.keys(mine).flatMap((id) => { const account = this.store.whose(id); return account ? [[id, account]] : []; })) as Record<Id, Id>;
    const entry: Entry = { id: this.#newId(), title, values, at: Date.now(), state: 'waiting', patches: mine, inverses, was, ...(Object.keys(of).length ? { of } : {}), ...options };
    const before = this.shown(Object.keys(mine));
    for (const [id, patch] of Object.entries(mine)) this.store.overlay(entry.id, id, patch);
    this.shift(before);
    this.unkept = new Set([...this.unkept, entry.id]);
    if (entry.fact) this.onBegun?.(entry);
    this.entries = [...this.entries, entry];
    if (!options.quiet && !options.undoes) this.#redo = [];
    if (!options.quiet) this.onPerformed?.(entry);
    // What was done is seen first; then it is kept and told.
    afterPaint(() => {
      // The deed is found again after a reload only together with the rows that it is about.
      void this.#write((db) => Promise.all([db.now('email', Object.keys(mine)), db.now('meta', [...before.values()].map(({ threadId }) => `thread:${threadId}`))]));
      // It may have been taken back or told meanwhile, and a quiet one is gone then.
      const now = this.entries.find(({ id }) => id === entry.id);
      if (now) this.#keep(now);
      void this.flush();
    });
    return entry;
  }

  /** Something that the server has done already, and can take back. */
  done(title: string, values: Entry['values'], fact: Fact): Entry {
    const entry: Entry = { id: this.#newId(), title, values, at: Date.now(), state: 'done', patches: {}, inverses: {}, fact };
    this.entries = [...this.entries, entry];
    this.#redo = [];
    this.#keep(entry);
    this.onSettled?.();
    return entry;
  }

  /** Deeds are told otherwise than they were, where `change` makes another of them: one that went on, or whose object has another name now. */
  mend(change: (entry: Entry) => Entry): void {
    this.#redo = this.#redo.map(change);
    for (const entry of this.entries) if (change(entry) !== entry) this.update(entry, change(entry));
  }

  /** Something to be done in its turn, behind everything that waits. */
  enqueue(title: string, values: Entry['values'], job: Job): Entry {
    const entry: Entry = { id: this.#newId(), title, values, at: Date.now(), state: 'waiting', patches: {}, inverses: {}, job };
    this.entries = [...this.entries, entry];
    this.#keep(entry);
    void this.flush();
    return entry;
  }

  /** These emails as they are shown now, as far as they are known. */
  shown(ids: Id[]): Map<Id, Email> {
    return new Map(ids.flatMap((id) => this.store.emails.get(id) ?? []).map((email) => [email.id, email]));
  }

  /** Lists and counts follow at once: rows that left their mailbox go, rows that came back are shown again. */
  shift(before: Map<Id, Email>): void {
    const threads = new Set([...before.values()].map((email) => email.threadId));
    for (const query of this.store.queries) {
      const box = mailboxOf(query.spec.filter);
      if (box === null) continue;
      const left: Id[] = [];
      const back: Email[] = [];
      for (const threadId of threads) {
        const touched = [...before.values()].filter((email) => email.threadId === threadId);
        const now = this.store.threadEmails(threadId);
        const stays = (now.length ? now : touched.map((email) => this.store.emails.get(email.id) ?? email)).some((email) => box in email.mailboxIds);
        if (!stays) left.push(threadId);
        else if (!touched.some((email) => box in email.mailboxIds)) {
          const newest = (now.length ? now : touched).filter((email) => box in (this.store.emails.get(email.id) ?? email).mailboxIds).at(-1);
          if (newest) back.push(newest);
        }
      }
      if (left.length) query.hide(left);
      if (back.length) query.reveal(back);
    }
    this.shifts = [...this.shifts, ...[...threads].map((threadId) => this.#count(threadId, before))].slice(-MOST_SHIFTS);
  }

  #count(threadId: Id, before: Map<Id, Email>): Shift {
    const now = this.store.threadEmails(threadId);
    const then = now.map((email) => before.get(email.id) ?? email);
    const unreadIn = (emails: Email[]): Set<Id> => new Set(emails.some((email) => !('$seen' in email.keywords)) ? emails.flatMap((email) => Object.keys(email.mailboxIds)) : []);
    const was = unreadIn(then);
    const is = unreadIn(now);
    for (const box of new Set([...was, ...is])) {
      const delta = Number(is.has(box)) - Number(was.has(box));
      if (delta) this.store.unreadDelta.set(box, (this.store.unreadDelta.get(box) ?? 0) + delta);
    }
    return { n: ++this.shifted, threadId, then, now, torn: now.length !== this.store.threads.get(threadId)?.emailIds.length };
  }

  /** What this device writes of deeds, one behind the other: of two states of a deed the later one stays. */
  #writes: Promise<unknown> = Promise.resolve();

  /** Whether it has been written. */
  #write(work: (db: Database) => Promise<unknown>): Promise<boolean> {
    const { db } = this.store;
    const written = this.#writes.then(() => (db ? work(db).then(() => true) : false)).catch(() => false);
    this.#writes = written;
    return written;
  }

  #keep(entry: Entry): void {
    void this.#write((db) => db.put('log', entry.id, entry)).then((kept) => {
      const others = [...this.unkept].filter((id) => id !== entry.id);
      const lost = !kept && entry.state === 'waiting';
      if (lost) this.refused = true;
      if (lost || others.length < this.unkept.size) this.unkept = new Set(lost ? [...others, entry.id] : others);
    });
    const surplus = this.entries.filter(({ state }) => state !== 'waiting').slice(0, Math.max(0, this.entries.length - KEPT));
    if (surplus.length) {
      this.entries = this.entries.filter((other) => !surplus.includes(other));
      void this.#write((db) => db.delete('log', surplus.map(({ id }) => id)));
    }
  }

  /** The deed as it is now. */
  update(entry: Entry, change: Partial<Entry>): Entry {
    const fresh = { ...entry, ...change };
    this.entries = this.entries.map((other) => (other.id === entry.id ? fresh : other));
    this.#keep(fresh);
    return fresh;
  }

  /** Take the last deed back, or the one with this id. */
  undo(id?: string): Entry | null {
    const entry = id ? this.entries.find((other) => other.id === id) : this.undoable[0];
    if (!entry || entry.state === 'undone' || entry.state === 'refused') return null;
    if (entry.job) {
      // What has left cannot be taken back from here.
      if (entry.state !== 'waiting' || this.#inFlight.has(entry.id)) return null;
      this.update(entry, { state: 'undone' });
      this.onJobUndone?.(entry.job);
      return entry;
    }
    if (!isWhole(entry)) this.#redo.push(entry);
    this.update(entry, { state: 'undone' });
    const inverses = entry.inverses;
    if (entry.state === 'waiting' && entry.attempted && !this.#inFlight.has(entry.id)) {
      // Nobody knows whether the server has it: taken for done, then taken back.
      for (const email of Object.keys(entry.patches)) this.store.settle(entry.id, email, true);
    } else if (entry.state === 'waiting' && !this.#inFlight.has(entry.id)) {
      const before = this.shown(Object.keys(entry.patches));
      for (const email of Object.keys(entry.patches)) this.store.settle(entry.id, email, false);
      this.shift(before);
      void this.told(entry);
      if (entry.fact) this.onBegun?.({ ...entry, ...reversed(entry), undoes: entry.id });
      this.onUndone?.(entry);
      return entry;
    }
    void this.#known(Object.keys(inverses)).then((all) => {
      const back = this.perform(entry.title, entry.values, inverses, { undoes: entry.id, ...reversed(entry) });
      if (back || all) this.onUndone?.(entry);
      else {
        // Nobody knows these messages now: it stays as it was, to be taken back later.
        this.#redo = this.#redo.filter((other) => other !== entry);
        this.update(entry, { state: 'done' });
      }
    });
    return entry;
  }

  /** Whether these messages are in memory. After a reload they may not be, nor after much else was looked at, and the server may have to be asked as soon as it can be. */
  async #known(ids: Id[]): Promise<boolean> {
    const absent = (): boolean => ids.some((id) => !this.store.emails.has(id));
    await this.store.load(ids);
    if (absent() && (await this.store.reach())) await this.store.load(ids);
    return !absent();
  }

  redo(): void {
    const entry = this.#redo.pop();
    if (!entry) return;
    const redo = [...this.#redo];
    void this.#known(Object.keys(entry.patches)).then(() => {
      this.perform(entry.title, entry.values, entry.patches, beside(entry));
      this.#redo = redo;
    });
  }

  get canRedo(): boolean {
    return this.#redo.length > 0;
  }

  /** Deeds that are on their way to the server. */
  readonly #inFlight = new Set<string>();

  /** Of what this entry was about the server knows, as far as nothing else waits that is about the same. */
  async told(entry: Entry, refused = false): Promise<void> {
    const threadsOf = ({ patches }: Entry): Id[] => Object.keys(patches).map((id) => this.store.emails.get(id)?.threadId ?? '');
    const waiting = new Set(refused ? [] : this.entries.filter(({ state }) => state === 'waiting').flatMap(threadsOf));
    await Promise.all(this.store.queries.map((query) => query.told(threadsOf(entry).filter((id) => !waiting.has(id)), refused)));
  }

  /** Tell the server what waits, in order, until nothing does or nobody answers. */
  async flush(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    try {
      for (;;) {
        const client = this.store.client;
        const entry = this.entries.find(({ state, id }) => state === 'waiting' || (state === 'undone' && this.#inFlight.has(id)));
        if (!client || !entry || entry.state !== 'waiting') return;
        // Of what has waited others may know more by now: the windows of this browser, and other devices.
        const isNews = !entry.attempted && !entry.job && this.unkept.has(entry.id);
        const goesOn = isNews ? this.#tell(client, entry) : import('./waited.ts').then(({ inTurn }) => inTurn(this, entry, (now) => this.#tell(client, now)));
        if (!(await goesOn.catch(() => false))) return;
        if (!this.entries.some(({ state }) => state === 'waiting')) {
          await this.store.sync();
          this.store.unreadDelta.clear();
        }
      }
    } finally {
      this.#sending = false;
    }
  }

  /** Tell the server of one deed. False where nobody answers. */
  async #tell(client: Client, entry: Entry): Promise<boolean> {
    this.#inFlight.add(entry.id);
    if (!entry.attempted) this.update(entry, { attempted: true });
    const errors: Record<Id, string> = {};
    const told = new Set<Id>();
    const answered = this.store.asking();
    try {
      if (entry.job) {
        if (!this.onJob) throw new Offline();
        await this.onJob(entry.job);
        await this.store.db?.put('log', entry.id, { ...entry, state: 'done' } satisfies Entry);
      }
      if (entry.note) await this.onNote?.(entry.note);
      if (entry.fact) await this.onFact?.(entry.fact);
      for (const { ids, account } of sides(entry)) for (let from = 0; from < ids.length; from += client.maxObjectsInSet) {
        const part = ids.slice(from, from + client.maxObjectsInSet);
        const response = await (this.store.clientOf(account) ?? client).call<SetResponse>('Email/set', { update: Object.fromEntries(part.map((id) => [id, entry.patches[id]])) });
        for (const id of part) {
          told.add(id);
          const refusal = response.notUpdated?.[id];
          if (refusal) errors[id] = refusal.type === 'notFound' ? refusal.type : saidBy(refusal);
          this.store.settle(entry.id, id, !refusal);
        }
      }
    } catch (error) {
      this.#inFlight.delete(entry.id);
      this.store.report(error);
      if (error instanceof Offline || error instanceof SignedOut || isTemporary(error)) return false;
      for (const id of entry.job ? [entry.job.draft] : [...Object.keys(entry.patches), ...(entry.note ? [entry.note.threadId] : []), ...(entry.fact ? [entry.fact.type] : [])]) {
        if (told.has(id)) continue;
        errors[id] = error instanceof Error ? error.message : String(error);
        this.store.settle(entry.id, id, false);
      }
    }
    this.#inFlight.delete(entry.id);
    answered();
    // It is done when this device will find it again, to be taken back; one that cannot write holds nothing up.
    await this.written();
    const now = this.entries.find(({ id }) => id === entry.id) ?? entry;
    const failed = Object.keys(errors).length;
    const whole = failed > 0 && failed >= Math.max(1, Object.keys(entry.patches).length);
    const done = this.update(now, { ...(now.state === 'waiting' ? { state: whole ? 'refused' : 'done' } : {}), ...(failed ? { errors } : {}) });
    if (failed) this.onRefused?.(done);
    if (!entry.quiet) this.onSettled?.();
    await this.told(entry, failed > 0);
    if (entry.quiet) {
      this.entries = this.entries.filter(({ id }) => id !== entry.id);
      void this.#write((db) => db.delete('log', [entry.id]));
    }
    return true;
  }

  /** What was to be written has been, or will not be for long. */
  written(): Promise<unknown> {
    return Promise.race([this.#writes, new Promise((resolve) => setTimeout(resolve, KEPT_WITHIN_MS))]);
  }
}
