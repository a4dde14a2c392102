const files = [
	"/assets/Composer-Ctb8QCkn.js",
	"/assets/Door-Cdz8c1yF.js",
	"/assets/History-CEpV6r5n.js",
	"/assets/KeySheet-Dws-II7h.js",
	"/assets/Outbox-DyKZg5GD.js",
	"/assets/Palette-Bld2If9x.js",
	"/assets/Picker-BTOL2Oib.js",
	"/assets/Reader-CW5Xr9ea.js",
	"/assets/Settings-BGcpBT9k.js",
	"/assets/ar-DvreGElF.js",
	"/assets/blobs-Bc0DM6iu.js",
	"/assets/compose.svelte-B0_BgBob.js",
	"/assets/de-BEagtOQd.js",
	"/assets/index-D3q8f1cy.css",
	"/assets/index-DKMnqWqa.js",
	"/assets/match-CsG4xWQq.js",
	"/assets/preload-helper-DygEbaNj.js",
	"/assets/purify.es-8fwfNZVl.js",
	"/assets/quote-ZisCqWRS.js",
	"/assets/sanitize-B6xNjUwI.js",
	"/assets/send.svelte-B23FITR4.js",
	"/assets/session.svelte-KURuWG1u.js",
	"/frame-remote.html",
	"/frame.html",
	"/icon-192.png",
	"/icon-512.png",
	"/icon-maskable.png",
	"/icon.svg",
	"/manifest.webmanifest"
];
const cacheName = `mailstead-${"80a3c37f2b8bf870"}`;
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
