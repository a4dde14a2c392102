/** Who refers to which emails: what nobody does need not be in the page's memory. Pure. */
import type { Id } from '../jmap/types.ts';

/** Asked when there is too much: emails and whole conversations that somebody works with just now. */
export type Held = () => { emails?: Iterable<Id | null>; threads?: Iterable<Id | null> };

/** So many of the rows that were looked at last stay: whoever scrolls back and forth looks nothing up. */
export const LATELY = 1500;

export class Holds {
  readonly #holders = new Set<Held>();
  /** The one used last at the end. */
  readonly #lately = new Set<Id>();

  add(held: Held): () => void {
    this.#holders.add(held);
    return () => void this.#holders.delete(held);
  }

  used(ids: readonly Id[]): void {
    for (const id of ids) {
      this.#lately.delete(id);
      this.#lately.add(id);
    }
  }

  all(): { emails: Set<Id>; threads: Set<Id> } {
    let surplus = this.#lately.size - LATELY;
    for (const id of this.#lately) {
      if (surplus-- <= 0) break;
      this.#lately.delete(id);
    }
    const emails = new Set(this.#lately);
    const threads = new Set<Id>();
    for (const held of this.#holders) {
      const { emails: ids = [], threads: whole = [] } = held();
      for (const id of ids) if (id) emails.add(id);
      for (const id of whole) if (id) threads.add(id);
    }
    return { emails, threads };
  }
}
