/**
 * Where the words of a search stand in what is shown. As the search looks for them: by their beginnings, folded. Pure.
 */
import { folded } from './folding.ts';
import type { Operator, Term } from './search.ts';

export type Field = 'from' | 'subject' | 'preview' | 'file';
export type Said = readonly [field: Field, text: string];
export type Span = readonly [start: number, end: number];

const fields: Partial<Record<Operator, readonly Field[]>> = { text: ['from', 'subject', 'preview'], from: ['from'], subject: ['subject'], body: ['preview'], filename: ['file'] };

const letter = /[\p{L}\p{N}]$/u;
/** Scripts that write no blanks between words, or glue endings to them: the server's index looks for these anywhere. */
const unspaced = /^[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u9fff\uac00-\ud7af\uf900-\ufaff]/;

const letters = new Map<string, string>();
const MOST_LETTERS = 4000;

interface Folded {
  text: string;
  /** Where each of its letters stands in the text itself, and where that ends; null where they are the same. */
  at: readonly number[] | null;
}

/** What is shown is looked through with each letter that is typed. */
const texts = new Map<string, Folded>();
const MOST_TEXTS = 500;

function looked(text: string): Folded {
  let known = texts.get(text);
  if (!known) {
    if (texts.size >= MOST_TEXTS) texts.clear();
    texts.set(text, (known = fold(text)));
  }
  return known;
}

function fold(text: string): Folded {
  if (/^[\0-\x7f]*$/.test(text)) return { text: text.toLowerCase(), at: null };
  const at: number[] = [];
  let out = '';
  let index = 0;
  for (const one of text) {
    let made = letters.get(one);
    if (made === undefined) {
      if (letters.size >= MOST_LETTERS) letters.clear();
      letters.set(one, (made = folded(one)));
    }
    for (let length = made.length; length > 0; length--) at.push(index);
    out += made;
    index += one.length;
  }
  at.push(index);
  return { text: out, at };
}

function spans({ text, at }: Folded, word: string, anywhere: boolean): Span[] {
  const out: Span[] = [];
  for (let start = text.indexOf(word); start >= 0; start = text.indexOf(word, start + 1)) {
    if (!anywhere && !unspaced.test(word) && letter.test(text.slice(Math.max(0, start - 2), start))) continue;
    let end = start + word.length;
    // A letter that is written with two is marked as a whole.
    while (at && end < text.length && at[end] === at[end - 1]) end++;
    out.push(at ? [at[start] as number, at[end] as number] : [start, end]);
  }
  return out;
}

/** Where words of the text begin with this. */
export function beginnings(text: string, word: string): Span[] {
  const { text: wanted } = fold(word);
  return wanted === '' ? [] : spans(fold(text), wanted, false);
}

const ways = new WeakMap<Term, readonly (readonly [words: readonly string[], anywhere: boolean])[]>();
/** How a term is looked for: as it was written, else its words wherever each of them is, else within a word, where this device finds it as well. */
function waysOf(term: Term): readonly (readonly [words: readonly string[], anywhere: boolean])[] {
  let known = ways.get(term);
  if (!known) {
    const whole = fold(term.value).text;
    const words = whole.split(/[^\p{L}\p{N}\p{M}]+/u).filter((word) => word !== '');
    ways.set(term, (known = [[[whole], false], ...(words.length > 1 || words[0] !== whole ? [[words, false] as const] : []), [[whole], true]]));
  }
  return known;
}

/** Where a term stands in each of these; null where it stands in none, or has nothing to stand there. */
export function stands(term: Term, said: readonly Said[]): Span[][] | null {
  const where = fields[term.op];
  if (!where || term.not) return null;
  const shown = said.map(([field, text]) => (where.includes(field) ? looked(text) : null));
  for (const [words, anywhere] of waysOf(term)) {
    const out = shown.map((text) => (text ? words.flatMap((word) => spans(text, word, anywhere)) : []));
    if (out.some((one) => one.length)) return out;
  }
  return null;
}
