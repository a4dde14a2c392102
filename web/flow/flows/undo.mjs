// Taken back by the one key: whatever it was, at once, after a reload, and what waits without a network.

/** Each of these is done to `subject` in the inbox; `there` is what the screen shows while it is done. */
const deeds = {
  reminder: {
    async run(mail, subject) {
      await mail.row(subject).first().click();
      await mail.press('w');
      await mail.page.getByRole('menuitem', { name: /Tomorrow morning/ }).click();
    },
    there: (mail, subject) => mail.row(subject).getByText(/^Due/).waitFor(),
    gone: (mail, subject) => mail.row(subject).getByText(/^Due/).waitFor({ state: 'detached' }),
  },
  'flag that is due': {
    async run(mail, subject) {
      await mail.row(subject).first().click();
      await mail.press('Shift+s');
      await mail.page.getByRole('menuitem', { name: /Tomorrow morning/ }).click();
    },
    async there(mail, subject) {
      await mail.row(subject).locator('.flag-red').waitFor();
      await mail.row(subject).getByText(/^Due/).waitFor();
    },
    async gone(mail, subject) {
      await mail.row(subject).locator('.flag-red').waitFor({ state: 'detached' });
      await mail.row(subject).getByText(/^Due/).waitFor({ state: 'detached' });
    },
  },
  block: {
    async run(mail, subject) {
      await mail.row(subject).first().click();
      await mail.command('Block the sender');
    },
    there: (mail, subject) => mail.gone(subject),
    gone: (mail, subject) => mail.row(subject).first().waitFor(),
  },
};

const inSidebar = (mail, name, state = 'visible') => mail.page.locator('.side').getByRole('link', { name: new RegExp(`^${name}`) }).waitFor({ state });
const settled = (mail) => mail.page.locator('.sync-dot:not(.is-busy)').waitFor();

/** Done and taken back by the key; done, loaded anew, and taken back. */
export async function undoneByKey(mail, { deed, subject }) {
  const { run, there, gone } = deeds[deed];
  await mail.at('/m/inbox');
  await mail.row(subject).first().waitFor();
  for (const anew of [false, true]) {
    await run(mail, subject);
    await there(mail, subject);
    await settled(mail);
    await mail.page.waitForTimeout(500); // told by now
    if (anew) {
      await mail.reload();
      await mail.row(/./).first().waitFor();
      await there(mail, subject);
    }
    await mail.press('z');
    await gone(mail, subject);
    await settled(mail);
  }
}

/** Done, and told to the other devices. */
export async function doneHere(mail, { deed, subject }) {
  const { run, there } = deeds[deed];
  await mail.at('/m/inbox');
  await mail.row(subject).first().waitFor();
  await run(mail, subject);
  await there(mail, subject);
  await settled(mail);
}

/** The same without a network: what waits is in the queue, and told when somebody answers again. */
export async function doneOffline(mail, { deed, subject, stays }) {
  const { run, there } = deeds[deed];
  const page = await mail.at('/m/inbox');
  await mail.row(subject).first().waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await page.waitForTimeout(5000); // lists come onto the device when there is nothing else to do
  await mail.context.setOffline(true);
  await mail.says('Offline');
  await run(mail, subject);
  await there(mail, subject);
  // Said of what this device has written.
  await mail.says('1 change waiting to be sent');
  await mail.reload();
  await mail.says('1 change waiting to be sent');
  await mail.row(stays).first().waitFor();
  await there(mail, subject);
  await mail.at('/history');
  const waits = await page.locator('.hist').first().innerText();
  await mail.context.setOffline(false);
  await page.getByRole('heading', { name: 'Waiting to be sent' }).waitFor({ state: 'detached', timeout: 40_000 });
  return waits;
}

/** On the board: over, and back by the key. */
export async function boardByKey(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.row(subject).first().waitFor();
  await deeds.reminder.run(mail, subject);
  await deeds.reminder.there(mail, subject);
  await mail.at('/waiting');
  const item = mail.page.locator('.out-i').filter({ hasText: subject });
  await mail.button('Done', item).click();
  await item.waitFor({ state: 'detached' });
  await mail.press('z');
  await item.waitFor();
  await settled(mail);
}

