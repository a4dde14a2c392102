/** Mail of the last days comes onto this device: how far that is, and who begins and ends it. */
import type { Bodies } from './bodies.ts';
import type { Store } from './store.svelte.ts';

export class Prefetch {
  /** How far it is; null where it does not run. */
  progress = $state.raw<{ done: number; total: number } | null>(null);
  #run = 0;

  constructor(
    readonly store: Store,
    readonly bodies: Bodies,
  ) {}

  stop(): void {
    this.#run++;
    this.progress = null;
  }

  /** Fetch what came within `days`. A later call ends an earlier one. */
  async start(days: number): Promise<void> {
    const run = ++this.#run;
    // Where the program cannot be had its mail cannot either: with the next connection it is begun again.
    const module = await import('./bringing.ts').catch(() => null);
    if (run === this.#run) await module?.bring(this, days, () => run !== this.#run);
  }
}
