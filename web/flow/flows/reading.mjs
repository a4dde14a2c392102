// Reading and filing.

/** Archive with the keyboard. */
export async function archive(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.text();
  await mail.press('e');
  await mail.gone(subject);
  await mail.says('Archived');
}

/** Archive, load the page anew, take it back: undo outlives a reload. */
export async function undoAfterReload(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.press('e');
  await mail.gone(subject);
  await mail.page.locator('.sync-dot:not(.is-busy)').waitFor();
  await mail.reload();
  await mail.row(/./).first().waitFor();
  await mail.press('z');
  await mail.row(subject).waitFor();
}

/** Read every hostile message, pictures neither asked for nor shown. */
export async function hostile(mail, { subjects }) {
  await mail.at('/m/inbox');
  const origins = [];
  for (const subject of subjects) {
    await mail.open(subject);
    const frame = await mail.text();
    await mail.page.waitForTimeout(600);
    origins.push(await frame.evaluate(() => self.origin));
  }
  return {
    origins,
    reachable: await mail.page.evaluate(() => document.querySelector('.msg iframe').contentDocument !== null),
    marked: await mail.page.evaluate(() => window.marked === true),
  };
}

/** Ask for the remote pictures of a message: they come by the proxy or not at all. */
export async function showPictures(mail, { subject, picture }) {
  // The proxy itself refuses addresses of this machine; what it would have fetched stands in for them.
  await mail.context.route('**/proxy/image?*', (route) => route.fulfill({ contentType: 'image/png', body: Buffer.from(picture, 'base64') }));
  await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.says('A remote picture was not loaded.');
  await mail.button('Show pictures').click();
  await mail.page.locator('.msg iframe[src="/frame-remote.html"]').waitFor();
  const frame = await mail.text();
  await frame.waitForFunction(() => document.images.length > 0 && [...document.images].every((image) => image.complete));
  return frame.evaluate(() => [...document.images].map((image) => ({ width: image.naturalWidth, path: new URL(image.src).pathname })));
}

/** An inline picture of the message itself is on the screen. */
export async function inlinePicture(mail, { subject, mailbox = '/m/inbox' }) {
  await mail.at(mailbox);
  await mail.open(subject);
  const frame = await mail.text();
  await frame.waitForFunction(() => document.images[0]?.naturalWidth > 0);
  return frame.evaluate(() => document.images[0].naturalWidth);
}

/** The subjects of a list, from the top. */
export async function rows(mail, { path }) {
  await mail.at(path);
  return mail.subjects();
}

/** The names in the sidebar, from the top. */
export async function sidebar(mail) {
  await mail.at('/m/inbox');
  await mail.row(/./).first().waitFor();
  await mail.page.waitForTimeout(500);
  return mail.page.locator('.side .nav-item .t').allTextContents();
}

/** What is behind a message: earlier words folded away and unfolded, the addresses, the headers, the source, the message without its looks. */
export async function behindTheMessage(mail, { subject, quoted }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  let frame = await mail.text();
  const hidden = !(await frame.getByText(quoted).isVisible());
  await frame.locator('details.mailstead-fold summary').first().click();
  await frame.getByText(quoted).waitFor();
  const { page } = mail;
  await page.locator('.msg .to').last().click();
  const addresses = await page.locator('.addresses dd').allTextContents();
  const menu = async (name) => {
    await page.locator('.msg').last().getByRole('button', { name: /More/ }).click();
    await page.getByRole('menuitem', { name, exact: true }).click();
  };
  const seen = {};
  for (const [name, key] of [['Header fields', 'headers'], ['Source', 'source']]) {
    await menu(name);
    await page.getByRole('dialog').locator('pre').waitFor();
    seen[key] = await page.getByRole('dialog').locator('pre').textContent();
    await mail.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  }
  return { hidden, addresses: addresses.map((text) => text.trim()), ...seen };
}

