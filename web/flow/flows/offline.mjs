// Without a network: reading, searching, writing, filing; and what becomes of it when the server is back.

const kept = (page, store) =>
  page.evaluate(
    (name) =>
      indexedDB.databases().then((all) => {
        const own = all.find((one) => one.name.startsWith('mailstead:'));
        if (!own) return 0;
        return new Promise((resolve) => {
          const opening = indexedDB.open(own.name);
          opening.onerror = () => resolve(0);
          opening.onsuccess = () => {
            const counting = opening.result.transaction(name).objectStore(name).count();
            counting.onsuccess = () => {
              resolve(counting.result);
              opening.result.close();
            };
          };
        });
      }),
    store,
  );

/** Signed in, and the mail of the last days on the device. */
export async function takeAlong(mail, { texts }) {
  const page = await mail.at('/m/inbox');
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  const until = Date.now() + 30_000;
  while ((await kept(page, 'body')) < texts && Date.now() < until) await page.waitForTimeout(200);
  return kept(page, 'body');
}

/** The page loaded anew without anybody to answer. */
export async function startOffline(mail) {
  await mail.reload();
  await mail.says('Offline');
}

export async function readOffline(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  return (await mail.text()).evaluate(() => document.body.textContent.trim());
}

export async function searchOffline(mail, { words }) {
  await mail.find(words);
  await mail.says('cannot be reached');
  const found = await mail.subjects();
  await mail.at('/m/inbox');
  return found;
}

/** File one, flag another, file a third whose end on the server is near, send a message with a file, begin a draft. */
export async function workOffline(mail, { file, flag, doomed, to, subject }) {
  await mail.at('/m/inbox');
  await mail.row(file).first().click();
  await mail.press('e');
  await mail.gone(file);
  await mail.row(flag).first().click();
  await mail.press('s');
  await mail.row(doomed).first().click();
  await mail.press('e');
  await mail.gone(doomed);
  await mail.write({ to, subject, text: 'Written on a train. See the attached file.' });
  await mail.composer.getByLabel('Attach files').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('offline notes') });
  await mail.says('uploads when the server is back');
  await mail.press('Control+Enter');
  await mail.says('Waits in the outbox');
  // A list that was never looked at says what this device has of it, the message just filed among it.
  await mail.at('/m/archive');
  await mail.row(file).first().waitFor();
  return waiting(mail);
}

/** A note without a network, on a message that somebody else looks at meanwhile. */
export async function noteOffline(mail, { subject, text }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.press('Shift+n');
  const field = mail.page.getByRole('dialog').getByLabel('Note on this conversation');
  await field.fill(text);
  await mail.button('Save', mail.page.getByRole('dialog')).click();
  await mail.page.locator('.memo').filter({ hasText: text }).waitFor();
  await mail.press('/');
  await mail.page.locator('.search input').first().fill(text);
  await mail.row(subject).first().waitFor();
  await mail.at('/m/inbox');
}

/** What waits to be told, newest first, as the page of the history shows it. */
export async function waiting(mail) {
  await mail.at('/history');
  const queue = mail.page.locator('.out ul').first().locator('.hist');
  await queue.first().waitFor();
  return queue.evaluateAll((items) => items.map((item) => `${item.querySelector('.subj').textContent}: ${item.querySelector('.to').textContent}`));
}

export async function undoWaiting(mail, { words }) {
  await mail.at('/history');
  const item = mail.page.locator('.hist').filter({ hasText: words }).filter({ hasText: 'waiting' });
  await mail.button('Undo', item).click();
  await item.waitFor({ state: 'detached' });
}

export async function cut(mail, { off }) {
  await mail.context.setOffline(off);
}

/** The network is back: everything is told, and what the server refused stands there with its reason. */
export async function backOnline(mail) {
  await mail.context.setOffline(false);
  await mail.at('/history');
  await mail.page.getByRole('heading', { name: 'Waiting to be sent' }).waitFor({ state: 'detached', timeout: 40_000 });
  return mail.page.locator('.hist').evaluateAll((items) => items.map((item) => item.textContent.replace(/\s+/g, ' ').trim()));
}

/** Archive while nobody answers; then the session is over, one signs in again, and the deed is told. */
export async function fileUnheard(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.row(subject).first().waitFor();
  await mail.page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await mail.context.setOffline(true);
  await mail.row(subject).first().click();
  await mail.press('e');
  await mail.gone(subject);
}

/** Whoever wants to sign out now is told what would be lost. */
export async function askedBeforeSignOut(mail) {
  await mail.command('Sign out');
  const words = await mail.page.getByRole('dialog').locator('p').textContent();
  await mail.button('Stay signed in').click();
  return words;
}

export async function signInAgain(mail) {
  await mail.context.setOffline(false);
  await mail.page.getByRole('alert').getByRole('button', { name: 'Sign in' }).click();
  const dialog = mail.page.getByRole('dialog');
  // One goes on by writing the password: nothing has to be pressed first.
  await dialog.getByLabel('Password', { exact: true }).and(mail.page.locator(':focus')).waitFor();
  await mail.page.keyboard.type(mail.password);
  await mail.press('Enter');
  await dialog.waitFor({ state: 'detached' });
}