/** The last deed was one on everything: after a reload the key takes that back, and nothing before it. */
export async function everythingByKey(mail, { subject }) {
  await mail.page.locator('.calm').first().waitFor();
  await mail.reload();
  await mail.page.locator('.calm').first().waitFor();
  await mail.press('z');
  await mail.at('/m/inbox');
  await mail.row(subject).first().waitFor();
}

/** A folder gets another name, and has its own again by the key. */
export async function folderNamedBack(mail, { name, fresh }) {
  await mail.at('/settings/folders');
  const field = mail.page.locator(`li:has(button[aria-label="Remove ${name}"]) input`);
  await field.fill(fresh);
  await field.press('Tab');
  await mail.page.getByRole('button', { name: `Remove ${fresh}` }).waitFor();
  await mail.at('/m/inbox');
  await mail.press('z');
  await inSidebar(mail, name);
}

/** After a reload: the last deed is taken back, and its folder is in the sidebar again. */
export async function folderBack(mail, { name }) {
  await mail.at('/m/inbox');
  await mail.reload();
  await mail.row(/./).first().waitFor();
  await mail.press('z');
  await inSidebar(mail, name);
}

// ------------------------------------------------------------------------------------------------ choices, smart folders, senders

const themed = (mail, theme) => mail.page.locator(`:root[data-theme="${theme}"]`).waitFor({ state: 'attached' });
/** A choice is told to the server a moment after it was made. */
const told = (mail) => mail.page.waitForFunction(() => (localStorage.getItem('mailstead.settings.changed') ?? '[]') === '[]');

/** From this place by the key, after a reload where asked so. What is said. */
async function back(mail, anew) {
  await mail.at('/m/inbox');
  if (anew) {
    await mail.page.waitForTimeout(500); // told by now
    await mail.reload();
  }
  await mail.row(/./).first().waitFor();
  await mail.press('z');
  await mail.says(/^Undone/);
  return (await mail.page.locator('.toast').filter({ hasText: 'Undone' }).last().innerText()).trim();
}

/** Two themes tried one after the other, and the first is back by one key; at once, and after a reload. */
export async function themeByKey(mail, { first }) {
  const said = [];
  await mail.at('/settings/appearance');
  await mail.page.getByRole('radio', { name: first }).check({ force: true });
  await themed(mail, first.toLowerCase());
  // A minute later it is no trial any more: so it is here, by something else in between.
  await mail.at('/settings/layout');
  await mail.page.getByText('Show messages that belong together').click();
  for (const anew of [false, true]) {
    await mail.at('/settings/appearance');
    for (const theme of ['High contrast', 'Dark']) await mail.page.getByRole('radio', { name: theme }).check({ force: true });
    await themed(mail, 'dark');
    said.push(await back(mail, anew));
    await themed(mail, first.toLowerCase());
    await told(mail);
  }
  return said;
}

/** A theme chosen here, and told to the other devices. */
export async function themeHere(mail, { theme }) {
  await mail.at('/settings/appearance');
  await mail.page.getByRole('radio', { name: theme }).check({ force: true });
  await themed(mail, theme.toLowerCase());
  await mail.page.waitForTimeout(2000); // told by now
}

const themeOf = (mail) => mail.page.evaluate(() => document.documentElement.dataset.theme ?? 'system');

/** Taken back on another device: the theme that this one has then. */
export async function themeFollows(mail, { theme }) {
  await themed(mail, theme);
  return themeOf(mail);
}

/** Labels: one is removed, another is new; from the history the removed one is back where it was. */
export async function labelsBack(mail, { labels, removed, fresh }) {
  const page = await mail.at('/settings/labels');
  const add = async (name) => {
    await page.getByLabel('New label').fill(name);
    await mail.press('Enter');
    await page.getByRole('button', { name: `Remove ${name}` }).waitFor();
  };
  for (const name of labels) await add(name);
  await page.getByRole('button', { name: `Remove ${removed}` }).click();
  await page.getByRole('button', { name: `Remove ${removed}` }).waitFor({ state: 'detached' });
  await add(fresh);
  await mail.at('/history');
  await mail.reload();
  await mail.button('Undo', page.locator('.hist').nth(1)).click();
  await mail.at('/settings/labels');
  await page.getByRole('button', { name: `Remove ${removed}` }).waitFor();
  await told(mail);
  return page.locator('.label-list input').evaluateAll((all) => all.map((one) => one.value));
}

