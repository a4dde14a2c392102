// Every command by its key or from where it stands on the screen, several to a flow. What they did is looked at over IMAP by the tests.

async function at(mail, subject) {
  await mail.row(subject).first().click();
  await mail.page.locator('.reader-pane h1').filter({ hasText: subject }).waitFor();
}

/** Archive and go on, both ways; the subjects that the reader shows then. */
export async function archiveAndGoOn(mail, { first, second }) {
  await mail.at('/m/inbox');
  const shown = [];
  const heading = mail.page.locator('.reader-pane h1');
  for (const [key, subject] of [[']', first], ['[', second]]) {
    await at(mail, subject);
    await mail.press(key);
    await mail.gone(subject);
    await heading.filter({ hasNotText: subject }).waitFor();
    shown.push(await heading.textContent());
  }
  return shown;
}

/** By key: to the trash, to junk, to a folder found by its letters. */
export async function fileByKey(mail, { trash, junk, move, folder }) {
  await mail.at('/m/inbox');
  await at(mail, trash);
  await mail.press('#');
  await mail.gone(trash);
  await at(mail, junk);
  await mail.press('!');
  await mail.gone(junk);
  await at(mail, move);
  await mail.press('v');
  await mail.page.getByRole('dialog').getByRole('combobox').fill(folder.toLowerCase());
  await mail.press('Enter');
  await mail.gone(move);
}

/** From the trash and from junk back into the inbox, by the buttons that stand there. */
export async function fetchBack(mail, { trash, junk }) {
  await mail.at('/m/inbox');
  await mail.go('Trash');
  await mail.page.waitForURL('**/m/trash');
  await at(mail, trash);
  await mail.button('Move to inbox').first().click();
  await mail.gone(trash);
  await mail.go('Junk');
  await mail.page.waitForURL('**/m/junk');
  await at(mail, junk);
  await mail.command('Not junk');
  await mail.gone(junk);
}

/** Archive, take it back, do it again. */
export async function undoAndRedo(mail, { subject }) {
  await mail.at('/m/inbox');
  await at(mail, subject);
  await mail.press('e');
  await mail.gone(subject);
  await mail.press('z');
  await mail.row(subject).first().waitFor();
  await mail.press('Shift+z');
  await mail.gone(subject);
}

/** Read and unread by key; another by the button of its row. */
export async function marks(mail, { unread, read, toggled, flagged }) {
  await mail.at('/m/inbox');
  await at(mail, unread);
  await mail.row(unread).locator('.dot .vh').waitFor({ state: 'detached' });
  await mail.press('Shift+u');
  await mail.row(unread).locator('.dot .vh').waitFor({ state: 'attached' });
  await mail.row(read).first().focus();
  await mail.press('Shift+i');
  await mail.row(read).locator('.dot .vh').waitFor({ state: 'detached' });
  await mail.row(toggled).first().hover();
  await mail.row(toggled).getByRole('button', { name: 'Mark as read' }).click();
  await mail.row(toggled).locator('.dot .vh').waitFor({ state: 'detached' });
  await mail.row(flagged).first().focus();
  await mail.press('s');
  await mail.row(flagged).locator('.flag-red').waitFor();
}

export async function muteAndUnmute(mail, { muted, both }) {
  await mail.at('/m/inbox');
  for (const subject of [muted, both]) {
    await mail.row(subject).first().focus();
    await mail.press('m');
    await mail.row(subject).getByText('muted').waitFor({ state: 'attached' });
  }
  await mail.press('Shift+m');
  await mail.row(both).getByText('muted').waitFor({ state: 'detached' });
}

/** How many messages of the conversation stand open, as one unfolds, folds and walks. */
export async function conversation(mail, { subject }) {
  await mail.at('/m/inbox');
  await at(mail, subject);
  await mail.text();
  const open = () => mail.page.locator('.msg iframe').count();
  const until = async (count) => mail.page.waitForFunction((wanted) => document.querySelectorAll('.msg iframe').length === wanted, count);
  const seen = [];
  await mail.press(';');
  await until(3);
  seen.push(await open());
  await mail.press(':');
  await until(1);
  seen.push(await open());
  await mail.press('p');
  await mail.press('p');
  await mail.page.waitForFunction(() => document.activeElement?.closest('[data-email]'));
  const before = await mail.page.evaluate(() => document.activeElement.closest('[data-email]').dataset.email);
  await mail.press('n');
  await mail.page.waitForFunction((other) => document.activeElement?.closest('[data-email]')?.dataset.email !== other, before);
  return seen;
}

