// Mail that somebody else shares: its place, its rights, all inboxes as one, and its end.

const group = (mail, owner) => mail.page.locator(`.side ul[aria-label="${owner}"]`);
const place = (mail, owner, name) => group(mail, owner).locator('a.nav-item').filter({ hasText: name }).first();
const settled = (mail) => mail.page.locator('.sync-dot:not(.is-busy)').waitFor();

/** To a place of another account, by the sidebar. */
async function go(mail, { owner, name }) {
  await mail.at('/m/inbox');
  await place(mail, owner, name).click();
  await mail.page.locator('.list-head').getByText(owner).waitFor();
}

/** What the sidebar shows of an account. */
export async function sharedPlaces(mail, { owner }) {
  await mail.at('/m/inbox');
  await group(mail, owner).waitFor();
  return group(mail, owner).locator('.nav-item .t').allTextContents();
}

export async function waitForPlace(mail, { owner, name }) {
  await mail.at('/m/inbox');
  await place(mail, owner, name).waitFor();
}

/** Folded, and folded still after a reload; then open again. */
export async function foldShared(mail, { owner }) {
  await mail.at('/m/inbox');
  const head = mail.page.locator('.side').getByRole('button', { name: owner });
  await head.click();
  await group(mail, owner).waitFor({ state: 'detached' });
  await settled(mail);
  await mail.reload();
  await head.waitFor();
  const folded = await head.getAttribute('aria-expanded');
  await head.click();
  await group(mail, owner).waitFor();
  return folded;
}

/** Opened, with everything that a message has behind it. */
export async function readShared(mail, { owner, name, subject, file }) {
  await go(mail, { owner, name });
  await mail.open(subject);
  const text = await (await mail.text()).evaluate(() => document.body.textContent.trim());
  const { page } = mail;
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: new RegExp(file) }).first().click()]);
  const { readFile } = await import('node:fs/promises');
  const octets = (await readFile(await download.path())).toString('utf8');
  const behind = async (entry) => {
    await page.locator('.msg .btn-ic[aria-haspopup=menu]').last().click();
    await page.locator('[popover]:popover-open').getByRole('menuitem', { name: entry, exact: true }).click();
    const words = await page.locator('.viewer pre').textContent();
    await mail.press('Escape');
    return words;
  };
  return { text, octets, source: await behind('Source'), headers: await behind('Header fields'), whose: await page.locator('.reader-pane .meta').textContent() };
}

/** Its own picture at once; what lies elsewhere by the proxy, when it is asked for. */
export async function picturesShared(mail, { owner, name, subject, picture }) {
  await mail.context.route('**/proxy/image?*', (route) => route.fulfill({ contentType: 'image/png', body: Buffer.from(picture, 'base64') }));
  await go(mail, { owner, name });
  await mail.open(subject);
  const seen = async () => {
    const frame = await mail.text();
    await frame.waitForFunction(() => [...document.images].some((image) => image.naturalWidth > 0));
    return frame.evaluate(() => [...document.images].map((image) => [image.alt, image.naturalWidth]));
  };
  const before = await seen();
  await mail.button('Show pictures').click();
  await mail.page.locator('.msg iframe[src="/frame-remote.html"]').waitFor();
  const frame = await mail.text();
  await frame.waitForFunction(() => document.images.length === 2 && [...document.images].every((image) => image.naturalWidth > 0));
  return { before, after: await seen() };
}

export async function searchShared(mail, { owner, name, words, wait }) {
  await go(mail, { owner, name });
  await mail.row(/./).first().waitFor();
  await mail.press('/');
  await mail.page.locator('.search input').first().fill(words);
  await mail.row(wait).first().waitFor();
  await mail.says(/^Server/);
  await mail.page.locator('.scope').getByText(/ ms/).waitFor();
  const found = await mail.page.locator('.row .subj').allTextContents();
  await mail.reload();
  await mail.row(wait).first().waitFor();
  const again = await mail.page.locator('.row .subj').allTextContents();
  await mail.at('/m/inbox');
  return { found, again };
}

/** By key; the list shows what has become of it. */
export async function doShared(mail, { owner, name, subject, key, stays = false }) {
  await go(mail, { owner, name });
  await mail.row(subject).first().click();
  await mail.text();
  await mail.press(key);
  if (!stays) await mail.gone(subject);
  await settled(mail);
}

