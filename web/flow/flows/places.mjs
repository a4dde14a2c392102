// Places beside the lists, and what is said there.

/** Loaded anew without a network: the board is still in the sidebar, and can be gone to by key. */
export async function boardOffline(mail, { subject }) {
  const page = await mail.at('/m/inbox');
  await mail.row(subject).first().waitFor();
  await page.locator('.side a[href="/waiting"]').waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await page.waitForTimeout(1500); // what is kept is written behind what is shown
  await mail.context.setOffline(true);
  await mail.reload();
  await mail.says('Offline');
  const link = await page.locator('.side a[href="/waiting"]').count();
  await page.goto(`${mail.base}/waiting`);
  const heading = await page.locator('.page h1').textContent();
  await mail.context.setOffline(false);
  return { link, heading };
}

/** How many a smart folder is said to hold, with a network and after a reload without. */
export async function countedOffline(mail, { name, count }) {
  const page = await mail.at('/m/inbox');
  const number = page.locator('.side').getByRole('link', { name: new RegExp(`^${name}`) }).locator('.nav-n');
  await number.filter({ hasText: count }).waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await page.waitForTimeout(1500); // what is kept is written behind what is shown
  await mail.context.setOffline(true);
  await mail.reload();
  await mail.says('Offline');
  const said = await number.innerText({ timeout: 5000 });
  await mail.context.setOffline(false);
  return said.trim().split(/\s/)[0];
}

/** On a telephone: from the list to a place of the drawer, and back by what its head offers. */
export async function thereAndBack(mail, { place, path, subject }) {
  const page = await mail.at('/m/inbox');
  await mail.row(subject).first().waitFor();
  await mail.button('Folders').first().tap();
  await page.locator('.side').getByRole('link', { name: place }).tap();
  await page.locator('.page h1').filter({ hasText: place }).waitFor();
  const at = new URL(page.url()).pathname;
  const current = await page.locator('.tabs .is-current').textContent();
  await mail.button('Folders').first().tap();
  await page.locator('.side').getByRole('link', { name: 'Inbox' }).tap();
  await mail.row(subject).first().waitFor();
  // Whoever comes to it straight away finds the same way.
  await page.goto(mail.base + path);
  await mail.button('Folders').first().tap();
  await page.locator('.side').getByRole('link', { name: 'Inbox' }).tap();
  await mail.row(subject).first().waitFor();
  return { at, current };
}

/** What the tokens of a question say in a language, and how many conversations it finds. */
export async function tokens(mail, { language, question, subject }) {
  const page = await mail.at('/m/inbox');
  await page.evaluate((chosen) => localStorage.setItem('mailstead.settings', JSON.stringify({ ...JSON.parse(localStorage.getItem('mailstead.settings') ?? '{}'), language: chosen })), language);
  await page.goto(`${mail.base}/s?q=${encodeURIComponent(question)}`);
  await page.locator(`html[lang="${language}"]`).waitFor();
  await mail.row(subject).first().waitFor();
  await mail.found();
  await page.waitForFunction(() => !/\b(?:is|has)\b/.test(document.querySelector('.search .op .k').textContent) || document.documentElement.lang === 'en');
  const said = await page.locator('.search .op').evaluateAll((chips) => chips.map((chip) => `${chip.querySelector('.k').textContent} ${chip.querySelector('bdi').textContent}`));
  return { said, found: await mail.subjects() };
}

/** Somebody is offered for the word that one is writing: taken by hand, then by key. What stands in the field, and what is found. */
export async function offeredPeople(mail, { words, offer, subject, filter }) {
  const page = await mail.at('/m/inbox');
  await mail.row(subject).first().waitFor();
  const seen = {};
  for (const way of ['hand', 'key']) {
    await mail.press('/');
    const field = page.locator('.search input').first();
    await page.keyboard.type(words, { delay: 30 });
    const chip = page.locator('.offers').getByRole('button', { name: offer });
    await chip.waitFor();
    if (way === 'hand') await chip.click();
    else {
      await field.focus();
      await mail.press('Tab');
      seen.focus = await page.evaluate(() => document.activeElement.textContent.trim());
      await mail.press('Enter');
    }
    await page.locator('.search .op').waitFor();
    await mail.row(subject).first().waitFor();
    await mail.found();
    await page.waitForFunction(() => document.activeElement?.matches('.search input'));
    seen[way] = [await page.locator('.search .op').innerText(), await field.inputValue(), await mail.subjects()];
    await mail.press('Escape');
    await mail.at('/m/inbox');
  }
  await mail.press('/');
  await page.keyboard.type(filter, { delay: 30 });
  seen.filters = await page.locator('.offers button').allInnerTexts();
  await mail.press('Escape');
  return seen;
}

/** Who is offered for these letters as a receiver, with a network and after a reload without. */
export async function offeredReceivers(mail, { letters, subject, first }) {
  const page = await mail.at('/m/inbox');
  await mail.row(subject).first().waitFor();
  const ask = async () => {
    await mail.press('c');
    await mail.composer.getByLabel('To', { exact: true }).fill(letters);
    await page.locator('.combo-list [role="option"]').first().filter({ hasText: first }).waitFor();
    const offers = await page.locator('.combo-list [role="option"]').allInnerTexts();
    await page.keyboard.press('Escape');
    await mail.composer.getByLabel('To', { exact: true }).fill('');
    await mail.button('Discard', mail.composer).click();
    return offers;
  };
  const online = await ask();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await page.waitForTimeout(1500); // what is kept is written behind what is shown
  await mail.context.setOffline(true);
  await mail.reload();
  await mail.says('Offline');
  const offline = await ask();
  await mail.context.setOffline(false);
  return { online, offline };
}

/** A conversation is open while the window is made narrow, and wide again: what can be done stands where it belongs then. */
export async function readerInOtherWindow(mail, { subject }) {
  const page = await mail.at('/m/inbox');
  await mail.row(subject).first().waitFor();
  await mail.press('g', '4'); // list or reader: one reader stays through all of it
  await mail.open(subject);
  const size = page.viewportSize();
  const shown = () => page.evaluate(() => ({ below: document.querySelectorAll('.reader-pane .acts-bar button').length > 0, above: [...document.querySelectorAll('.reader-pane .bar button')].some((one) => one.getAttribute('aria-label') === 'Archive') }));
  const seen = [await shown()];
  for (const viewport of [{ width: 480, height: 800 }, size]) {
    await page.setViewportSize(viewport);
    await page.locator(viewport === size ? '.rail' : '.app.phone').waitFor();
    await page.locator('.reader-pane h1').filter({ hasText: subject }).waitFor();
    await page.waitForTimeout(300);
    seen.push(await shown());
  }
  return seen;
}
