/**
 * HTML mail made harmless before it goes to the frame. This is the first of three walls: the frame has an opaque origin and a
 * policy that loads nothing (CLIENT.md 4.4), and the application's own policy lets no frame leave our origin.
 *
 * Kept: structure, text, tables, inline styles, the mail's own style sheets without anything that could fetch. Remote pictures
 * are replaced by a mark and counted; whether they are shown later is the reader's choice.
 */
import type { Config, DOMPurify } from 'dompurify';
import { SHEET, STYLE, hideStyles, showStyles, showWords } from './inert.ts';

export interface Remote {
  url: string;
  /** Tiny or hidden: a picture nobody is meant to see, which only tells that the mail was opened. */
  tracker: boolean;
}

export interface Clean {
  html: string;
  /** What stands inside the body, with its styles hidden: it is written on in this page. */
  body: string;
  remote: Remote[];
  /** Content-Ids that the mail shows within itself, in order. */
  cids: string[];
  /** True where the author thought of dark rooms (`color-scheme`, `prefers-color-scheme`). */
  supportsDark: boolean;
}

let purifier: DOMPurify | undefined;

const config: Config = {
  WHOLE_DOCUMENT: true,
  ALLOW_DATA_ATTR: false,
  ALLOW_UNKNOWN_PROTOCOLS: false,
  ALLOWED_URI_REGEXP: /^(?:https?|mailto|tel|cid|data:image\/(?:png|jpe?g|gif|webp)[;,]|#)/i,
  ADD_TAGS: ['center', 'font'],
  ADD_ATTR: [STYLE, 'target', 'bgcolor', 'background', 'align', 'valign', 'cellpadding', 'cellspacing', 'border', 'face', 'color', 'size'],
  // As `style` itself: its value is no address.
  ADD_URI_SAFE_ATTR: [STYLE],
  FORBID_TAGS: ['style', 'noframes', 'meta', 'link', 'base', 'form', 'input', 'button', 'select', 'textarea', 'option', 'iframe', 'frame', 'frameset', 'object', 'embed', 'applet', 'portal', 'dialog', 'svg', 'math', 'video', 'audio', 'source', 'track', 'picture', 'canvas', 'template', 'slot', 'map', 'area', 'marquee'],
  FORBID_ATTR: ['style', 'srcset', 'sizes', 'ping', 'autofocus', 'poster', 'formaction', 'action', 'popover', 'popovertarget', 'contenteditable', 'tabindex', 'accesskey', 'is', 'slot', 'usemap', 'name'],
};

async function load(): Promise<DOMPurify> {
  purifier ??= (await import('dompurify')).default;
  return purifier;
}

/** Values that could make the browser fetch, and at-rules that do. */
const fetching = /url\s*\(|image-set\s*\(|image\s*\(|src\s*\(|cross-fade\s*\(|element\s*\(|paint\s*\(|expression\s*\(|-moz-binding|behavior\s*:/i;

export function unescapeCss(text: string): string {
  return text.replace(/\/\*[\s\S]*?(?:\*\/|$)/g, '').replace(/\\([0-9a-f]{1,6})\s?|\\(.)/gi, (_, hex: string | undefined, character: string | undefined) => (hex ? String.fromCodePoint(Math.min(parseInt(hex, 16) || 0xfffd, 0x10ffff)) : (character ?? '')));
}

/** A style attribute without what fetches, covers the page or leaves its place. */
export function cleanDeclarations(text: string): string {
  return unescapeCss(text)
    .split(/;(?![^("']*[)"'])/)
    .filter((declaration) => {
      const colon = declaration.indexOf(':');
      if (colon < 0) return false;
      const property = declaration.slice(0, colon).trim().toLowerCase();
      const value = declaration.slice(colon + 1);
      if (fetching.test(value) || /[<>{}]/.test(value)) return false;
      if (property.startsWith('--')) return !/url|src|image/i.test(value);
      if (property === 'position') return /^\s*(static|relative)\b/i.test(value);
      return true;
    })
    .join(';');
}

/** A style sheet of the mail without `@import`, `@font-face`, `@namespace` and without declarations that fetch. */
export function cleanSheet(text: string): string {
  const source = unescapeCss(text).replace(/<!--|-->|<\/?style/gi, '');
  if (source.length > 500_000) return '';
  let out = '';
  let at = 0;
  const block = (): string => {
    let depth = 0;
    const start = at;
    for (; at < source.length; at++) {
      const character = source[at];
      if (character === '"' || character === "'") {
        const end = source.indexOf(character, at + 1);
        at = end < 0 ? source.length : end;
      } else if (character === '{') depth++;
      else if (character === '}' && --depth <= 0) {
        at++;
        break;
      }
    }
    return source.slice(start, at);
  };
  while (at < source.length) {
    const brace = source.indexOf('{', at);
    const semicolon = source.indexOf(';', at);
    const head = source.slice(at, brace < 0 ? source.length : brace).trim();
    if (head.startsWith('@') && semicolon >= 0 && (brace < 0 || semicolon < brace)) {
      at = semicolon + 1;
      continue;
    }
    if (brace < 0) break;
    at = brace;
    const body = block();
    if (/^@media/i.test(head)) {
      if (!/[<>]{1}[^=<>]*[<>]/.test(head)) out += `${head.replace(/[<]/g, '')}{${cleanSheet(body.slice(1, body.endsWith('}') ? -1 : undefined))}}`;
    } else if (!head.startsWith('@') && head && !/[<]/.test(head)) {
      const inner = cleanDeclarations(body.slice(1, body.endsWith('}') ? -1 : undefined));
      if (inner) out += `${head}{${inner}}`;
    }
  }
  return out;
}

function isTiny(element: Element): boolean {
  const size = (name: string): number => Number.parseInt(element.getAttribute(name) ?? '', 10);
  const style = element.getAttribute(STYLE) ?? '';
  return size('width') <= 2 || size('height') <= 2 || /(?:^|;)\s*(?:max-)?(?:width|height)\s*:\s*[012](?:px)?\s*(?:;|$|!)/i.test(style) || /display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0+)?\s*(?:;|$)/i.test(style);
}

/**
 * `quoting` keeps pictures by their addresses, for the text of an answer, where an editor shows none of them. `allowed` maps remote addresses to what may be shown instead (our proxy's signed address); without it pictures stay out.
 */
export async function clean(html: string, allowed?: Map<string, string>, quoting = false): Promise<Clean> {
  const purify = await load();
  const remote: Remote[] = [];
  const cids: string[] = [];
  let supportsDark = /prefers-color-scheme\s*:\s*dark|name=["']?(?:supported-)?color-schemes?["']?[^>]*dark/i.test(html);
  purify.removeAllHooks();
  let sheets = '';
  purify.addHook('uponSanitizeElement', (node, data) => {
    if (data.tagName !== 'noframes' || !(node as Element).hasAttribute(SHEET)) return;
    const sheet = cleanSheet(showStyles(node.textContent ?? ''));
    if (sheet && !/<\//.test(sheet)) sheets += `<style>${sheet}</style>`;
  });
  purify.addHook('afterSanitizeAttributes', (node) => {
    if (!(node instanceof Element)) return;
    const style = node.getAttribute(STYLE);
    if (style !== null) {
      const kept = cleanDeclarations(showStyles(style));
      if (kept) node.setAttribute(STYLE, kept);
      else node.removeAttribute(STYLE);
    }
    node.removeAttribute('background');
    const source = node.getAttribute('src');
    if (node.tagName === 'IMG') {
      if (source === null) node.removeAttribute('src');
      else if (/^cid:/i.test(source)) {
        const cid = decodeSafely(source.slice(4));
        cids.push(cid);
        if (quoting) return;
        node.setAttribute('data-cid', cid);
        node.removeAttribute('src');
      } else if (/^https?:/i.test(source)) {
        const tracker = isTiny(node);
        remote.push({ url: source, tracker });
        const shown = allowed?.get(source);
        if (quoting) {
          if (tracker) node.remove();
        } else if (shown && !tracker) node.setAttribute('src', shown);
        else {
          node.removeAttribute('src');
          if (tracker) node.remove();
          else node.setAttribute('class', `${node.getAttribute('class') ?? ''} mailstead-blocked`.trim());
        }
      } else if (!/^data:image\//i.test(source)) node.removeAttribute('src');
    } else if (source !== null) node.removeAttribute('src');
    if (node.tagName === 'A') {
      node.setAttribute('rel', 'noopener noreferrer nofollow');
      const href = node.getAttribute('href');
      if (href && !/^(?:https?:|mailto:|tel:|#)/i.test(href.trim())) node.removeAttribute('href');
    } else if (node.hasAttribute('href')) node.removeAttribute('href');
  });
  const root = purify.sanitize(hideStyles(html), { ...config, RETURN_DOM: true }) as HTMLElement;
  purify.removeAllHooks();
  if (/color-scheme/i.test(root.getAttribute(STYLE) ?? '')) supportsDark = true;
  return { html: sheets + showStyles(root.outerHTML), body: quoting ? showWords(root.querySelector('body') ?? root).innerHTML : '', remote, cids, supportsDark };
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character] as string);
}

/** Plain text as HTML: format=flowed was undone by the server; links become links, quotes become blocks. */
export function textToHtml(text: string): string {
  let depth = 0;
  let out = '';
  for (const line of text.replace(/\r\n?/g, '\n').split('\n')) {
    const marks = /^((?:>\s?)*)/.exec(line)?.[1] ?? '';
    const level = Math.min((marks.match(/>/g) ?? []).length, 20);
    while (depth < level) {
      out += '<blockquote>';
      depth++;
    }
    while (depth > level) {
      out += '</blockquote>';
      depth--;
    }
    const body = line.slice(marks.length);
    if (body === '-- ' && level === 0) out += '<hr class="mailstead-signature">';
    else out += body.trim() ? `<div dir="auto">${linkify(body)}</div>` : '<div><br></div>';
  }
  return out + '</blockquote>'.repeat(depth);
}

export function linkify(text: string): string {
  let out = '';
  let last = 0;
  for (const match of text.matchAll(/\b(?:https?:\/\/|www\.)[^\s<>"]{2,2000}|\b[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+/gi)) {
    let url = match[0];
    const closing = /[.,;:!?'”’)\]}]+$/.exec(url)?.[0] ?? '';
    const keep = closing.startsWith(')') && url.includes('(') ? 1 : 0;
    url = url.slice(0, url.length - closing.length + keep);
    const href = url.includes('@') && !/^(?:https?|www)/i.test(url) ? `mailto:${url}` : /^www\./i.test(url) ? `https://${url}` : url;
    out += `${escapeHtml(text.slice(last, match.index))}<a href="${escapeHtml(href)}" rel="noopener noreferrer nofollow">${escapeHtml(url)}</a>`;
    last = match.index + url.length;
  }
  return out + escapeHtml(text.slice(last));
}