/** A template and a VIP: made, removed, and back by the key after a reload. */
export async function templateAndVipBack(mail, { template, vip }) {
  const page = await mail.at('/settings/templates');
  await mail.button('New template').click();
  await page.getByLabel('Name of the template').last().fill(template);
  await mail.press('Tab');
  await mail.button(`Remove ${template}`).click();
  await mail.button(`Remove ${template}`).waitFor({ state: 'detached' });
  const said = [await back(mail, true)];
  await mail.at('/settings/templates');
  await mail.button(`Remove ${template}`).waitFor();
  await mail.at('/settings/notifications');
  await page.getByLabel('Address of a VIP').fill(vip);
  await mail.press('Enter');
  await mail.button(`Remove ${vip}`).click();
  await mail.button(`Remove ${vip}`).waitFor({ state: 'detached' });
  said.push(await back(mail, true));
  await mail.at('/settings/notifications');
  await mail.button(`Remove ${vip}`).waitFor();
  await told(mail);
  return said;
}

/** A smart folder gets another name and is removed with what stands in it; both are back by the key, the first after a reload. */
export async function smartFolderBack(mail, { name, fresh, child }) {
  const page = await mail.at('/settings/folders');
  await mail.button(`Remove ${name}`).waitFor();
  const field = page.locator(`li:has(button[aria-label="Remove ${name}"]) input`);
  await field.fill(fresh);
  await field.press('Tab');
  await mail.button(`Remove ${fresh}`).click();
  await mail.button(`Remove ${child}`).waitFor({ state: 'detached' });
  await mail.button(`Remove ${fresh}`).waitFor({ state: 'detached' });
  const said = [await back(mail, true)];
  await page.locator('.side').getByRole('link', { name: new RegExp(fresh) }).waitFor();
  await page.locator('.toast').last().waitFor({ state: 'detached' });
  said.push(await back(mail, false));
  await page.locator('.side').getByRole('link', { name: new RegExp(name) }).waitFor();
  return said;
}

/** A smart folder is removed here. */
export async function smartFolderGone(mail, { name }) {
  await mail.at('/settings/folders');
  await mail.button(`Remove ${name}`).click();
  await mail.button(`Remove ${name}`).waitFor({ state: 'detached' });
  await mail.page.waitForTimeout(2000); // told by now
}

/** A signature is written over, and a sender is removed: both are back by the key. */
export async function sendersBack(mail, { signature, name }) {
  const page = await mail.at('/settings/composing');
  await page.getByLabel('Signature').first().fill(signature);
  await mail.press('Tab');
  await mail.says(/^Identity .+ changed$/);
  await mail.button(`Remove ${name}`).click();
  await mail.button(`Remove ${name}`).waitFor({ state: 'detached' });
  const said = [await back(mail, true)];
  await page.locator('.toast').last().waitFor({ state: 'detached' });
  said.push(await back(mail, false));
  return said;
}

/** A folder is made here. */
export async function folderMade(mail, { name }) {
  await mail.at('/settings/folders');
  await mail.page.getByLabel('New folder').fill(name);
  await mail.press('Enter');
  await mail.says(`Folder ${name} created`);
  await mail.at('/m/inbox');
  await inSidebar(mail, name);
}

/** Taken back by the key, made again by the other, and filled; what is in sight at the end. */
export async function folderMadeAgain(mail, { name, subject }) {
  await mail.at('/m/inbox');
  await mail.row(subject).first().waitFor();
  await mail.press('z');
  await inSidebar(mail, name, 'detached');
  await settled(mail);
  await mail.press('Shift+z');
  await inSidebar(mail, name);
  await settled(mail);
  await mail.row(subject).first().click();
  await mail.press('v');
  await mail.page.keyboard.type(name);
  await mail.press('Enter');
  await mail.gone(subject);
  await settled(mail);
}

/** From the history: a folder that has mail in it stays. */
export async function filledFolderStays(mail, { name }) {
  await mail.at('/history');
  await mail.button('Undo', mail.page.locator('.hist').filter({ hasText: `Folder ${name} created` }).first()).click();
  await mail.says('The folder is not empty');
  await mail.at('/m/inbox');
  await inSidebar(mail, name);
}

