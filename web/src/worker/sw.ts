/**
 * The service worker: keeps the application itself, never mail. Hashed files are kept as they are; pages come from the network
 * first and from here when nobody answers; answers of the API pass through untouched. A new version waits until every window of
 * the old one has closed or the user has asked for it, so that an open draft is never reloaded away.
 */
import { onNotificationClick, onPush, onSubscriptionChange } from './push.ts';

declare const self: ServiceWorkerGlobalScope & { __PRECACHE: string[]; __SELDOM: string[]; __VERSION: string };

const files: string[] = self.__PRECACHE;
/** Large, and used by few: kept from their first use on, and by each version after the one that has them. */
const seldom: string[] = self.__SELDOM;
const cacheName = `mailstead-${self.__VERSION}`;
/** So long the network may take for the page itself, where one is kept. */
const PATIENCE_MS = 250;
const pages = /^\/(?:$|m(?:\/|$)|s(?:\/|$)|settings|outbox|history|waiting|compose|index\.html)/;

/** Where the browser can be told once what it need not ask this worker for: it does nothing to an answer of the API, and gives a hashed file as it is kept. */
interface Routing extends ExtendableEvent {
  addRoutes?: (rules: { condition: { urlPattern: string }; source: 'network' | { cacheName: string } }[]) => Promise<void>;
}

self.addEventListener('install', (event: Routing) => {
  const routes = [
    ...['/jmap', '/jmap/*', '/api/*', '/.well-known/*'].map((urlPattern) => ({ condition: { urlPattern }, source: 'network' as const })),
    { condition: { urlPattern: '/assets/*' }, source: { cacheName } },
  ];
  event.waitUntil(Promise.resolve(event.addRoutes?.(routes)).catch(() => undefined));
  event.waitUntil(
    (async () => {
      const cache = await caches.open(cacheName);
      await cache.addAll(['/', ...files].map((path) => new Request(path, { cache: 'reload' })));
      for (const path of seldom) {
        const kept = await caches.match(path);
        if (kept) await cache.put(path, kept);
      }
      await keepBefore(cache);
    })(),
  );
});

/** Says which files are of a version itself. */
const OWN = '/own-files';

/** A window of the version before may stand beside the first of this one, and goes on with its own late parts: the server has them no longer. */
async function keepBefore(cache: Cache): Promise<void> {
  await cache.put(OWN, new Response(JSON.stringify(files)));
  for (const name of await caches.keys()) {
    if (!name.startsWith('mailstead-') || name === cacheName) continue;
    const before = await caches.open(name);
    const own = await before.match(OWN);
    const paths = own ? ((await own.json()) as string[]) : (await before.keys()).map(({ url }) => new URL(url).pathname);
    for (const path of paths.filter((one) => one.startsWith('/assets/') && !files.includes(one))) {
      const kept = await before.match(path);
      if (kept) await cache.put(path, kept);
    }
  }
}

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name.startsWith('mailstead-') && name !== cacheName) await caches.delete(name);
      await self.clients.claim();
    })(),
  );
});

async function keepSeldom(): Promise<void> {
  const cache = await caches.open(cacheName);
  for (const path of seldom) if (!(await cache.match(path))) await cache.add(path);
}

self.addEventListener('message', (event) => {
  if (event.data === 'activate') void self.skipWaiting();
  if (event.data === 'seldom') event.waitUntil(keepSeldom().catch(() => undefined));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (files.includes(url.pathname) || seldom.includes(url.pathname) || url.pathname.startsWith('/assets/')) {
    event.respondWith(caches.match(url.pathname, { cacheName }).then((kept) => kept ?? fetch(request)));
    return;
  }
  if (request.mode === 'navigate' && pages.test(url.pathname)) {
    event.respondWith(
      (async () => {
        const kept = await caches.match('/', { cacheName });
        const fresh = fetch('/', { signal: AbortSignal.timeout(3000) }).then((response) => (response.ok ? response : undefined), () => undefined);
        // The line is slow, or nobody answers: what is kept will do. A newer one comes with the next worker.
        const late = new Promise<undefined>((resolve) => setTimeout(resolve, kept ? PATIENCE_MS : 3000));
        const response = await Promise.race([fresh, late]);
        if (response) return response;
        return kept ?? (await fresh) ?? Response.error();
      })(),
    );
  }
});

self.addEventListener('push', (event) => {
  const message = ((): unknown => {
    try {
      return event.data?.json();
    } catch {
      return null;
    }
  })();
  if (typeof message === 'object' && message !== null) event.waitUntil(onPush(message as Record<string, unknown>).catch(() => undefined));
});

self.addEventListener('pushsubscriptionchange', (event) => {
  const { newSubscription = null, oldSubscription = null } = event as ExtendableEvent & { newSubscription?: PushSubscription | null; oldSubscription?: PushSubscription | null };
  (event as ExtendableEvent).waitUntil(onSubscriptionChange(newSubscription, oldSubscription).catch(() => undefined));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(onNotificationClick(event.action, (event.notification.data ?? {}) as Parameters<typeof onNotificationClick>[1]));
});
