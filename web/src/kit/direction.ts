/** Which way lines are written, said in what is sent: whoever shows it knows then, whatever is around it. */

/** Letters that are written from the right. */
const FROM_RIGHT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const BLOCKS = 'div,p,ul,ol,h1,h2,h3,h4,h5,h6,td,th,blockquote';

/** Blocks of lines with letters from the right take their way from their first letter; what is quoted, and what says so already, stays as it is. */
export function sayDirections(root: Element): void {
  if (!FROM_RIGHT.test(root.textContent ?? '')) return;
  for (const block of root.querySelectorAll(BLOCKS)) {
    if (block.hasAttribute('dir') || block.closest('blockquote[type="cite"]') || !FROM_RIGHT.test(block.textContent ?? '')) continue;
    if (/^[UO]L$/.test(block.tagName) || !block.querySelector(BLOCKS)) block.setAttribute('dir', 'auto');
  }
}
