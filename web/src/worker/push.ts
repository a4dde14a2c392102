/**
 * News with every window closed (RFC 8620 §7.2, RFC 8030). The push service carries no content, only that something has changed: what it was is
 * asked of the server, with the session that the browser holds. Without a session nothing is asked and nothing shown: the server's subscription has ended with it.
 */
import { type NotifyRules, isRules, noRules } from '../kit/notify-rules.ts';
import { type Told, noteOf, verdict, words } from '../kit/notify.ts';

declare const self: ServiceWorkerGlobalScope;

const CORE = 'urn:ietf:params:jmap:core';
const MAIL = 'urn:ietf:params:jmap:mail';
const PLUS = 'urn:mailstead:params:jmap:plus';
const SHOWN = 5;
/** So long a subscription lasts on the server, and so often it is renewed by a push, for whoever does not open a window in all that time. */
const LASTS_MS = 7 * 86_400_000;
const RENEWED_MS = 86_400_000;

interface Signed {
  accountId: string;
  csrf: string;
}
type Call = [string, Record<string, unknown>];
/** This device's subscription on the server, and when that was last told that it goes on. */
interface Subscribed {
  id: string;
  at: number;
}
interface Box {
  id: string;
  role: string | null;
  unreadThreads: number;
}
type Arrived = Told & { id: string; threadId: string; subject: string | null; receivedAt: string };

async function me(): Promise<Signed | null> {
  const response = await fetch('/api/session', { credentials: 'same-origin' });
  return response.status === 200 ? ((await response.json()) as Signed) : null;
}

