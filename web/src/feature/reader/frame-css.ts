/** Ink, soft ink, lines, links: as in tokens.css, which does not reach into the frame. */
const colours = { light: '#1a1d23 #5c6575 #cfd4dc #2a56e0', dark: '#e7e9ed #99a1b0 #3a414d #9bb8ff', lightContrast: '#000 #333 #6b6b6b #0b2fa8', darkContrast: '#fff #dcdcdc #9a9a9a #b8ccff' };

/** What the frame's own style sheet says; the mail's sheets come after it and win. */
export function frameCss(dark: boolean, contrast: boolean, face: 'system' | 'serif', scale: number): string {
  const [ink, soft, line, link] = colours[`${dark ? 'dark' : 'light'}${contrast ? 'Contrast' : ''}`].split(' ');
  const font = face === 'serif' ? 'Georgia, "Noto Serif", serif' : 'system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif';
  return `:root{color-scheme:${dark ? 'dark' : 'light'};background:transparent}
body{margin:0;font:400 ${(15 * scale) / 100}px/1.6 ${font};color:${ink};overflow-wrap:anywhere;overflow-x:auto;overflow-y:hidden;position:relative}
:root.text body{max-width:72ch}
a{color:${link};text-underline-offset:2px}
img{max-width:100%}
:root:not(.text) img[width],:root:not(.text) img[style]{height:auto}
img.mailstead-blocked:not([src]){display:inline-block;min-width:16px;min-height:16px;outline:1px dashed ${line};outline-offset:-1px}
pre{white-space:pre-wrap}
table{max-width:100%}
blockquote{margin:8px 0;padding-inline-start:12px;border-inline-start:2px solid ${line};color:${soft}}
.mailstead-plain{white-space:pre-wrap;tab-size:8}
.mailstead-plain blockquote{white-space:pre-wrap}
hr.mailstead-signature{border:0;border-top:1px solid ${line};width:3em;margin:14px 0 10px}
details.mailstead-fold>summary{list-style:none;display:inline-flex;align-items:center;height:24px;padding:0 9px;margin:10px 0 6px;border-radius:6px;background:${dark ? '#21262f' : '#eef0f4'};color:${soft};font:400 12px/16px ${font};cursor:default}
details.mailstead-fold>summary::-webkit-details-marker{display:none}
details.mailstead-fold>summary:focus-visible,a:focus-visible{outline:2px solid ${link};outline-offset:2px}
mark{background:${dark ? '#5a4a14' : '#ffe9a8'};color:${dark ? '#fff' : '#1a1d23'};border-radius:3px}
@media print{:root{color-scheme:light}body{color:#000;overflow:visible}details.mailstead-fold>summary{display:none}}`;
}
