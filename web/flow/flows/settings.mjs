// Choices: keys of one's own, other sets of keys, how the page looks, where a setting is found.

/** Give a command another key, and use it; then take a whole other set of keys, and use that. */
export async function ownKeys(mail, { command, key, filed, preset, presetKey, second }) {
  const page = await mail.at('/settings/keyboard');
  // Also those of the list, which is not on the screen; what has no key says so.
  await page.getByRole('row').filter({ has: page.getByRole('button', { name: 'Change the key of: Next conversation' }) }).locator('kbd').first().waitFor();
  await page.getByRole('cell', { name: 'None', exact: true }).first().waitFor();
  await page.getByRole('button', { name: `Change the key of: ${command}`, exact: true }).first().click();
  await mail.press(key);
  await mail.button('Reset all').waitFor();
  await mail.at('/m/inbox');
  await mail.row(filed).first().focus();
  await mail.press(key);
  await mail.gone(filed);
  await mail.at('/settings/keyboard');
  await mail.button('Reset all').click();
  await page.getByText(preset, { exact: true }).click();
  await mail.at('/m/inbox');
  await mail.row(second).first().focus();
  await mail.press(presetKey);
  await mail.gone(second);
  await mail.at('/settings/keyboard');
  await page.getByText('Gmail', { exact: true }).click();
}

/** Single keys are switched off: a letter does nothing, the arrows still walk. */
export async function singleKeysOff(mail, { subject }) {
  const page = await mail.at('/settings/keyboard');
  await page.getByRole('switch').first().setChecked(false, { force: true });
  await mail.at('/m/inbox');
  await mail.row(subject).first().focus();
  await mail.press('e');
  await page.waitForTimeout(300);
  const still = await mail.row(subject).count();
  await mail.press('Enter');
  await page.locator('.reader-pane h1').filter({ hasText: subject }).waitFor();
  await mail.at('/settings/keyboard');
  await page.getByRole('switch').first().setChecked(true, { force: true });
  await mail.at('/m/inbox');
  return still;
}

/** A word of a setting leads to its page, in the settings and by the palette. */
export async function findSetting(mail, { word, page: name, other, otherPath }) {
  const page = await mail.at('/settings/appearance');
  await page.getByLabel('Search settings').fill(word);
  const links = page.locator('.set-nav .nav-item');
  await links.filter({ hasText: name }).waitFor();
  const found = await links.allTextContents();
  await page.getByLabel('Search settings').fill('');
  await mail.at('/m/inbox');
  await mail.command(other);
  await page.waitForURL(`**${otherPath}`);
  return found.map((text) => text.trim());
}

/** Colours, accent, size and density as they are chosen; what of it is undone by the notice. */
export async function looksChosen(mail) {
  const page = await mail.at('/settings/appearance');
  // Who comes here first finds their mail as well.
  await page.reload();
  await page.locator('.preview .row').filter({ hasNotText: 'This is how mail will look' }).first().waitFor();
  const now = () => page.evaluate(() => ({ theme: document.documentElement.dataset.theme, density: document.documentElement.dataset.density, accent: getComputedStyle(document.querySelector('.btn.primary, .rail')).getPropertyValue('--accent') }));
  const before = await now();
  // One's own mail beside the choices, and what becomes of it.
  const preview = page.locator('.preview');
  const shown = () => preview.locator('.row').first().evaluate((row) => ({ subject: row.querySelector('.subj').textContent, height: row.getBoundingClientRect().height, selected: getComputedStyle(row).backgroundColor }));
  const seen = [await shown()];
  await page.getByText('Dark', { exact: true }).click();
  seen.push(await shown());
  const night = await preview.locator('.other').getAttribute('data-theme');
  await page.getByRole('radio', { name: 'Green' }).check({ force: true });
  await page.getByText('High contrast', { exact: true }).click();
  await page.getByText('Compact', { exact: true }).click();
  const after = await now();
  seen.push(await shown());
  await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
  await page.waitForFunction((density) => document.documentElement.dataset.density === density, before.density);
  const undone = await now();
  await page.getByText('Light', { exact: true }).click();
  await page.getByRole('radio', { name: 'Blue' }).check({ force: true });
  const arrangements = [];
  await mail.at('/settings/layout');
  for (const name of ['Reader below', 'Split inbox', 'Columns']) {
    await page.locator('.pick label').filter({ hasText: name }).click();
    arrangements.push(await page.locator('.screen').evaluate((screen) => [screen.getAttribute('aria-label'), screen.querySelectorAll('.mini').length]));
  }
  return { before, after, undone, seen, night, arrangements };
}

