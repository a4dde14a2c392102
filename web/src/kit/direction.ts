/** Which way lines are written. */

/** Words that are read their own way within others: isolates of Unicode (UAX #9). */
export function isolated(words: string): string {
  return `\u2068${words}\u2069`;
}

/** Letters that are written from the right. */
const FROM_RIGHT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const BLOCKS = 'div,p,ul,ol,h1,h2,h3,h4,h5,h6,td,th,blockquote';

/** Say it in what is sent, so that whoever shows it knows, whatever is around it: blocks of lines with letters from the right take their way from their first letter; what is quoted, and what says so already, stays as it is. */
export function sayDirections(root: Element): void {
  if (!FROM_RIGHT.test(root.textContent ?? '')) return;
  for (const block of root.querySelectorAll(BLOCKS)) {
    if (block.hasAttribute('dir') || block.closest('blockquote[type="cite"]') || !FROM_RIGHT.test(block.textContent ?? '')) continue;
    if (/^[UO]L$/.test(block.tagName) || !block.querySelector(BLOCKS)) block.setAttribute('dir', 'auto');
  }
}