export async function undoShared(mail, { owner, name, subject, anew }) {
  if (anew) {
    await mail.reload();
    await place(mail, owner, name).waitFor();
  }
  await mail.press('z');
  await go(mail, { owner, name });
  await mail.row(subject).first().waitFor();
  await settled(mail);
}

/** Into a folder by the dialog: of the same account, of another one, of one's own. */
export async function fileShared(mail, { owner, name, subject, into, gone = true }) {
  await go(mail, { owner, name });
  await mail.row(subject).first().click();
  await mail.press('v');
  const title = await mail.page.locator('dialog[open] h2').first().textContent();
  await mail.page.getByRole('dialog').getByRole('combobox').fill(into);
  await mail.page.locator('#pick-0').waitFor();
  await mail.press('Enter');
  if (gone) await mail.gone(subject);
  else await mail.says(/^Copied to/);
  await settled(mail);
  return title;
}

export async function replyShared(mail, { owner, name, subject, text }) {
  await go(mail, { owner, name });
  await mail.open(subject);
  await mail.text();
  await mail.press('r');
  await mail.composer.locator('.editor').click();
  await mail.page.keyboard.type(text);
  await mail.press('Control+Enter');
  await mail.composer.waitFor({ state: 'detached' });
}

export async function forwardShared(mail, { owner, name, subject, to }) {
  await go(mail, { owner, name });
  await mail.open(subject);
  await mail.text();
  await mail.press('f');
  await mail.composer.locator('.editor').waitFor();
  await mail.fillTo(to);
  await mail.press('Control+Enter');
  await mail.composer.waitFor({ state: 'detached' });
}

/** What who may only read is offered: each by its name and why not. Keys say it too, and do nothing. */
export async function readOnly(mail, { owner, name, subject }) {
  await go(mail, { owner, name });
  await mail.open(subject);
  await mail.text();
  const { page } = mail;
  const off = {};
  for (const button of await page.locator('.reader-pane [role=toolbar] button[aria-disabled=true]').all()) off[await button.getAttribute('aria-label')] = await button.getAttribute('title');
  await mail.press('e');
  await page.locator('.toast').getByText('does not let you').first().waitFor();
  await mail.press('s');
  await page.locator('.toast').getByText('not mark it').first().waitFor();
  await page.waitForTimeout(1000); // longer than reading takes to mark as read
  await settled(mail);
  return { off, rows: await page.locator('.row.is-unread').filter({ hasText: subject }).count(), waiting: await page.locator('.row.is-bad').count() };
}

/** All inboxes: the rows as they stand, with whose they are. */
export async function allInboxes(mail, { wait }) {
  await mail.at('/m/inbox');
  await mail.page.locator('.side').getByRole('link', { name: 'All inboxes' }).waitFor();
  await mail.go('All inboxes');
  await mail.row(wait).first().waitFor();
  return rowsWithOwners(mail);
}

/** Comes while one looks at it. */
export async function comesLive(mail, { subject }) {
  await mail.row(subject).first().waitFor();
  return mail.page.locator('.row').first().locator('.subj').textContent();
}

export async function scrollThrough(mail, { first, last }) {
  await mail.at('/m/inbox');
  await mail.page.locator('.side').getByRole('link', { name: 'All inboxes' }).click();
  await mail.row(first).first().waitFor();
  const seen = [];
  const list = mail.page.locator('.list').first();
  const look = async () => {
    const rows = await mail.page.locator('.row:not(.is-blank)').evaluateAll((all) => all.map((row) => [Number(row.getAttribute('aria-rowindex')), row.querySelector('.subj').textContent]));
    for (const [at, subject] of rows) seen[at - 1] = subject;
  };
  for (let step = 0; step < 200; step++) {
    await mail.page.waitForFunction(() => !document.querySelector('.row.is-blank'));
    await look();
    if (seen.includes(last)) break;
    await list.evaluate((element) => element.scrollBy(0, element.clientHeight * 0.7));
    await mail.page.waitForTimeout(60);
  }
  return seen;
}

/** The rows as they stand, with whose they are. */
const rowsWithOwners = (mail) => mail.page.locator('.row').evaluateAll((rows) => rows.map((row) => [row.querySelector('.subj').textContent, row.querySelector('.chip')?.textContent ?? '']));

