/**
 * What other programs put on the clipboard, as what one sees here: bold, slanted, underlined and struck out are elements, lists are lists, and
 * every other style is gone, for this page shows none in markup and whoever writes sends what stands on the screen.
 */
import { STYLE } from '../../kit/inert.ts';

/** What a style says that an element can say; `false` where it says that it is not so. */
export function meant(style: string): Partial<Record<'b' | 'i' | 'u' | 's', boolean>> {
  const of = (name: string): string => new RegExp(`(?:^|;)\\s*${name}\\s*:\\s*([^;]+)`, 'i').exec(style)?.[1]?.trim().toLowerCase() ?? '';
  const weight = of('font-weight');
  const slant = of('font-style');
  const line = `${of('text-decoration')} ${of('text-decoration-line')}`;
  return {
    ...(weight ? { b: /^(?:bold|bolder|[6-9]00)\b/.test(weight) } : {}),
    ...(slant ? { i: /^(?:italic|oblique)/.test(slant) } : {}),
    ...(line.includes('underline') ? { u: true } : {}),
    ...(line.includes('line-through') ? { s: true } : {}),
  };
}

/** Of a paragraph that a word processor shows as an entry of a list: how deep it stands, and whether it is numbered. */
export function entryOf(style: string, mark: string): { level: number; ordered: boolean } | null {
  const level = Number(/mso-list\s*:[^;]*\blevel(\d)/i.exec(style)?.[1] ?? 0);
  return level ? { level, ordered: /^\s*\(?[\da-z]{1,4}[.)]/i.test(mark) } : null;
}

const SAYS: Record<string, 'b' | 'i' | 'u' | 's'> = { B: 'b', STRONG: 'b', I: 'i', EM: 'i', U: 'u', S: 's', STRIKE: 's', DEL: 's' };

function unwrap(element: Element): void {
  element.replaceWith(...element.childNodes);
}

function lists(root: DocumentFragment): void {
  const made = new Set<Element>();
  for (const paragraph of root.querySelectorAll(`p[${STYLE}*="mso-list"]`)) {
    const mark = [...paragraph.querySelectorAll(`[${STYLE}]`)].find((part) => /mso-list\s*:\s*ignore/i.test(part.getAttribute(STYLE) ?? ''));
    const entry = entryOf(paragraph.getAttribute(STYLE) ?? '', mark?.textContent ?? '');
    if (!entry) continue;
    mark?.remove();
    const page = root.ownerDocument;
    const fresh = (): Element => {
      const list = page.createElement(entry.ordered ? 'ol' : 'ul');
      made.add(list);
      return list;
    };
    const before = paragraph.previousElementSibling;
    let list: Element = before && made.has(before) ? before : fresh();
    if (list !== before) paragraph.before(list);
    for (let level = 1; level < entry.level; level++) {
      const last: Element = list.lastElementChild ?? list.appendChild(page.createElement('li'));
      list = last.lastElementChild && made.has(last.lastElementChild) ? last.lastElementChild : last.appendChild(fresh());
    }
    const item = page.createElement('li');
    item.append(...paragraph.childNodes);
    list.append(item);
    paragraph.remove();
  }
}

export function settle(root: DocumentFragment): void {
  lists(root);
  for (const element of [...root.querySelectorAll('*')]) {
    const says = meant(element.getAttribute(STYLE) ?? '');
    const own = SAYS[element.tagName];
    element.removeAttribute(STYLE);
    for (const name of ['class', 'lang', 'face', 'color', 'size']) element.removeAttribute(name);
    // The whole of some clipboards stands in a bold element that says that it is not bold.
    const denied = own !== undefined && says[own] === false;
    if (/^(?:SPAN|FONT|B|STRONG|I|EM|U|S|STRIKE|DEL|A)$/.test(element.tagName)) {
      for (const tag of ['b', 'i', 'u', 's'] as const) {
        if (!says[tag] || tag === own || (tag === 'u' && element.tagName === 'A')) continue;
        const around = root.ownerDocument.createElement(tag);
        around.append(...element.childNodes);
        element.append(around);
      }
    }
    if (denied || ((element.tagName === 'SPAN' || element.tagName === 'FONT') && !element.attributes.length)) unwrap(element);
  }
}

/** A picture that stands in the text itself, as a file. */
export function pictureOf(source: string): File | null {
  const [, type, base64] = /^data:(image\/(?:png|jpeg|gif|webp));base64,([\w+/=\s]+)$/i.exec(source) ?? [];
  if (!type || !base64) return null;
  return new File([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], `picture.${type.slice(6).replace('jpeg', 'jpg')}`, { type });
}
