// Pictures of every screen, for people to look at: each theme in each density, on a desk and on a telephone, on a small telephone, a tablet, a narrow and a wide
// window, German, Arabic, what is seen seldom in each theme, and the page before signing in.
//   node flow/pictures.mjs http://127.0.0.1:8080 alice@example.test PASSWORD FOLDER [words that a set's name must have]
// A set is FOLDER/<size>-<theme>-<density>[-<language>]/<screen>.png; sheet.html beside them shows them all.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { pictures } from './flows/looks.mjs';
import { Mail } from './mail.mjs';

const [base, login, password, folder, ...words] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node flow/pictures.mjs BASE LOGIN PASSWORD FOLDER [WORD...]');
  process.exit(2);
}
const viewports = {
  desktop: { viewport: { width: 1440, height: 900 } },
  narrow: { viewport: { width: 1280, height: 800 } },
  wide: { viewport: { width: 1920, height: 1080 } },
  tablet: { viewport: { width: 820, height: 1180 }, hasTouch: true },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
  small: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
};
const screensOf = { narrow: 'desktop', wide: 'desktop', small: 'phone' };
const sets = [];
for (const size of ['narrow', 'wide', 'tablet', 'small']) sets.push({ size, theme: 'light', density: 'comfortable' });
for (const size of ['desktop', 'phone']) {
  for (const theme of ['light', 'dark', 'contrast']) for (const density of ['comfortable', 'regular', 'compact']) sets.push({ size, theme, density });
  for (const language of ['de', 'ar']) sets.push({ size, theme: 'light', density: 'comfortable', language });
  // What is seen seldom changes the account: last.
  for (const theme of ['light', 'dark', 'contrast']) sets.push({ size, theme, density: 'comfortable', seldom: true });
}
const nameOf = ({ size, theme, density, language, seldom }) => [size, theme, density, language, seldom && 'seldom'].filter(Boolean).join('-');

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu'] });
const open = async (size, theme, storageState) => {
  const context = await browser.newContext({ ...viewports[size], locale: 'en-GB', timezoneId: 'Europe/Berlin', colorScheme: theme === 'dark' ? 'dark' : 'light', storageState });
  const mail = new Mail(context, { base, login, password });
  await mail.begin();
  mail.signedIn = storageState !== undefined;
  return mail;
};
/** Signed in once for all: of each new browser the server writes a letter. */
async function signedIn() {
  const mail = await open('desktop', 'light');
  await mail.signIn();
  const state = await mail.context.storageState();
  await mail.context.close();
  return state;
}
/** The page of who is not signed in, before and after a password that is wrong. */
async function door({ size, theme }) {
  const mail = await open(size, theme);
  const { page } = mail;
  await page.goto(base);
  await page.getByLabel('Address').waitFor();
  await page.evaluate((value) => (document.documentElement.dataset.theme = value), theme);
  const to = `${folder}/${size}-${theme}-door`;
  mkdirSync(to, { recursive: true });
  await page.screenshot({ path: `${to}/door.png` });
  await page.getByLabel('Address').fill('nobody@example.test');
  await page.getByLabel('Password', { exact: true }).fill('not this one');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('[role=alert], .trust.danger, .problem').first().waitFor();
  await page.screenshot({ path: `${to}/refused.png` });
  await mail.context.close();
}

const wanted = (name) => words.every((word) => name.includes(word));
const failed = [];
for (const size of ['desktop', 'phone']) for (const theme of ['light', 'dark', 'contrast']) if (wanted(`${size}-${theme}-door`)) await door({ size, theme });
const session = await signedIn();
for (const set of sets) {
  const name = nameOf(set);
  if (!wanted(name)) continue;
  const mail = await open(set.size, set.theme, session);
  const size = set.seldom ? { desktop: 'states', phone: 'phoneStates' }[set.size] : (screensOf[set.size] ?? set.size);
  try {
    await pictures(mail, { ...set, language: set.language ?? 'en', size, folder: `${folder}/${name}` });
  } catch (error) {
    failed.push(`${name}: ${error.message.split('\n')[0]}`);
  }
  await mail.context.close();
}
await browser.close();
const shown = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.png')).sort();
writeFileSync(`${folder}/sheet.html`, `<!doctype html><style>figure{display:inline-block;margin:4px}img{height:420px;border:1px solid #999}</style>${shown.map((file) => `<figure><a href="${file}"><img loading="lazy" src="${file}"></a><figcaption>${file}</figcaption></figure>`).join('')}`);
console.log(`${shown.length} pictures in ${folder}`);
if (failed.length) {
  console.error(failed.join('\n'));
  process.exit(1);
}
