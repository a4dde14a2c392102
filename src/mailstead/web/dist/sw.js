const files = [
	"/assets/Composer-BCUHxa14.js",
	"/assets/Door-7FJamX1O.js",
	"/assets/History-BpXf06rg.js",
	"/assets/KeySheet-BzYEpHAJ.js",
	"/assets/Outbox-FSrhxmWS.js",
	"/assets/Palette-DSYirX5_.js",
	"/assets/Picker-CvWNvVUX.js",
	"/assets/Picker-qsaaWBQi.css",
	"/assets/Reader-NJMDEp4z.js",
	"/assets/Settings-C2sq991u.js",
	"/assets/Settings-Dr68l90v.css",
	"/assets/Tour-CA5yuoCX.css",
	"/assets/Tour-DPcpvbPS.js",
	"/assets/Waiting-B60ez8v6.js",
	"/assets/Waiting-C7tpMaCY.css",
	"/assets/blobs-rSvdim3h.js",
	"/assets/compose.svelte-CwbNbBVO.js",
	"/assets/index-C_PRx5D4.css",
	"/assets/index-DaoN8P79.js",
	"/assets/index.svelte-B_ZBWuLf.js",
	"/assets/match-CsG4xWQq.js",
	"/assets/objects-B3nkJsXW.js",
	"/assets/purify.es-8fwfNZVl.js",
	"/assets/quote-b6nRdUU0.js",
	"/assets/sanitize-DcxVbsxq.js",
	"/assets/send.svelte-BcLIj0PR.js",
	"/assets/worker-B-dUkSxV.js",
	"/frame-remote.html",
	"/frame.html",
	"/icon-192.png",
	"/icon-512.png",
	"/icon-maskable.png",
	"/icon.svg",
	"/manifest.webmanifest"
];
const cacheName = `mailstead-${"58c7258e4264ead0"}`;
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
