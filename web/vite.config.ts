import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { messagesInTwo } from './scripts/messages.mjs';

/** Where `npm run dev` finds a running server. */
const server = process.env['MAILSTEAD_URL'] ?? 'http://127.0.0.1:8080';

/** What the first screen needs lies in one chunk, which packs better than several: everything that an entry leads to by static imports. */
function atOnce(id: string, of: (id: string) => { isEntry: boolean; importers: readonly string[] } | null, seen = new Set<string>()): boolean {
  const module = of(id);
  if (!module || seen.has(id)) return false;
  seen.add(id);
  return module.isEntry || module.importers.some((importer) => atOnce(importer, of, seen));
}

/** pdf.js hangs all of itself on the window, so that nothing of it could be left out: what is not used stays away. */
const pdfInParts = {
  name: 'pdf-in-parts',
  enforce: 'pre' as const,
  transform(code: string, id: string): { code: string; map: null } | null {
    if (!id.endsWith('/pdfjs-dist/legacy/build/pdf.mjs')) return null;
    const parted = code.replace(/^globalThis\.pdfjsLib = \{\n(?: {2}\w+: \w+,?\n)+\};$/m, '').replace(/^\{\n {2}globalThis\._pdfjsTestingUtils = \{[^}]*\};\n\}$/m, '');
    if (/globalThis\.pdfjsLib = \{/.test(parted)) throw new Error('pdf.js is not what it was: see vite.config.ts');
    return { code: parted, map: null };
  },
};

export default defineConfig({
  plugins: [pdfInParts, messagesInTwo(fileURLToPath(new URL('./src', import.meta.url))), svelte()],
  build: {
    outDir: '../src/mailstead/web/dist',
    emptyOutDir: true,
    target: 'es2022',
    // `light-dark()` is kept as it is written: a dark preview inside a light page depends on it.
    cssTarget: ['chrome123', 'firefox121', 'safari17.5'],
    // What a late part leads to comes behind it, from the device as soon as the service worker is there: the page itself has no list of it to work off.
    modulePreload: { polyfill: false, resolveDependencies: (_, deps, { hostType }) => (hostType === 'html' ? deps : deps.filter((one) => one.endsWith('.css'))) },
    assetsInlineLimit: 0,
    cssCodeSplit: true,
    sourcemap: false,
    reportCompressedSize: false,
    rollupOptions: { output: { entryFileNames: 'assets/[name]-[hash].js', chunkFileNames: 'assets/[name]-[hash].js', assetFileNames: 'assets/[name]-[hash][extname]', codeSplitting: { groups: [{ debugName: 'first', name: (id, context) => (atOnce(id, (other) => context.getModuleInfo(other)) ? 'first' : null) }] } } },
  },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/jmap', '/.well-known', '/proxy'].map((path) => [path, { target: server, changeOrigin: false, ws: true }]),
    ),
  },
  // A module is read within the time of the first test that asks for it: on a machine with much to do that is long.
  test: { include: ['test/**/*.test.ts'], environment: 'node', testTimeout: 60_000 },
});
