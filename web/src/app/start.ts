/**
 * From a signed-in session to a running account: what the device knows is on the screen before the network has answered.
 * Without a network the last account is shown from its store while the key's lease lasts.
 */
import { Mail, session } from '../action/session.svelte.ts';
import { Database } from '../cache/db.ts';
import { SignedOut, isTemporary } from '../jmap/errors.ts';
import type { Client } from '../jmap/client.ts';
import { Push } from '../jmap/push.ts';
import { type Signed, current, keyShare, look, open } from '../jmap/session.ts';
import { withMessages } from '../kit/i18n/index.svelte.ts';
import { afterPaint } from '../kit/rest.ts';
import { router } from '../kit/router.svelte.ts';
import { chosenPlace } from './places.ts';

const LAST = 'mailstead.last';

export function remembered(): Signed | null {
  try {
    const value = JSON.parse(localStorage.getItem(LAST) ?? 'null') as Partial<Signed> | null;
    return value?.accountId && value.address ? { accountId: value.accountId, address: value.address, name: value.name ?? '', csrf: '' } : null;
  } catch {
    return null;
  }
}

/** The key's share and the JMAP session, asked for beside the question who is signed in: over a slow line each question takes its time. */
let share: Promise<Uint8Array> | null = null;
let opening: Promise<Client> | null = null;

/** Who is signed in; `offline` with the last account where nobody answers. */
export async function who(): Promise<{ signed: Signed | null; offline: boolean }> {
  const last = remembered();
  if (last) {
    share = keyShare();
    share.catch(() => (share = null));
    opening = open(last.accountId);
    opening.catch(() => (opening = null));
  }
  try {
    return { signed: await current(), offline: false };
  } catch (error) {
    // A server that is in trouble is as good as none: it is asked again.
    if (isTemporary(error)) return { signed: remembered(), offline: true };
    throw error;
  }
}

/** The last account as this device has it, before anybody has answered; null where it has nothing to show. */
export async function beforehand(): Promise<Mail | null> {
  const last = remembered();
  if (!last) return null;
  const mail = new Mail(last);
  try {
    mail.store.db = await Database.reopen(last.accountId);
    if (!mail.store.db) return null;
    await mail.store.restore();
    if (mail.store.mailboxes.length) {
      const deeds = mail.log.restore();
      await Promise.all([deeds, firstRows(mail, deeds), ...restored(mail), ...(mail.store.others.length ? [rights(mail)] : [])]);
      mail.store.onOffline = () => retry(mail);
      return mail;
    }
  } catch {
    // What cannot be read is as good as absent.
  }
  mail.store.db?.close();
  return null;
}

/** The list that the address asks for is read while the window is not there yet; what one has done meanwhile (`deeds`) lies over it. */
async function firstRows(mail: Mail, deeds: Promise<void>): Promise<void> {
  const place = chosenPlace(mail, router.route, session.settings.values);
  if (place && !place.specs) await mail.store.query(place.spec).restore(deeds);
}

const restored = (mail: Mail): Promise<void>[] => [mail.searches, mail.reminders, mail.senders, mail.notes].map((records) => records.restore());

/** The server has said who is signed in, or nobody has answered (`offline`): go on with what is shown already. False where it is somebody else's, or of a session that is over. */
export async function goOn(mail: Mail, signed: Signed, offline: boolean): Promise<boolean> {
  const { accountId, address, name } = mail.signed;
  if (signed.accountId !== accountId || signed.address !== address || (signed.name || '') !== name) return false;
  if (offline) {
    mail.store.link = 'offline';
    retry(mail);
    return true;
  }
  const mine = await share?.catch(() => null);
  share = null;
  // Without a share the kept key serves until its lease is over.
  if (mine && !(await mail.store.db?.renew(mine).catch(() => false))) return false;
  void connect(mail);
  return true;
}

/** Put away what was shown and is not to be shown. */
export function putAway(mail: Mail): void {
  push?.close();
  push = null;
  unlisten?.();
  clearTimeout(timer);
  timer = undefined;
  mail.store.db?.close();
}

let push: Push | null = null;
let unlisten: (() => void) | undefined;

export async function start(signed: Signed, offline: boolean): Promise<Mail> {
  localStorage.setItem(LAST, JSON.stringify({ accountId: signed.accountId, address: signed.address, name: signed.name }));
  const mail = new Mail(signed);
  mail.store.onOffline = () => retry(mail);
  if (offline) {
    mail.store.db = await Database.open(signed.accountId, null).catch(() => null);
    mail.store.link = 'offline';
    await mail.store.restore();
    await mail.log.restore();
    await Promise.all([...restored(mail), ...(mail.store.others.length ? [rights(mail)] : [])]);
    retry(mail);
    return mail;
  }
  // The store and the JMAP session open side by side; the screen waits for neither longer than it must.
  opening ??= open(signed.accountId);
  opening.catch(() => (opening = null));
  const store = (async () => {
    try {
      mail.store.db = await Database.open(signed.accountId, await (share ?? keyShare()));
      share = null;
      await mail.store.restore();
      await mail.log.restore();
    } catch {
      mail.store.db = null;
      mail.log.refused = true;
    }
  })();
  await store;
  void connect(mail);
  return mail;
}

