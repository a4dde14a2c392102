/** Being told of new mail: by an open window that nobody looks at, and by Web Push with every window closed (RFC 8030, RFC 9749). */
import type { Client } from '../jmap/client.ts';
import type { Email, Id, SetResponse } from '../jmap/types.ts';
import { noteOf, verdict } from '../kit/notify.ts';
import { type Mail, session } from './session.svelte.ts';

const VAPID = 'urn:ietf:params:jmap:webpush-vapid';
const DEVICE = 'mailstead.device';

/** `push`: also with every window closed; `page`: while a window is open; `denied`, `none`: the browser does not want to, or cannot. */
export type Reach = 'push' | 'page' | 'denied' | 'none';

/** How each account that tells of its mail is made to stop. */
const telling = new WeakMap<Mail, () => void>();

/** Begin, by the user's wish: the browser asks, once. */
export async function begin(mail: Mail): Promise<Reach> {
  if (!('Notification' in window) || !('serviceWorker' in navigator)) return 'none';
  if ((await Notification.requestPermission()) !== 'granted') return 'denied';
  session.settings.set('notify', true);
  return attend(mail);
}

/** Of a device that wants it, at each start: listen, and have the push service know the server. */
export async function attend(mail: Mail): Promise<Reach> {
  if (!('Notification' in window) || Notification.permission !== 'granted') return 'denied';
  telling.get(mail)?.();
  const tell = (emails: Email[]): void => void show(mail, emails);
  mail.store.arrivals.add(tell);
  telling.set(mail, () => mail.store.arrivals.delete(tell));
  const registration = await navigator.serviceWorker?.ready;
  if (!registration) return 'none';
  listen(registration);
  try {
    const client = mail.store.client;
    return client && (await subscribe(client, registration)) ? 'push' : 'page';
  } catch {
    // No push service: a browser without one, or one that is not reached.
    return 'page';
  }
}

/** End: this device is told no more. */
export async function end(mail: Mail): Promise<void> {
  session.settings.set('notify', false);
  telling.get(mail)?.();
  const client = mail.store.client;
  await leave();
  if (!client) return;
  const there = await ours(client);
  if (there.length) await client.call('PushSubscription/set', { destroy: there.map(({ id }) => id) });
}

/** The browser forgets the push service's address of this device; the server's subscription ends with the session. */
export async function leave(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration();
  await (await registration?.pushManager?.getSubscription())?.unsubscribe();
  for (const note of (await registration?.getNotifications()) ?? []) note.close();
}

function device(): string {
  let known = localStorage.getItem(DEVICE);
  if (!known) localStorage.setItem(DEVICE, (known = crypto.randomUUID()));
  return known;
}

async function ours(client: Client): Promise<{ id: Id }[]> {
  const answer = await client.call<{ list: { id: Id; deviceClientId: string }[] }>('PushSubscription/get', { ids: null });
  return answer.list.filter(({ deviceClientId }) => deviceClientId === device());
}

async function subscribe(client: Client, registration: ServiceWorkerRegistration): Promise<boolean> {
  const key = client.session.capabilities[VAPID]?.['applicationServerKey'];
  if (typeof key !== 'string' || !registration.pushManager) return false;
  const before = await registration.pushManager.getSubscription();
  const made = before ?? (await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
  const [known, ...others] = await ours(client);
  if (others.length) await client.call('PushSubscription/set', { destroy: others.map(({ id }) => id) });
  if (before && known) {
    await client.call('PushSubscription/set', { update: { [known.id]: { expires: new Date(Date.now() + 7 * 86_400_000).toISOString().replace(/\.\d+/, '') } } });
    return true;
  }
  const { endpoint, keys } = made.toJSON();
  const done = await client.call<SetResponse>('PushSubscription/set', {
    ...(known ? { destroy: [known.id] } : {}),
    create: { here: { deviceClientId: device(), url: endpoint, keys: { p256dh: keys?.['p256dh'], auth: keys?.['auth'] }, types: ['Email', 'EmailDelivery'] } },
  });
  return Boolean(done.created?.['here']);
}

async function show(mail: Mail, emails: Email[]): Promise<void> {
  if (document.visibilityState === 'visible' && document.hasFocus()) return;
  const { notifyRules, language } = session.settings.values;
  const [inbox, archive] = ['inbox', 'archive'].map((role) => mail.store.byRole.get(role)?.id);
  const registration = await navigator.serviceWorker.ready;
  const now = new Date();
  // One sync may bring what has lain there for long: that is no news.
  for (const one of emails.filter(({ receivedAt }) => now.getTime() - Date.parse(receivedAt) < 600_000).slice(0, 5)) {
    const how = verdict(notifyRules, one, inbox, now);
    if (how === 'no') continue;
    const box = Object.keys(one.mailboxIds)[0] ?? '';
    const { title, options } = noteOf(one, { box, source: box === inbox ? 'inbox' : box, archive: archive === box ? undefined : archive }, language, how === 'loud');
    await registration.showNotification(title, options);
  }
}

let listening = false;
/** A notification that was clicked leads to its message. */
function listen(registration: ServiceWorkerRegistration): void {
  if (listening || !registration.active) return;
  listening = true;
  navigator.serviceWorker.addEventListener('message', (event) => {
    const { go } = (event.data ?? {}) as { go?: unknown };
    if (typeof go === 'string' && go.startsWith('/m/')) {
      history.pushState(null, '', go);
      window.dispatchEvent(new PopStateEvent('popstate'));
    }
  });
}