async function ask(signed: Signed, calls: Call[]): Promise<Record<string, unknown>[]> {
  const body = { using: [CORE, MAIL, PLUS], methodCalls: calls.map(([name, args], number) => [name, { accountId: signed.accountId, ...args }, String(number)]) };
  const response = await fetch('/jmap', { method: 'POST', credentials: 'same-origin', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': signed.csrf }, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const found = ((await response.json()) as { methodResponses: [string, Record<string, unknown>, string][] }).methodResponses;
  return found.map(([name, answer]) => (name === 'error' ? {} : answer));
}

/** What is kept from one push to the next, in a database of its own: how far this device has been told, and its subscription. */
async function kept<T>(name: 'Email' | 'subscription', value?: T): Promise<T | undefined> {
  const opened = indexedDB.open('mailstead-push', 1);
  opened.onupgradeneeded = () => opened.result.createObjectStore('state');
  const db = await new Promise<IDBDatabase>((done, failed) => ((opened.onsuccess = () => done(opened.result)), (opened.onerror = () => failed(opened.error))));
  const store = db.transaction('state', value === undefined ? 'readonly' : 'readwrite').objectStore('state');
  const request = (value === undefined ? store.get(name) : store.put(value, name)) as IDBRequest<unknown>;
  const found = await new Promise<unknown>((done, failed) => ((request.onsuccess = () => done(request.result)), (request.onerror = () => failed(request.error))));
  db.close();
  return found as T | undefined;
}

const utc = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+/, '');

/** The browser has another address for this device: the server is told of it, in place of the one before. */
export async function onSubscriptionChange(fresh: PushSubscription | null, before: PushSubscription | null): Promise<void> {
  const signed = await me();
  const now = fresh ?? (before && (await self.registration.pushManager.subscribe(before.options)));
  if (!signed || !now) return;
  const known = await kept<Subscribed>('subscription');
  const [found] = known ? await ask(signed, [['PushSubscription/get', { ids: [known.id] }]]) : [];
  const [mine] = (found?.['list'] as { id: string; deviceClientId: string }[] | undefined) ?? [];
  const { endpoint, keys } = now.toJSON();
  const create = { here: { deviceClientId: mine?.deviceClientId ?? crypto.randomUUID(), url: endpoint, keys: { p256dh: keys?.['p256dh'], auth: keys?.['auth'] }, types: ['Email', 'EmailDelivery'] } };
  await ask(signed, [['PushSubscription/set', { ...(mine ? { destroy: [mine.id] } : {}), create }]]);
}

export async function onPush(message: Record<string, unknown>): Promise<void> {
  const signed = await me();
  if (message['@type'] === 'PushVerification') {
    if (!signed) return;
    const id = String(message['pushSubscriptionId']);
    const [, start] = await ask(signed, [['PushSubscription/set', { update: { [id]: { verificationCode: message['verificationCode'] } } }], ['Email/get', { ids: [] }]]);
    await kept('Email', String(start?.['state']));
    await kept<Subscribed>('subscription', { id, at: Date.now() });
    return;
  }
  if (!signed) return;
  const changed = (message['changed'] as Record<string, Record<string, string>> | undefined)?.[signed.accountId];
  if (!changed?.['Email'] && !changed?.['EmailDelivery']) return;
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const since = await kept<string>('Email');
  const subscribed = await kept<Subscribed>('subscription');
  const due = subscribed && Date.now() - subscribed.at > RENEWED_MS ? subscribed.id : null;
  const [changes, boxes, choices] = await ask(signed, [
    ['Email/changes', { sinceState: since ?? changed['Email'] ?? '' }],
    ['Mailbox/get', { ids: null, properties: ['id', 'role', 'unreadThreads'] }],
    ['ClientSettings/get', { ids: ['notifyRules', 'language'] }],
    ...(due ? [['PushSubscription/set', { update: { [due]: { expires: utc(Date.now() + LASTS_MS) } } }] satisfies Call] : []),
  ]);
  if (due) await kept<Subscribed>('subscription', { id: due, at: Date.now() });
  if (typeof changes?.['newState'] !== 'string') {
    // Too long ago to be told one by one: begin anew from here.
    const [now] = await ask(signed, [['Email/get', { ids: [] }]]);
    if (typeof now?.['state'] === 'string') await kept('Email', now['state']);
    return;
  }
  await kept('Email', changes['newState']);
  const list = (boxes?.['list'] as Box[] | undefined) ?? [];
  const inbox = list.find(({ role }) => role === 'inbox');
  await (self.navigator as WorkerNavigator & { setAppBadge?: (count: number) => Promise<void> }).setAppBadge?.(inbox?.unreadThreads ?? 0).catch(() => undefined);
  // An open window in front of somebody tells it itself.
  if (windows.some((one) => one.visibilityState === 'visible')) return;
  const created = (changes['created'] as string[] | undefined)?.slice(0, 50) ?? [];
  if (!created.length) return;
  const [emails] = await ask(signed, [['Email/get', { ids: created, properties: ['threadId', 'mailboxIds', 'keywords', 'from', 'subject', 'receivedAt'] }]]);
  const values = new Map(((choices?.['list'] as { id: string; value: unknown }[] | undefined) ?? []).map(({ id, value }) => [id, value]));
  await tell((emails?.['list'] as Arrived[] | undefined) ?? [], list, values);
}

async function tell(arrived: Arrived[], list: Box[], values: Map<string, unknown>): Promise<void> {
  const rules = isRules(values.get('notifyRules')) ? (values.get('notifyRules') as NotifyRules) : noRules;
  const language = typeof values.get('language') === 'string' ? (values.get('language') as string) : 'en';
  const [inbox, archive] = ['inbox', 'archive'].map((wanted) => list.find(({ role }) => role === wanted)?.id);
  const now = new Date();
  const wanted = arrived.map((one) => [one, verdict(rules, one, inbox, now)] as const).filter(([, how]) => how !== 'no');
  for (const [one, how] of wanted.slice(0, SHOWN)) {
    const box = Object.keys(one.mailboxIds)[0] ?? '';
    const { title, options } = noteOf(one, { box, source: box === inbox ? 'inbox' : box, archive: archive === box ? undefined : archive }, language, how === 'loud');
    await self.registration.showNotification(title, options);
  }
  const more = wanted.length - SHOWN;
  if (more > 0) await self.registration.showNotification('Mailstead', { body: `+${more} ${(words[language] ?? words['en'])?.more ?? ''}`, tag: 'more', icon: '/icon-192.png', silent: true, data: { path: '/m/inbox' } });
}

export async function onNotificationClick(action: string, data: { path?: string; id?: string; box?: string; archive?: string | null }): Promise<void> {
  if ((action === 'archive' || action === 'read') && data.id) {
    const signed = await me().catch(() => null);
    const patch = action === 'read' ? { 'keywords/$seen': true } : { [`mailboxIds/${data.box}`]: null, [`mailboxIds/${data.archive}`]: true };
    const [done] = signed ? await ask(signed, [['Email/set', { update: { [data.id]: patch } }]]).catch(() => []) : [];
    if (done && (done['updated'] as Record<string, unknown> | null)?.[data.id] !== undefined) return;
  }
  const path = data.path ?? '/m/inbox';
  const windows = await self.clients.matchAll({ type: 'window' });
  const open = windows[0];
  if (open) {
    await open.focus();
    open.postMessage({ go: path });
  } else await self.clients.openWindow(path);
}
