import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { messagesInTwo } from './scripts/messages.mjs';

/** Where `npm run dev` finds a running server. */
const server = process.env['MAILSTEAD_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [messagesInTwo(fileURLToPath(new URL('./src', import.meta.url))), svelte()],
  build: {
    outDir: '../src/mailstead/web/dist',
    emptyOutDir: true,
    target: 'es2022',
    // `light-dark()` is kept as it is written: a dark preview inside a light page depends on it.
    cssTarget: ['chrome123', 'firefox121', 'safari17.5'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    cssCodeSplit: true,
    sourcemap: false,
    reportCompressedSize: false,
    rollupOptions: { output: { entryFileNames: 'assets/[name]-[hash].js', chunkFileNames: 'assets/[name]-[hash].js', assetFileNames: 'assets/[name]-[hash][extname]' } },
  },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/jmap', '/.well-known', '/proxy'].map((path) => [path, { target: server, changeOrigin: false, ws: true }]),
    ),
  },
  test: { include: ['test/**/*.test.ts'], environment: 'node' },
});
