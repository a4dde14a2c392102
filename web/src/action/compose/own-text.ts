/** What the writer wrote, among what is quoted and signed. */
import type { Identity } from '../../jmap/types.ts';
import { htmlToText } from '../../kit/html-text.ts';
import { t } from '../../kit/i18n/index.svelte.ts';
import { inert } from '../../kit/inert.ts';
import { FORWARDED, signatureIn, signatureLines } from './signature.ts';

/** Lines without those of a signature; of one that was written on, what was written. */
function withoutSignature(lines: string[], identity: Identity | undefined): string[] {
  const left = signatureLines(identity);
  return lines.map((line) => {
    if (line.trim() === '--') return '';
    const at = left.findIndex((own) => line.trim().startsWith(own));
    return at < 0 ? line : line.trim().slice(left.splice(at, 1)[0]?.length);
  });
}

/** What the writer wrote: without the quoted original, its introduction, and the signature; words typed inside or below that are the writer's. */
export function ownText(html: string, rich: boolean, identity: Identity | undefined): string {
  if (!rich) {
    const forwarded = html.indexOf(`---------- ${t('compose.forwarded')} ----------`);
    const lines = (forwarded < 0 ? html : html.slice(0, forwarded)).split('\n');
    const quote = lines.findIndex((line) => line.startsWith('>'));
    const said = lines.filter((line, index) => !line.startsWith('>') && !(index < quote && introduces(line) && lines.slice(index + 1, quote).every((between) => !between.trim())));
    const mark = said.findIndex((line) => line.trimEnd() === '--');
    return (mark < 0 ? said : [...said.slice(0, mark), ...withoutSignature(said.slice(mark), identity)]).join('\n');
  }
  const page = inert(html);
  const own = signatureIn(page);
  const inside = own ? withoutSignature(htmlToText(own.innerHTML).split('\n'), identity).join('\n') : '';
  for (const element of page.querySelectorAll(`blockquote, .signature, .moz-cite-prefix, .${FORWARDED}`)) element.remove();
  return `${htmlToText(page.body.innerHTML)}\n${inside}`;
}

/** Whether a line is ours before a quotation: when, and who wrote. */
function introduces(line: string): boolean {
  const [before = '', between = '', after = ''] = t('compose.wrote', { date: '\u0001', name: '\u0001' }).split('\u0001');
  const text = line.trim();
  return text.startsWith(before.trim()) && text.endsWith(after.trim()) && text.includes(between.trim());
}
