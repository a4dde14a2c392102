/** Spaces of plain text that HTML would make one of: what stands in columns, or further in at the beginning of a line, stays so. */
export function keepSpaces(html: string): string {
  return html.replace(/(^|<[^>]*>)([^<]+)/g, (_, tag: string, text: string) => tag + text.replace(/\t/g, '    ').replace(tag.startsWith('<div') ? /^ | (?= )/g : / (?= )/g, '\u00a0'));
}
