// The pictures of the README, made anew from a demo that has just begun:
//   node flow/images.mjs http://127.0.0.1:8080 alice@example.test PASSWORD ../docs/images
import { chromium } from 'playwright-core';
import { Mail } from './mail.mjs';

const [base, login, password, folder] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node flow/images.mjs BASE LOGIN PASSWORD FOLDER');
  process.exit(2);
}
const desk = { viewport: { width: 1440, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1, hasTouch: true, isMobile: true };
const allotment = 'The allotment in spring';
const labels = [['Garden', 'Green', allotment], ['Workshop', 'Violet', '[kiln] v2.3.0'], ['Bills', 'Amber', 'Your invoice for October']];

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu'] });
let session;

async function labelled(mail, name, hue, subject) {
  const page = await mail.at('/settings/labels');
  await page.getByLabel('New label').fill(name);
  await mail.button('Add').click();
  await page.locator('.label-list li').last().getByLabel('Colour of the label').selectOption({ label: hue });
  await mail.at('/m/inbox');
  await mail.row(subject).first().focus();
  await mail.press('x', 'l');
  await page.getByRole('dialog').getByText(name, { exact: true }).click();
  await mail.press('Escape', 'Escape');
  await mail.row(subject).getByText(name).first().waitFor({ state: 'attached' });
}

/** The client with these choices; the letter about the new browser is read and filed, the labels are made. */
async function dressed(size, { theme = 'light', density = 'comfortable', layout = 'columns', language = 'en' } = {}) {
  const context = await browser.newContext({ ...size, locale: 'en-GB', timezoneId: 'Europe/Berlin', colorScheme: theme === 'dark' ? 'dark' : 'light', storageState: session });
  const mail = new Mail(context, { base, login, password });
  await mail.begin();
  if (!session) {
    await mail.signIn();
    await mail.row('A new device has signed in').first().focus();
    await mail.press('e');
    await mail.gone('A new device has signed in');
    for (const [name, hue, subject] of labels) await labelled(mail, name, hue, subject);
    await mail.page.waitForTimeout(1500); // settings and deeds reach the server a moment later
    session = await context.storageState();
  }
  mail.signedIn = true;
  await mail.at('/m/inbox');
  await mail.row(/./).first().waitFor();
  await mail.page.waitForLoadState('networkidle').catch(() => undefined);
  await mail.page.evaluate((values) => localStorage.setItem('mailstead.settings', JSON.stringify({ ...JSON.parse(localStorage.getItem('mailstead.settings') ?? '{}'), ...values })), { theme, density, layout, language });
  await mail.page.goto(`${base}/m/inbox`);
  await mail.row(/./).first().waitFor();
  return mail;
}

/** The picture, and the choices as they were. */
async function taken(mail, name) {
  await mail.page.mouse.move(0, 0);
  await mail.page.waitForTimeout(900);
  await mail.page.screenshot({ path: `${folder}/${name}.png` });
  await mail.context.close();
}

{
  const mail = await dressed(desk);
  await mail.open(allotment);
  await mail.text();
  await taken(mail, 'reader');
}
{
  const mail = await dressed(desk, { theme: 'dark', density: 'regular' });
  await mail.open('Eleven things to do with a pumpkin');
  await mail.text();
  await taken(mail, 'dark');
}
{
  const mail = await dressed(desk);
  await mail.find('plot committee');
  await mail.row(allotment).first().click();
  await mail.text();
  await taken(mail, 'search');
}
{
  const mail = await dressed(desk);
  await mail.press('c');
  const { composer } = mail;
  await composer.waitFor();
  await mail.fillTo('carol@example.test');
  await composer.getByLabel('Subject').fill('Keys on Saturday');
  await composer.locator('.editor').click();
  await mail.page.keyboard.type('Dear Carol,\n\nI shall bring the plum cake. Shall we meet at the gate at ten?\n\nAlice');
  await taken(mail, 'composer');
}
{
  const mail = await dressed(desk, { language: 'ar' });
  await mail.open('موعد القراءة');
  await mail.text();
  await taken(mail, 'arabic');
}
{
  const mail = await dressed(desk);
  await mail.at('/settings/appearance');
  await mail.page.locator('#language').waitFor();
  await taken(mail, 'appearance');
}
await taken(await dressed(desk, { theme: 'contrast', density: 'compact', layout: 'table' }), 'contrast');

// Two screens of a telephone side by side.
{
  const screens = [];
  const list = await dressed(phone);
  await list.page.waitForTimeout(900);
  screens.push(await list.page.screenshot());
  await list.open(allotment);
  await list.text();
  await list.page.waitForTimeout(900);
  screens.push(await list.page.screenshot());
  await list.context.close();
  const page = await browser.newPage({ viewport: { width: 860, height: 892 } });
  const img = (screen) => `<img src="data:image/png;base64,${screen.toString('base64')}">`;
  await page.setContent(`<style>body{margin:0;background:#eceef3;display:flex;gap:32px;padding:24px}img{width:390px;height:844px;border-radius:16px;box-shadow:0 1px 6px #0002}</style>${screens.map(img).join('')}`);
  await page.waitForFunction(() => [...document.images].every(({ complete }) => complete));
  await page.screenshot({ path: `${folder}/phone.png` });
}
await browser.close();
