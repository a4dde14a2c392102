/** Finding by typing: every word must begin a word of the text; earlier and whole matches count more. */
import { folded } from './folding.ts';
import { beginnings } from './found.ts';

/** 0 where it does not match. */
export function score(query: string, text: string): number {
  const words = folded(query).split(/\s+/).filter(Boolean);
  if (!words.length) return 1;
  const target = folded(text);
  let sum = 0;
  for (const word of words) {
    let at = target.indexOf(word);
    while (at > 0 && /[\p{L}\p{N}]/u.test(target[at - 1] ?? '')) at = target.indexOf(word, at + 1);
    if (at < 0) return 0;
    sum += 10 + (at === 0 ? 10 : 0) + Math.min(10, (word.length / target.length) * 10);
  }
  return sum;
}

/** The text in pieces, every second of them matched. */
export function pieces(query: string, text: string): string[] {
  const found = query.split(/\s+/).flatMap((word) => beginnings(text, word)).sort(([left, leftEnd], [right, rightEnd]) => left - right || rightEnd - leftEnd);
  const out: string[] = [];
  let at = 0;
  for (const [start, end] of found) {
    // Of words that lie over each other the first is marked, the longest that begins there.
    if (start < at) continue;
    out.push(text.slice(at, start), text.slice(start, end));
    at = end;
  }
  return [...out, text.slice(at)];
}
