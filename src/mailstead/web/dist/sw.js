const files = [
	"/assets/Composer-CUBrX3EF.js",
	"/assets/Door-DKZwaU7I.js",
	"/assets/History-DCc6Bgc1.js",
	"/assets/KeySheet-BrEzsQST.js",
	"/assets/Outbox-ZUQjfqBv.js",
	"/assets/Palette-CEzMkSIg.js",
	"/assets/Picker-ClFbDBvv.js",
	"/assets/Reader-Ct1fHNWA.js",
	"/assets/Settings-D_-fo5PY.js",
	"/assets/blobs-BoIQA0_C.js",
	"/assets/compose.svelte-4EXGoeY7.js",
	"/assets/index-Cq2emIcx.js",
	"/assets/index-Dr7pJS8y.css",
	"/assets/index.svelte-BiU9hYHr.js",
	"/assets/match-CsG4xWQq.js",
	"/assets/purify.es-8fwfNZVl.js",
	"/assets/quote-6vXdR1hX.js",
	"/assets/sanitize-DXy4dclB.js",
	"/assets/send.svelte-BdJtuBcr.js",
	"/frame-remote.html",
	"/frame.html",
	"/icon-192.png",
	"/icon-512.png",
	"/icon-maskable.png",
	"/icon.svg",
	"/manifest.webmanifest"
];
const cacheName = `mailstead-${"38495eb961886523"}`;
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
