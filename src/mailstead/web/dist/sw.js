const files = [
	"/assets/Composer-CkPguoxa.js",
	"/assets/Door-CWj9HvVL.js",
	"/assets/History-DVdrmYRZ.js",
	"/assets/KeySheet-DKtVb1b8.js",
	"/assets/Outbox-Bs_pUkJ0.js",
	"/assets/Palette-CQyqtMyf.js",
	"/assets/Picker-qsaaWBQi.css",
	"/assets/Picker-vLD2AL6o.js",
	"/assets/Reader-B2tS00vF.js",
	"/assets/Settings-CoJSf7oP.js",
	"/assets/Settings-Dr68l90v.css",
	"/assets/Tour-B2nRtBWv.js",
	"/assets/Tour-CA5yuoCX.css",
	"/assets/Waiting-C7tpMaCY.css",
	"/assets/Waiting-ClQGD4zD.js",
	"/assets/ar-LZopxAtU.js",
	"/assets/blobs-CK7lSVvI.js",
	"/assets/compose.svelte-BKvqQW6I.js",
	"/assets/de-CmQLIXJQ.js",
	"/assets/index-BQMHj2CH.css",
	"/assets/index-DWd9o5Jr.js",
	"/assets/index.svelte-BkGtYkDP.js",
	"/assets/match-CsG4xWQq.js",
	"/assets/objects-CYoWBk88.js",
	"/assets/preload-helper-DygEbaNj.js",
	"/assets/purify.es-8fwfNZVl.js",
	"/assets/quote-ZisCqWRS.js",
	"/assets/sanitize-B6xNjUwI.js",
	"/assets/send.svelte-9QwlCp9h.js",
	"/assets/worker-B3uoYEjj.js",
	"/frame-remote.html",
	"/frame.html",
	"/icon-192.png",
	"/icon-512.png",
	"/icon-maskable.png",
	"/icon.svg",
	"/manifest.webmanifest"
];
const cacheName = `mailstead-${"cc4c6224952a7214"}`;
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
