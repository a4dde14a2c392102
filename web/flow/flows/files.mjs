// Files: looked at in place, whatever they would like to do, and on their way up.

const dialog = (mail) => mail.page.locator('dialog[open]').first();

async function openFile(mail, name) {
  const button = mail.page.locator('.reader-pane').getByRole('button', { name: new RegExp(name) }).first();
  await button.focus();
  await mail.press('Enter');
  return button;
}

/** A page that is drawn: whether it has ink, and its words. */
async function drawn(mail, number) {
  const leaf = dialog(mail).locator(`[data-page="${number}"]`);
  await leaf.locator('canvas').waitFor();
  await leaf.locator('.words span').first().waitFor({ state: 'attached' });
  return leaf.evaluate((one) => {
    const canvas = one.querySelector('canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let ink = false;
    for (let at = 0; at < data.length && !ink; at += 4) ink = data[at] < 128;
    return { ink, words: [...one.querySelectorAll('.words span')].map((span) => span.textContent).join(' ').trim() };
  });
}

const place = (mail) => dialog(mail).getByLabel('Page', { exact: true }).inputValue();
const placed = (mail, number) => mail.page.waitForFunction((wanted) => document.querySelector('dialog[open] .where input').value === wanted, String(number));
const broad = (mail) => dialog(mail).locator('[data-page="1"]').evaluate((one) => one.getBoundingClientRect().width);

/** A PDF file by the keyboard: its pages, its size, its words, and back to where one was. */
export async function readPdf(mail, { subject, name }) {
  const page = await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.text();
  const button = await openFile(mail, name);
  const seen = { first: await drawn(mail, 1) };
  seen.title = await dialog(mail).getByRole('heading').textContent();
  seen.of = (await dialog(mail).locator('.where').innerText()).trim();
  const far = dialog(mail).locator('[data-page="30"]');
  seen.drawnAtOnce = await dialog(mail).locator('canvas').count();
  await mail.press('n');
  await placed(mail, 2);
  seen.second = await drawn(mail, 2);
  await dialog(mail).getByLabel('Page', { exact: true }).fill('30');
  await mail.press('Enter');
  await placed(mail, 30);
  seen.thirtieth = await drawn(mail, 30);
  seen.inView = await far.evaluate((one) => one.getBoundingClientRect().top >= 0 && one.getBoundingClientRect().top < innerHeight / 2);
  await mail.press('p');
  await placed(mail, 29);
  await mail.press('Home');
  await placed(mail, 1);
  seen.before = await broad(mail);
  await mail.press('+', '+');
  await mail.page.waitForFunction((width) => document.querySelector('dialog[open] [data-page="1"]').getBoundingClientRect().width > width * 1.2, seen.before);
  seen.larger = await dialog(mail).locator('.much').innerText();
  await mail.press('0');
  await mail.page.waitForFunction((width) => Math.abs(document.querySelector('dialog[open] [data-page="1"]').getBoundingClientRect().width - width) < 1, seen.before);
  await drawn(mail, 1);
  // Words are marked as in any text.
  const line = await dialog(mail).locator('[data-page="1"] .words span').first().boundingBox();
  await page.mouse.move(line.x + 1, line.y + line.height / 2);
  await page.mouse.down();
  await page.mouse.move(line.x + line.width - 1, line.y + line.height / 2, { steps: 4 });
  await page.mouse.up();
  await mail.press('Control+c');
  await dialog(mail).getByLabel('Page', { exact: true }).focus();
  await mail.press('Control+v');
  seen.marked = await place(mail);
  await dialog(mail).locator('.pages').focus();
  // What a screen reader is told of: pages by name, the place that has changed.
  seen.names = await dialog(mail).getByRole('group').first().getAttribute('aria-label');
  await mail.press('Escape');
  await dialog(mail).waitFor({ state: 'detached' });
  seen.back = await button.evaluate((one) => one === document.activeElement);
  return seen;
}

/** A link of a file: what is said of where it leads, and where that is; a page of the same file; an address to write to. */
export async function pdfLinks(mail, { subject, name }) {
  const page = await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.text();
  await openFile(mail, name);
  await drawn(mail, 1);
  const links = dialog(mail).locator('[data-page="1"] .to');
  await links.nth(2).waitFor();
  const seen = { names: await links.evaluateAll((all) => all.map((one) => one.getAttribute('aria-label'))) };
  await dialog(mail).getByRole('button', { name: 'To page 3' }).click();
  await placed(mail, 3);
  await mail.press('Home');
  await placed(mail, 1);
  await links.nth(0).click();
  const asked = page.locator('dialog[open]').last();
  await mail.button('Open it', asked).waitFor();
  seen.says = (await asked.locator('.dialog-p').innerText()).trim();
  await mail.button('Stay here', asked).click();
  seen.stayed = page.context().pages().length;
  await links.nth(0).click();
  const coming = page.context().waitForEvent('page');
  await mail.button('Open it', page.locator('dialog[open]').last()).click();
  const opened = await coming;
  seen.opener = await opened.evaluate(() => window.opener === null);
  await opened.waitForURL(/elsewhere/).catch(() => undefined);
  seen.at = opened.url();
  await opened.close();
  await page.bringToFront();
  await links.nth(1).click();
  await mail.composer.locator('.editor').waitFor();
  seen.to = await mail.composer.locator('.rcpt, .chip, .pill').first().innerText();
  await mail.composer.locator('.dock-h .btn-ic').last().click();
  await page.locator('.composer').waitFor({ state: 'detached' });
  return seen;
}

/** What cannot be shown: what is said, and what is taken from there instead. */
export async function pdfRefused(mail, { subject, names }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.text();
  const seen = {};
  for (const name of names) {
    await openFile(mail, name);
    await dialog(mail).getByRole('alert').waitFor();
    const coming = mail.page.waitForEvent('download');
    await dialog(mail).getByRole('link', { name: 'Download' }).click();
    seen[name] = [(await dialog(mail).getByRole('alert').locator('p').innerText()).trim(), (await coming).suggestedFilename()];
    await mail.press('Escape');
    await dialog(mail).waitFor({ state: 'detached' });
  }
  return seen;
}

/** Files that would like to do something, each opened and looked at: what the page has asked for beside our own server, and how large what was drawn is. */
export async function hostilePdf(mail, { subject, names, offers = [] }) {
  const page = await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.text();
  const asked = [];
  const listen = (request) => (request.url().startsWith(mail.base) || request.url().startsWith('blob:') ? null : asked.push(request.url()));
  page.context().on('request', listen);
  const seen = { sizes: {}, offered: {}, links: 0, asked };
  const pages = page.context().pages().length;
  for (const name of names) {
    await openFile(mail, name);
    const { words } = await drawn(mail, 1);
    const canvas = dialog(mail).locator('[data-page="1"] canvas');
    seen.sizes[name] = [words, await canvas.evaluate((one) => one.width * one.height), await dialog(mail).locator('.leaf').first().evaluate((one) => Math.max(one.offsetWidth, one.offsetHeight))];
    // Clicked wherever it can be.
    if (offers.includes(name)) {
      await dialog(mail).locator('.to').first().click();
      const asked = page.locator('dialog[open]').nth(1);
      seen.offered[name] = (await asked.locator('.dialog-p').innerText()).trim();
      await mail.press('Escape');
      await asked.waitFor({ state: 'detached' });
    } else {
      const box = await dialog(mail).locator('.pages').boundingBox();
      await page.mouse.click(box.x + box.width / 2, box.y + box.height / 3);
    }
    seen.links += await dialog(mail).locator('.to').count();
    await mail.press('Escape');
    await dialog(mail).waitFor({ state: 'detached' });
  }
  seen.marked = await page.evaluate(() => window.marked ?? null);
  seen.opened = page.context().pages().length - pages;
  page.context().off('request', listen);
  return seen;
}

/** The colour of a page at this place, in shares of it. */
export async function pdfColour(mail, { subject, name, x, y }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.text();
  await openFile(mail, name);
  await drawn(mail, 1);
  const colour = await dialog(mail).locator('[data-page="1"] canvas').evaluate((one, [right, down]) => [...one.getContext('2d').getImageData(one.width * right, one.height * down, 1, 1).data], [x, y]);
  await mail.press('Escape');
  return colour;
}

/** On a telephone: as broad as the window, and nothing beside it. */
export async function pdfOnPhone(mail, { subject, name }) {
  const page = await mail.at('/m/inbox');
  await mail.row(subject).first().click();
  await mail.text();
  await page.getByRole('button', { name: new RegExp(name) }).first().click();
  await drawn(mail, 1);
  return dialog(mail).evaluate((one) => {
    const leaf = one.querySelector('[data-page="1"]').getBoundingClientRect();
    const pages = one.querySelector('.pages');
    return { window: innerWidth, left: one.getBoundingClientRect().left, dialog: one.getBoundingClientRect().width, leaf: leaf.width, aside: pages.scrollWidth - pages.clientWidth, targets: [...one.querySelectorAll('.tools .btn-ic')].map((button) => Math.min(button.offsetWidth, button.offsetHeight)) };
  });
}

/** Looked at with a network, and once more without one. */
export async function pdfOffline(mail, { subject, name, other }) {
  const page = await mail.at('/m/inbox');
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await mail.reload();
  await mail.open(subject);
  await mail.text();
  await openFile(mail, name);
  await drawn(mail, 1);
  await mail.press('Escape');
  await mail.until(async () => {
    for (const key of await caches.keys()) for (const { url } of await (await caches.open(key)).keys()) if (/pdf\.worker/.test(url)) return true;
    return false;
  });
  await mail.context.setOffline(true);
  await mail.says('Offline');
  await openFile(mail, name);
  const seen = { words: (await drawn(mail, 1)).words };
  await mail.press('Escape');
  await openFile(mail, other);
  seen.other = (await dialog(mail).getByRole('alert').locator('p').innerText()).trim();
  await mail.press('Escape');
  await mail.context.setOffline(false);
  await page.locator('.sync-dot:not(.is-busy):not(.is-off)').waitFor();
  return seen;
}

/** On their way up over a slow line: how far a file is; one that is called off; one that the server refuses at first; one whose line breaks. Then they are sent. */
export async function uploads(mail, { to, subject, file, doomed, refused, broken }) {
  const page = await mail.at('/m/inbox');
  const cdp = await mail.context.newCDPSession(page);
  await cdp.send('Network.enable');
  const line = (rate) => cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 50, downloadThroughput: rate, uploadThroughput: rate });
  const attach = ({ name, base64 }) => mail.composer.getByLabel('Attach files').setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(base64, 'base64') });
  const bar = (name) => mail.composer.getByRole('progressbar', { name: `Uploading ${name}` });
  const value = (name) => bar(name).evaluate((one) => one.value, undefined, { timeout: 2000 }).catch(() => null);
  const item = (name) => mail.composer.locator('.att').filter({ hasText: name });
  await mail.write({ to, subject, text: 'Files for you.' });
  const seen = { values: [] };
  await line(400_000);
  await attach(file);
  await bar(file.name).waitFor();
  for (let now = await value(file.name); now !== null; now = await value(file.name)) if (now !== seen.values.at(-1)) seen.values.push(now);
  seen.size = (await item(file.name).locator('.size').innerText()).trim();
  await mail.button('Send', mail.composer).waitFor();
  // One that is not wanted after all, half way.
  await line(100_000);
  const failed = page.waitForEvent('requestfailed', (request) => /upload/.test(request.url()));
  await attach(doomed);
  await page.waitForFunction(() => (document.querySelector('.composer progress')?.value ?? 0) > 0.05);
  await mail.button('Send', mail.composer).click();
  seen.waits = (await mail.composer.locator('.preflight[role=alert] p').innerText()).trim();
  await mail.button(`Remove ${doomed.name}`, mail.composer).click();
  await failed;
  await item(doomed.name).waitFor({ state: 'detached' });
  seen.gone = await mail.composer.getByRole('progressbar').count();
  await line(-1);
  // One that the server does not take at first.
  await mail.context.route('**/upload/**', (route) => route.fulfill({ status: 503, body: '' }), { times: 1 });
  await attach(refused);
  await item(refused.name).locator('.bad-part').waitFor();
  seen.refused = (await item(refused.name).locator('.size').innerText()).trim();
  await mail.button(`Upload ${refused.name} again`, mail.composer).click();
  await item(refused.name).getByText(/kB|MB/).waitFor();
  // One whose line breaks: it stays here, and goes up when the line is back.
  await mail.context.route('**/upload/**', (route) => route.abort('connectionreset'), { times: 1 });
  await attach(broken);
  await item(broken.name).getByText(/uploads when|kB|MB/).waitFor();
  await item(broken.name).getByText(/kB|MB/).waitFor();
  await mail.saved();
  await cdp.detach();
  await mail.button('Send', mail.composer).click();
  await mail.says('Sending to');
  return seen;
}
