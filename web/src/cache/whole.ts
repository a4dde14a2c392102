/** Something of the account that is read whole: again where news names its type, and where news may have been missed only if the server says that it has changed. */
import { Refused } from '../jmap/errors.ts';
import type { Client } from '../jmap/client.ts';
import type { ChangesResponse } from '../jmap/types.ts';
import type { Store } from './store.svelte.ts';

export class Whole {
  #state: string | undefined;
  #reading: Promise<void> = Promise.resolve();

  /** `read` says at which state the type stands, undefined where it could not be read; it raises nothing. */
  constructor(
    readonly store: Store,
    readonly type: string,
    readonly read: (client: Client) => Promise<string | undefined>,
  ) {
    store.on(type, (told) => void (told ? this.load() : this.#look()));
  }

  load(): Promise<void> {
    const { client } = this.store;
    if (!client) return Promise.resolve();
    return (this.#reading = this.read(client).then((state) => void (this.#state = state)));
  }

  async #look(): Promise<void> {
    // What is on its way may have been read before the change.
    await this.#reading;
    const since = this.#state;
    const { client } = this.store;
    if (client && since !== undefined) {
      try {
        const { newState } = await client.call<ChangesResponse>(`${this.type}/changes`, { sinceState: since, maxChanges: 1 });
        if (newState === since) return;
      } catch (error) {
        // A type without changes, or a state that the server no longer knows.
        if (!(error instanceof Refused)) {
          this.store.report(error);
          return;
        }
      }
    }
    await this.load();
  }
}
