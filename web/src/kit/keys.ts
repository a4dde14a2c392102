/**
 * Keys: presets, chords, and the guard against letters that were meant for somewhere else.
 *
 * A binding is a sequence of strokes parted by spaces: `g i`, `Shift+i`, `Ctrl+k`, `* a`. `Ctrl` means the command key on a Mac.
 * Single characters carry their shift (`#`, `?`); letters are written small, with `Shift+` where it is held.
 */
import { type Key, isKey, t } from './i18n/index.svelte.ts';

export type Bindings = Record<string, string[]>;
export type KeyPreset = 'gmail' | 'outlook' | 'apple' | 'thunderbird' | 'vim' | 'none';

export interface Stroke {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

export function strokeOf(event: Stroke, mac = false): string {
  let key = event.key === ' ' ? 'Space' : event.key;
  const letter = /^\p{L}$/u.test(key);
  if (letter) key = key.toLowerCase();
  const named = key.length > 1;
  const command = mac ? event.metaKey : event.ctrlKey;
  const other = mac ? event.ctrlKey : event.metaKey;
  return (command ? 'Ctrl+' : '') + (other ? 'Meta+' : '') + (event.altKey ? 'Alt+' : '') + (event.shiftKey && (letter || named) ? 'Shift+' : '') + key;
}

/** True for strokes that 2.1.4 of WCAG 2.2 is about: one printable character, nothing held but Shift. */
export function isSingle(sequence: string): boolean {
  return sequence.split(' ').every((stroke) => /^(?:Shift\+)?[^\s]$/u.test(stroke));
}

const gmail: Bindings = {
  'list.next': ['j', 'ArrowDown'],
  'list.previous': ['k', 'ArrowUp'],
  'list.open': ['o', 'Enter'],
  'list.back': ['u', 'Escape'],
  'list.select': ['x'],
  'list.extend-next': ['Shift+j', 'Shift+ArrowDown'],
  'list.extend-previous': ['Shift+k', 'Shift+ArrowUp'],
  'list.first': ['Home'],
  'list.last': ['End'],
  'select.all': ['* a', 'Ctrl+a'],
  'select.none': ['* n'],
  'select.read': ['* r'],
  'select.unread': ['* u'],
  'select.flagged': ['* s'],
  'mail.archive': ['e'],
  'mail.archive-previous': ['['],
  'mail.archive-next': [']'],
  'mail.trash': ['#', 'Delete'],
  'mail.junk': ['!'],
  'mail.move': ['v'],
  'mail.label': ['l'],
  'mail.flag': ['s'],
  'mail.read': ['Shift+i'],
  'mail.unread': ['Shift+u'],
  'mail.snooze': ['b', 'h'],
  'mail.remind': ['w'],
  'mail.flag-as': ['Shift+s', 't'],
  'mail.mute': ['m'],
  'mail.unmute': ['Shift+m'],
  'mail.note': ['Shift+n'],
  'thread.next': ['n'],
  'thread.previous': ['p'],
  'thread.expand': [';'],
  'thread.collapse': [':'],
  'thread.reply': ['r'],
  'thread.reply-all': ['a'],
  'thread.forward': ['f'],
  'compose.new': ['c'],
  'compose.send': ['Ctrl+Enter'],
  'app.undo': ['z', 'Ctrl+z'],
  'app.redo': ['Shift+z', 'Ctrl+Shift+z'],
  'app.search': ['/'],
  'app.palette': ['Ctrl+k'],
  'app.keys': ['?'],
  'app.next-pane': ['F6'],
  'app.previous-pane': ['Shift+F6'],
  'app.more': ['.'],
  'go.inbox': ['g i'],
  'go.flagged': ['g s'],
  'go.sent': ['g t'],
  'go.drafts': ['g d'],
  'go.all': ['g a'],
  'go.outbox': ['g o'],
  'go.waiting': ['g w'],
  'go.snoozed': ['g b'],
  'go.archive': ['g e'],
  'go.history': ['g h'],
  'go.settings': ['g ,'],
  'layout.1': ['g 1'],
  'layout.2': ['g 2'],
  'layout.3': ['g 3'],
  'layout.4': ['g 4'],
  'layout.5': ['g 5'],
  'layout.own-1': ['g 6'],
  'layout.own-2': ['g 7'],
  'layout.own-3': ['g 8'],
  'layout.own-4': ['g 9'],
};

const unsingle = (bindings: Bindings): Bindings =>
  Object.fromEntries(Object.entries(bindings).map(([id, sequences]) => [id, sequences.filter((sequence) => !isSingle(sequence))]));

const base = unsingle(gmail);

export const keyPresets: Record<KeyPreset, Bindings> = {
  gmail,
  outlook: {
    ...base,
    'mail.archive': ['Backspace', 'e'],
    'mail.trash': ['Delete', 'Ctrl+d'],
    'mail.junk': ['Ctrl+Alt+j'],
    'mail.move': ['Ctrl+Shift+v', 'v'],
    'mail.label': ['c'],
    'mail.flag': ['Insert'],
    'mail.read': ['Ctrl+q', 'q'],
    'mail.unread': ['Ctrl+u', 'u'],
    'mail.snooze': ['Shift+e'],
    'thread.reply': ['r', 'Ctrl+r'],
    'thread.reply-all': ['Shift+r', 'Ctrl+Shift+r'],
    'thread.forward': ['Shift+f', 'Ctrl+Shift+f'],
    'compose.new': ['n', 'Ctrl+n'],
    'compose.send': ['Ctrl+Enter', 'Alt+s'],
    'app.search': ['Alt+q', '/'],
    'app.keys': ['?'],
    'list.back': ['Escape'],
    'list.select': ['Ctrl+Space'],
  },
  apple: {
    ...base,
    'mail.archive': ['Ctrl+Meta+a'],
    'mail.trash': ['Delete', 'Backspace'],
    'mail.junk': ['Ctrl+Shift+j'],
    'mail.move': ['Ctrl+Shift+m'],
    'mail.flag': ['Ctrl+Shift+l'],
    'mail.read': ['Ctrl+Shift+u'],
    'thread.reply': ['Ctrl+r'],
    'thread.reply-all': ['Ctrl+Shift+r'],
    'thread.forward': ['Ctrl+Shift+f'],
    'compose.new': ['Ctrl+n'],
    'compose.send': ['Ctrl+Shift+d', 'Ctrl+Enter'],
    'app.search': ['Ctrl+Alt+f'],
    'app.keys': ['?'],
  },
  thunderbird: {
    ...base,
    'list.next': ['f', 'ArrowDown'],
    'list.previous': ['b', 'ArrowUp'],
    'mail.archive': ['a'],
    'mail.trash': ['Delete'],
    'mail.junk': ['j'],
    'mail.flag': ['s'],
    'mail.read': ['m'],
    'thread.reply': ['Ctrl+r'],
    'thread.reply-all': ['Ctrl+Shift+r'],
    'thread.forward': ['Ctrl+l'],
    'compose.new': ['Ctrl+n', 'Ctrl+m'],
    'app.search': ['Ctrl+Shift+k', '/'],
    'app.keys': ['?'],
  },
  vim: {
    ...gmail,
    'list.first': ['g g', 'Home'],
    'list.last': ['Shift+g', 'End'],
    'mail.trash': ['d d', 'Delete'],
    'mail.archive': ['d a', 'e'],
    'app.undo': ['u', 'Ctrl+z'],
    'app.redo': ['Ctrl+r'],
    'list.back': ['q', 'Escape'],
    'compose.new': ['i', 'c'],
    'app.search': ['/'],
    'app.palette': [':', 'Ctrl+k'],
    'thread.collapse': [],
  },
  none: base,
};

/** The bindings in force: a preset, the user's own changes over it, and single characters only where they are wanted. */
export function bindingsOf(preset: KeyPreset, own: Bindings, singles: boolean): Bindings {
  const merged = { ...keyPresets[preset], ...own };
  return singles ? merged : unsingle(merged);
}

/** Which commands share a sequence, or hide one another as a prefix: `[sequence, ids]`. */
export function conflicts(bindings: Bindings): [string, string[]][] {
  const byKey = new Map<string, string[]>();
  for (const [id, sequences] of Object.entries(bindings)) for (const sequence of sequences) byKey.set(sequence, [...(byKey.get(sequence) ?? []), id]);
  const out: [string, string[]][] = [];
  for (const [sequence, ids] of byKey) {
    const hidden = [...byKey].filter(([other]) => other.startsWith(`${sequence} `)).flatMap(([, others]) => others);
    if (ids.length + hidden.length > 1) out.push([sequence, [...ids, ...hidden]]);
  }
  return out;
}

const SEQUENCE_MS = 1200;
const BURST_MS = 150;
const BURST = 3;

/**
 * Turns strokes into command ids. More than three single characters within 150 ms of each other are typing that lost its
 * field: `typing` is reported instead of the fourth, and the caller offers to take back what the first ones did.
 */
export class KeyReader {
  #pending = '';
  #pendingAt = 0;
  #burst = 0;
  #lastAt = -Infinity;
  #last = '';

