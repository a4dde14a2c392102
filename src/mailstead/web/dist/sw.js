const files = [
	"/assets/Composer-sIVQQBdK.js",
	"/assets/Door-BooUGoUc.js",
	"/assets/History-CPCe45D5.js",
	"/assets/KeySheet-CpvkkBQF.js",
	"/assets/Outbox-BrC-qTt2.js",
	"/assets/Palette-CQRHTGv0.js",
	"/assets/Picker-D6eGJD5v.js",
	"/assets/Reader-CZCqngQe.js",
	"/assets/Settings-DEcav7hL.js",
	"/assets/blobs-BMc3mrFp.js",
	"/assets/compose.svelte-BaKGCCMR.js",
	"/assets/index-BdBCOn6n.js",
	"/assets/index-Dr7pJS8y.css",
	"/assets/index.svelte-BiU9hYHr.js",
	"/assets/match-CsG4xWQq.js",
	"/assets/purify.es-8fwfNZVl.js",
	"/assets/quote-BZWrWl4l.js",
	"/assets/sanitize-DKnf2vZg.js",
	"/assets/send.svelte-DnH-fmCf.js",
	"/frame-remote.html",
	"/frame.html",
	"/icon-192.png",
	"/icon-512.png",
	"/icon-maskable.png",
	"/icon.svg",
	"/manifest.webmanifest"
];
const cacheName = `mailstead-${"4b8577e48407178f"}`;
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
