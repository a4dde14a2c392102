// Build the application, the message frames and the service worker into src/mailstead/web/dist. The same sources give the same
// octets. Nothing is fetched; `npm ci` must have been run.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transformWithOxc } from 'vite';
import { parts } from './parts.mjs';

const here = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(here, '..', 'src', 'mailstead', 'web', 'dist');

await build({ root: here, configFile: join(here, 'vite.config.ts'), logLevel: 'warn' });

// The frames: one page with one script, whose hash the server puts into the frame's own policy.
const source = readFileSync(join(here, 'src', 'frame', 'frame.js'), 'utf8');
const script = (await transformWithOxc(source.replace(/^\/\/.*$/gm, ''), 'frame.js', { target: 'es2022' })).code.trim();
const frame = `<!doctype html>\n<html><head><meta charset="utf-8"><title>Message</title><style id="base">html,body{margin:0}</style><script>${script}</script></head><body></body></html>\n`;
for (const name of ['frame.html', 'frame-remote.html']) writeFileSync(join(dist, name), frame);

// What stands in the build by licences that want their words to go along.
const pdf = join(here, 'node_modules', 'pdfjs-dist');
const licences = ['LICENSE', 'standard_fonts/LICENSE_FOXIT', 'wasm/LICENSE_JBIG2', 'wasm/LICENSE_OPENJPEG', 'wasm/LICENSE_PDFJS_JBIG2', 'wasm/LICENSE_PDFJS_OPENJPEG'];
writeFileSync(join(dist, 'licenses.txt'), licences.map((name) => `pdfjs-dist/${name}\n\n${readFileSync(join(pdf, name), 'utf8').trim()}\n`).join(`\n${'-'.repeat(80)}\n\n`));

function* files(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}
const list = [...files(dist)].map((path) => relative(dist, path)).filter((path) => !/\.(?:map)$/.test(path));
const version = createHash('sha256');
for (const path of list) version.update(path).update(readFileSync(join(dist, path)));
const mark = version.digest('hex').slice(0, 16);

// The worker knows what to keep: the shell, the frames and every hashed file; what is large and seldom used from its first use on.
const isSeldom = (path) => /^\/assets\/pdf[-.]|^\/assets\/Pdf-|\.(?:wasm|pfb|txt)$/.test(path);
const kept = list.filter((path) => path !== 'index.html').map((path) => `/${path}`);
const [precache, seldom] = [kept.filter((path) => !isSeldom(path)), kept.filter(isSeldom)];
const bundled = await build({
  configFile: false, logLevel: 'warn', publicDir: false,
  build: { write: false, target: 'es2022', modulePreload: false, lib: { entry: join(here, 'src', 'worker', 'sw.ts'), formats: ['es'], fileName: 'sw' } },
});
const [{ output: [{ code }] }] = Array.isArray(bundled) ? bundled : [bundled];
writeFileSync(join(dist, 'sw.js'), code.replace('self.__PRECACHE', JSON.stringify(precache)).replace('self.__SELDOM', JSON.stringify(seldom)).replace('self.__VERSION', JSON.stringify(mark)));

// The list of everything, with hashes: the test of the wheel and of a rebuild compare it.
const manifest = Object.fromEntries([...list, 'sw.js'].sort().map((path) => [path, createHash('sha256').update(readFileSync(join(dist, path))).digest('hex')]));
mkdirSync(dist, { recursive: true });
writeFileSync(join(dist, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`);
// What parts of it weigh, for the test of the budgets.
writeFileSync(join(here, 'sizes.json'), `${JSON.stringify({ version: mark, ...(await parts()) }, null, 1)}\n`);
console.log(`${Object.keys(manifest).length} files, version ${mark}`);