/** What is said to have been looked through, and what not. */
async function searched(mail) {
  const said = await mail.page.locator('.scope dl').evaluate((list) => {
    const out = {};
    for (const name of list.querySelectorAll('dt')) out[name.textContent] = [...(name.nextElementSibling.querySelector('bdi') ? name.nextElementSibling.querySelectorAll('bdi') : [name.nextElementSibling.firstChild])].map((part) => part.textContent.trim());
    return out;
  });
  return { accounts: said['Accounts'] ?? [], not: said['Not searched']?.[0] ?? '', server: said['Server'][0], device: said['This device'][0].match(/\d+|one/g).map((number) => (number === 'one' ? 1 : Number(number))) };
}

async function lookFor(mail, { begin, words, wait }) {
  await mail.at('/m/inbox');
  await mail.page.locator('.side').getByRole('link', { name: new RegExp(`^${begin}`) }).first().click();
  await mail.page.locator('.list-head h1').getByText(begin, { exact: true }).waitFor();
  await mail.find(words);
  for (const one of wait) await mail.row(one).first().waitFor();
}

/** Looked for from a list of several accounts, or of one's own; `everywhere`: then in all there is. Found again by its address. */
export async function searchAll(mail, { begin, words, wait, everywhere = null }) {
  await lookFor(mail, { begin, words, wait });
  const before = { rows: await rowsWithOwners(mail), ...(await searched(mail)) };
  let after = null;
  if (everywhere) {
    await mail.button('Search everywhere').click();
    for (const one of everywhere) await mail.row(one).first().waitFor();
    await mail.found();
    after = { rows: await rowsWithOwners(mail), ...(await searched(mail)) };
  }
  await mail.reload();
  for (const one of everywhere ?? wait) await mail.row(one).first().waitFor();
  await mail.found();
  const again = await rowsWithOwners(mail);
  let back = null;
  if (everywhere) {
    await mail.page.goBack();
    await mail.gone(everywhere.find((one) => !wait.includes(one)));
    await mail.found();
    back = await rowsWithOwners(mail);
  }
  await mail.at('/m/inbox');
  return { before, after, again, back };
}

/** The same without a network, when the device has these emails; and from one's own inbox. */
export async function searchAllOffline(mail, { words, wait, ids }) {
  const page = await mail.at('/m/inbox');
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await page.locator('.side').getByRole('link', { name: 'All inboxes' }).click();
  for (const one of wait) await mail.row(one).first().waitFor();
  await mail.until(async (wanted) => {
    const { name } = (await indexedDB.databases()).find((one) => one.name.startsWith('mailstead:'));
    const done = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
    const db = await done(indexedDB.open(name));
    const keys = await done(db.transaction('email').objectStore('email').getAllKeys());
    db.close();
    return wanted.every((id) => keys.includes(id));
  }, ids);
  await mail.context.setOffline(true);
  try {
    await mail.reload();
    await mail.says('Offline');
    await lookFor(mail, { begin: 'All inboxes', words, wait });
    const all = { rows: await rowsWithOwners(mail), ...(await searched(mail)) };
    await lookFor(mail, { begin: 'Inbox', words, wait: [] });
    return { all, own: { rows: await rowsWithOwners(mail), ...(await searched(mail)) } };
  } finally {
    await mail.context.setOffline(false);
    await page.locator('.notice').waitFor({ state: 'detached' });
    await mail.at('/m/inbox');
  }
}

/** Everything that is flagged, of whomever; then a flag is taken away there. */
export async function flaggedOfAll(mail, { wait, unflag }) {
  await mail.at('/m/inbox');
  await mail.page.locator('.side').getByRole('link', { name: 'Flagged' }).click();
  for (const one of wait) await mail.row(one).first().waitFor();
  const rows = await rowsWithOwners(mail);
  await mail.row(unflag).first().click();
  await mail.press('s');
  await mail.gone(unflag);
  await settled(mail);
  return { rows, after: await rowsWithOwners(mail) };
}

