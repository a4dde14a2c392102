/** Finding by typing: every word must begin a word of the text; earlier and whole matches count more. Accents do not matter. */
export function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

/** 0 where it does not match. */
export function score(query: string, text: string): number {
  const words = fold(query).split(/\s+/).filter(Boolean);
  if (!words.length) return 1;
  const target = fold(text);
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
  const words = fold(query).split(/\s+/).filter(Boolean);
  const folded = fold(text);
  if (!words.length || folded.length !== text.length) return [text];
  const marks = new Array<boolean>(text.length).fill(false);
  for (const word of words) {
    let at = folded.indexOf(word);
    while (at > 0 && /[\p{L}\p{N}]/u.test(folded[at - 1] ?? '')) at = folded.indexOf(word, at + 1);
    if (at >= 0) marks.fill(true, at, at + word.length);
  }
  const out: string[] = [];
  let state = false;
  let piece = '';
  for (let index = 0; index < text.length; index++) {
    if (marks[index] !== state) {
      out.push(piece);
      piece = '';
      state = marks[index] as boolean;
    }
    piece += text[index];
  }
  out.push(piece);
  return out;
}