/** In the dark the message is dark as well, and light where one wants to see it as it was made. */
export async function darkMessage(mail, { subject }) {
  await mail.at('/m/inbox');
  const page = mail.page;
  await page.evaluate(() => localStorage.setItem('mailstead.settings', JSON.stringify({ ...JSON.parse(localStorage.getItem('mailstead.settings')), theme: 'dark' })));
  await page.reload();
  await mail.open(subject);
  const light = async () => (await mail.text()).evaluate(() => {
    const [r, g, b] = getComputedStyle(document.querySelector('p')).color.match(/[\d.]+/g).map(Number);
    return (r + g + b) / 3;
  });
  const dark = await light();
  await page.locator('.msg').last().getByRole('button', { name: /More/ }).click();
  await page.getByRole('menuitem', { name: 'Show in its own colours' }).click();
  await page.waitForTimeout(400);
  const shown = await light();
  await page.evaluate(() => localStorage.setItem('mailstead.settings', JSON.stringify({ ...JSON.parse(localStorage.getItem('mailstead.settings')), theme: 'light' })));
  await page.reload();
  return { dark, shown };
}

/** A conversation of very many messages: the list's subjects, how many the row counts, and what the newest says. */
export async function longConversation(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.row(subject).first().waitFor();
  const subjects = await mail.subjects();
  const count = await mail.row(subject).first().locator('.n').textContent();
  await mail.open(subject);
  const newest = await (await mail.text()).evaluate(() => document.body.textContent);
  return { subjects, count, newest };
}

/** All files of a message by one button: what the archive is called, and what it is. */
export async function downloadAll(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.text();
  const coming = mail.page.waitForEvent('download');
  await mail.page.getByRole('button', { name: 'Download all' }).click();
  const download = await coming;
  const pieces = [];
  for await (const piece of await download.createReadStream()) pieces.push(piece);
  return { name: download.suggestedFilename(), says: await mail.page.locator('.msg .all .hint').textContent(), base64: Buffer.concat(pieces).toString('base64') };
}

/** Files looked at in place, each by its button: what is seen, and whether the focus is back at the button. */
export async function previews(mail, { subject, names }) {
  const page = await mail.at('/m/inbox');
  await mail.open(subject);
  const seen = {};
  for (const name of names) {
    const button = page.locator('.reader-pane').getByRole('button', { name: new RegExp(name) }).first();
    await button.focus();
    await mail.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.locator('img, pre').waitFor();
    seen[name] = await dialog.evaluate(async (one) => {
      const image = one.querySelector('img');
      await image?.decode();
      return image ? image.naturalWidth : one.querySelector('pre').textContent.trim();
    });
    await mail.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    seen[`focus after ${name}`] = await button.evaluate((one) => one === document.activeElement);
  }
  return seen;
}

/** Mail with styles: they are there in its frame; as text it is words, line by line; quoted in an answer they go along. */
export async function styled(mail, { subject, to }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  const frame = await mail.text();
  const seen = await frame.evaluate(() => ({ attribute: getComputedStyle(document.querySelector('#one')).color, sheet: getComputedStyle(document.querySelector('.two')).color, words: document.querySelector('#three').textContent }));
  await mail.page.locator('.msg .btn-ic[aria-haspopup=menu]').last().click();
  await mail.page.getByRole('menuitem', { name: /plain text/i }).click();
  await mail.page.waitForFunction(() => document.querySelectorAll('.msg iframe').length > 0);
  let text = '';
  for (let tries = 0; tries < 40 && !/^One/m.test(text); tries++) {
    await mail.page.waitForTimeout(100);
    text = await (await mail.text()).evaluate(() => (document.documentElement.className === 'text' ? document.body.innerText : ''));
  }
  await mail.press('r');
  await mail.composer.locator('.editor').waitFor();
  await mail.page.keyboard.type('As you say.');
  const quoted = await mail.composer.locator('.editor blockquote').innerText();
  if (to) await mail.fillTo(to);
  await mail.button('Send', mail.composer).click();
  await mail.says('Sending to');
  return { ...seen, text: text.split('\n').map((line) => line.trim()).filter(Boolean), quoted: quoted.includes('style="none"') };
}

