/** Spaces of plain text that HTML would make one of: what stands in columns, or further in, stays so. */
export function keepSpaces(html: string): string {
  return html.replace(/(^|>)([^<]+)/g, (_, before: string, text: string) => before + text.replace(/\t/g, '    ').replace(before ? /^ | (?= )/g : / (?= )/g, '\u00a0'));
}
