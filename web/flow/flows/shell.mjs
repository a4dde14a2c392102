// The shell around lists and reader: how its room is shared.

const inside = (part, whole) => part.x >= whole.x - 1 && part.x + part.width <= whole.x + whole.width + 1;

/** A search beside the reader: how much of the sheet its field takes, and whether a question can be kept from its head. */
export async function wideSearch(mail, { words, subject }) {
  const page = await mail.at('/m/inbox');
  await mail.row(subject).first().waitFor();
  const share = async () => (await page.locator('.search').first().boundingBox()).width / (await page.locator('.sheet').boundingBox()).width;
  const before = await share();
  await mail.find(words);
  await mail.open(subject);
  await page.waitForFunction(() => document.title !== 'Mail · Mailstead');
  const title = await page.title();
  const head = page.locator('.list-head');
  const keep = head.getByRole('button', { name: 'Save as smart folder' });
  const covered = await page.evaluate(() => {
    const { bottom } = document.querySelector('.list-head').getBoundingClientRect();
    return ['.list', '.reader-pane .bar'].filter((what) => document.querySelector(what).getBoundingClientRect().top < bottom - 1);
  });
  const seen = { title, before: before < 0.5, while: (await share()) > 0.9, kept: inside(await keep.boundingBox(), await head.boundingBox()), covered };
  await page.locator('.search input').focus();
  await mail.press('Escape');
  await page.waitForURL(/\/m\//);
  return { ...seen, after: (await share()) < 0.5 };
}

/** The subjects that each of these questions finds, and what its chips say. */
export async function asked(mail, { questions }) {
  await mail.at('/m/inbox');
  const seen = {};
  for (const words of questions) {
    await mail.find(words);
    seen[words] = (await mail.page.locator('.list[role=grid]').count()) ? await mail.subjects() : [];
  }
  return { seen, chips: await mail.page.locator('.search .op').allInnerTexts() };
}

/** What is in the list once each of these has been typed: an operator that waits for its word changes nothing. */
export async function operatorTyped(mail, { words, operator, value }) {
  const page = await mail.at('/m/inbox');
  await mail.find(words);
  const before = await mail.subjects();
  await page.locator('.search input').focus();
  await page.keyboard.press('End');
  await page.keyboard.type(` ${operator}`, { delay: 40 });
  await page.waitForFunction((last) => new URLSearchParams(location.search).get('q').endsWith(last), operator);
  await mail.found();
  const waiting = await mail.subjects();
  await page.keyboard.type(` ${value}`, { delay: 40 });
  await page.waitForFunction((last) => new URLSearchParams(location.search).get('q').endsWith(last), value);
  await mail.found();
  return { before, waiting, after: await mail.subjects() };
}

/** In a language with long words and panes of each of these widths: which words of the reader's toolbar can be read, by their order. */
export async function toolbarWords(mail, { subject, language, widths }) {
  const page = await mail.at('/settings/appearance');
  await page.locator('#language').selectOption(language);
  await page.waitForFunction((lang) => document.documentElement.lang === lang, language);
  await page.locator('.rail a[href="/m/inbox"]').click();
  await mail.open(subject);
  const seen = [];
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 });
    await page.waitForTimeout(200);
    seen.push(await page.evaluate(() => {
      const bar = document.querySelector('.reader-pane .bar');
      const readable = [...bar.querySelectorAll(':scope > .ghost > span')].map((word) => {
        const one = word.getBoundingClientRect();
        const button = word.parentElement.getBoundingClientRect();
        return one.top < button.bottom && one.right <= button.right + 1 && one.left >= button.left - 1;
      });
      return { readable, fits: bar.scrollWidth <= bar.clientWidth };
    }));
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  return seen;
}

/** The heights that the lists of a split inbox have. */
export async function splitHeights(mail) {
  const page = await mail.at('/m/inbox');
  await mail.row(/./).first().waitFor();
  await mail.press('g', '5');
  await page.locator('.part .list[role=grid]').nth(1).waitFor();
  await page.waitForTimeout(300);
  const heights = await page.locator('.part .list[role=grid]').evaluateAll((lists) => lists.map((list) => list.clientHeight));
  await mail.press('g', '1');
  return heights;
}

/** Everything that a search finds is read. */
export async function readAll(mail, { words }) {
  await mail.at('/m/inbox');
  await mail.find(words);
  await mail.page.locator('.list [role=row][tabindex="0"]').first().focus();
  await mail.press('*', 'a', 'Shift+i');
  await mail.page.locator('.row.is-unread').first().waitFor({ state: 'detached' });
  await mail.press('*', 'n');
  await mail.page.locator('.search input').focus();
  await mail.press('Escape');
}

/** What the palette and the search of the settings find first by words of other programs. */
export async function otherNames(mail, { palette, settings, subject }) {
  const page = await mail.at('/m/inbox');
  await mail.open(subject);
  const seen = { palette: {}, settings: {} };
  for (const words of palette) {
    await mail.press('Control+k');
    await page.getByRole('dialog').getByRole('combobox').fill(words);
    await page.waitForTimeout(100);
    const first = page.getByRole('option').first();
    seen.palette[words] = (await first.count()) ? await first.evaluate((option) => [...option.querySelector(':scope > span').childNodes].filter((node) => node.className !== 'where').map((node) => node.textContent).join('').trim()) : '';
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  }
  // A setting that is found leads to its page.
  await mail.press('Control+k');
  await page.getByRole('dialog').getByRole('combobox').fill('signature');
  await page.getByRole('option').first().click();
  await page.waitForURL(/\/settings\/composing$/);
  for (const words of settings) {
    await page.locator('.set-nav input').fill(words);
    await page.waitForTimeout(50);
    seen.settings[words] = (await page.locator('.set-nav li').allInnerTexts()).map((name) => name.trim());
  }
  return seen;
}