/** The same mailbox in two windows: what is done in one is seen in the other. */
export async function twoWindows(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.row(subject).first().waitFor();
  const other = await mail.context.newPage();
  mail.watch(other);
  await other.goto(`${mail.base}/m/inbox`);
  await other.locator('.row').filter({ hasText: subject }).first().click();
  await other.keyboard.press('e');
  await mail.gone(subject);
  await other.close();
}

/** Files that were never opened while there was a network: what is said when one looks at the first and takes down the second. */
export async function filesOffline(mail, { subject, shown, taken }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  const dialog = mail.page.getByRole('dialog');
  const says = [];
  for (const action of [mail.page.getByRole('button', { name: shown }), mail.page.getByRole('link', { name: `Download ${taken}` })]) {
    await action.click();
    says.push(await dialog.getByRole('status').filter({ hasText: 'server' }).textContent());
    await mail.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  }
  return says;
}

/** The same file, once there is a network again: its text. */
export async function fileOnline(mail, { subject, shown }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.page.getByRole('button', { name: shown }).click();
  const text = await mail.page.getByRole('dialog').locator('pre').textContent();
  await mail.press('Escape');
  return text;
}

/** Nothing of the last days, but this folder whole: chosen in the settings, and waited for until so many texts are here. */
export async function takeFolder(mail, { folder, texts }) {
  const page = await mail.at('/settings/offline');
  await page.getByRole('radiogroup', { name: 'Keep on this device' }).getByText('Only what I open').click();
  await page.locator('.set-i label').filter({ hasText: folder }).click();
  await mail.at('/m/inbox');
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  const until = Date.now() + 30_000;
  while ((await kept(page, 'body')) < texts && Date.now() < until) await page.waitForTimeout(200);
  return kept(page, 'body');
}

/** A folder that was never opened: its rows, and the text of one of them. */
export async function readFolderOffline(mail, { folder, subject }) {
  await mail.page.locator('.side').getByRole('link', { name: folder }).click();
  await mail.row(subject).first().waitFor();
  const rows = await mail.subjects();
  await mail.open(subject);
  return { rows: rows.sort(), text: await (await mail.text()).evaluate(() => document.body.textContent.trim()) };
}

const folderNumber = (page, name) => page.locator('.side').getByRole('link', { name: new RegExp(`^${name}`) }).locator('.nav-n');

/** The numbers of smart folders as they are on the screen; "" where there is none. They have been there once. */
async function folderNumbers(page, names) {
  const all = {};
  for (const name of names) all[name] = (await folderNumber(page, name).count()) ? parseInt(await folderNumber(page, name).innerText(), 10) : 0;
  return all;
}

/** A number is that. */
async function folderSays(page, name, number) {
  if (number) await folderNumber(page, name).filter({ hasText: new RegExp(`^${number}(?!\\d)`) }).waitFor();
  else await folderNumber(page, name).waitFor({ state: 'detached' });
}

/** Smart folders have their numbers, and their lists have been looked at: what is on the device knows of them. */
export async function lookIntoFolders(mail, { numbers, looked }) {
  const page = await mail.at('/m/inbox');
  for (const [name, number] of Object.entries(numbers)) await folderSays(page, name, number);
  for (const [name, rows] of Object.entries(looked)) {
    await page.locator('.side').getByRole('link', { name: new RegExp(`^${name}`) }).click();
    await page.locator('.list-head h1').filter({ hasText: name }).waitFor();
    // The rows of the place before stand until those of this one are there.
    await page.locator(`.list[role=grid][aria-rowcount="${rows}"]`).waitFor();
    await mail.subjects();
  }
  // What a list was answered is written when the hand rests.
  await mail.until(async (lists) => {
    const [{ name }] = await indexedDB.databases();
    const db = await new Promise((resolve, reject) => Object.assign(indexedDB.open(name), { onsuccess: ({ target }) => resolve(target.result), onerror: reject }));
    const keys = await new Promise((resolve) => (db.transaction('query').objectStore('query').getAllKeys().onsuccess = ({ target }) => resolve(target.result)));
    db.close();
    return keys.filter((key) => key.includes('inSavedSearch')).length >= lists;
  }, Object.keys(looked).length);
  return folderNumbers(page, Object.keys(numbers));
}

/** In a smart folder, one after the other: a row, keys upon it, and the numbers that stand there then. */
export async function workInFolder(mail, { folder, steps }) {
  const page = await mail.at('/m/inbox');
  await page.locator('.side').getByRole('link', { name: new RegExp(`^${folder}`) }).click();
  await page.locator('.list-head h1').filter({ hasText: folder }).waitFor();
  const seen = [];
  for (const { row, keys, numbers } of steps) {
    if (row) {
      await mail.row(row).first().focus();
      await mail.press('x');
    }
    await mail.press(...keys);
    for (const [name, number] of Object.entries(numbers)) await folderSays(page, name, number);
    seen.push(await folderNumbers(page, Object.keys(numbers)));
  }
  return seen;
}

/** Numbers when they are as expected, or at the end of the wait. */
export async function foldersSay(mail, { numbers }) {
  const page = await mail.at('/m/inbox');
  for (const [name, number] of Object.entries(numbers)) await folderSays(page, name, number);
  return folderNumbers(page, Object.keys(numbers));
}