/** Reply to one, reply to everybody, forward: each sent by its key. */
export async function answer(mail, { alone, subject, to }) {
  await mail.at('/m/inbox');
  for (const [key, text, about] of [['r', 'To you alone.', alone], ['a', 'To all of you.', subject], ['f', 'For your eyes.', subject]]) {
    await at(mail, about);
    await mail.press(key);
    await mail.composer.locator('.editor').waitFor();
    if (key === 'f') await mail.fillTo(to);
    await mail.composer.locator('.editor').click();
    await mail.press('Control+Home');
    await mail.page.keyboard.type(text);
    await mail.press('Control+Enter');
    await mail.page.locator('.composer').waitFor({ state: 'detached' });
    await mail.says('Sending to');
  }
}

/** A draft, taken up from the list of drafts by Enter. */
export async function draftAgain(mail, { subject, text }) {
  await mail.at('/m/inbox');
  await mail.write({ subject, text });
  await mail.saved();
  await mail.press('Escape');
  await mail.page.locator('.composer').waitFor({ state: 'detached' });
  await mail.press('g', 'd');
  await mail.row(subject).first().focus();
  await mail.press('Enter');
  const kept = await mail.composer.locator('.editor').innerText();
  await mail.press('Escape');
  return kept;
}

/** What is chosen by each way of choosing; the read ones are archived at the end. */
export async function choose(mail, { read, unread, flagged }) {
  await mail.at('/m/inbox');
  await mail.row(flagged).first().focus();
  await mail.press('s');
  await mail.row(read).first().focus();
  await mail.press('Shift+i');
  await mail.row(read).locator('.dot .vh').waitFor({ state: 'detached' });
  const chosen = async () => (await mail.page.locator('[role=row][aria-selected=true] .subj').allTextContents()).sort();
  const seen = {};
  for (const [name, ...keys] of [['all', '*', 'a'], ['unread', '*', 'u'], ['flagged', '*', 's'], ['none', '*', 'n'], ['read', '*', 'r']]) {
    await mail.press(...keys);
    await mail.page.waitForTimeout(80);
    seen[name] = await chosen();
  }
  await mail.press('*', 'n');
  await mail.row(unread).first().focus();
  await mail.press('x');
  seen.one = await chosen();
  await mail.press('x', 'Home', 'Shift+j');
  seen.two = (await chosen()).length;
  await mail.press('Escape', 'End', 'Shift+k');
  seen.last = (await chosen()).length;
  await mail.press('Escape', '*', 'r', 'e');
  await mail.gone(read);
  return seen;
}

/** Down and up by key, opened by key, and back to the list. */
export async function walk(mail) {
  await mail.at('/m/inbox');
  const cursor = () => mail.page.evaluate(() => document.activeElement?.querySelector?.('.subj')?.textContent);
  await mail.row(/./).first().focus();
  const seen = [];
  for (const key of ['End', 'Home', 'j', 'k']) {
    await mail.press(key);
    await mail.page.waitForTimeout(80);
    seen.push(await cursor());
  }
  await mail.press('Enter');
  const heading = mail.page.locator('.reader-pane h1');
  await heading.waitFor();
  seen.push(await heading.textContent());
  await mail.press('u');
  await heading.waitFor({ state: 'detached' });
  return seen;
}

/** On a row, and cut off. */
export async function standOffline(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.row(subject).first().focus();
  await mail.context.setOffline(true);
  await mail.says('Offline');
}

/** Here again: one row has gone meanwhile and another come; the row on which one stands now. */
export async function standOnline(mail, { gone, come }) {
  await mail.context.setOffline(false);
  await mail.row(come).first().waitFor();
  await mail.gone(gone);
  await mail.page.waitForFunction(() => document.querySelector('.row[tabindex="0"] .subj'));
  return mail.page.locator('.row[tabindex="0"] .subj').textContent();
}

/** Every place by its key or its name; where one is then. */
export async function places(mail) {
  await mail.at('/m/inbox');
  const seen = [];
  const where = async (path) => {
    await mail.page.waitForURL(`**${path}`);
    seen.push(path);
  };
  for (const [key, path] of [['s', '/m/flagged'], ['t', '/m/sent'], ['d', '/m/drafts'], ['a', '/m/all'], ['o', '/outbox'], ['w', '/waiting'], ['e', '/m/archive'], ['h', '/history'], [',', '/settings/appearance'], ['i', '/m/inbox']]) {
    await mail.press('g', key);
    await where(path);
  }
  await mail.go('Junk');
  await where('/m/junk');
  await mail.go('Trash');
  await where('/m/trash');
  await mail.page.locator('.rail a[href^="/s?"]').click();
  await where('/s?q=');
  await mail.press('Escape');
  await mail.press('/');
  await mail.page.waitForFunction(() => document.activeElement?.closest('.search'));
  await mail.press('Escape');
  return seen;
}

