// English messages come in two parts: those of the first screen with it, those that only places use which are loaded when they are
// needed, beside it. Which is which is read from the sources at each build: a message is late where a late place names it, or puts its name
// together (`op.${…}`), and nothing else does. What nobody names comes first.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Parts that are loaded by `withMessages` (kit/i18n), which waits for the late messages, or by such parts; of the reader, which is one of them, what it loads later than itself. */
const late = new RegExp(
  `^(?:${[
    String.raw`feature/(?:settings|tour|door|composer|palette|history|outbox|waiting)/`,
    String.raw`feature/search/(?:(?:Hints|Scope)\.svelte|said\.ts)`,
    String.raw`feature/list/(?:Picker|Pull)\.svelte`,
    String.raw`feature/reader/(?:Body|Behind|Gone|Attachments|Frame|Pdf|PdfPage)\.svelte`,
    String.raw`feature/mailboxes/Share\w*\.svelte`,
    String.raw`app/(?:Asks|AtRisk)\.svelte`,
    String.raw`action/compose/`,
    String.raw`action/(?:choices|crossing|kept|mailboxes|met|notes|notifications|objects|other-words|people|receipt|refusal|rights|setting-pages|sharing|submissions|template|unsubscribe)\.ts`,
    String.raw`action/send\.svelte\.ts`,
    String.raw`kit/(?:key-groups\.ts|Moment\.svelte)`,
  ].join('|')})`,
);

function* files(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else if (/\.(?:ts|svelte)$/.test(name)) yield path;
  }
}

/** The entries of a catalogue's source: the name of each, and its lines. */
function entries(code) {
  const out = [];
  for (const line of code.split('\n')) {
    const name = /^ {2}'?([\w.-]+)'?:/.exec(line)?.[1];
    if (name) out.push({ name, lines: [line] });
    else if (/^ {2}\/\/|^\S|^\s*$|^ {2}\/?\*/.test(line)) out.push({ name: null, lines: [line] });
    else out.at(-1).lines.push(line);
  }
  return out;
}

export function lateNames(root, code) {
  const texts = { first: '', late: '' };
  for (const path of files(root)) {
    const here = relative(root, path);
    if (!here.startsWith('kit/i18n/')) texts[late.test(here) ? 'late' : 'first'] += readFileSync(path, 'utf8');
  }
  /** Whether a text names a message, whole or by how its name begins. */
  const namesIn = (text) => {
    const begins = [...text.matchAll(/[`'"]([\w.]+[._])(?:\$\{|['"]\s*\+)/g)].map((match) => match[1]);
    return (name) => ["'", '"', '`'].some((quote) => text.includes(quote + name + quote)) || begins.some((start) => name.startsWith(start));
  };
  const [isFirst, isLate] = [namesIn(texts.first), namesIn(texts.late)];
  return new Set(entries(code).flatMap(({ name }) => (name && isLate(name) && !isFirst(name) ? [name] : [])));
}

export function messagesInTwo(root) {
  const source = join(root, 'kit', 'i18n', 'en.ts');
  let found = null;
  const names = () => (found ??= lateNames(root, readFileSync(source, 'utf8')));
  return {
    name: 'messages-in-two',
    apply: 'build',
    enforce: 'pre',
    transform(code, id) {
      if (id === source) return { code: entries(code).filter(({ name }) => !name || !names().has(name)).flatMap(({ lines }) => lines).join('\n'), map: null };
      if (id !== join(root, 'kit', 'i18n', 'late.ts')) return null;
      const mine = entries(readFileSync(source, 'utf8')).filter(({ name }) => name && names().has(name));
      return { code: `export const late = {\n${mine.flatMap(({ lines }) => lines).join('\n')}\n};\n`, map: null };
    },
  };
}
