// What the list and the reader of a conversation need at once, gzipped: everything in the graph of their static imports, the framework and
// the messages among it. Built apart, in memory, for in the application their modules share chunks with others.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const here = join(dirname(fileURLToPath(import.meta.url)), '..');
const entries = {
  listAndReader: ['feature/list/List.svelte', 'feature/reader/Reader.svelte'].map((path, index) => `export { default as part${index} } from ${JSON.stringify(join(here, 'src', path))};`).join('\n'),
  frameworkAndMessages: `export { mount } from 'svelte'; export * from 'svelte/reactivity'; export * from ${JSON.stringify(join(here, 'src/kit/i18n/index.svelte.ts'))};`,
};

export async function parts() {
  const sizes = {};
  for (const [name, code] of Object.entries(entries)) {
    const entry = { name: 'entry', resolveId: (id) => (id === 'virtual:entry' ? '\0entry' : null), load: (id) => (id === '\0entry' ? code : null) };
    const built = await build({ root: here, configFile: join(here, 'vite.config.ts'), logLevel: 'silent', plugins: [entry], build: { write: false, emptyOutDir: false, rollupOptions: { input: 'virtual:entry', preserveEntrySignatures: 'strict' } } });
    const { output } = Array.isArray(built) ? built[0] : built;
    const chunks = new Map(output.map((chunk) => [chunk.fileName, chunk]));
    const needed = new Set([output.find(({ isEntry }) => isEntry).fileName]);
    for (const file of needed) for (const other of chunks.get(file).imports) needed.add(other);
    sizes[name] = [...needed].reduce((sum, file) => sum + gzipSync(chunks.get(file).code, { level: 9 }).length, 0);
  }
  return sizes;
}
