/** Terms as a test of a row on this device. */
import { folded } from './folding.ts';
import { type World, asksFor, day, isAnywhere, isUnderstood, size, states, whoOf } from './search-filter.ts';
import type { Term } from './search.ts';

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
  return folded(`${people(row.from)}\n${people(row.to)}\n${row.subject ?? ''}\n${row.preview}`);
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
  const tests = terms.filter((term) => !isAnywhere(term) && isUnderstood(term, world, now)).map((term): ((row: Row, text: string) => boolean) => {
    const value = folded(term.value);
    const test = ((): ((row: Row, text: string) => boolean) => {
      switch (term.op) {
        case 'text':
          return (_, text) => text.indexOf(value) >= 0; // quicker than `includes`, for which V8 has no short way
        case 'from':
        case 'to': {
          const line = term.op === 'from' ? 0 : 1;
          const who = whoOf(term, world.me)?.map(folded);
          return who ? (_, text) => who.some((one) => inLine(text, line, one)) : (_, text) => inLine(text, line, value);
        }
        case 'subject':
          return (_, text) => inLine(text, 2, value);
        case 'body':
          return (_, text) => inLine(text, 3, value);
        case 'note':
        case 'filename':
          return () => false; // a row knows nothing of notes and names of files: whoever has them adds what is found there
        case 'has': {
          const what = asksFor(value);
          return what === 'note' ? () => false : (row) => row.hasAttachment;
        }
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
