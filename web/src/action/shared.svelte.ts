/**
 * What was done here, told to the owner's other devices, so that it can be taken back there as well: the last deeds with their
 * inverses, in one setting on the server (`ClientSettings` "history"). Each device writes its own into the list that is there.
 */
import { Whole } from '../cache/whole.ts';
import { PLUS, type Id } from '../jmap/types.ts';
import type { Patch } from '../cache/patch.ts';
import { type Entry, beside, isWhole, reversed } from './log.svelte.ts';
import type { Mail } from './session.svelte.ts';

export interface SharedEntry {
  id: string;
  title: string;
  values: Entry['values'];
  at: number;
  undone: boolean;
  inverses: Record<Id, Patch>;
  of?: Record<Id, Id>;
  note?: NonNullable<Entry['note']>;
  fact?: NonNullable<Entry['fact']>;
}

const ID = 'history';
const MOST = 30;
const MOST_OCTETS = 48_000;

export class Shared {
  list = $state.raw<SharedEntry[]>([]);
  readonly #whole: Whole;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #told = new Map<string, boolean>();

  constructor(readonly mail: Mail) {
    this.#whole = new Whole(mail.store, 'ClientSettings', () => this.#read());
  }

  /** Deeds of other devices that this one does not know itself, newest first. */
  readonly elsewhere = $derived.by(() => {
    const own = new Set(this.mail.log.entries.map(({ id }) => id));
    return this.list.filter(({ id }) => !own.has(id)).sort((left, right) => right.at - left.at);
  });

  async #fetch(): Promise<{ list: SharedEntry[]; state?: string }> {
    const client = this.mail.store.client;
    if (!client?.has(PLUS)) return { list: [] };
    const answer = await client.call<{ list: { value: unknown }[]; state: string }>('ClientSettings/get', { ids: [ID] });
    const value = answer.list[0]?.value;
    const list = Array.isArray(value) ? value.filter((one): one is SharedEntry => typeof one === 'object' && one !== null && typeof (one as SharedEntry).id === 'string' && typeof (one as SharedEntry).inverses === 'object') : [];
    return { list, state: answer.state };
  }

  load(): Promise<void> {
    return this.#whole.load();
  }

  async #read(): Promise<string | undefined> {
    try {
      const { list, state } = await this.#fetch();
      this.list = list;
      this.#catchUp();
      return state;
    } catch (error) {
      this.mail.store.report(error);
      return undefined;
    }
  }

  /** The window may have been closed before the last deeds were told. What is older than all that is listed there has left the list. */
  #catchUp(): void {
    const { entries } = this.mail.log;
    for (const { id, undone } of this.list) {
      const state = entries.find((entry) => entry.id === id)?.state;
      // What another device has taken back is not told anew.
      if (state && !this.#told.has(id)) this.#told.set(id, state === 'undone' && undone);
    }
    const since = Math.min(...this.list.map(({ at }) => at));
    if (this.#news().some(({ at }) => at >= since || !this.list.length)) this.notice();
  }

  /** Deeds of this device that the others do not know as they are now. */
  #news(): Entry[] {
    const mine = this.mail.log.entries.filter((entry) => !entry.quiet && !entry.undoes && !entry.job && !isWhole(entry) && !entry.fact?.here && (entry.state === 'done' || (entry.state === 'undone' && this.#told.has(entry.id))));
    return mine.filter((entry) => this.#told.get(entry.id) !== (entry.state === 'undone')).slice(-MOST);
  }

  /** Deeds have changed here: tell in a moment. */
  notice(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#tell(), 800);
  }

  async #tell(): Promise<void> {
    const client = this.mail.store.client;
    const news = this.#news();
    if (!client?.has(PLUS) || this.mail.store.link !== 'online' || !news.length) return;
    try {
      const fresh = news.map((entry): SharedEntry => ({ id: entry.id, title: entry.title, values: entry.values, at: entry.at, undone: entry.state === 'undone', inverses: entry.inverses, ...(entry.of ? { of: entry.of } : {}), ...beside(entry) }));
      await this.write((there) => [...there.filter(({ id }) => !fresh.some((one) => one.id === id)), ...fresh]);
      for (const entry of news) this.#told.set(entry.id, entry.state === 'undone');
      for (const id of this.#told.keys()) if (!this.mail.log.entries.some((entry) => entry.id === id)) this.#told.delete(id);
    } catch (error) {
      this.mail.store.report(error);
    }
  }

  async write(change: (there: SharedEntry[]) => SharedEntry[]): Promise<void> {
    const client = this.mail.store.client;
    if (!client) return;
    let value = change((await this.#fetch()).list).sort((left, right) => left.at - right.at).slice(-MOST);
    while (value.length && JSON.stringify(value).length > MOST_OCTETS) value = value.slice(1);
    const answer = await client.call<{ notUpdated?: Record<string, unknown> | null }>('ClientSettings/set', { update: { [ID]: { value } } });
    if (answer.notUpdated?.[ID]) await client.call('ClientSettings/set', { create: { one: { id: ID, value } } });
    this.list = value;
  }

  /** Deeds that speak of something by another name now, in this device's log and in what is told to the others. */
  mend(change: <T extends Pick<Entry, 'fact'>>(entry: T) => T): void {
    this.mail.log.mend(change);
    void this.write((there) => there.map(change)).catch(() => undefined);
  }

  /** Take back what another device has done. */
  async undo(entry: SharedEntry): Promise<void> {
    for (const [id, account] of Object.entries(entry.of ?? {})) this.mail.store.know([id], account);
    await this.mail.store.load(Object.keys(entry.inverses));
    this.mail.log.perform(entry.title, entry.values, entry.inverses, { undoes: entry.id, ...reversed(entry) });
    await this.write((there) => there.map((one) => (one.id === entry.id ? { ...one, undone: true } : one)));
  }
}
