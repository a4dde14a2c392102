/**
 * What is typed into the search field, as terms; terms as a JMAP filter (RFC 8621 §4.4.1) and as a test of a row on this device.
 * Operators are English words that every mail program's users know; a minus in front says “not”.
 */
export type Operator = 'text' | 'from' | 'to' | 'subject' | 'body' | 'note' | 'has' | 'is' | 'in' | 'label' | 'filename' | 'before' | 'after' | 'larger' | 'smaller';

export interface Term {
  op: Operator;
  value: string;
  not: boolean;
}

const operators = new Set<string>(['from', 'to', 'subject', 'body', 'note', 'has', 'is', 'in', 'label', 'filename', 'before', 'after', 'larger', 'smaller']);
const aliases: Record<string, Operator> = { cc: 'to', since: 'after', newer: 'after', older: 'before', size: 'larger', tag: 'label', folder: 'in', file: 'filename', attachment: 'filename' };

export function parse(text: string): Term[] {
  const out: Term[] = [];
  for (const match of text.matchAll(/(-?)(?:([a-z]+):)?(?:"([^"]*)"?|([^\s"]+))/gi)) {
    const [, minus, name, quoted, plain] = match;
    const value = (quoted ?? plain ?? '').trim();
    const key = name?.toLowerCase() ?? '';
    const op = operators.has(key) ? (key as Operator) : aliases[key];
    if (op) {
      if (value) out.push({ op, value, not: minus === '-' });
    } else {
      const whole = name ? `${name}:${value}` : value;
      if (whole) out.push({ op: 'text', value: whole, not: minus === '-' });
    }
  }
  return out;
}

