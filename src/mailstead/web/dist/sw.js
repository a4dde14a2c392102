// src/kit/notify-rules.ts
var e = {
	mail: "people",
	vips: [],
	folders: [],
	quiet: {
		on: !1,
		from: "22:00",
		to: "07:00",
		weekend: !1,
		vips: !0
	},
	sound: !1
}, t = (e) => Array.isArray(e) && e.length <= 500 && e.every((e) => typeof e == "string"), n = (e) => typeof e == "string" && /^(?:[01]\d|2[0-3]):[0-5]\d$/.test(e);
function r(e) {
	let r = e, i = r?.quiet;
	return typeof r == "object" && !!r && [
		"all",
		"people",
		"vip"
	].includes(r.mail) && t(r.vips) && t(r.folders) && typeof r.sound == "boolean" && typeof i == "object" && !!i && typeof i.on == "boolean" && n(i.from) && n(i.to) && typeof i.weekend == "boolean" && typeof i.vips == "boolean";
}
// src/kit/notify.ts
var i = /^(?:no-?reply|do-?not-?reply|notifications?|news(?:letter)?|mailer-daemon|postmaster|bounces?|alerts?)\b/i;
function a(e, t) {
	let n = t.toLowerCase();
	return e.vips.includes(n) || e.vips.includes(n.slice(n.lastIndexOf("@")));
}
var o = (e) => Number(e.slice(0, 2)) * 60 + Number(e.slice(3));
function s(e, t) {
	if (!e.on) return !1;
	if (e.weekend && (t.getDay() === 0 || t.getDay() === 6)) return !0;
	let [n, r, i] = [
		o(e.from),
		o(e.to),
		t.getHours() * 60 + t.getMinutes()
	];
	return n <= r ? n <= i && i < r : i >= n || i < r;
}
function c(e, t, n, r) {
	if (t.keywords.$seen || t.keywords.$draft || t.keywords.$muted && !t.keywords.$followed || t.keywords.$junk) return "no";
	let o = t.from?.[0]?.email ?? "", c = a(e, o), l = n !== void 0 && n in t.mailboxIds;
	return !(e.folders.some((e) => e in t.mailboxIds) || l && (c || e.mail === "all" || e.mail === "people" && o !== "" && !i.test(o))) || s(e.quiet, r) && !(c && e.quiet.vips) ? "no" : e.sound ? "loud" : "silent";
}
var l = {
	en: {
		archive: "Archive",
		read: "Mark as read",
		none: "(no subject)",
		more: "new messages"
	},
	de: {
		archive: "Archivieren",
		read: "Als gelesen markieren",
		none: "(kein Betreff)",
		more: "neue Nachrichten"
	},
	ar: {
		archive: "أرشفة",
		read: "تعليم كمقروءة",
		none: "(بلا موضوع)",
		more: "رسائل جديدة"
	}
};
function u(e, t, n, r) {
	let i = l[n] ?? l.en, a = e.from?.[0];
	return {
		title: a?.name || a?.email || "?",
		options: {
			body: e.subject || i.none,
			tag: e.threadId,
			lang: n,
			dir: "auto",
			icon: "/icon-192.png",
			silent: !r,
			...e.receivedAt ? { timestamp: Date.parse(e.receivedAt) } : {},
			actions: [...t.archive ? [{
				action: "archive",
				title: i.archive
			}] : [], {
				action: "read",
				title: i.read
			}],
			data: {
				path: `/m/${encodeURIComponent(t.source)}/${encodeURIComponent(e.threadId)}`,
				id: e.id,
				box: t.box,
				archive: t.archive ?? null
			}
		}
	};
}
// src/worker/push.ts
var d = "urn:ietf:params:jmap:core", f = "urn:ietf:params:jmap:mail", p = "urn:mailstead:params:jmap:plus", m = 5, h = 6048e5, g = 864e5;
async function _() {
	let e = await fetch("/api/session", { credentials: "same-origin" });
	return e.status === 200 ? await e.json() : null;
}
async function v(e, t) {
	let n = {
		using: [
			d,
			f,
			p
		],
		methodCalls: t.map(([t, n], r) => [
			t,
			{
				accountId: e.accountId,
				...n
			},
			String(r)
		])
	}, r = await fetch("/jmap", {
		method: "POST",
		credentials: "same-origin",
		headers: {
			"Content-Type": "application/json",
			"X-CSRF-Token": e.csrf
		},
		body: JSON.stringify(n)
	});
	if (!r.ok) throw Error(`the server answered ${r.status}`);
	return (await r.json()).methodResponses.map(([e, t]) => e === "error" ? {} : t);
}
async function y(e, t) {
	let n = indexedDB.open("mailstead-push", 1);
	n.onupgradeneeded = () => n.result.createObjectStore("state");
	let r = await new Promise((e, t) => (n.onsuccess = () => e(n.result), n.onerror = () => t(n.error))), i = r.transaction("state", t === void 0 ? "readonly" : "readwrite").objectStore("state"), a = t === void 0 ? i.get(e) : i.put(t, e), o = await new Promise((e, t) => (a.onsuccess = () => e(a.result), a.onerror = () => t(a.error)));
	return r.close(), o;
}
var b = (e) => new Date(e).toISOString().replace(/\.\d+/, "");
async function x(e, t) {
	let n = await _(), r = e ?? (t && await self.registration.pushManager.subscribe(t.options));
	if (!n || !r) return;
	let i = await y("subscription"), [a] = i ? await v(n, [["PushSubscription/get", { ids: [i.id] }]]) : [], [o] = a?.list ?? [], { endpoint: s, keys: c } = r.toJSON(), l = { here: {
		deviceClientId: o?.deviceClientId ?? crypto.randomUUID(),
		url: s,
		keys: {
			p256dh: c?.p256dh,
			auth: c?.auth
		},
		types: ["Email", "EmailDelivery"]
	} };
	await v(n, [["PushSubscription/set", {
		...o ? { destroy: [o.id] } : {},
		create: l
	}]]);
}
async function S(e) {
	let t = await _();
	if (e["@type"] === "PushVerification") {
		if (!t) return;
		let n = String(e.pushSubscriptionId), [, r] = await v(t, [["PushSubscription/set", { update: { [n]: { verificationCode: e.verificationCode } } }], ["Email/get", { ids: [] }]]);
		await y("Email", String(r?.state)), await y("subscription", {
			id: n,
			at: Date.now()
		});
		return;
	}
	if (!t) return;
	let n = e.changed?.[t.accountId];
	if (!n?.Email && !n?.EmailDelivery) return;
	let r = await self.clients.matchAll({
		type: "window",
		includeUncontrolled: !0
	}), i = await y("Email"), a = await y("subscription"), o = a && Date.now() - a.at > g ? a.id : null, [s, c, l] = await v(t, [
		["Email/changes", { sinceState: i ?? n.Email ?? "" }],
		["Mailbox/get", {
			ids: null,
			properties: [
				"id",
				"role",
				"unreadThreads"
			]
		}],
		["ClientSettings/get", { ids: ["notifyRules", "language"] }],
		...o ? [["PushSubscription/set", { update: { [o]: { expires: b(Date.now() + h) } } }]] : []
	]);
	if (o && await y("subscription", {
		id: o,
		at: Date.now()
	}), typeof s?.newState != "string") {
		let [e] = await v(t, [["Email/get", { ids: [] }]]);
		typeof e?.state == "string" && await y("Email", e.state);
		return;
	}
	await y("Email", s.newState);
	let u = c?.list ?? [], d = u.find(({ role: e }) => e === "inbox");
	if (await self.navigator.setAppBadge?.(d?.unreadThreads ?? 0).catch(() => void 0), r.some((e) => e.visibilityState === "visible")) return;
	let f = s.created?.slice(0, 50) ?? [];
	if (!f.length) return;
	let [p] = await v(t, [["Email/get", {
		ids: f,
		properties: [
			"threadId",
			"mailboxIds",
			"keywords",
			"from",
			"subject",
			"receivedAt"
		]
	}]]), m = new Map((l?.list ?? []).map(({ id: e, value: t }) => [e, t]));
	await C(p?.list ?? [], u, m);
}
async function C(t, n, i) {
	let a = r(i.get("notifyRules")) ? i.get("notifyRules") : e, o = typeof i.get("language") == "string" ? i.get("language") : "en", [s, d] = ["inbox", "archive"].map((e) => n.find(({ role: t }) => t === e)?.id), f = /* @__PURE__ */ new Date(), p = t.map((e) => [e, c(a, e, s, f)]).filter(([, e]) => e !== "no");
	for (let [e, t] of p.slice(0, m)) {
		let n = Object.keys(e.mailboxIds)[0] ?? "", { title: r, options: i } = u(e, {
			box: n,
			source: n === s ? "inbox" : n,
			archive: d === n ? void 0 : d
		}, o, t === "loud");
		await self.registration.showNotification(r, i);
	}
	let h = p.length - m;
	h > 0 && await self.registration.showNotification("Mailstead", {
		body: `+${h} ${(l[o] ?? l.en)?.more ?? ""}`,
		tag: "more",
		icon: "/icon-192.png",
		silent: !0,
		data: { path: "/m/inbox" }
	});
}
async function w(e, t) {
	if ((e === "archive" || e === "read") && t.id) {
		let n = await _().catch(() => null), r = e === "read" ? { "keywords/$seen": !0 } : {
			[`mailboxIds/${t.box}`]: null,
			[`mailboxIds/${t.archive}`]: !0
		}, [i] = n ? await v(n, [["Email/set", { update: { [t.id]: r } }]]).catch(() => []) : [];
		if (i && i.updated?.[t.id] !== void 0) return;
	}
	let n = t.path ?? "/m/inbox", r = (await self.clients.matchAll({ type: "window" }))[0];
	r ? (await r.focus(), r.postMessage({ go: n })) : await self.clients.openWindow(n);
}
// src/worker/sw.ts
var T = ["/assets/Asks-D3aqQn2v.js","/assets/AtRisk-Bh_ytWHH.css","/assets/AtRisk-CIjFUfc1.js","/assets/Behind-CtnyYW5M.js","/assets/Body-DFk0f1GM.css","/assets/Body-DRYbQLX1.js","/assets/Composer-Bh0CaPyz.css","/assets/Composer-jeVXObUU.js","/assets/Dialog-BAfgD6uZ.js","/assets/Door-CfqxLrrU.css","/assets/Door-DJ5oP8yR.js","/assets/Gone-DWk7o3gk.js","/assets/Hints-CMNCjutw.css","/assets/Hints-DYEgCF_P.js","/assets/History-SSsLQ4RC.js","/assets/KeySheet-CAJd3sQX.js","/assets/LateSprite-VQKCC5Ap.js","/assets/Moment-BQ9KBtdL.css","/assets/Moment-g_Vy6Oq1.js","/assets/Outbox-4d7V93ry.js","/assets/Outbox-C6nB2FNZ.css","/assets/Palette-DTcnLJmI.js","/assets/Picker-BtuKmVpK.js","/assets/Picker-C1sZKQl3.css","/assets/Pull-BM-92eGK.js","/assets/Pull-DOqCdLb4.css","/assets/Reader-i9xFoOhM.js","/assets/Scope-D2kTYSMY.css","/assets/Scope-DLJqKkQ6.js","/assets/Settings-BQAwy44k.css","/assets/Settings-BnsbezVS.js","/assets/Share-CE3AbD5L.css","/assets/Share-DSn0ltc6.js","/assets/Shared-Cg0wUZPc.js","/assets/Shared-_Y51QO_L.css","/assets/TableHead-DC8Lq9c1.css","/assets/TableHead-FUljygcC.js","/assets/Tour-D6hq9vRf.js","/assets/Tour-DZbBBcav.css","/assets/Waiting-C7tpMaCY.css","/assets/Waiting-Yn2WG7Ha.js","/assets/account-VbA67fa8.js","/assets/addresses-urun6u2n.js","/assets/ar-wD1OvQEa.js","/assets/away-JFk9YmF7.js","/assets/begin.svelte-DESxDdkX.js","/assets/blobs-CFlBJghP.js","/assets/choices-GIXNjBPz.js","/assets/counts.svelte-D8Z8Idqw.js","/assets/crossing-CHbb10LH.js","/assets/cursor.svelte-Cugdsmp3.js","/assets/de-HM6pZkfR.js","/assets/direction-CkYCCRdt.js","/assets/draft.svelte-BM6SHm2s.js","/assets/fetch.worker-D6snA26N.js","/assets/files-BISayM-J.js","/assets/finding.svelte-BwI4agF4.js","/assets/focus-CQM9vUdx.js","/assets/folding-BApC2uJ9.js","/assets/found-pszPxlvV.js","/assets/html-text-hvXJfG0p.js","/assets/in-words-BMeAleu8.js","/assets/index-D5dryM-k.css","/assets/index-DZQ_--ln.js","/assets/kept-DCJdOQ6_.js","/assets/key-groups-Cm9dpSvG.js","/assets/late-CSMOAkAb.js","/assets/later-times-BTMS_xQV.js","/assets/mailboxes-Dp_vk0Ml.js","/assets/match-DICVW6PF.js","/assets/met-Du7lAsXh.js","/assets/notes-DNozx_H4.js","/assets/notifications-BdhwGxbH.js","/assets/objects-DueXrfSL.js","/assets/others.svelte-DE9e359s.js","/assets/pages-B3Emqwo-.css","/assets/palette-DtGXWkhB.css","/assets/people-DuvtBZim.js","/assets/prefetch.svelte-DFjwgmvV.js","/assets/purify.es-DmHXrcJl.js","/assets/qr-D_-_Ag1H.js","/assets/quote-C7WAixHY.js","/assets/refusal-YPH7vMIg.js","/assets/rekey-BMoSAWlo.js","/assets/rights-CsG2YGSV.js","/assets/rolldown-runtime-DK3Fl9T5.js","/assets/rows-DTq2MarL.js","/assets/said-KlAu6uiM.js","/assets/sanitize-ebbesDRF.js","/assets/saved-BT8PUN-c.js","/assets/scan.worker-DHpsyimw.js","/assets/search-filter-DXQXMkHi.js","/assets/send.svelte-BB2q2H0a.js","/assets/setting-pages-DOWeY1wt.js","/assets/spaces-CXB7zlpi.js","/assets/waited-Drcu_x38.js","/assets/words.worker-B7iRSmq0.js","/assets/worker-CPS8UDWQ.js","/assets/zip-Bg27637g.js","/frame-remote.html","/frame.html","/icon-192.png","/icon-512.png","/icon-maskable.png","/icon.svg","/manifest.webmanifest"], E = ["/assets/FoxitDingbats-BaQLufoW.pfb","/assets/FoxitSymbol-BVtbc20u.pfb","/assets/Pdf-3NnMa7TU.js","/assets/Pdf-Dr-il_EE.css","/assets/jbig2-BUnLb-NU.wasm","/assets/openjpeg-HvMz5KIw.wasm","/assets/pdf.worker.min-B5Yc7dP4.mjs","/licenses.txt"], D = `mailstead-${"e58d1a0d5a3574fd"}`, O = 250, k = /^\/(?:$|m(?:\/|$)|s(?:\/|$)|settings|outbox|history|waiting|compose|index\.html)/;
self.addEventListener("install", (e) => {
	let t = [...[
		"/jmap",
		"/jmap/*",
		"/api/*",
		"/.well-known/*"
	].map((e) => ({
		condition: { urlPattern: e },
		source: "network"
	})), {
		condition: { urlPattern: "/assets/*" },
		source: { cacheName: D }
	}];
	e.waitUntil(Promise.resolve(e.addRoutes?.(t)).catch(() => void 0)), e.waitUntil((async () => {
		let e = await caches.open(D);
		await e.addAll(["/", ...T].map((e) => new Request(e, { cache: "reload" })));
		for (let t of E) {
			let n = await caches.match(t);
			n && await e.put(t, n);
		}
		await j(e);
	})());
});
var A = "/own-files";
async function j(e) {
	await e.put(A, new Response(JSON.stringify(T)));
	for (let t of await caches.keys()) {
		if (!t.startsWith("mailstead-") || t === D) continue;
		let n = await caches.open(t), r = await n.match(A), i = r ? await r.json() : (await n.keys()).map(({ url: e }) => new URL(e).pathname);
		for (let t of i.filter((e) => e.startsWith("/assets/") && !T.includes(e))) {
			let r = await n.match(t);
			r && await e.put(t, r);
		}
	}
}
self.addEventListener("activate", (e) => {
	e.waitUntil((async () => {
		for (let e of await caches.keys()) e.startsWith("mailstead-") && e !== D && await caches.delete(e);
		await self.clients.claim();
	})());
});
async function M() {
	let e = await caches.open(D);
	for (let t of E) await e.match(t) || await e.add(t);
}
self.addEventListener("message", (e) => {
	e.data === "activate" && self.skipWaiting(), e.data === "seldom" && e.waitUntil(M().catch(() => void 0));
}), self.addEventListener("fetch", (e) => {
	let { request: t } = e, n = new URL(t.url);
	t.method === "GET" && n.origin === self.location.origin && (T.includes(n.pathname) || E.includes(n.pathname) || n.pathname.startsWith("/assets/") ? e.respondWith(caches.match(n.pathname, { cacheName: D }).then((e) => e ?? fetch(t))) : t.mode === "navigate" && k.test(n.pathname) && e.respondWith((async () => {
		let e = await caches.match("/", { cacheName: D }), t = fetch("/", { signal: AbortSignal.timeout(3e3) }).then((e) => e.ok ? e : void 0, () => void 0), n = new Promise((t) => setTimeout(t, e ? O : 3e3));
		return await Promise.race([t, n]) || (e ?? await t ?? Response.error());
	})()));
}), self.addEventListener("push", (e) => {
	let t = (() => {
		try {
			return e.data?.json();
		} catch {
			return null;
		}
	})();
	typeof t == "object" && t && e.waitUntil(S(t).catch(() => void 0));
}), self.addEventListener("pushsubscriptionchange", (e) => {
	let { newSubscription: t = null, oldSubscription: n = null } = e;
	e.waitUntil(x(t, n).catch(() => void 0));
}), self.addEventListener("notificationclick", (e) => {
	e.notification.close(), e.waitUntil(w(e.action, e.notification.data ?? {}));
});