/** Snooze, and go there by key. */
export async function snoozeAndLook(mail, { subject }) {
  await mail.at('/m/inbox');
  await at(mail, subject);
  await mail.press('b');
  await mail.page.getByRole('menuitem', { name: /Tomorrow morning/ }).click();
  await mail.gone(subject);
  await mail.press('g', 'b');
  await mail.row(subject).first().waitFor();
}

/** From the palette to a new folder. */
export async function newFolder(mail, { name }) {
  await mail.at('/m/inbox');
  await mail.command('New folder');
  await mail.page.getByLabel('New folder').fill(name);
  await mail.press('Enter');
  await mail.page.getByRole('button', { name: `Remove ${name}` }).waitFor();
}

/** What changes on the screen alone: arrangements of the panes, the focus, the sheet of keys, the menu of what else can be done, the tour. */
export async function screenOnly(mail, { subject }) {
  await mail.at('/m/inbox');
  const page = mail.page;
  const seen = {};
  const boxes = async () => {
    const [list, reader] = [await page.locator('.list-pane').first().boundingBox(), await page.locator('.reader-pane').first().boundingBox().catch(() => null)];
    return !reader ? 'list' : reader.y > list.y + 40 ? 'below' : 'beside';
  };
  for (const key of ['2', '3', '4', '1']) {
    await mail.press('g', key);
    await page.waitForTimeout(150);
    seen[key] = (await page.locator('.reader-pane').count()) ? await boxes() : (await page.locator('.trow').count()) ? 'table' : 'list';
  }
  await mail.press('g', '5');
  await page.locator('.part').first().waitFor();
  seen['5'] = await page.locator('.part').count();
  // Own arrangements have the keys that follow: each is a density here, so that it can be told from the one before.
  await mail.at('/settings/layout');
  for (const name of ['One', 'Two', 'Three', 'Four']) {
    await mail.page.getByLabel('Name of the layout').last().fill(name);
    await mail.button('Save').click();
    await mail.button(`Remove ${name}`).waitFor();
    await page.locator(`label:has(.lay-${{ One: 'table', Two: 'bottom', Three: 'columns', Four: 'columns' }[name]}) input`).check({ force: true });
  }
  await mail.at('/m/inbox');
  await page.locator('.list').first().waitFor();
  seen.own = [];
  for (const key of ['6', '7', '8', '9']) {
    await mail.press('g', key);
    await page.waitForTimeout(200);
    seen.own.push((await page.locator('.part').count()) ? 'split' : (await page.locator('.trow').count()) ? 'table' : await boxes());
  }
  await at(mail, subject);
  await mail.press('.');
  seen.more = (await page.locator('[popover]:popover-open').getByRole('menuitem').allTextContents()).length > 3;
  await mail.press('Escape');
  const pane = () => page.evaluate(() => document.activeElement?.closest('.rail, .side-scroll, .list-pane, .reader-pane')?.className.match(/rail|side-scroll|list-pane|reader-pane/)?.[0]);
  await mail.row(subject).first().focus();
  await mail.press('F6');
  const after = await pane();
  await mail.press('Shift+F6');
  seen.panes = [after, await pane()];
  await mail.press('?');
  await page.getByRole('dialog').getByText('Archive, go to the next', { exact: true }).waitFor();
  await mail.press('Escape');
  await mail.command('Show me around');
  await page.locator('.tour').waitFor();
  await mail.press('Escape');
  await page.locator('.tour').waitFor({ state: 'detached' });
  return seen;
}

/** Out by the palette; what the browser had to show the server before, and what is left on the device. */
export async function signOutByCommand(mail) {
  await mail.at('/m/inbox');
  const cookies = await mail.context.cookies();
  await mail.command('Sign out');
  await mail.page.getByLabel('Address').waitFor();
  mail.signedIn = false;
  const kept = await mail.page.evaluate(async () => (await indexedDB.databases()).filter(({ name }) => name.startsWith('mailstead:')).length);
  return { cookies: cookies.map(({ name, value }) => `${name}=${value}`).join('; '), kept };
}