/** The first answer on this device, to a message that is longer than the window: whether what sends it can be seen without scrolling. */
export async function answerInView(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.text();
  await mail.press('r');
  const send = mail.page.locator('.composer.is-inline [data-send]');
  await send.waitFor();
  const inView = await mail.page.waitForFunction((button) => button.getBoundingClientRect().bottom <= innerHeight, await send.elementHandle(), { timeout: 5000 }).then(() => true, () => false);
  await mail.page.locator('.composer .dock-f .btn-ic').last().click();
  await mail.page.locator('.composer').waitFor({ state: 'detached' });
  return inView;
}

/** A conversation as the printer gets it: how high the sheet and the message are, where its text begins, and what of the screen is left around it. */
export async function onPaper(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.text();
  await mail.page.emulateMedia({ media: 'print' });
  const seen = await mail.page.evaluate(() => {
    const { height, left } = document.querySelector('.msg iframe').getBoundingClientRect();
    const around = [...document.querySelectorAll('.rail, .side, .bar, .list-pane, .reply, .star, .msg .btn-ic')].filter((one) => one.checkVisibility());
    return { sheet: document.documentElement.scrollHeight, height, left, around: around.map((one) => one.className) };
  });
  await mail.page.emulateMedia({ media: null });
  return seen;
}

/** One message printed: what its frame gives to the printer, and how many pages the whole window has where somebody prints that instead. */
export async function printed(mail, { subject }) {
  // The dialog of the browser stays away; that it was asked for is seen in the frame.
  await mail.context.addInitScript(() => {
    if (self.origin === 'null') window.print = () => document.documentElement.setAttribute('data-printed', '');
  });
  const page = await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.text();
  await mail.button('More for this message').last().click();
  await page.getByRole('menuitem', { name: 'Print' }).click();
  const element = page.locator('.frame.is-print');
  await element.waitFor({ state: 'attached' });
  const frame = await (await element.elementHandle()).contentFrame();
  await frame.locator('html[data-printed]').waitFor();
  const paper = await frame.evaluate(() => {
    const head = [...document.documentElement.children].find((one) => one.shadowRoot);
    return {
      first: head.nextElementSibling === document.body,
      head: [...head.shadowRoot.querySelectorAll('h1, div')].map((line) => line.textContent),
      headShown: head.getBoundingClientRect().height > 20 && getComputedStyle(head).display === 'block',
      text: document.body.innerText,
      folded: [...document.querySelectorAll('details')].filter((one) => !one.open).length,
      pictures: [...document.images].filter((image) => image.src).length,
      ink: getComputedStyle(document.body).color,
    };
  });
  await frame.evaluate(() => void setTimeout(() => dispatchEvent(new Event('afterprint')), 100));
  await element.waitFor({ state: 'detached' });
  // A sheet is narrower than the window: what is on the screen stays, with the text in it.
  const shown = await page.locator('.msg iframe').last().elementHandle();
  const pages = (await page.pdf({ format: 'A4' })).toString('latin1').match(/\/Type\s*\/Page\b/g).length;
  return { paper, pages, kept: await shown.evaluate((frame) => frame.isConnected) };
}

/** A conversation printed whole: how many of its messages are unfolded, with their text, when the browser is asked to print. */
export async function printedWhole(mail, { subject }) {
  const page = await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.text();
  await page.evaluate(() => (window.print = () => document.documentElement.setAttribute('data-printed', document.querySelectorAll('.msg iframe:not([style*="hidden"])').length)));
  await mail.press(':');
  await page.waitForFunction(() => document.querySelectorAll('.msg iframe').length === 1);
  const folded = await page.locator('.msg.is-line').count();
  await page.locator('.reader-pane .bar [aria-haspopup=menu]').click();
  await page.getByRole('menuitem', { name: 'Print the conversation' }).click();
  await page.locator('html[data-printed]').waitFor();
  return { folded, printed: Number(await page.evaluate(() => document.documentElement.dataset.printed)) };
}

/** Loaded anew with a conversation open: what is done then is done to it. */
export async function filedAfterReload(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.reload();
  await mail.page.locator('.reader-pane h1').filter({ hasText: subject }).waitFor();
  await mail.button('Archive', mail.page.locator('.reader-pane')).first().waitFor();
  await mail.press('e');
  await mail.gone(subject);
  await mail.page.locator('.sync-dot:not(.is-busy)').waitFor();
}
