/** Small objects of the account that are read whole and kept current by push: smart folders, reminders, senders, jobs. */
import { PLUS, type GetResponse, type Id, type SetResponse } from '../jmap/types.ts';
import { Offline, refusedBy } from '../jmap/errors.ts';
import type { Client } from '../jmap/client.ts';
import type { Store } from './store.svelte.ts';
import { Whole } from './whole.ts';

export class Records<T extends { id: Id }> {
  list = $state.raw<T[]>([]);
  loaded = $state(false);
  /** The server had the type when this device last asked. */
  #kept = $state(false);
  readonly #whole: Whole;
  readonly byId = $derived(new Map(this.list.map((one) => [one.id, one])));

  constructor(
    readonly store: Store,
    readonly type: string,
    readonly capability = PLUS,
    /** Told of each list that has come. */
    readonly onload: (list: T[]) => void = () => undefined,
  ) {
    this.#whole = new Whole(store, type, (client) => this.#read(client));
  }

  /** True where the server has the type and can be asked now. */
  get possible(): boolean {
    return this.store.link === 'online' && (this.store.client?.has(this.capability) ?? false);
  }

  /** True where the server has the type, or had it when nobody can be asked. */
  get present(): boolean {
    return this.store.client?.has(this.capability) ?? this.#kept;
  }

  async restore(): Promise<void> {
    const kept = await this.store.db?.get<T[]>('meta', `type:${this.type}`);
    if (!kept) return;
    this.#kept = true;
    if (!this.loaded) this.list = kept;
  }

  load(): Promise<void> {
    return this.#whole.load();
  }

  async #read(client: Client): Promise<string | undefined> {
    if (!client.has(this.capability)) return undefined;
    try {
      const { list, state } = await client.call<GetResponse<T>>(`${this.type}/get`, { ids: null });
      this.list = list;
      this.loaded = true;
      this.onload(this.list);
      this.store.db?.later('meta', [[`type:${this.type}`, this.list]]);
      return state;
    } catch (error) {
      this.store.report(error);
      return undefined;
    }
  }

  /** Make one; what is refused is thrown. Returns what the server has made of it. */
  async create(values: Partial<T>): Promise<T> {
    const answer = await this.#set({ create: { one: values } });
    const refusal = answer.notCreated?.['one'];
    const made = answer.created?.['one'];
    if (refusal || !made) throw refusedBy(refusal ?? { type: 'serverFail' });
    const whole = { ...values, ...made } as T;
    // The push may have been quicker than the answer.
    this.list = [...this.list.filter(({ id }) => id !== whole.id), whole];
    return whole;
  }

  async update(id: Id, patch: Record<string, unknown>): Promise<void> {
    const refusal = (await this.#set({ update: { [id]: patch } })).notUpdated?.[id];
    if (refusal) throw refusedBy(refusal);
    this.list = this.list.map((one) => (one.id === id ? { ...one, ...patch } : one));
    this.onload(this.list);
  }

  async destroy(id: Id): Promise<void> {
    const refusal = (await this.#set({ destroy: [id] })).notDestroyed?.[id];
    if (refusal && refusal.type !== 'notFound') throw refusedBy(refusal);
    this.list = this.list.filter((one) => one.id !== id);
  }

  #set(args: Record<string, unknown>): Promise<SetResponse<T>> {
    const client = this.store.client;
    if (!client) throw new Offline();
    return client.call<SetResponse<T>>(`${this.type}/set`, args);
  }
}
