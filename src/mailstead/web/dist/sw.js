const files = [
	"/assets/Composer-BMcvcG1l.js",
	"/assets/Door-04RUKaSe.js",
	"/assets/History-CScUwMbK.js",
	"/assets/KeySheet-DopX2K-_.js",
	"/assets/Outbox-D1MQJ0tz.js",
	"/assets/Palette-BxQqrEqZ.js",
	"/assets/Picker---7VZ96B.js",
	"/assets/Picker-qsaaWBQi.css",
	"/assets/Reader-I-bwl7uM.js",
	"/assets/Settings-Dr68l90v.css",
	"/assets/Settings-ErKyZcht.js",
	"/assets/Tour-CA5yuoCX.css",
	"/assets/Tour-DBQTrGEE.js",
	"/assets/Waiting-C7tpMaCY.css",
	"/assets/Waiting-fAMh-fEV.js",
	"/assets/ar-D2QfDZSB.js",
	"/assets/blobs-e-NrTd4T.js",
	"/assets/compose.svelte-CNpnKJrU.js",
	"/assets/de-C5qeUWaN.js",
	"/assets/index-BQMHj2CH.css",
	"/assets/index-DSFh6-ZY.js",
	"/assets/index.svelte-CAS3ZdCq.js",
	"/assets/match-CsG4xWQq.js",
	"/assets/objects-nyhwVokP.js",
	"/assets/preload-helper-DygEbaNj.js",
	"/assets/purify.es-8fwfNZVl.js",
	"/assets/quote-ZisCqWRS.js",
	"/assets/sanitize-B6xNjUwI.js",
	"/assets/send.svelte-Br044bJp.js",
	"/assets/worker-BMk1B6lg.js",
	"/frame-remote.html",
	"/frame.html",
	"/icon-192.png",
	"/icon-512.png",
	"/icon-maskable.png",
	"/icon.svg",
	"/manifest.webmanifest"
];
const cacheName = `mailstead-${"3f6352f591dc7442"}`;
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
