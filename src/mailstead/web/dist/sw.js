const files = [
	"/assets/Composer-tnOL9emz.js",
	"/assets/Door-D22tGHMW.js",
	"/assets/History-BGUM8EpD.js",
	"/assets/KeySheet-BwCMKg38.js",
	"/assets/Outbox-DYi11iYr.js",
	"/assets/Palette-iXdEUqtu.js",
	"/assets/Picker-C68e7DOB.js",
	"/assets/Picker-qsaaWBQi.css",
	"/assets/Reader-C8xTm8JS.js",
	"/assets/Settings-N04oyfPC.css",
	"/assets/Settings-q1wdY6mE.js",
	"/assets/Tour-CA5yuoCX.css",
	"/assets/Tour-pG3jkE06.js",
	"/assets/Waiting-C7tpMaCY.css",
	"/assets/Waiting-DWcCo9V-.js",
	"/assets/blobs-BT_FOUht.js",
	"/assets/compose.svelte-D3F6kpOd.js",
	"/assets/index-C_PRx5D4.css",
	"/assets/index-DKi5k6UT.js",
	"/assets/index.svelte-BEi7cUHv.js",
	"/assets/match-CsG4xWQq.js",
	"/assets/objects-BAOwlf6N.js",
	"/assets/purify.es-8fwfNZVl.js",
	"/assets/quote-CzncE7XE.js",
	"/assets/sanitize-Dzk1wkq-.js",
	"/assets/send.svelte-D8xbij_1.js",
	"/assets/worker-h6YN7glI.js",
	"/frame-remote.html",
	"/frame.html",
	"/icon-192.png",
	"/icon-512.png",
	"/icon-maskable.png",
	"/icon.svg",
	"/manifest.webmanifest"
];
const cacheName = `mailstead-${"0c9d9c1e7fc198a8"}`;
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