/** Drawn by the pointer into a folder of another account, from there or from one's own inbox; then taken back by its key. */
export async function dragAcross(mail, { owner, name, subject, into, mine, undo }) {
  if (mine) await go(mail, { owner, name });
  else await mail.at('/m/inbox');
  await mail.row(subject).first().dragTo(mine ? mail.page.locator('.side a.nav-item').filter({ hasText: into }).first() : place(mail, owner, into));
  await mail.gone(subject);
  await settled(mail);
  if (!undo) return;
  await mail.press('z');
  await mail.row(subject).first().waitFor();
  await settled(mail);
}

/** Open while it is taken away. */
export async function openShared(mail, { owner, name, subject }) {
  await go(mail, { owner, name });
  await mail.open(subject);
  await mail.text();
}

export async function takenAway(mail, { owner }) {
  const { page } = mail;
  await page.locator('.side').getByRole('button', { name: owner }).waitFor({ state: 'detached' });
  await mail.says('There is no such folder');
  await mail.at('/m/inbox');
  await settled(mail);
}

/** How many values the device has, by store. */
export async function onDevice(mail) {
  await mail.at('/m/inbox');
  const count = (store) =>
    mail.page.evaluate(
      (name) =>
        indexedDB.databases().then((all) => new Promise((resolve) => {
          const opening = indexedDB.open(all.find((one) => one.name.startsWith('mailstead:')).name);
          opening.onsuccess = () => {
            const keys = opening.result.transaction(name).objectStore(name).getAllKeys();
            keys.onsuccess = () => {
              resolve(keys.result.map(String));
              opening.result.close();
            };
          };
        })),
      store,
    );
  return { email: await count('email'), body: await count('body'), query: await count('query') };
}

export async function sharedOffline(mail, { owner, name, subject, unseen }) {
  const page = await mail.at('/m/inbox');
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await go(mail, { owner, name });
  await mail.open(subject);
  await mail.text();
  await page.waitForTimeout(4000); // what was looked at comes onto the device when the hand rests
  await mail.context.setOffline(true);
  try {
    await mail.reload();
    await mail.says('Offline');
    await go(mail, { owner, name });
    await mail.open(subject);
    const text = await (await mail.text()).evaluate(() => document.body.textContent.trim());
    await mail.row(unseen).first().click();
    await mail.press('e');
    await mail.gone(unseen);
    await mail.says('1 change waiting');
    return text;
  } finally {
    await mail.context.setOffline(false);
    await page.locator('.notice').waitFor({ state: 'detached' });
  }
}

const dialog = (mail) => mail.page.locator('dialog[open]');

/** Given to somebody by the menu of the folder's list; then as much of it as is wanted. */
export async function giveFolder(mail, { name, letters, who, level }) {
  const { page } = mail;
  await mail.at('/m/inbox');
  await page.locator('.side').getByRole('link', { name: new RegExp(`^${name}`) }).first().click();
  await page.locator('.list-head h1').getByText(name).waitFor();
  await page.locator('.list-head .btn-ic[aria-haspopup=menu]').click();
  await page.getByRole('menuitem', { name: 'Share this folder' }).click();
  await dialog(mail).getByRole('combobox', { name: /Name or address/ }).fill(letters);
  await dialog(mail).getByRole('option').filter({ hasText: who }).click();
  const may = dialog(mail).locator('li').filter({ hasText: who }).locator('select');
  await may.waitFor();
  const first = await may.inputValue();
  if (level !== 'read') {
    await may.selectOption(level);
    await page.locator('.toast').getByText('is shared with').first().waitFor();
    await page.waitForFunction(() => !document.querySelector('dialog[open] select:disabled'));
  }
  const now = await may.inputValue();
  await mail.press('Escape');
  await dialog(mail).waitFor({ state: 'detached' });
  return [first, now];
}

export async function takeFolderBack(mail, { name, who }) {
  const { page } = mail;
  await mail.at('/settings/folders');
  await page.getByRole('button', { name: `Share ${name}` }).click();
  const row = dialog(mail).locator('li').filter({ hasText: who });
  await row.getByRole('button').click();
  await row.waitFor({ state: 'detached' });
  await mail.says('You share this with nobody.');
  await mail.press('Escape');
}

/** The last deed taken back by its key. */
export async function undoGiving(mail, { anew }) {
  await mail.at('/m/inbox');
  if (anew) await mail.reload();
  await mail.row(/./).first().waitFor();
  await settled(mail);
  await mail.press('z');
  await settled(mail);
}
