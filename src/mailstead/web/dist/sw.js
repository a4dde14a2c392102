const files = [
	"/assets/Composer-BKQTz3nl.js",
	"/assets/Door-Bh1mtipi.js",
	"/assets/History-CpDdFARW.js",
	"/assets/KeySheet-Doki-Ri_.js",
	"/assets/Outbox-DPGu71tG.js",
	"/assets/Palette-Cbj_Ounk.js",
	"/assets/Picker-DmV7bmQh.js",
	"/assets/Picker-qsaaWBQi.css",
	"/assets/Reader-CSMib37_.js",
	"/assets/Settings-CrCz_T-v.js",
	"/assets/Settings-Dr68l90v.css",
	"/assets/Tour-CA5yuoCX.css",
	"/assets/Tour-DezqmEOO.js",
	"/assets/Waiting-B-P90Bqp.js",
	"/assets/Waiting-C7tpMaCY.css",
	"/assets/ar-C9ZsvMV2.js",
	"/assets/blobs-Bu73igkz.js",
	"/assets/compose.svelte-BBrqa5xe.js",
	"/assets/de-C3TQdp6B.js",
	"/assets/index-CgXMRv1b.css",
	"/assets/index-De7uAG7V.js",
	"/assets/index.svelte-BxO2ZWp8.js",
	"/assets/match-CsG4xWQq.js",
	"/assets/objects-kWubw5uD.js",
	"/assets/preload-helper-DygEbaNj.js",
	"/assets/purify.es-8fwfNZVl.js",
	"/assets/quote-ZisCqWRS.js",
	"/assets/sanitize-B6xNjUwI.js",
	"/assets/send.svelte-CCRhRhPT.js",
	"/assets/worker-CZ-9Gd2x.js",
	"/frame-remote.html",
	"/frame.html",
	"/icon-192.png",
	"/icon-512.png",
	"/icon-maskable.png",
	"/icon.svg",
	"/manifest.webmanifest"
];
const cacheName = `mailstead-${"6f9c8126c47a157b"}`;
const pages = /^\/(?:$|m(?:\/|$)|s(?:\/|$)|settings|outbox|history|waiting|compose|index\.html)/;
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
