/** Plain text of RFC 3676: lines that were broken for the way are whole again. */

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