/** A smart folder and a sender are made; both are taken back by the key, the second after a reload. What is said. */
export async function keptMadeAndBack(mail, { words, name }) {
  const page = await mail.at('/m/inbox');
  await mail.find(words);
  await mail.button('Save as smart folder').click();
  await page.getByLabel('Name of the smart folder').fill(name);
  await mail.press('Enter');
  await inSidebar(mail, name);
  const said = [await back(mail, false)];
  await inSidebar(mail, name, 'detached');
  await mail.at('/settings/composing');
  await page.locator('fieldset').first().waitFor();
  const before = await page.locator('fieldset').count();
  await mail.button('Add an identity').click();
  await page.locator('fieldset').nth(before).waitFor();
  await mail.says(/^Identity .+ added$/);
  said.push(await back(mail, true));
  await mail.at('/settings/composing');
  await page.locator('fieldset').nth(before - 1).waitFor();
  await page.locator('fieldset').nth(before).waitFor({ state: 'detached' });
  return said;
}

// ------------------------------------------------------------------------------------------------ the automatic reply

/** The page of it, filled with what is known. */
async function awayPage(mail) {
  const page = await mail.at('/settings/away');
  const on = page.getByRole('switch', { name: 'Reply automatically' });
  await on.waitFor({ state: 'attached' });
  return { page, on, subject: page.getByLabel('Subject'), text: page.getByLabel('Message') };
}

const isFilled = (page, text) => page.waitForFunction((words) => document.querySelector('#away-text')?.value === words, text);

async function writeAway(mail, { was, on, subject, text }) {
  const at = await awayPage(mail);
  await isFilled(at.page, was);
  await at.on.setChecked(on, { force: true });
  await at.subject.fill(subject);
  await at.text.fill(text);
  await mail.button('Save').click();
  await mail.says(on ? 'Whoever writes gets an automatic reply' : 'No automatic replies are sent');
}

/** An automatic reply is switched on, then another text is written; each stands in the history then. What is said of both there. */
export async function awayChosen(mail, { first, second }) {
  await mail.at('/m/inbox');
  await writeAway(mail, first);
  await writeAway(mail, second);
  const page = await mail.at('/history');
  await page.locator('.hist').filter({ hasText: 'Automatic reply changed' }).waitFor();
  await page.getByRole('heading', { name: 'Waiting to be sent' }).waitFor({ state: 'detached' });
  return page.locator('.hist .subj').allTextContents();
}

/** From the history, after a reload: this deed is taken back; what the page of it says then. */
export async function awayTakenBack(mail, { words, text }) {
  const page = await mail.at('/history');
  await mail.reload();
  await mail.button('Undo', page.locator('.hist').filter({ hasText: words }).first()).click();
  await mail.says(/^Undone/);
  const at = await awayPage(mail);
  await isFilled(page, text);
  return { on: await at.on.isChecked(), subject: await at.subject.inputValue(), text: await at.text.inputValue() };
}

/** On a device that has looked at it once, without a network, after a reload: written over and kept; what is said of it, and what waits. */
export async function awayOffline(mail, { was, ...wanted }) {
  await mail.at('/m/inbox');
  const { page } = await awayPage(mail);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await isFilled(page, was);
  // What the device keeps is written behind what is shown.
  await mail.until(async () => {
    for (const { name } of await indexedDB.databases()) {
      const db = await new Promise((resolve, reject) => Object.assign(indexedDB.open(name), { onsuccess: ({ target }) => resolve(target.result), onerror: reject }));
      try {
        if (!db.objectStoreNames.contains('meta')) continue;
        const kept = await new Promise((resolve) => (db.transaction('meta').objectStore('meta').getKey('type:VacationResponse').onsuccess = ({ target }) => resolve(target.result)));
        if (kept !== undefined) return true;
      } finally {
        db.close();
      }
    }
    return false;
  });
  await mail.at('/m/inbox');
  await mail.context.setOffline(true);
  await mail.reload();
  await mail.says('Offline');
  await writeAway(mail, { was, ...wanted });
  const said = await page.locator('form.away [role=status]').innerText();
  await mail.at('/history');
  await page.getByRole('heading', { name: 'Waiting to be sent' }).waitFor();
  return { said, waits: await page.locator('.hist').filter({ hasText: 'waiting' }).locator('.subj').allTextContents() };
}

/** The network is back, and what waited is told. */
export async function awayTold(mail) {
  await mail.context.setOffline(false);
  const page = await mail.at('/history');
  await page.getByRole('heading', { name: 'Waiting to be sent' }).waitFor({ state: 'detached', timeout: 40_000 });
}
