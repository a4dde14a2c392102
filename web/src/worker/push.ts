/**
 * News with every window closed (RFC 8620 §7.2, RFC 8030). The push service carries no content, only that something has changed: what it was is
 * asked of the server, with the session that the browser holds. Without a session nothing is shown but that there is news.
 */
import { type NotifyRules, isRules, noRules } from '../kit/notify-rules.ts';
import { type Told, noteOf, verdict, words } from '../kit/notify.ts';

declare const self: ServiceWorkerGlobalScope;

const CORE = 'urn:ietf:params:jmap:core';
const MAIL = 'urn:ietf:params:jmap:mail';
const PLUS = 'urn:mailstead:params:jmap:plus';
const SHOWN = 5;

interface Signed {
  accountId: string;
  csrf: string;
}
type Call = [string, Record<string, unknown>];
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

/** How far this device has been told: one value in a database of its own. */
async function told(state?: string): Promise<string | undefined> {
  const opened = indexedDB.open('mailstead-push', 1);
  opened.onupgradeneeded = () => opened.result.createObjectStore('state');
  const db = await new Promise<IDBDatabase>((done, failed) => ((opened.onsuccess = () => done(opened.result)), (opened.onerror = () => failed(opened.error))));
  const store = db.transaction('state', state === undefined ? 'readonly' : 'readwrite').objectStore('state');
  const request = state === undefined ? store.get('Email') : store.put(state, 'Email');
  const value = await new Promise<unknown>((done, failed) => ((request.onsuccess = () => done(request.result)), (request.onerror = () => failed(request.error))));
  db.close();
  return value as string | undefined;
}

export async function onPush(message: Record<string, unknown>): Promise<void> {
  const signed = await me();
  if (message['@type'] === 'PushVerification') {
    if (!signed) return;
    const [, start] = await ask(signed, [['PushSubscription/set', { update: { [String(message['pushSubscriptionId'])]: { verificationCode: message['verificationCode'] } } }], ['Email/get', { ids: [] }]]);
    await told(String(start?.['state']));
    return;
  }
  if (!signed) return;
  const changed = (message['changed'] as Record<string, Record<string, string>> | undefined)?.[signed.accountId];
  if (!changed?.['Email'] && !changed?.['EmailDelivery']) return;
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const since = await told();
  const [changes, boxes, choices] = await ask(signed, [
    ['Email/changes', { sinceState: since ?? changed['Email'] ?? '' }],
    ['Mailbox/get', { ids: null, properties: ['id', 'role', 'unreadThreads'] }],
    ['ClientSettings/get', { ids: ['notifyRules', 'language'] }],
  ]);
  if (typeof changes?.['newState'] !== 'string') {
    // Too long ago to be told one by one: begin anew from here.
    const [now] = await ask(signed, [['Email/get', { ids: [] }]]);
    if (typeof now?.['state'] === 'string') await told(now['state']);
    return;
  }
  await told(changes['newState']);
  const list = (boxes?.['list'] as Box[] | undefined) ?? [];
  const inbox = list.find(({ role }) => role === 'inbox');
  await (self.navigator as Navigator & { setAppBadge?: (count: number) => Promise<void> }).setAppBadge?.(inbox?.unreadThreads ?? 0).catch(() => undefined);
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
