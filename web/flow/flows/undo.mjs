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
  await mail.says('1 change waits to be told');
  await mail.reload();
  await mail.says('1 change waits to be told');
  await mail.row(stays).first().waitFor();
  await there(mail, subject);
  await mail.at('/history');
  const waits = await page.locator('.hist').first().innerText();
  await mail.context.setOffline(false);
  await page.getByText('Waiting to be told to the server').waitFor({ state: 'detached', timeout: 40_000 });
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
  await mail.page.locator('.side').getByRole('link', { name: new RegExp(`^${name}`) }).waitFor();
}

/** After a reload: the last deed is taken back, and its folder is in the sidebar again. */
export async function folderBack(mail, { name }) {
  await mail.at('/m/inbox');
  await mail.reload();
  await mail.row(/./).first().waitFor();
  await mail.press('z');
  await mail.page.locator('.side').getByRole('link', { name: new RegExp(`^${name}`) }).waitFor();
}
