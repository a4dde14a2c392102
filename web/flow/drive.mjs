// One browser, one flow by name; what it saw goes to standard output as JSON. The tests that call it look at the server over IMAP.
import { chromium } from 'playwright-core';

const [flow, base, login, password] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB' });
const page = await context.newPage();
const errors = [];
page.on('pageerror', (error) => errors.push(error.message));
page.on('console', (message) => {
  if (message.type() === 'error' && !/401/.test(message.text())) errors.push(message.text());
});

const row = (subject) => page.locator('.row').filter({ hasText: subject });

async function signIn() {
  await page.goto(base);
  await page.getByLabel('Address').fill(login);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('.row .subj').first().waitFor();
}

const flows = {
  /** Archive with the keyboard, load the page anew, take it back: undo outlives a reload. */
  async archive() {
    await row('To be filed').click();
    await page.locator('.msg iframe').first().waitFor();
    await page.keyboard.press('e');
    await row('To be filed').waitFor({ state: 'detached' });
    await page.getByText('Archived', { exact: true }).waitFor();
    await page.waitForTimeout(1000);
    return { archived: true };
  },
  async undo() {
    await page.goto(`${base}/history`);
    await page.getByText('Nothing done yet').waitFor();
    await page.goto(`${base}/m/inbox`);
    await row('To be kept').click();
    await page.keyboard.press('e');
    await row('To be kept').waitFor({ state: 'detached' });
    await page.waitForTimeout(1000);
    await page.reload();
    await page.locator('.row .subj').first().waitFor();
    await page.waitForTimeout(500);
    await page.keyboard.press('z');
    await row('To be kept').waitFor();
    await page.waitForTimeout(1000);
    return { back: true };
  },
  /** Write to somebody, think better of it, send it after all. */
  async send() {
    await page.keyboard.press('c');
    await page.getByLabel('To', { exact: true }).fill('user2@example.test');
    await page.keyboard.press('Tab');
    await page.getByLabel('Subject').fill('Written in a browser');
    await page.locator('.editor').click();
    await page.keyboard.type('All is well.');
    await page.keyboard.press('Control+Enter');
    await page.getByText('Sending to').waitFor();
    await page.keyboard.press('z');
    await page.getByText('Not sent').waitFor();
    await page.locator('.composer').getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('Sending to').waitFor();
    await page.waitForTimeout(15_000);
    return { sent: true };
  },
  /** Read every hostile message, pictures neither asked for nor shown. */
  async hostile() {
    const origins = [];
    for (const subject of ['hostile 1', 'hostile 2', 'hostile 3']) {
      await row(subject).click();
      await page.locator('.msg iframe').first().waitFor();
      await page.waitForTimeout(1200);
      const frame = page.frames().find((candidate) => candidate.url().includes('/frame.html'));
      origins.push(await frame?.evaluate(() => self.origin));
    }
    return { origins, reachable: await page.evaluate(() => document.querySelector('.msg iframe').contentDocument !== null), marked: await page.evaluate(() => window.marked === true) };
  },
};

try {
  await signIn();
  const result = await flows[flow]();
  console.log(JSON.stringify({ ...result, errors }));
} finally {
  await browser.close();
}
