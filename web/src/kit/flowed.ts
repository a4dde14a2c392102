/** Plain text of RFC 3676: long lines are broken for the way, and whole again at its end. */

/** What text of ours is sent as. */
export const FLOWED = 'text/plain; charset=utf-8; format=flowed';
const WIDTH = 72;

/** True where a Content-Type says so; `delsp` where the space that marks a break is no part of the text (§4). */
export function flowedBy(contentType: string): { delsp: boolean } | null {
  if (!/;\s*format\s*=\s*"?flowed"?/i.test(contentType)) return null;
  return { delsp: /;\s*delsp\s*=\s*"?yes"?/i.test(contentType) };
}

/** §4.1–4.5: a line that ends in a space goes on in the next one of the same depth of quoting; `-- ` never does. */
export function unflow(text: string, delsp: boolean): string {
  const out: string[] = [];
  let open: { depth: number } | null = null;
  for (const line of text.split(/\r?\n/)) {
    const depth = /^>*/.exec(line)?.[0].length ?? 0;
    let rest = line.slice(depth);
    if (rest.startsWith(' ')) rest = rest.slice(1);
    const signature = rest === '-- ';
    if (open && open.depth === depth && !signature) out[out.length - 1] += rest;
    else out.push(`${'>'.repeat(depth)}${depth ? ' ' : ''}${rest}`);
    const flows: boolean = rest.endsWith(' ') && !signature;
    if (flows && delsp) out[out.length - 1] = (out.at(-1) ?? '').slice(0, -1);
    open = flows ? { depth } : null;
  }
  return out.join('\n');
}

/** The text of a part, as it was written. */
export function asWritten(part: object | undefined, value: string): string {
  const flowed = flowedBy(String((part as Record<string, unknown> | undefined)?.['header:Content-Type'] ?? ''));
  return flowed ? unflow(value, flowed.delsp) : value;
}

/** §4.2: each line of the text in lines of at most 72 characters, all but the last with a space at their end; what a reader could take for a quote
 * or a stuffed space has a space in front (§4.4). `unflow` gives the text back, but for blanks at the ends of lines. */
export function flow(text: string): string {
  return text.split(/\r?\n/).map(one).join('\n');
}

function one(line: string): string {
  if (line === '-- ') return line;
  const depth = /^>*/.exec(line)?.[0].length ?? 0;
  const mark = depth ? `${'>'.repeat(depth)} ` : '';
  let rest = line.slice(depth).trimEnd();
  if (depth && rest.startsWith(' ')) rest = rest.slice(1);
  const out: string[] = [];
  while (rest.length > WIDTH) {
    const at = rest.lastIndexOf(' ', WIDTH - 1);
    const cut = at > 0 && rest.slice(0, at).trim() ? at : rest.indexOf(' ', WIDTH);
    if (cut < 0) break;
    out.push(rest.slice(0, cut + 1));
    rest = rest.slice(cut + 1);
  }
  out.push(rest);
  if (depth) return out.map((piece) => (piece ? mark + piece : mark.trimEnd())).join('\n');
  return out.map((piece) => (/^(?: |>|From )/.test(piece) ? ` ${piece}` : piece)).join('\n');
}
