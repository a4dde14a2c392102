/**
 * HTML that is looked at, never shown here. The page's policy allows no styles in markup, and a browser complains of each that it meets, even in a
 * document that nobody sees. So styles stand under other names while HTML is in this page: attributes as `x-mailstead-style`, style sheets
 * as `noframes`, which is read letter by letter up to its end as they are (HTML, 13.2.6.4.4 and 13.2.6.4.7). What leaves the page has them back.
 */
export const STYLE = 'x-mailstead-style';
/** Marks our `noframes`. */
export const SHEET = 'x-mailstead-sheet';

export function hideStyles(html: string): string {
  return html.replace(/(?<!x-mailstead-)\bstyle(?=\s*=)/gi, 'x-mailstead-$&').replace(/<(\/?)style\b/gi, (_, slash: string) => (slash ? '</noframes' : `<noframes ${SHEET}`));
}

/** Also in words that look like it: whatever `hideStyles` has changed is as it was. Characters that mean something in HTML are not touched. */
export function showStyles(html: string): string {
  return html.replace(/x-mailstead-(?=style)/gi, '').replaceAll(`noframes ${SHEET}`, 'style');
}

/** The words of a page as they were; only attributes keep their other names. */
export function showWords<T extends Node>(root: T): T {
  const walker = (root.ownerDocument ?? (root as unknown as Document)).createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode as Text;
    if (text.data.includes('x-mailstead-')) text.data = showStyles(text.data);
  }
  return root;
}

type Policy = { createHTML: (html: string) => string };
let policy: Policy | undefined;

/** A document that runs and loads nothing, with its styles hidden. */
export function inert(html: string): Document {
  const factory = (globalThis as { trustedTypes?: { createPolicy: (name: string, rules: Policy) => Policy } }).trustedTypes;
  policy ??= factory?.createPolicy('mailstead', { createHTML: (text) => text });
  const hidden = hideStyles(html);
  return showWords(new DOMParser().parseFromString(policy ? policy.createHTML(hidden) : hidden, 'text/html'));
}
