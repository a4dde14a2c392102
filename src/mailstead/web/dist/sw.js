const files = [
	"/assets/Composer-Cvkp6j6l.js",
	"/assets/Door-G4k6jY2z.js",
	"/assets/History-Bdz71eXm.js",
	"/assets/KeySheet-D0z-vv04.js",
	"/assets/Outbox-CTSQIJIk.js",
	"/assets/Palette-CqJmpxXR.js",
	"/assets/Picker-qsaaWBQi.css",
	"/assets/Picker-xMjInT4V.js",
	"/assets/Reader-BsPqRwCb.js",
	"/assets/Settings-6npn7Y7J.js",
	"/assets/Settings-Dr68l90v.css",
	"/assets/Tour-B70uA3r_.js",
	"/assets/Tour-CA5yuoCX.css",
	"/assets/Waiting-C7tpMaCY.css",
	"/assets/Waiting-CL57BDUq.js",
	"/assets/ar-D2QfDZSB.js",
	"/assets/blobs-DRHzxbRK.js",
	"/assets/compose.svelte-Hc2bkxml.js",
	"/assets/de-C5qeUWaN.js",
	"/assets/index-BQMHj2CH.css",
	"/assets/index-Cx9hYR4K.js",
	"/assets/index.svelte-CAS3ZdCq.js",
	"/assets/match-CsG4xWQq.js",
	"/assets/objects-BHxmJNaD.js",
	"/assets/preload-helper-DygEbaNj.js",
	"/assets/purify.es-8fwfNZVl.js",
	"/assets/quote-l-dpzGMq.js",
	"/assets/sanitize-Bq2KiMUU.js",
	"/assets/send.svelte-CuHxvAQg.js",
	"/assets/worker-CYsG_-Ug.js",
	"/frame-remote.html",
	"/frame.html",
	"/icon-192.png",
	"/icon-512.png",
	"/icon-maskable.png",
	"/icon.svg",
	"/manifest.webmanifest"
];
const cacheName = `mailstead-${"0aee58aa5a4cb806"}`;
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
