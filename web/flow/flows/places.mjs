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
  await page.locator('.scope').waitFor();
  await page.waitForFunction(() => !/\b(?:is|has)\b/.test(document.querySelector('.search .op .k').textContent) || document.documentElement.lang === 'en');
  const said = await page.locator('.search .op').evaluateAll((chips) => chips.map((chip) => `${chip.querySelector('.k').textContent} ${chip.querySelector('bdi').textContent}`));
  return { said, found: await page.locator('.row .subj').allTextContents() };
}
