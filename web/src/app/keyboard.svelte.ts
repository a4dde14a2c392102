/** Keys, from the window or from a message's frame, to the commands they stand for. */
import { tick } from 'svelte';
import { bindings, commands } from '../action/commands.svelte.ts';
import { type Mail, session } from '../action/session.svelte.ts';
import { HeldKeys } from '../kit/held-keys.ts';
import { t } from '../kit/i18n/index.svelte.ts';
import { KeyReader, type Stroke, isSingle, strokeOf } from '../kit/keys.ts';

const mac = /Mac|iPhone|iPad/.test(navigator.platform);
/** Whoever waits longer than this waits for nothing. */
const LONGEST_MS = 8000;
/** An editor takes for writing what comes a moment after it has been filled. */
const FILLED_MS = 80;

export class Keyboard {
  readonly #mail: Mail;
  readonly #reader = new KeyReader();
  // What a key has opened may take its time to come: until it has the focus, keys are meant for it and not for the list.
  readonly #held = new HeldKeys();
  #opening = $state(0);
  #isComing: () => boolean = () => false;
  #since = 0;
  #typing = false;

  constructor(mail: Mail) {
    this.#mail = mail;
  }

  /** `coming`: whether something that will take the keys is on its way. */
  watch(coming: () => boolean): void {
    const isComing = $derived(this.#opening > 0 || coming());
    this.#isComing = () => isComing;
    $effect(() => {
      if (isComing) {
        this.#since ||= performance.now();
        return;
      }
      this.#since = 0;
      if (!this.#held.some || this.#typing) return;
      this.#typing = true;
      void tick().then(() => setTimeout(() => {
        this.#typing = false;
        this.#held.type();
      }, FILLED_MS));
    });
  }

  /** Keys wait until this work, which a key has begun, is done. */
  async opened<T>(work: Promise<T>): Promise<T> {
    this.#opening++;
    try {
      return await work;
    } finally {
      this.#opening--;
    }
  }

  press(event: Stroke, now = performance.now()): boolean {
    if (this.#waits()) {
      this.#held.hold(event);
      return true;
    }
    const found = this.#reader.read(strokeOf(event, mac), bindings(), now);
    if (found === 'more') return true;
    if (found === 'typing') {
      const { log } = this.#mail;
      session.toast({ text: t('typing'), ...(log.undoable.length ? { action: { label: t('cmd.undo'), run: () => void log.undo() } } : {}) });
      return true;
    }
    return found ? commands.run(found.id) : false;
  }

  /** Before whatever has the focus sees the key: it waits behind those that wait already. */
  readonly onkeydowncapture = (event: KeyboardEvent): void => {
    if (event.isComposing || !event.isTrusted || !this.#waits()) return;
    if (!session.palette && !this.#typing && (event.target as HTMLElement).closest('input, textarea, select, [contenteditable="true"]')) return;
    event.preventDefault();
    event.stopPropagation();
    this.#held.hold(event);
  };

  readonly onkeydown = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.isComposing) return;
    const target = event.target as HTMLElement;
    const stroke = strokeOf(event, mac);
    const editing = target.isContentEditable || target.matches('input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select');
    if (editing && (isSingle(stroke) || !/^(?:Ctrl|Meta|Alt)\+|^F\d/.test(stroke) || /^Ctrl\+(?:[azcvxbiu]|Shift\+z)$/.test(stroke))) return;
    if (document.querySelector('dialog[open]') && !bindings()['app.palette']?.includes(stroke)) return;
    if (document.querySelector('[popover]:popover-open')) return;
    if ((stroke === 'Enter' || stroke === 'Space') && target.closest('button, a, summary, [role="menuitem"]')) return;
    if (/^(?:Arrow|Home|End)/.test(stroke) && target.closest('[role="separator"], [role="radiogroup"], .read')) return;
    if (this.press(event, event.timeStamp)) event.preventDefault();
  };

  #waits(): boolean {
    return this.#typing || (this.#isComing() && (!this.#since || performance.now() - this.#since < LONGEST_MS));
  }
}
