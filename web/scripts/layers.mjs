// Imports point down: app → feature → action → cache → jmap; kit is beside them and knows none of them; one feature
// never imports another; style sheets are logical. Exits 1 and says where, when a file breaks the rule.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', 'src');
const below = {
  app: ['app', 'feature', 'action', 'cache', 'jmap', 'kit'],
  feature: ['action', 'cache', 'jmap', 'kit'],
  action: ['action', 'cache', 'jmap', 'kit'],
  cache: ['cache', 'jmap', 'kit'],
  jmap: ['jmap'],
  kit: ['kit'],
  frame: ['frame'],
  worker: ['worker', 'kit'],
};

function* files(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else if (/\.(ts|svelte|css)$/.test(name)) yield path;
  }
}

const physical = /(?:^|[\s;{])(?:(?:margin|padding|border)-(?:left|right)|(?:left|right)\s*:|text-align:\s*(?:left|right)|float:\s*(?:left|right)|border-(?:top|bottom)-(?:left|right)-radius)/;

const wrong = [];
for (const file of files(root)) {
  const here = relative(root, file).split('/');
  const layer = here[0];
  if (!(layer in below)) {
    wrong.push(`${relative(root, file)}: no layer has this folder; add it to scripts/layers.mjs`);
    continue;
  }
  const text = readFileSync(file, 'utf8');
  for (const [, target] of text.matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)) {
    const there = relative(root, resolve(dirname(file), target)).split('/');
    if (there[0] === '..') wrong.push(`${relative(root, file)} imports ${target}, which is outside src`);
    else if (layer === 'feature' && there[0] === 'feature') {
      if (there[1] !== here[1]) wrong.push(`${relative(root, file)} imports another feature: ${target}`);
    } else if (!below[layer].includes(there[0])) wrong.push(`${relative(root, file)} imports ${there[0]}, which is not below ${layer}: ${target}`);
  }
  // Start and end, not left and right: the page is written from the right as well.
  const css = file.endsWith('.css') ? text : (/<style>([\s\S]*?)<\/style>/.exec(text)?.[1] ?? '');
  for (const line of css.split('\n')) if (physical.test(line)) wrong.push(`${relative(root, file)}: left or right in a style sheet: ${line.trim()}`);
  if (file.endsWith('.svelte') && /<[^>]*\sstyle="/.test(text.replace(/<style[\s\S]*?<\/style>/g, '')))
    wrong.push(`${relative(root, file)}: a style attribute in markup is refused by the content policy; use a class or style:`);
}
if (wrong.length) {
  console.error(wrong.join('\n'));
  process.exit(1);
}
