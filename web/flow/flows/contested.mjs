// What waits on a device while somebody else is there first: another device, another window, or a browser that keeps nothing.

import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installed } from '../engines.mjs';
import { Mail } from '../mail.mjs';

/** The list and the application are on the device; then there is no network. */
async function cutOff(mail, subject) {
  const page = await mail.at('/m/inbox');
  await mail.row(subject).first().waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await page.waitForTimeout(1500); // the application itself comes onto the device
  await mail.context.setOffline(true);
  return page;
}

/** Without a network: one row, and a key upon it. */
export async function doneInTheTunnel(mail, { subject, key }) {
  await cutOff(mail, subject);
  await mail.row(subject).first().focus();
  await mail.press(key);
  await mail.gone(subject);
  await mail.says('1 change waiting');
}

/** The network is back: what the history says of the deed when nothing waits. */
export async function outOfTheTunnel(mail, { subject }) {
  await mail.context.setOffline(false);
  await mail.at('/history');
  const entry = mail.page.locator('.hist').filter({ hasText: subject }).first();
  await entry.filter({ hasNotText: 'waiting' }).waitFor({ timeout: 40_000 });
  return entry.innerText();
}

export async function takenBack(mail, { subject }) {
  await mail.at('/history');
  const entry = mail.page.locator('.hist').filter({ hasText: subject }).first();
  await mail.button('Undo', entry).click();
  await entry.filter({ hasText: 'undone' }).waitFor();
}

/** A message begun without a network, with a file, and left as it is; `reload`: the window begins anew before there is one. It is on the server when that is back. */
export async function draftInTheTunnel(mail, { listed, to, subject, reload }) {
  const page = await cutOff(mail, listed);
  await mail.write({ to, subject, text: 'To be gone on with at home.' });
  await mail.composer.getByLabel('Attach files').setInputFiles({ name: 'sketch.txt', mimeType: 'text/plain', buffer: Buffer.from('a line') });
  await mail.says('uploads when the server is back');
  await mail.composer.getByText('Saved on this device').waitFor();
  if (reload) {
    await page.reload();
    await page.locator('.composer').filter({ hasText: subject }).waitFor();
  }
  await mail.context.setOffline(false);
  await page.waitForFunction(() => !document.querySelector('.notice'), undefined, { timeout: 40_000 });
}

/** A window opened beside the first finds what waits there. */
async function beside(mail) {
  const other = await mail.context.newPage();
  mail.watch(other);
  await other.goto(`${mail.base}/history`);
  await other.locator('.hist').filter({ hasText: 'waiting' }).first().waitFor();
  return other;
}

async function online(mail, pages) {
  await mail.context.setOffline(false);
  for (const window of pages) await window.waitForFunction(() => !document.querySelector('.notice'), undefined, { timeout: 40_000 });
}

/** Filed without a network, and taken back in one window while the other one knows of it as well. What the other says in the end. */
export async function takenBackBeside(mail, { subject }) {
  const page = await cutOff(mail, subject);
  await mail.row(subject).first().focus();
  await mail.press('e');
  await mail.gone(subject);
  const other = await beside(mail);
  await page.bringToFront();
  await mail.press('z');
  await mail.row(subject).first().waitFor();
  await online(mail, [page, other]);
  const entry = other.locator('.hist').filter({ hasText: subject }).first();
  await entry.filter({ hasNotText: 'waiting' }).waitFor({ timeout: 40_000 });
  const said = await entry.innerText();
  await other.goto(`${mail.base}/m/inbox`);
  await other.locator('.row').filter({ hasText: subject }).first().waitFor();
  await other.close();
  return said;
}

/** Reminded of without a network, with a second window that knows of it. */
export async function remindedBeside(mail, { subject }) {
  const page = await cutOff(mail, subject);
  await mail.row(subject).first().focus();
  await mail.press('w');
  await page.locator('dialog[open] .pick-list').waitFor();
  await mail.press('Enter');
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
  await mail.says('1 change waiting');
  const other = await beside(mail);
  await online(mail, [page, other]);
  await other.locator('.hist').filter({ hasText: 'waiting' }).first().waitFor({ state: 'detached', timeout: 40_000 });
  await other.close();
}

// ------------------------------------------------------------------------------------------------ a browser that keeps nothing

/** From now on the browser takes nothing more: each transaction that would write ends as one does for which there is no room. */
const full = (page) =>
  page.evaluate(() => {
    const { put } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = function refused(...what) {
      const request = put.apply(this, what);
      this.transaction.abort();
      return request;
    };
  });

