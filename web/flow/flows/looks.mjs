// What every screen looks like, to people and to the tools that check for people.
import { mkdirSync, readFileSync } from 'node:fs';
import { desktop, sizes } from '../screens.mjs';

const axe = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

async function violations(page, only) {
  await page.evaluate(() => Promise.allSettled(document.getAnimations().filter((one) => one.effect?.getComputedTiming().iterations !== Infinity).map((one) => one.finished)));
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  return page.evaluate(
    async ([tags, one]) => {
      const options = { iframes: false, resultTypes: ['violations'], runOnly: one ? { type: 'rule', values: one } : { type: 'tag', values: tags } };
      const found = await window.axe.run(document, options);
      return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 180)} ${node.any.concat(node.all, node.none).map((check) => check.message).join('; ').slice(0, 200)}`));
    },
    [rules, only],
  );
}

async function dress(mail, { theme, density, language }) {
  await mail.at('/m/inbox');
  await mail.row(/./).first().waitFor();
  // What the server keeps of the choices has come, and is not written over what is chosen now.
  await mail.page.waitForLoadState('networkidle').catch(() => undefined);
  await mail.page.evaluate(
    (values) => {
      const kept = { ...JSON.parse(localStorage.getItem('mailstead.settings') ?? '{}'), ...values };
      localStorage.setItem('mailstead.settings', JSON.stringify(kept));
    },
    Object.fromEntries(Object.entries({ theme, density, language, layout: 'columns' }).filter(([, value]) => value)),
  );
  await mail.page.goto(`${mail.base}/m/inbox`);
  await mail.row(/./).first().waitFor();
}

/**
 * Every finding of axe-core on every screen: all rules in the light theme, the contrast of colours in each other one. `from` and `to`: only
 * these of the screens.
 */
export async function accessible(mail, { size = 'desktop', from = 0, to = 1000, language = undefined }) {
  await dress(mail, { theme: 'light', language });
  if (language) await mail.page.locator(`:root[lang=${language}]`).waitFor({ state: 'attached' });
  const out = {};
  const seen = [];
  for (const [name, go] of Object.entries(sizes[size]).slice(from, to)) {
    if ((await go(mail)) === 'absent') continue;
    seen.push(name);
    for (const theme of ['light', 'dark', 'contrast']) {
      await mail.page.evaluate((value) => (document.documentElement.dataset.theme = value), theme);
      const found = await violations(mail.page, theme === 'light' ? null : ['color-contrast']);
      if (found.length) out[`${name}, ${theme}`] = found;
    }
    await mail.page.evaluate(() => (document.documentElement.dataset.theme = 'light'));
  }
  await mail.context.setOffline(false);
  await mail.page.goto(`${mail.base}/m/inbox`);
  return { seen: seen.length, found: out, dir: await mail.page.evaluate(() => document.documentElement.dir) };
}

/** The sign-in page, which has no account to dress: as it is, when the password was wrong, and its second step. */
export async function accessibleDoor(mail) {
  const { page } = mail;
  const found = [];
  await page.goto(mail.base);
  await page.getByLabel('Address').waitFor();
  const look = async () => {
    for (const theme of ['light', 'dark', 'contrast']) {
      await page.evaluate((value) => (document.documentElement.dataset.theme = value), theme);
      found.push(...(await violations(page, theme === 'light' ? null : ['color-contrast'])));
    }
  };
  await look();
  await page.getByLabel('Address').fill('nobody@example.test');
  await page.getByLabel('Password', { exact: true }).fill('not this one');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('[role=alert], .trust.danger, .problem').first().waitFor();
  await look();
  // The second step, and the one without the telephone; both also when the code was wrong.
  await page.route('**/api/session', (route) => (route.request().method() === 'POST' ? route.fulfill({ status: 401, contentType: 'application/problem+json', body: '{"type":"urn:mailstead:error:totp-required","status":401}' }) : route.continue()));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByLabel('Code').waitFor();
  await look();
  await page.getByRole('button', { name: 'Use a recovery code' }).click();
  await page.getByLabel('Recovery code').fill('abcde-fghjk');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('[role=alert]').waitFor();
  await look();
  await page.unroute('**/api/session');
  return found;
}

/** A picture of every screen, for people to look at. */
export async function pictures(mail, { folder, theme, density, language, size = 'desktop', only = null }) {
  mkdirSync(folder, { recursive: true });
  await dress(mail, { theme, density, language });
  for (const [name, go] of Object.entries(sizes[size])) {
    if ((await go(mail)) === 'absent') continue;
    await mail.page.waitForTimeout(150);
    if (!only || only.includes(name)) await mail.page.screenshot({ path: `${folder}/${name}.png` });
  }
  // What was chosen on the way, and chosen back, is told to the server a moment later.
  await mail.page.waitForTimeout(800);
}

/** The page in a language: which way it is written, and its first words. */
export async function language(mail, { language }) {
  const page = await mail.at('/settings/appearance');
  await page.locator('#language').selectOption(language);
  await page.waitForFunction((code) => document.documentElement.lang === code, language);
  await page.locator('.rail a[href="/m/inbox"]').click();
  await mail.row(/./).first().waitFor();
  const box = async (selector) => (await page.locator(selector).first().boundingBox()).x;
  return { dir: await page.evaluate(() => document.documentElement.dir), places: await page.locator('.side .nav-item .t').allTextContents(), listBeforeReader: (await box('.list-pane')) < (await box('.reader-pane')) };
}

/** At 200 % zoom (a window of half the size) nothing has to be scrolled sideways, and the keys still do their work. */
export async function zoomed(mail) {
  const wide = {};
  for (const [name, go] of Object.entries(desktop)) {
    if (!['list', 'reader', 'composer', 'history', 'outbox', 'waiting', 'settings-appearance', 'settings-security', 'settings-keyboard'].includes(name)) continue;
    if (name === 'composer') await mail.press('Escape');
    await go(mail);
    const over = await mail.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (over > 0) wide[name] = over;
    if (name === 'composer') {
      await mail.page.locator('.composer .dock-h .btn-ic').last().click();
      await mail.page.locator('.composer').waitFor({ state: 'detached' });
    }
  }
  return wide;
}
