const files = [
	"/assets/Composer-ChAOegwL.js",
	"/assets/Door-CM-ERyVO.js",
	"/assets/History-DpWChRj1.js",
	"/assets/KeySheet-D0ezyFfI.js",
	"/assets/Outbox-BrIKh5OH.js",
	"/assets/Palette-da_VN-Eo.js",
	"/assets/Picker-DT8X7s2B.js",
	"/assets/Reader-C8Cx881w.js",
	"/assets/Settings-CFmxRQwv.js",
	"/assets/blobs-C00Ha26M.js",
	"/assets/compose.svelte-BSQTQ_y6.js",
	"/assets/index-DEmbfVay.js",
	"/assets/index-Dr7pJS8y.css",
	"/assets/index.svelte-RmNGr17g.js",
	"/assets/match-CsG4xWQq.js",
	"/assets/purify.es-8fwfNZVl.js",
	"/assets/quote-D9xmMR1l.js",
	"/assets/sanitize-BjnbBN2i.js",
	"/assets/send.svelte-CfrPtTLQ.js",
	"/assets/worker-Q8FGsnbW.js",
	"/frame-remote.html",
	"/frame.html",
	"/icon-192.png",
	"/icon-512.png",
	"/icon-maskable.png",
	"/icon.svg",
	"/manifest.webmanifest"
];
const cacheName = `mailstead-${"aead0c011f7a9594"}`;
const pages = /^\/(?:$|m(?:\/|$)|s(?:\/|$)|settings|outbox|history|compose|index\.html)/;
self.addEventListener("install", (event) => {
	event.waitUntil((async () => {
		const cache = await caches.open(cacheName);
		await cache.addAll(["/", ...files].map((path) => new Request(path, { cache: "reload" })));
	})());
});
self.addEventListener("activate", (event) => {
	event.waitUntil((async () => {
		for (const name of await caches.keys()) if (name.startsWith("mailstead-") && name !== cacheName) await caches.delete(name);
		await self.clients.claim();
	})());
});
self.addEventListener("message", (event) => {
	if (event.data === "activate") void self.skipWaiting();
});
self.addEventListener("fetch", (event) => {
	const { request } = event;
	const url = new URL(request.url);
	if (request.method !== "GET" || url.origin !== self.location.origin) return;
	if (files.includes(url.pathname)) {
		event.respondWith(caches.match(url.pathname, { cacheName }).then((kept) => kept ?? fetch(request)));
		return;
	}
	if (request.mode === "navigate" && pages.test(url.pathname)) {
		event.respondWith((async () => {
			const deadline = AbortSignal.timeout(3e3);
			try {
				const response = await fetch("/", { signal: deadline });
				if (response.ok) return response;
			} catch {}
			return await caches.match("/", { cacheName }) ?? Response.error();
		})());
	}
});