/** Conversations off: how many rows one conversation has then, and again with them on. */
export async function singleMessages(mail, { subject }) {
  const page = await mail.at('/settings/layout');
  const toggle = page.getByRole('switch');
  const rows = async (count) => {
    await mail.at('/m/inbox');
    await page.waitForFunction(([words, wanted]) => [...document.querySelectorAll('.row .subj')].filter((row) => row.textContent.includes(words)).length === wanted, [subject, count]);
  };
  await rows(1);
  await mail.at('/settings/layout');
  await toggle.setChecked(false, { force: true });
  await rows(2);
  await mail.row(subject).first().click();
  await mail.text();
  const shown = await page.locator('.msg iframe').count();
  await mail.press('e');
  await rows(1);
  await mail.at('/settings/layout');
  await toggle.setChecked(true, { force: true });
  return shown;
}

/** Here for the first time: shown around without asking for it; what one learns and chooses on the way, and how long that takes. */
export async function firstRun(mail) {
  await mail.context.addInitScript(() => {
    if (self.origin === 'null' || sessionStorage.getItem('first')) return;
    sessionStorage.setItem('first', 'here');
    localStorage.setItem('mailstead.settings', '{"toured":false}');
  });
  await mail.signIn();
  const { page } = mail;
  const tour = page.getByRole('dialog');
  await tour.locator('.tour').waitFor();
  const begin = Date.now();
  const next = () => mail.button('Next', tour).click();
  const letters = () => tour.locator('.mini li').evaluateAll((rows) => rows.map((row) => (row.getAttribute('aria-current') ? '> ' : '') + row.querySelector('.who').textContent));
  const root = () => page.evaluate(() => [document.documentElement.dataset.density, document.querySelector('.reader-pane').getBoundingClientRect().top > document.querySelector('.list-pane').getBoundingClientRect().top + 40]);
  await next();
  const seen = { drill: [await letters()] };
  for (const key of ['j', 'e', 'z']) {
    await mail.press(key);
    seen.drill.push(await letters());
  }
  await tour.getByText('That is most of what a day needs.').waitFor();
  // Each letter's sender stands above its subject, each button holds its words.
  seen.straight = await tour.evaluate((dialog) => [
    [...dialog.querySelectorAll('.mini li')].every((row) => row.querySelector('.who').getBoundingClientRect().left === row.querySelector('.what').getBoundingClientRect().left),
    [...dialog.querySelectorAll('.drill button')].every((button) => button.scrollWidth <= button.clientWidth),
  ]);
  await next();
  const height = () => tour.locator('.mini li').first().evaluate((row) => row.getBoundingClientRect().height);
  const [tall] = [await height()];
  await tour.getByText('Reader below', { exact: true }).click();
  await tour.getByText('Compact', { exact: true }).click();
  seen.preview = [await tour.locator('.mini.is-bottom.is-compact').count(), (await height()) < tall];
  seen.root = await root();
  await next();
  await tour.getByText('7 days', { exact: true }).click();
  await mail.button('Begin', tour).click();
  await tour.waitFor({ state: 'detached' });
  seen.seconds = (Date.now() - begin) / 1000;
  await page.waitForTimeout(1500); // settings follow the user a moment later
  await mail.reload();
  await page.locator('.list').first().waitFor();
  await page.waitForTimeout(1000);
  seen.again = await page.locator('.tour').count();
  seen.kept = await page.evaluate(() => JSON.parse(localStorage.getItem('mailstead.settings')));
  seen.kept = { layout: seen.kept.layout, density: seen.kept.density, days: seen.kept.offlineDays };
  return seen;
}
