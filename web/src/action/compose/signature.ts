/** The signature of a sender, put into a text, found in it and taken for another. */
import type { Identity } from '../../jmap/types.ts';
import { htmlToText } from '../../kit/html-text.ts';
import { inert } from '../../kit/inert.ts';
import { escapeHtml } from '../../kit/sanitize.ts';

/** Around a message that is passed on: none of the writer's words. */
export const FORWARDED = 'mailstead-forwarded';

export function signature(identity: Identity | undefined, rich: boolean): string {
  if (!identity) return rich ? '<div><br></div>' : '';
  const html = identity.htmlSignature || (identity.textSignature ? escapeHtml(identity.textSignature).replace(/\n/g, '<br>') : '');
  if (rich) return `<div><br></div>${html ? `<div class="signature"><div>-- </div>${html}</div>` : ''}`;
  const text = identity.textSignature || htmlToText(identity.htmlSignature);
  return text ? `\n\n-- \n${text}` : '';
}

/** The lines of an identity's signature, as they stand in a message. */
export function signatureLines(identity: Identity | undefined): string[] {
  const text = identity ? identity.textSignature || htmlToText(identity.htmlSignature) : '';
  return text.split('\n').map((line) => line.trim()).filter(Boolean);
}

/** The signature of the writer in a page: not one of somebody who is quoted. */
export function signatureIn(page: Document): Element | null {
  return [...page.querySelectorAll('.signature')].find((element) => !element.closest(`blockquote, .${FORWARDED}`)) ?? null;
}

/** The text with the signature of `after` where that of `before` is; one that was written on stays. */
export function withSignature(html: string, rich: boolean, before: Identity | undefined, after: Identity | undefined): string {
  const old = signature(before, rich);
  const fresh = signature(after, rich);
  if (html === old || html === '') return fresh;
  if (!rich) return old && html.includes(old) ? html.replace(old, () => fresh) : old ? html : `${html}${fresh}`;
  const page = inert(html);
  const here = signatureIn(page);
  const lines = htmlToText(here?.innerHTML ?? '').split('\n').map((line) => line.trim()).filter((line) => line && line !== '--');
  if (lines.join('\n') !== signatureLines(before).join('\n')) return html;
  const put = inert(fresh).querySelector('.signature');
  if (here && put) here.replaceWith(put);
  else if (here) here.remove();
  else if (put) {
    const original = page.querySelector(`.moz-cite-prefix, blockquote[type="cite"], .${FORWARDED}`);
    if (original) original.before(put, page.createElement('br'));
    else page.body.append(put);
  }
  return page.body.innerHTML;
}
