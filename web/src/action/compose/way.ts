/** A text from one way of writing into the other. */
import type { Identity } from '../../jmap/types.ts';
import { htmlToText } from '../../kit/html-text.ts';
import { inert } from '../../kit/inert.ts';
import { textToHtml } from '../../kit/sanitize.ts';
import { keepSpaces } from '../../kit/spaces.ts';
import { signature } from './signature.ts';

/** Plain text as HTML to be sent. */
export function richText(text: string): string {
  return keepSpaces(textToHtml(text)).replaceAll('<hr class="mailstead-signature">', '<div>-- </div>').replaceAll('<blockquote>', '<blockquote type="cite" dir="auto">');
}

/** With the signature of `identity`, where it stands in the text, as a signature. */
export function asRich(text: string, identity: Identity | undefined): string {
  const own = signature(identity, false).trimStart();
  const at = own ? text.indexOf(`\n${own}`) : -1;
  if (at < 0) return richText(text);
  const after = text.slice(at + 1 + own.length).replace(/^\n/, '');
  return `${richText(text.slice(0, at).replace(/\n$/, ''))}${signature(identity, true)}${after ? richText(after) : ''}`;
}

/** With room to write at the top, where there was some. */
export function asPlain(html: string): string {
  const text = htmlToText(html);
  const room = /^\s*<div[^>]*>(?:<br[^>]*>|\s)*<\/div>/i.test(html);
  return room ? `${text.startsWith('-- \n') ? '\n\n' : '\n'}${text}` : text;
}

/** The pictures in what one wrote: not those of what is quoted. */
export function ownPictures(html: string): string[] {
  return [...inert(html).querySelectorAll('img[src^="cid:"]')].filter((image) => !image.closest('blockquote')).map((image) => (image.getAttribute('src') ?? '').slice(4));
}
