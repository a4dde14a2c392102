// What the first visit loads, gzipped: the entry, what it imports statically, and the style sheets of index.html.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'src', 'mailstead', 'web', 'dist');
const index = readFileSync(join(dist, 'index.html'), 'utf8');
const size = (path) => gzipSync(readFileSync(join(dist, path)), { level: 9 }).length;
const scripts = new Set([...index.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1]));
for (const path of scripts) {
  const text = readFileSync(join(dist, path), 'utf8');
  for (const [, target] of text.matchAll(/(?:^|[;}\s])import\s*(?:[^"'()]*?from\s*)?["']\.\/([^"']+)["']/g)) scripts.add(`assets/${target}`);
}
const styles = [...index.matchAll(/href="\/(assets\/[^"]+\.css)"/g)].map((match) => match[1]);
const sum = (paths) => [...paths].reduce((total, path) => total + size(path), 0);
console.log(JSON.stringify({ js: sum(scripts), css: sum(styles), scripts: [...scripts], styles }));
