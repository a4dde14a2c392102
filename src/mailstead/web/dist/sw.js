const files = [
	"/assets/Composer-BqmdJrw1.js",
	"/assets/Door-DPAurrUj.js",
	"/assets/History-BbkxosJv.js",
	"/assets/KeySheet-C0ZmJezS.js",
	"/assets/Outbox-DdIegGl-.js",
	"/assets/Palette-xsCgz1d_.js",
	"/assets/Picker-Bpp4P2ik.js",
	"/assets/Reader-VZRM6-qA.js",
	"/assets/Settings-ratd-bge.js",
	"/assets/blobs-BfHhpb3D.js",
	"/assets/compose.svelte-CM5Xk-BR.js",
	"/assets/index-Dr7pJS8y.css",
	"/assets/index-TKy5de0j.js",
	"/assets/index.svelte-BiU9hYHr.js",
	"/assets/match-CsG4xWQq.js",
	"/assets/purify.es-8fwfNZVl.js",
	"/assets/quote-B80aOtZ3.js",
	"/assets/sanitize-ChNdZmwE.js",
	"/assets/send.svelte-DuYReNY9.js",
	"/frame-remote.html",
	"/frame.html",
	"/icon-192.png",
	"/icon-512.png",
	"/icon-maskable.png",
	"/icon.svg",
	"/manifest.webmanifest"
];
const cacheName = `mailstead-${"85dd4157cedf07b9"}`;
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