export function format(terms: Term[]): string {
  return terms.map(({ op, value, not }) => `${not ? '-' : ''}${op === 'text' ? '' : `${op}:`}${/[\s"]/.test(value) ? `"${value.replaceAll('"', '')}"` : value}`).join(' ');
}

/** A day, as `2026-11-25`, `2026-11`, `2026`, `7d`, `3m`, `1y`, `today`, `yesterday`; the moment it begins. */
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
  const parts = /^(\d{4})(?:[-/.](\d{1,2}))?(?:[-/.](\d{1,2}))?$/.exec(text);
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

const states: Record<string, { keyword: string; has: boolean }> = {
  unread: { keyword: '$seen', has: false },
  read: { keyword: '$seen', has: true },
  flagged: { keyword: '$flagged', has: true },
  starred: { keyword: '$flagged', has: true },
  answered: { keyword: '$answered', has: true },
  forwarded: { keyword: '$forwarded', has: true },
  draft: { keyword: '$draft', has: true },
  muted: { keyword: '$muted', has: true },
};

/** What the words mean here: mailboxes by role or name, labels by name, and what is left out unless asked for. */
export interface World {
  mailbox: (name: string) => string | null;
  label: (name: string) => string | null;
  hidden: string[];
  /** There are notes: words are looked for in them too. */
  notes?: boolean;
}

export type Filter = Record<string, unknown> | { operator: 'AND' | 'OR' | 'NOT'; conditions: Filter[] };

/** Null where a term cannot be understood: its index is in `bad`. */
export function toFilter(terms: Term[], world: World, now: Date, everywhere: boolean): { filter: Filter | null; bad: number[] } {
  const bad: number[] = [];
  const conditions: Filter[] = [];
  terms.forEach((term, index) => {
    const condition = toCondition(term, world, now);
    if (!condition) bad.push(index);
    else conditions.push(term.not ? { operator: 'NOT', conditions: [condition] } : condition);
  });
  if (!conditions.length) return { filter: null, bad };
  if (!everywhere && world.hidden.length && !terms.some(({ op }) => op === 'in')) conditions.push({ inMailboxOtherThan: world.hidden });
  return { filter: conditions.length === 1 ? (conditions[0] as Filter) : { operator: 'AND', conditions }, bad };
}

function toCondition({ op, value }: Term, world: World, now: Date): Filter | null {
  switch (op) {
    case 'text':
      return world.notes ? { operator: 'OR', conditions: [{ text: value }, { note: value }] } : { text: value };
    case 'from':
    case 'to':
    case 'subject':
    case 'body':
    case 'note':
      return { [op]: value };
    case 'filename':
      return { attachmentName: value };
    case 'has':
      if (/^(note|notiz|memo)s?$/i.test(value)) return { note: '' };
      return /^(attachment|file|anhang)s?$/i.test(value) ? { hasAttachment: true } : null;
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

interface Address {
  name: string | null;
  email: string;
}

export interface Searched {
  from: Address[] | null;
  to: Address[] | null;
  subject: string | null;
  preview: string;
  receivedAt: string;
  size: number;
  hasAttachment: boolean;
  keywords: Record<string, true>;
  mailboxIds: Record<string, true>;
}

/** What a test looks at beside the words. */
export type Row = Pick<Searched, 'receivedAt' | 'size' | 'hasAttachment' | 'keywords' | 'mailboxIds'>;

/** One string to look through, made once for each row: the linear scan over 100,000 of them is the search as you type. */
export function haystack(row: Searched): string {
  const people = (list: Address[] | null): string => (list ?? []).map(({ name, email }) => `${name ?? ''} ${email}`).join(' ');
  return `${people(row.from)}\n${people(row.to)}\n${row.subject ?? ''}\n${row.preview}`.toLowerCase();
}

/** Whether `value` stands in one of the lines of a haystack; a line has no end of line in it, nor has `value`. */
function inLine(text: string, line: number, value: string): boolean {
  let from = 0;
  for (let before = 0; before < line; before++) {
    const end = text.indexOf('\n', from);
    if (end < 0) return false;
    from = end + 1;
  }
  const at = text.indexOf(value, from);
  if (at < 0) return false;
  const end = text.indexOf('\n', from);
  return end < 0 || at + value.length <= end;
}

/** The terms as one test over a row and its haystack, which makes no object: it is asked of 100,000. What only the server knows (the whole text) is looked for in the preview. */
export function matcher(terms: Term[], world: World, now: Date, everywhere: boolean): (row: Row, text: string) => boolean {
  const hidden = new Set(world.hidden);
  const elsewhere = terms.some(({ op }) => op === 'in');
  const tests = terms.map((term): ((row: Row, text: string) => boolean) => {
    const value = term.value.toLowerCase();
    const test = ((): ((row: Row, text: string) => boolean) => {
      switch (term.op) {
        case 'text':
          return (_, text) => text.indexOf(value) >= 0; // quicker than `includes`, for which V8 has no short way
        case 'from':
          return (_, text) => inLine(text, 0, value);
        case 'to':
          return (_, text) => inLine(text, 1, value);
        case 'subject':
          return (_, text) => inLine(text, 2, value);
        case 'body':
          return (_, text) => inLine(text, 3, value);
        case 'note':
        case 'filename':
          return () => false; // a row knows nothing of notes and names of files: whoever has them adds what is found there
        case 'has':
          return value === 'note' ? () => false : (row) => row.hasAttachment;
        case 'is': {
          const state = states[value];
          return state ? (row) => state.keyword in row.keywords === state.has : () => true;
        }
        case 'in': {
          const id = world.mailbox(term.value);
          return id ? (row) => id in row.mailboxIds : () => true;
        }
        case 'label': {
          const keyword = world.label(term.value);
          return keyword ? (row) => keyword in row.keywords : () => true;
        }
        case 'before':
        case 'after': {
          const date = day(term.value, now)?.toISOString() ?? '';
          return date ? (row) => (term.op === 'before' ? row.receivedAt < date : row.receivedAt >= date) : () => true;
        }
        case 'larger':
        case 'smaller': {
          const octets = size(term.value);
          return octets === null ? () => true : (row) => (term.op === 'larger' ? row.size >= octets : row.size < octets);
        }
      }
    })();
    return term.not ? (row, text) => !test(row, text) : test;
  });
  return (row, text) => {
    for (const test of tests) if (!test(row, text)) return false;
    if (!everywhere && !elsewhere && hidden.size) {
      const boxes = Object.keys(row.mailboxIds);
      if (boxes.length && boxes.every((id) => hidden.has(id))) return false;
    }
    return true;
  };
}

/** The words to mark in what was found. */
export function words(terms: Term[]): string[] {
  return terms.filter(({ op, not }) => !not && (op === 'text' || op === 'subject' || op === 'body')).map(({ value }) => value);
}
