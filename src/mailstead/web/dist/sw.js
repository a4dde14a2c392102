const files = [
	"/assets/Composer-37F_ET0x.js",
	"/assets/Door-Bd7j8ADH.js",
	"/assets/History-Dgxfcgnd.js",
	"/assets/KeySheet-CygaOzSY.js",
	"/assets/Outbox-C2xAHYvg.js",
	"/assets/Palette-CTQudFBH.js",
	"/assets/Picker-Bvn11qE-.js",
	"/assets/Picker-qsaaWBQi.css",
	"/assets/Reader-BXabFLxv.js",
	"/assets/Settings-DPHrD1Ep.js",
	"/assets/Settings-Dr68l90v.css",
	"/assets/Tour-BuTkPAg9.js",
	"/assets/Tour-CA5yuoCX.css",
	"/assets/Waiting-BTOt8wli.js",
	"/assets/Waiting-C7tpMaCY.css",
	"/assets/ar-C9ZsvMV2.js",
	"/assets/blobs-CukMItjD.js",
	"/assets/compose.svelte-hdRLQN7l.js",
	"/assets/de-C3TQdp6B.js",
	"/assets/index-BLft4oxt.js",
	"/assets/index-BQMHj2CH.css",
	"/assets/index.svelte-BxO2ZWp8.js",
	"/assets/match-CsG4xWQq.js",
	"/assets/objects-BVjesrAj.js",
	"/assets/preload-helper-DygEbaNj.js",
	"/assets/purify.es-8fwfNZVl.js",
	"/assets/quote-ZisCqWRS.js",
	"/assets/sanitize-B6xNjUwI.js",
	"/assets/send.svelte-BMX7dkqL.js",
	"/assets/worker-DftWlb9d.js",
	"/frame-remote.html",
	"/frame.html",
	"/icon-192.png",
	"/icon-512.png",
	"/icon-maskable.png",
	"/icon.svg",
	"/manifest.webmanifest"
];
const cacheName = `mailstead-${"6dbe157644cc2bac"}`;
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
