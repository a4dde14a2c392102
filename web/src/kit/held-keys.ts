/**
 * Keys that are pressed while what they are meant for is still coming: a dialog, a composer, whose code or text is on its way. They are no
 * commands for the list behind it. They wait, and are typed when it is there; what cannot be typed is let go.
 */
import type { Stroke } from './keys.ts';

/** So many wait. */
const MOST = 200;

export class HeldKeys {
  #keys: Stroke[] = [];

  get some(): boolean {
    return this.#keys.length > 0;
  }

  hold({ key, ctrlKey, metaKey, altKey, shiftKey }: Stroke): void {
    if (/^(?:Shift|Control|Alt|Meta|CapsLock|Dead|Process)$/.test(key) || this.#keys.length >= MOST) return;
    this.#keys.push({ key, ctrlKey, metaKey, altKey, shiftKey });
  }

  drop(): void {
    this.#keys = [];
  }

  /** Type them where the focus is now. */
  type(): void {
    for (const stroke of this.#keys.splice(0)) {
      const target = document.activeElement;
      if (!(target instanceof HTMLElement)) return;
      const field = target.isContentEditable || target.matches('input, textarea');
      // Where nothing has opened that takes them they would be commands for what is behind it.
      if (!field && !target.closest('dialog[open]')) return;
      const plain = !stroke.ctrlKey && !stroke.metaKey && !stroke.altKey;
      // The element itself may know the key: Enter chooses, Escape closes, arrows walk.
      const known = !target.dispatchEvent(new KeyboardEvent('keydown', { ...stroke, bubbles: true, cancelable: true }));
      if (known || !field || !plain) continue;
      if ([...stroke.key].length === 1) document.execCommand('insertText', false, stroke.key);
      else if (stroke.key === 'Backspace') document.execCommand('delete');
      else if (stroke.key === 'Enter' && !target.matches('input')) document.execCommand('insertParagraph');
    }
  }
}