  read(stroke: string, bindings: Bindings, now: number): { id: string } | 'more' | 'typing' | null {
    const single = isSingle(stroke);
    // A key held down, or pressed again and again, walks; only different ones in a row are words.
    if (stroke !== this.#last) this.#burst = single && now - this.#lastAt < BURST_MS ? this.#burst + 1 : single ? 1 : 0;
    this.#last = stroke;
    this.#lastAt = now;
    if (this.#burst > BURST) {
      this.#pending = '';
      return 'typing';
    }
    const sequence = this.#pending && now - this.#pendingAt < SEQUENCE_MS ? `${this.#pending} ${stroke}` : stroke;
    const found = this.#match(sequence, bindings) ?? (sequence === stroke ? null : this.#match(stroke, bindings));
    if (found === 'more') {
      this.#pending = this.#match(sequence, bindings) === 'more' ? sequence : stroke;
      this.#pendingAt = now;
    } else this.#pending = '';
    return found;
  }

  #match(sequence: string, bindings: Bindings): { id: string } | 'more' | null {
    let more = false;
    for (const [id, sequences] of Object.entries(bindings)) {
      for (const candidate of sequences) {
        if (candidate === sequence) return { id };
        if (candidate.startsWith(`${sequence} `)) more = true;
      }
    }
    return more ? 'more' : null;
  }
}

const glyphs: Record<string, string> = { ArrowDown: '↓', ArrowUp: '↑', ArrowLeft: '←', ArrowRight: '→', Escape: 'Esc', Backspace: '⌫' };
/** What is written on a key in the language of the screen, whose keyboards may say it otherwise. */
const written = (part: string): string => (isKey(`cap.${part}`) ? t(`cap.${part}` as Key) : (glyphs[part] ?? part));

/** A sequence as key caps: `Ctrl+k` → [['Ctrl', 'K']]. */
export function caps(sequence: string, mac = false): string[] {
  return sequence.split(' ').flatMap((stroke) => {
    const parts = stroke.endsWith('+') && stroke.length > 1 ? [...stroke.slice(0, -2).split('+'), '+'] : stroke.split('+');
    return parts.map((part) => (part === 'Ctrl' && mac ? '⌘' : part === 'Meta' && mac ? 'Ctrl' : part === 'Alt' && mac ? '⌥' : written(part)));
  });
}
