import { beforeEach, expect, test, vi } from 'vitest';

type Handler = (event: Record<string, unknown>) => void;
let handlers = new Map<string, Handler>();
const stores = new Map<string, Map<string, Response>>();
const pathOf = (what: string | Request): string => new URL(typeof what === 'string' ? what : what.url, 'https://mail.example').pathname;
const cacheOf = (name: string) => {
  const store = stores.get(name) ?? new Map<string, Response>();
  stores.set(name, store);
  return {
    addAll: (all: { path: string }[]) => Promise.resolve(all.forEach(({ path }) => store.set(path, new Response(`${name} ${path}`)))),
    put: (path: string, response: Response) => Promise.resolve(void store.set(path, response)),
    match: (path: string) => Promise.resolve(store.get(path)?.clone()),
    keys: () => Promise.resolve([...store.keys()].map((path) => ({ url: `https://mail.example${path}` }))),
  };
};
vi.stubGlobal('caches', {
  open: (name: string) => Promise.resolve(cacheOf(name)),
  keys: () => Promise.resolve([...stores.keys()]),
  delete: (name: string) => Promise.resolve(stores.delete(name)),
  match: (what: string, { cacheName }: { cacheName?: string } = {}) => Promise.resolve([...stores].filter(([name]) => !cacheName || name === cacheName).map(([, store]) => store.get(pathOf(what))).find(Boolean)?.clone()),
});
vi.stubGlobal('Request', class { constructor(readonly path: string) {} });
vi.stubGlobal('fetch', () => Promise.resolve(new Response('not found', { status: 404 })));

/** A version of the application begins, as the browser lets it: installed, and at once the one in force. */
async function version(name: string, files: string[]): Promise<void> {
  handlers = new Map();
  vi.resetModules();
  vi.stubGlobal('self', {
    __PRECACHE: files, __SELDOM: [], __VERSION: name, location: { origin: 'https://mail.example' }, clients: { claim: () => Promise.resolve() },
    addEventListener: (type: string, handler: Handler) => handlers.set(type, handler),
  });
  const worker = '../src/worker/sw.ts';
  await import(worker);
  for (const type of ['install', 'activate']) {
    const work: Promise<unknown>[] = [];
    handlers.get(type)?.({ waitUntil: (promise: Promise<unknown>) => work.push(promise) });
    await Promise.all(work);
  }
}

async function asked(path: string): Promise<string | undefined> {
  let answer: Promise<Response> | undefined;
  handlers.get('fetch')?.({ request: { url: `https://mail.example${path}`, method: 'GET', mode: 'cors' }, respondWith: (response: Promise<Response>) => (answer = response) });
  return (await answer)?.text();
}

beforeEach(() => stores.clear());

test('a window of the version before goes on with its late parts, one of the version before that begins anew', async () => {
  await version('1', ['/assets/index-1.js', '/assets/late-1.js', '/assets/same.js']);
  await version('2', ['/assets/index-2.js', '/assets/late-2.js', '/assets/same.js']);
  expect(await asked('/assets/late-2.js')).toBe('mailstead-2 /assets/late-2.js');
  expect(await asked('/assets/late-1.js')).toBe('mailstead-1 /assets/late-1.js');
  expect(await asked('/assets/same.js')).toBe('mailstead-2 /assets/same.js');
  await version('3', ['/assets/index-3.js', '/assets/same.js']);
  expect(await asked('/assets/late-2.js')).toBe('mailstead-2 /assets/late-2.js');
  expect(await asked('/assets/late-1.js')).toBe('not found');
  expect([...stores.keys()]).toEqual(['mailstead-3']);
});

test('answers of the API pass through untouched', async () => {
  await version('1', ['/assets/index-1.js']);
  expect(await asked('/jmap')).toBe(undefined);
});
