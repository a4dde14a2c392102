/** Work behind everything else goes on only while the hand rests: keys, wheel and scrolling come first. */
const KINDS = ['keydown', 'pointerdown', 'wheel', 'scroll', 'input'];
const LOOK_MS = 100;

/** Call `what` when the page has nothing else to do, within a second or so. Returns how to call it off. */
export function whenIdle(what: () => void): () => void {
  if (typeof requestIdleCallback !== 'function') {
    const timer = setTimeout(what, 50);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(what, { timeout: 1000 });
  return () => cancelIdleCallback(handle);
}

/** Tell whoever looks on how long something took that has begun at `begin`. The browser would keep it for as long as the page lives. */
export function took(what: string, begin: number): void {
  performance.measure(what, { start: begin });
  performance.clearMeasures(what);
}

/** So long a frame may be awaited: a page that nobody sees paints none. */
const NO_FRAME_MS = 100;

/** Call `what` once the frame that is due has been painted: what the eye waits for comes first. */
export function afterPaint(what: () => void): void {
  if (typeof requestAnimationFrame !== 'function' || document.visibilityState === 'hidden') {
    setTimeout(what);
    return;
  }
  let done = false;
  const once = (): void => {
    if (done) return;
    done = true;
    clearTimeout(late);
    what();
  };
  const late = setTimeout(once, NO_FRAME_MS);
  requestAnimationFrame(() => setTimeout(once));
}

const MOST_ROWS = 6;
/** A frame and a bit; two; and what rows that took longer than those are to take. */
const QUICK_MS = 20;
const SLOW_MS = 32;
const WANTED_MS = 24;

/** How many rows to draw next, where the last `rows` were there after `ms`: more while that is quick, fewer on a device on which it holds up the page. */
export function rowsIn(ms: number, rows: number): number {
  if (ms > SLOW_MS) return Math.max(1, Math.floor((rows * WANTED_MS) / ms));
  return Math.min(MOST_ROWS, ms > QUICK_MS ? rows + 1 : rows * 2);
}

let own: Hand | undefined;

/** The hand that works in this window. */
export function hand(): Hand {
  return (own ??= new Hand(window));
}

export class Hand {
  #last: number;

  constructor(
    target: Pick<EventTarget, 'addEventListener'>,
    readonly now: () => number = () => performance.now(),
  ) {
    this.#last = -Infinity;
    for (const kind of KINDS) target.addEventListener(kind, () => (this.#last = this.now()), { capture: true, passive: true });
  }

  /** Milliseconds since the hand last did something. */
  get restedMs(): number {
    return this.now() - this.#last;
  }

  /** Until the hand has rested for `restMs` and `busy` says no; after `mostMs` in any case, so that the work ends some day. */
  async rests(restMs: number, mostMs: number, busy: () => boolean = () => false): Promise<void> {
    const begin = this.now();
    while ((this.restedMs < restMs || busy()) && this.now() - begin < mostMs) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
