import { SHEET, inert } from './inert.ts';

/** HTML as plain text that can be read: lines, lists, quotes with `>`, links with their address. */
export function htmlToText(html: string): string {
  const out: string[] = [];
  let line = '';
  const flush = (quote: number, force = false): void => {
    // Before a signature there is a blank at the end, which editors take off (RFC 3676 §4.3).
    if (line.trim() || force) out.push(`${'>'.repeat(quote)}${quote ? ' ' : ''}${line.trim() === '--' && !quote ? '-- ' : line.replace(/[\s\u00a0]+$/u, '').replaceAll('\u00a0', ' ')}`);
    line = '';
  };
  const blocks = /^(?:DIV|P|H[1-6]|UL|OL|LI|TABLE|TR|BLOCKQUOTE|PRE|HR|SECTION|ARTICLE|HEADER|FOOTER)$/;
  const walk = (node: Node, quote: number, list: { ordered: boolean; n: number } | null): void => {
    if (node.nodeType === Node.TEXT_NODE) {
      const rows = node.parentElement?.closest('pre') ? (node.textContent ?? '').split('\n') : [];
      for (const row of rows.slice(0, -1)) {
        line += row.replace(/[ \t]/g, '\u00a0');
        flush(quote, true);
      }
      const text = rows.at(-1)?.replace(/[ \t]/g, '\u00a0') ?? (node.textContent ?? '').replace(/[^\S\u00a0]+/g, ' ');
      line += line === '' ? text.replace(/^ /, '') : text;
      return;
    }
    if (!(node instanceof Element)) return;
    const name = node.tagName;
    if (name === 'STYLE' || name === 'SCRIPT' || name === 'HEAD' || node.hasAttribute(SHEET)) return;
    if (name === 'BR') {
      flush(quote, true);
      return;
    }
    if (name === 'IMG') {
      const alt = node.getAttribute('alt');
      if (alt) line += `[${alt}]`;
      return;
    }
    const block = blocks.test(name);
    if (block) flush(quote);
    if (name === 'HR') out.push('-'.repeat(20));
    if (name === 'LI') line = list?.ordered ? `${++list.n}. ` : '• ';
    const inner = name === 'BLOCKQUOTE' ? quote + 1 : quote;
    const children = name === 'UL' || name === 'OL' ? { ordered: name === 'OL', n: 0 } : list;
    const before = line.length;
    // An empty line of an editor is a block with nothing but a line break.
    const onlyBreak = block && node.childNodes.length === 1 && node.firstElementChild?.tagName === 'BR';
    if (onlyBreak) flush(inner, true);
    else for (const child of node.childNodes) walk(child, inner, children);
    if (name === 'A') {
      const href = node.getAttribute('href') ?? '';
      const shown = line.slice(before).trim();
      if (/^https?:/i.test(href) && shown !== href && !href.includes(shown)) line += ` <${href}>`;
    }
    if (name === 'TD' || name === 'TH') line += ' ';
    if (block) flush(inner);
    // What ends a quotation is its last word.
    if (name === 'BLOCKQUOTE') while (out.length && /^[> ]*$/.test(out.at(-1) ?? '')) out.pop();
    if (name === 'P' && out.at(-1) !== '') out.push(inner ? '>'.repeat(inner) : '');
  };
  walk(inert(html).body, 0, null);
  flush(0);
  return out.join('\n').replace(/\n{3,}/g, '\n\n').trim();
}