/** Whether the browser asks before the window is left. */
async function asksBeforeLeaving(page) {
  const asked = page.waitForEvent('dialog', { timeout: 5000 }).then((dialog) => dialog.dismiss().then(() => dialog.type()), () => '');
  await page.close({ runBeforeUnload: true });
  return asked;
}

/** Without a network and with a full disk: a row is filed, a message written, a file attached. What is said of it, and whether one may leave. */
export async function nothingMoreIsKept(mail, { subject, to, letter }) {
  const page = await cutOff(mail, subject);
  await mail.row(subject).first().focus();
  await mail.write({ to, subject: letter, text: 'Kept nowhere.' });
  await mail.composer.getByText('Saved on this device').waitFor();
  await full(page);
  await mail.row(subject).first().focus();
  await mail.press('e');
  await mail.gone(subject);
  const alert = page.getByRole('alert').filter({ hasText: 'This browser keeps nothing more' });
  await alert.waitFor();
  const deed = await alert.innerText();
  await mail.composer.getByLabel('Attach files').setInputFiles({ name: 'chart.txt', mimeType: 'text/plain', buffer: Buffer.from('x'.repeat(5000)) });
  const file = await mail.composer.locator('.att').filter({ hasText: 'chart.txt' }).filter({ hasText: 'cannot be reached' }).innerText();
  await mail.composer.getByLabel('Subject').fill(`${letter}, and more`);
  const draft = await mail.composer.getByText(/^Saved nowhere/).innerText();
  const rows = await page.locator('.list-pane').first().evaluate((pane) => pane.getBoundingClientRect().height / innerHeight);
  const asks = await asksBeforeLeaving(page);
  return { rows, deed, file, draft, asks };
}

/** A window in which there is no store at all, as some private ones are: with a network mail is read, without one a row is filed. */
export async function withoutStore(mail, { subject, text }) {
  await mail.context.addInitScript(() => Object.defineProperty(window, 'indexedDB', { get: () => ({ open: () => { throw new DOMException('no', 'InvalidStateError'); }, deleteDatabase: () => { throw new DOMException('no', 'InvalidStateError'); } }) }));
  const page = await mail.at('/m/inbox');
  await mail.open(subject);
  await (await mail.text()).getByText(text).waitFor();
  await mail.press('Escape');
  await mail.context.setOffline(true);
  await mail.row(subject).first().focus();
  await mail.press('e');
  await mail.gone(subject);
  const alert = page.getByRole('alert').filter({ hasText: 'This browser keeps nothing more' });
  await alert.waitFor();
  const asks = await asksBeforeLeaving(page);
  await mail.context.setOffline(false);
  await alert.waitFor({ state: 'detached', timeout: 40_000 });
  return asks;
}

// ------------------------------------------------------------------------------------------------ a browser that is killed

/**
 * A browser with a profile on disk: without a network a row is filed, another flagged, a message with a file sent; the browser is killed at once. Begun again, still
 * without a network, it shows what waits; then the network is back.
 */
export async function killed(mail, { file, flag, to, subject }) {
  const profile = mkdtempSync(join(tmpdir(), 'profile-'));
  const begin = async (path) => {
    const context = await installed(profile);
    const window = new Mail(context, mail);
    await window.begin();
    if (path) {
      await context.setOffline(true);
      await window.page.goto(mail.base + path);
      window.signedIn = true;
    }
    return window;
  };
  try {
    let window = await begin();
    await window.at('/m/inbox');
    await window.row(file).first().waitFor();
    await window.page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    await window.page.waitForTimeout(1500); // the application itself comes onto the device
    await window.context.close();

    window = await begin('/m/inbox');
    await window.row(file).first().focus();
    await window.press('e');
    await window.gone(file);
    await window.row(flag).first().focus();
    await window.press('s');
    await window.write({ to, subject, text: 'Written just before.' });
    await window.composer.getByLabel('Attach files').setInputFiles({ name: 'last.txt', mimeType: 'text/plain', buffer: Buffer.from('last words') });
    await window.says('uploads when the server is back');
    await window.press('Control+Enter');
    await window.says('Waits in the outbox');
    const dead = window.context.waitForEvent('close');
    process.kill(Number(readlinkSync(join(profile, 'SingletonLock')).split('-').at(-1)), 'SIGKILL');
    await dead;
    rmSync(join(profile, 'SingletonLock'), { force: true });

    window = await begin('/history');
    const queue = window.page.locator('.out ul').first().locator('.hist');
    await queue.first().waitFor();
    const waiting = await queue.locator('.subj').allTextContents();
    await window.context.setOffline(false);
    await window.page.getByRole('heading', { name: 'Waiting to be sent' }).waitFor({ state: 'detached', timeout: 40_000 });
    await window.context.close();
    return waiting;
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
}
