/**
 * The place of the keyboard. What has the focus may leave the page with what was done: a row that is filed, a conversation that makes way for the next one, a note that is over.
 * The browser lets the focus fall to the beginning of the page then; here it goes on where the hand was, at the next row or at the next message.
 */
import { afterPaint } from '../kit/rest.ts';

export type Room = 'list' | 'reader' | 'drawer' | 'page';

/** Where the hand is. What lies over the page (dialogs, menus, notes, docked composers) is no place: the hand goes back to where it was `before`. */
export function roomOf(at: Element | null, before: Room): Room {
  if (!at || at === document.body || at === document.documentElement) return before;
  if (at.closest('.reader-pane')) return 'reader';
  if (at.closest('.list-pane')) return 'list';
  if (at.closest('.phone .side, .scrim')) return 'drawer';
  return at.closest('dialog, [popover], .toasts, .composer') ? before : 'page';
}

/** The folders of a telephone, while they lie over the page. */
const drawer = (): HTMLElement | null => document.querySelector<HTMLElement>('.drawer-open .side');

const shown = (selector: string, within: ParentNode = document): HTMLElement | null =>
  [...within.querySelectorAll<HTMLElement>(selector)].find((one) => one.offsetParent !== null) ?? null;

/** So long it is waited for what is still to come: the rows of a list, the text of a message. */
const WAIT_MS = 600;
/** After a deed it is looked so long, so often. */
const WATCH_MS = 1500;
const LOOK_MS = 60;

export class Focus {
  #room: Room = 'list';
  /** Something has had the focus: before that the page is entered from its beginning. */
  #held = false;
  /** Until when it is looked whether the focus is lost, and since when it is. */
  #until = 0;
  #since = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #close: () => void;

  /** `list`: the pane of the list that has the hand. `stands`: whether the row with the cursor is in it, where there is a cursor. */
  constructor(
    readonly list: () => HTMLElement | null,
    readonly stands: () => boolean,
  ) {
    const note = (): void => {
      if (document.activeElement === document.body) return;
      this.#room = roomOf(document.activeElement, this.#room);
      this.#held = true;
    };
    const ran = (event: Event): void => {
      if ((event as CustomEvent<{ what: string }>).detail.what === 'ran') this.look(true);
    };
    document.addEventListener('focusin', note);
    window.addEventListener('blur', note); // into the frame of a message
    window.addEventListener('mailstead:command', ran);
    this.#close = () => {
      document.removeEventListener('focusin', note);
      window.removeEventListener('blur', note);
      window.removeEventListener('mailstead:command', ran);
    };
    note();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#close();
  }

  /** Something may have left the page. `anyway`: also where nothing has had the focus yet. */
  look(anyway = false): void {
    if (!this.#held && !anyway) return;
    // What comes of a deed goes on for a while: rows come and go as the server answers.
    if (performance.now() > this.#until) afterPaint(() => this.#watch());
    this.#until = performance.now() + WATCH_MS;
  }

  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#lost) this.#place();
    else this.#since = 0;
    if (performance.now() < this.#until) this.#timer = setTimeout(() => this.#watch(), LOOK_MS);
  }

  /** The list itself holds the focus only while the row with the cursor is out of sight, its pane only while there is none. */
  get #lost(): boolean {
    const at = document.activeElement;
    const over = drawer();
    if (over) return !over.contains(at) && !at?.matches('.scrim');
    return !at || at === document.body || (at.matches('.list, .list-pane') && this.stands() && at.querySelector('[role="row"][tabindex="0"]') !== null);
  }

  #place(): void {
    if (document.querySelector('dialog[open], [popover]:popover-open')) return;
    const now = performance.now();
    this.#since ||= now;
    const [best, good] = this.#goals();
    const goal = best ?? (now - this.#since > WAIT_MS ? good : null);
    if (goal && goal !== document.activeElement) goal.focus({ preventScroll: true });
  }

  /** What is wanted, where it is there, and what will do in its place. */
  #goals(): [HTMLElement | null, HTMLElement | null] {
    const over = drawer();
    if (over) return [shown('[aria-current="page"]', over) ?? shown('a', over), null];
    const list = this.list();
    const reader = shown('.reader-pane');
    if (this.#room === 'drawer') return [shown('.top button'), shown('#content')];
    if (reader?.querySelector('.thread-h') && (this.#room === 'reader' || !list)) return [shown('section.msg[aria-label]', reader), reader];
    if (list && this.#room !== 'page' && !this.stands()) return [null, list];
    if (list && this.#room !== 'page') return [shown('[role="row"][tabindex="0"], .list[tabindex="0"]', list) ?? (shown('.calm, .part-none', list) ? list : null), list];
    return [null, shown('#content')];
  }
}
