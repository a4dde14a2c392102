/** What the terms of a search mean: as a JMAP filter (RFC 8621 §4.4.1), and as days, sizes and marks. */
import type { Term } from './search.ts';

/** A day, as `2026-11-25`, `2026-11`, `2026`, `7d`, `3m`, `1y`, `today`, `yesterday`, `25.11.2026`; the moment it begins. */
export function day(value: string, now: Date): Date | null {
  const text = value.toLowerCase();
  const ago = /^(\d{1,4})([dwmy])$/.exec(text);
  if (ago) {
    const n = Number(ago[1]);
    const date = new Date(now.getFullYear(), now.getMonth(), now.getDate());
    if (ago[2] === 'd') date.setDate(date.getDate() - n);
    else if (ago[2] === 'w') date.setDate(date.getDate() - 7 * n);
    else if (ago[2] === 'm') date.setMonth(date.getMonth() - n);
    else date.setFullYear(date.getFullYear() - n);
    return date;
  }
  if (text === 'today') return new Date(now.getFullYear(), now.getMonth(), now.getDate());
  if (text === 'yesterday') return new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  // With points the day comes first, unless the year does.
  const parts = /^(\d{4})(?:[-/.](\d{1,2}))?(?:[-/.](\d{1,2}))?$/.exec(text.replace(/^(\d{1,2})\.(\d{1,2})\.(\d{4})$/, '$3-$2-$1'));
  if (!parts) return null;
  const month = Number(parts[2] ?? 1);
  const date = Number(parts[3] ?? 1);
  if (month < 1 || month > 12 || date < 1 || date > 31) return null;
  return new Date(Number(parts[1]), month - 1, date);
}

export function size(value: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)b?$/i.exec(value);
  if (!match) return null;
  return Math.round(Number(match[1]) * { '': 1, k: 1e3, m: 1e6, g: 1e9 }[(match[2] ?? '').toLowerCase() as '' | 'k' | 'm' | 'g']);
}

export const states: Record<string, { keyword: string; has: boolean }> = {
  unread: { keyword: '$seen', has: false },
  read: { keyword: '$seen', has: true },
  flagged: { keyword: '$flagged', has: true },
  starred: { keyword: '$flagged', has: true },
  answered: { keyword: '$answered', has: true },
  forwarded: { keyword: '$forwarded', has: true },
  draft: { keyword: '$draft', has: true },
  muted: { keyword: '$muted', has: true },
};

/** What `has:` asks for; null where nobody can say. */
export function asksFor(value: string): 'note' | 'file' | null {
  if (/^(note|notiz|memo)s?$/i.test(value)) return 'note';
  return /^(attachment|file|anhang)s?$/i.test(value) ? 'file' : null;
}

/** `in:anywhere`: nothing is left out. */
export const isAnywhere = ({ op, value, not }: Term): boolean => op === 'in' && !not && /^(?:anywhere|everywhere)$/i.test(value);

/** Whom a term of people means, where `me` stands in it; null where it is a word as any other. */
export function whoOf({ op, value }: Term, me: readonly string[] = []): readonly string[] | null {
  return (op === 'from' || op === 'to') && me.length && value.toLowerCase() === 'me' ? me : null;
}

/** What the words mean here: mailboxes by role or name, labels by name, and what is left out unless asked for. */
export interface World {
  mailbox: (name: string) => string | null;
  label: (name: string) => string | null;
  hidden: string[];
  /** One's own addresses, for whom `me` stands. */
  me?: readonly string[];
  /** There are notes: words are looked for in them too. */
  notes?: boolean;
}

export type Filter = Record<string, unknown> | { operator: 'AND' | 'OR' | 'NOT'; conditions: Filter[] };

/** Null where a term cannot be understood: its index is in `bad`. */
export function toFilter(terms: Term[], world: World, now: Date, everywhere: boolean): { filter: Filter | null; bad: number[] } {
  const bad: number[] = [];
  const conditions: Filter[] = [];
  terms.forEach((term, index) => {
    if (isAnywhere(term)) return;
    const condition = toCondition(term, world, now);
    if (!condition) bad.push(index);
    else conditions.push(term.not ? { operator: 'NOT', conditions: [condition] } : condition);
  });
  if (!conditions.length) return { filter: null, bad };
  if (!everywhere && world.hidden.length && !terms.some(({ op }) => op === 'in')) conditions.push({ inMailboxOtherThan: world.hidden });
  return { filter: conditions.length === 1 ? (conditions[0] as Filter) : { operator: 'AND', conditions }, bad };
}

/** False where nobody can say what is meant: such a term is left out of the question. */
export const isUnderstood = (term: Term, world: World, now: Date): boolean => isAnywhere(term) || toCondition(term, world, now) !== null;

function toCondition(term: Term, world: World, now: Date): Filter | null {
  const { op, value } = term;
  switch (op) {
    case 'text':
      return world.notes ? { operator: 'OR', conditions: [{ text: value }, { note: value }] } : { text: value };
    case 'from':
    case 'to': {
      const [first, ...others] = (whoOf(term, world.me) ?? [value]).map((one) => ({ [op]: one }));
      return first && others.length ? { operator: 'OR', conditions: [first, ...others] } : (first ?? null);
    }
    case 'subject':
    case 'body':
    case 'note':
      return { [op]: value };
    case 'filename':
      return { attachmentName: value };
    case 'has': {
      const what = asksFor(value);
      return what && (what === 'note' ? { note: '' } : { hasAttachment: true });
    }
    case 'is': {
      const state = states[value.toLowerCase()];
      return state ? { [state.has ? 'hasKeyword' : 'notKeyword']: state.keyword } : null;
    }
    case 'in': {
      const id = world.mailbox(value);
      return id ? { inMailbox: id } : null;
    }
    case 'label': {
      const keyword = world.label(value);
      return keyword ? { hasKeyword: keyword } : null;
    }
    case 'before':
    case 'after': {
      const date = day(value, now);
      return date ? { [op]: `${date.toISOString().slice(0, 19)}Z` } : null;
    }
    case 'larger':
    case 'smaller': {
      const octets = size(value);
      return octets === null ? null : { [op === 'larger' ? 'minSize' : 'maxSize']: octets };
    }
  }
}

/** The words to mark in what was found. */
export function words(terms: Term[]): string[] {
  return terms.filter(({ op, not }) => !not && (op === 'text' || op === 'subject' || op === 'body')).map(({ value }) => value);
}
