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
var d = "urn:ietf:params:jmap:core", f = "urn:ietf:params:jmap:mail", p = "urn:mailstead:params:jmap:plus", m = 5;
async function h() {
	let e = await fetch("/api/session", { credentials: "same-origin" });
	return e.status === 200 ? await e.json() : null;
}
async function g(e, t) {
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
async function _(e) {
	let t = indexedDB.open("mailstead-push", 1);
	t.onupgradeneeded = () => t.result.createObjectStore("state");
	let n = await new Promise((e, n) => (t.onsuccess = () => e(t.result), t.onerror = () => n(t.error))), r = n.transaction("state", e === void 0 ? "readonly" : "readwrite").objectStore("state"), i = e === void 0 ? r.get("Email") : r.put(e, "Email"), a = await new Promise((e, t) => (i.onsuccess = () => e(i.result), i.onerror = () => t(i.error)));
	return n.close(), a;
}
async function v(e) {
	let t = await h();
	if (e["@type"] === "PushVerification") {
		if (!t) return;
		let [, n] = await g(t, [["PushSubscription/set", { update: { [String(e.pushSubscriptionId)]: { verificationCode: e.verificationCode } } }], ["Email/get", { ids: [] }]]);
		await _(String(n?.state));
		return;
	}
	if (!t) return;
	let n = e.changed?.[t.accountId];
	if (!n?.Email && !n?.EmailDelivery) return;
	let r = await self.clients.matchAll({
		type: "window",
		includeUncontrolled: !0
	}), [i, a, o] = await g(t, [
		["Email/changes", { sinceState: await _() ?? n.Email ?? "" }],
		["Mailbox/get", {
			ids: null,
			properties: [
				"id",
				"role",
				"unreadThreads"
			]
		}],
		["ClientSettings/get", { ids: ["notifyRules", "language"] }]
	]);
	if (typeof i?.newState != "string") {
		let [e] = await g(t, [["Email/get", { ids: [] }]]);
		typeof e?.state == "string" && await _(e.state);
		return;
	}
	await _(i.newState);
	let s = a?.list ?? [], c = s.find(({ role: e }) => e === "inbox");
	if (await self.navigator.setAppBadge?.(c?.unreadThreads ?? 0).catch(() => void 0), r.some((e) => e.visibilityState === "visible")) return;
	let l = i.created?.slice(0, 50) ?? [];
	if (!l.length) return;
	let [u] = await g(t, [["Email/get", {
		ids: l,
		properties: [
			"threadId",
			"mailboxIds",
			"keywords",
			"from",
			"subject",
			"receivedAt"
		]
	}]]), d = new Map((o?.list ?? []).map(({ id: e, value: t }) => [e, t]));
	await y(u?.list ?? [], s, d);
}
async function y(t, n, i) {
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
async function b(e, t) {
	if ((e === "archive" || e === "read") && t.id) {
		let n = await h().catch(() => null), r = e === "read" ? { "keywords/$seen": !0 } : {
			[`mailboxIds/${t.box}`]: null,
			[`mailboxIds/${t.archive}`]: !0
		}, [i] = n ? await g(n, [["Email/set", { update: { [t.id]: r } }]]).catch(() => []) : [];
		if (i && i.updated?.[t.id] !== void 0) return;
	}
	let n = t.path ?? "/m/inbox", r = (await self.clients.matchAll({ type: "window" }))[0];
	r ? (await r.focus(), r.postMessage({ go: n })) : await self.clients.openWindow(n);
}
// src/worker/sw.ts
var x = ["/assets/Asks-Dc6vf-ad.js","/assets/Behind-DMZF6OKu.js","/assets/Body-DFk0f1GM.css","/assets/Body-vgjhpbdw.js","/assets/Composer-Be29RN_-.js","/assets/Composer-OiT4AGwU.css","/assets/Dialog-DBkfmXq7.js","/assets/Door-CfqxLrrU.css","/assets/Door-m15bfVGD.js","/assets/Hints-CMNCjutw.css","/assets/Hints-CaroHQDR.js","/assets/History-Dzi1Uwqi.js","/assets/KeySheet-Czrp-kSd.js","/assets/LateSprite-p1QhuuII.js","/assets/Moment-BQ9KBtdL.css","/assets/Moment-C2kW4sDd.js","/assets/Outbox-C6nB2FNZ.css","/assets/Outbox-hmRA-nya.js","/assets/Palette-CRsBhwsH.js","/assets/Picker-C1sZKQl3.css","/assets/Picker-CeqVn7uM.js","/assets/Pull-BUPc7ZWK.js","/assets/Pull-DOqCdLb4.css","/assets/Reader-CjItXHtR.js","/assets/Scope-DQQjb4Wo.css","/assets/Scope-mPCu2VdP.js","/assets/Settings-BOMompd9.css","/assets/Settings-DvVYQWel.js","/assets/Share-CE3AbD5L.css","/assets/Share-Y3Ge7nFC.js","/assets/Shared-5oBYVs34.js","/assets/Shared-_Y51QO_L.css","/assets/TableHead-BPnGCjMm.js","/assets/TableHead-DC8Lq9c1.css","/assets/Tour-DZbBBcav.css","/assets/Tour-dJj924pg.js","/assets/Waiting-C739sNaB.js","/assets/Waiting-C7tpMaCY.css","/assets/account-TU6c09n0.js","/assets/addresses-DA_0woqI.js","/assets/ar-3on90BHh.js","/assets/away-JFk9YmF7.js","/assets/begin.svelte-D23A2ZpK.js","/assets/blobs-9mEWfz-z.js","/assets/choices-B5t2geIh.js","/assets/counts.svelte-DMlXrKq7.js","/assets/crossing-rDKLxdoZ.js","/assets/cursor.svelte-DJQxDQ7s.js","/assets/de-CWO4VuaH.js","/assets/direction-CkYCCRdt.js","/assets/draft.svelte-DwskrG3t.js","/assets/fetch.worker-BZTccSEV.js","/assets/files-ApIszve-.js","/assets/finding.svelte-BrPM0G6j.js","/assets/focus-CVu21Rna.js","/assets/folding-BApC2uJ9.js","/assets/found-pszPxlvV.js","/assets/html-text-BZTHZlfq.js","/assets/index-DHtWv1bo.css","/assets/index-DL2K_8Y0.js","/assets/kept-CFAqPa5e.js","/assets/key-groups-Cm9dpSvG.js","/assets/late-Dz4Z9c5Y.js","/assets/later-times-BTMS_xQV.js","/assets/mailboxes-0PCjXEEh.js","/assets/match-DICVW6PF.js","/assets/notes-CzoiqDnh.js","/assets/notifications-BYdmDRUY.js","/assets/objects-DgJa-qcm.js","/assets/others.svelte-DzhAIbA4.js","/assets/pages-B3Emqwo-.css","/assets/palette-DtGXWkhB.css","/assets/people-D5x7GhZ4.js","/assets/prefetch.svelte-atW6p_6u.js","/assets/purify.es-DmHXrcJl.js","/assets/qr-D_-_Ag1H.js","/assets/quote-DvhqKejd.js","/assets/refusal-CAOylrfe.js","/assets/rights-DpPo1xYe.js","/assets/rolldown-runtime-DK3Fl9T5.js","/assets/rows-B_z2ptv5.js","/assets/said-CmRQ3uNy.js","/assets/sanitize-DKY1GzG2.js","/assets/saved-BT8PUN-c.js","/assets/scan.worker-BQdR_Ikn.js","/assets/search-filter-CET7Gi5y.js","/assets/send.svelte-CmehyU7z.js","/assets/words.worker-B7iRSmq0.js","/assets/worker-By4IEfUG.js","/assets/zip-Bg27637g.js","/frame-remote.html","/frame.html","/icon-192.png","/icon-512.png","/icon-maskable.png","/icon.svg","/manifest.webmanifest"], S = ["/assets/FoxitDingbats-BaQLufoW.pfb","/assets/FoxitSymbol-BVtbc20u.pfb","/assets/Pdf-DGCsddGH.js","/assets/Pdf-Dr-il_EE.css","/assets/jbig2-BUnLb-NU.wasm","/assets/openjpeg-HvMz5KIw.wasm","/assets/pdf.worker.min-B5Yc7dP4.mjs","/licenses.txt"], C = `mailstead-${"16ce25aa9e1ab568"}`, w = 250, T = /^\/(?:$|m(?:\/|$)|s(?:\/|$)|settings|outbox|history|waiting|compose|index\.html)/;
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
		source: { cacheName: C }
	}];
	e.waitUntil(Promise.resolve(e.addRoutes?.(t)).catch(() => void 0)), e.waitUntil((async () => {
		let e = await caches.open(C);
		await e.addAll(["/", ...x].map((e) => new Request(e, { cache: "reload" })));
		for (let t of S) {
			let n = await caches.match(t);
			n && await e.put(t, n);
		}
	})());
}), self.addEventListener("activate", (e) => {
	e.waitUntil((async () => {
		for (let e of await caches.keys()) e.startsWith("mailstead-") && e !== C && await caches.delete(e);
		await self.clients.claim();
	})());
});
async function E() {
	let e = await caches.open(C);
	for (let t of S) await e.match(t) || await e.add(t);
}
self.addEventListener("message", (e) => {
	e.data === "activate" && self.skipWaiting(), e.data === "seldom" && e.waitUntil(E().catch(() => void 0));
}), self.addEventListener("fetch", (e) => {
	let { request: t } = e, n = new URL(t.url);
	t.method === "GET" && n.origin === self.location.origin && (x.includes(n.pathname) || S.includes(n.pathname) ? e.respondWith(caches.match(n.pathname, { cacheName: C }).then((e) => e ?? fetch(t))) : t.mode === "navigate" && T.test(n.pathname) && e.respondWith((async () => {
		let e = await caches.match("/", { cacheName: C }), t = fetch("/", { signal: AbortSignal.timeout(3e3) }).then((e) => e.ok ? e : void 0, () => void 0), n = new Promise((t) => setTimeout(t, e ? w : 3e3));
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
	typeof t == "object" && t && e.waitUntil(v(t).catch(() => void 0));
}), self.addEventListener("notificationclick", (e) => {
	e.notification.close(), e.waitUntil(b(e.action, e.notification.data ?? {}));
});
