/** The original below an answer: the author's HTML as it is, without what could run, track or fetch. */
import type { Detail } from '../cache/bodies.ts';
import { asWritten } from '../kit/flowed.ts';
import { clean, textToHtml } from '../kit/sanitize.ts';
import { keepSpaces } from '../kit/spaces.ts';

export async function quotedHtml(detail: Detail): Promise<string> {
  const parts = detail.htmlBody.map((part) => {
    const value = detail.bodyValues?.[part.partId ?? '']?.value ?? '';
    return part.type === 'text/html' ? value : part.type.startsWith('text/') ? keepSpaces(textToHtml(asWritten(part, value).trimEnd())) : '';
  });
  return (await clean(parts.join('<hr>'), undefined, true)).body;
}