/** Who shares something is looked up again when the server hints at it; one look at a time, and one more behind it. */
let looking: Promise<void> | null = null;
let again = false;
function lookAgain(mail: Mail): void {
  again = true;
  looking ??= (async () => {
    while (again && mail.store.client) {
      again = false;
      try {
        mail.store.client.session = await look();
        await others(mail, mail.store.client);
      } catch (error) {
        mail.store.report(error);
      }
    }
  })().finally(() => (looking = null));
}

/** Accounts that others share come when there are any. */
async function others(mail: Mail, { session }: Client): Promise<void> {
  const { store } = mail;
  if (store.others.length || Object.keys(session.accounts).length > 1) {
    const [{ follow }] = await Promise.all([import('../cache/others.svelte.ts'), rights(mail)]);
    await follow(store, session);
  }
  store.looked = true;
}

/** What may be done with the mail of others is known before it is shown. */
async function rights(mail: Mail): Promise<void> {
  mail.rights ??= (await withMessages(import('../action/rights.ts'))).barred;
}

let connecting: Promise<void> | null = null;
let pauseMs = 2000;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Open the JMAP session and listen for news; again and again until somebody answers. One attempt at a time. */
export function connect(mail: Mail, known = true): Promise<void> {
  connecting ??= attempt(mail, known).finally(() => (connecting = null));
  return connecting;
}

/** `known`: who is signed in has been asked for in this page's life. */
async function attempt(mail: Mail, known: boolean): Promise<void> {
  clearTimeout(timer);
  timer = undefined;
  try {
    if (!known) {
      const signed = await current();
      if (!signed) {
        mail.store.link = 'signed-out';
        return;
      }
      if (!mail.store.db) mail.store.db = await Database.open(signed.accountId, await keyShare()).catch(() => null);
    }
    const client = await (opening ?? open(mail.signed.accountId));
    opening = null;
    mail.store.client = client;
    client.onStale = mail.store.onGone = () => lookAgain(mail);
    await mail.store.sync();
    void others(mail, client).catch((error: unknown) => mail.store.report(error));
    pauseMs = 2000;
    void session.settings.attach(client);
    unlisten?.();
    unlisten = mail.store.on('ClientSettings', () => void session.settings.news());
    if (session.settings.values.notify) void withMessages(import('../action/notifications.ts')).then(({ attend }) => attend(mail));
    void mail.log.flush();
    push?.close();
    let told = false;
    push = new Push(client, mail.store.rowProperties, {
      onNews: (news) => (told = mail.store.hear(news)),
      // What was told with the event is seen before the server is asked what else there is.
      onChange: (changed) => {
        if (changed['ShareNotification']) lookAgain(mail);
        const ask = (): void => void mail.store.sync(changed);
        if (told) afterPaint(ask);
        else ask();
        told = false;
      },
      onOther: (id, changed) => {
        const other = mail.store.others.find((one) => one.id === id);
        if (other) void mail.store.sync(changed, other);
        else lookAgain(mail);
      },
      onOpen: () => {
        mail.store.link = 'online';
        void mail.store.sync().then(() => mail.log.flush());
      },
      onDown: () => {
        if (mail.store.link === 'online' && !navigator.onLine) mail.store.link = 'offline';
        else void probe(mail);
      },
    });
  } catch (error) {
    mail.store.report(error);
    if (!(error instanceof SignedOut)) retry(mail);
  }
}

/** The line broke: is it the server, the network, or the session? */
export async function probe(mail: Mail): Promise<void> {
  try {
    if ((await current()) === null) mail.store.link = 'signed-out';
  } catch (error) {
    mail.store.report(error);
  }
}

function retry(mail: Mail): void {
  if (timer !== undefined) return;
  timer = setTimeout(() => {
    timer = undefined;
    // The stream of events may have been quicker.
    if (mail.store.link !== 'online' && (session.mail === mail || session.mail === null)) void connect(mail, false);
  }, pauseMs);
  pauseMs = Math.min(pauseMs * 1.7, 30_000);
}

export function wake(mail: Mail): void {
  if (push && mail.store.link === 'online') push.wake();
  else void connect(mail, false);
}

/** Leave nothing behind: the key first, then the rows, then the page's memory. */
export async function forget(mail: Mail): Promise<void> {
  push?.close();
  push = null;
  unlisten?.();
  if (session.settings.values.notify) await import('../action/notifications.ts').then(({ leave }) => leave()).catch(() => undefined);
  mail.store.db?.close();
  localStorage.removeItem(LAST);
  await Database.destroy(mail.signed.accountId).catch(() => undefined);
}
