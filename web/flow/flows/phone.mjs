// On a phone: with a thumb.
import { finger, hold, middle, swipe } from '../touch.mjs';

/** One to the one side, one to the other, a third not far enough; then one opened, read and filed by its button, and one written. */
export async function thumb(mail, { archived, trashed, kept, filed, to, subject }) {
  const page = await mail.at('/m/inbox');
  await mail.row(kept).first().waitFor();
  await swipe(mail, archived, 170);
  await mail.gone(archived);
  await swipe(mail, trashed, -170);
  await mail.gone(trashed);
  await swipe(mail, kept, 40);
  await page.waitForTimeout(300);
  const still = await mail.row(kept).count();
  await mail.row(filed).first().tap();
  await mail.text();
  await page.locator('.reader-pane .acts-bar').getByRole('button', { name: 'Archive' }).tap();
  // The next one is open then: back to the list.
  await page.locator('.reader-pane h1').filter({ hasNotText: filed }).waitFor();
  await page.locator('.reader-pane .bar .btn-ic').first().tap();
  await mail.row(kept).first().waitFor();
  await mail.gone(filed);
  await page.locator('.fab').tap();
  await mail.composer.locator('.editor').waitFor();
  await mail.composer.getByLabel('To', { exact: true }).fill(to);
  await mail.press('Tab');
  await mail.composer.getByLabel('Subject').fill(subject);
  await mail.composer.locator('.editor').tap();
  await page.keyboard.type('From the tram.');
  await mail.button('Send', mail.composer).tap();
  await mail.says('Sending to');
  return still;
}

/** Much is asked at once: the parts of the question, and those that stand outside of the field or of the screen. */
export async function longQuestion(mail, { query }) {
  const page = await mail.at('/m/inbox');
  await page.locator('.tabs a[href^="/s?"]').tap();
  await page.locator('.search input').fill(query);
  await page.locator('.search .op').first().waitFor();
  return page.locator('.search').evaluate((field) => {
    const parts = [...field.querySelectorAll('.op, input')].map((one) => one.getBoundingClientRect());
    const { left, right, bottom } = field.getBoundingClientRect();
    return { parts: parts.length, outside: parts.filter((one) => one.left < left || one.right > right || one.bottom > bottom).length, screen: right <= innerWidth && left >= 0 };
  });
}

/** The head of a place and its first line: one below the other. */
export async function headsOfPlaces(mail) {
  const over = {};
  for (const path of ['/waiting', '/outbox']) {
    await mail.page.goto(mail.base + path);
    await mail.page.locator('.page h1').waitFor();
    over[path] = await mail.page.evaluate(() => document.querySelector('.top').getBoundingClientRect().bottom <= document.querySelector('.page h1').getBoundingClientRect().top);
  }
  return over;
}

/** Shown around: a telephone has no keys and no panes, so nothing is said of them. */
export async function firstRunByThumb(mail) {
  const page = await mail.at('/settings/appearance');
  await mail.command('Show me around');
  const heads = [];
  const tour = page.getByRole('dialog');
  for (let step = 0; step < 3; step++) {
    heads.push(await tour.locator('h3').textContent());
    await tour.locator('.btn.primary').tap();
  }
  await tour.waitFor({ state: 'detached' });
  return heads;
}

/** Cut off from the news, which come by themselves otherwise. */
export async function withoutNews(mail, { subject }) {
  await mail.page.route('**/*', (route) => (route.request().resourceType() === 'eventsource' ? route.abort() : route.fallback()));
  // What comes after this has been answered is news.
  const answered = mail.page.waitForResponse((answer) => /"Email\/(?:changes|queryChanges)"/.test(answer.request().postData() ?? ''));
  await mail.page.reload();
  await answered;
  await mail.row(subject).first().waitFor();
}

/** Draw the list down: not far enough, then far enough. What it says, and whether the new one is there before and after. */
export async function pullForNews(mail, { subject }) {
  const page = mail.page;
  const from = await middle(page.locator('.list .row').first());
  const count = () => mail.row(subject).count();
  const before = await count();
  await finger(mail, from, { x: from.x, y: from.y + 60 });
  await page.waitForTimeout(800);
  const little = await count();
  await finger(mail, from, { x: from.x, y: from.y + 200 });
  await mail.says(/Checking for new mail|Everything is here/);
  await mail.row(subject).first().waitFor();
  await mail.says('Everything is here');
  await page.locator('.pull .says').waitFor({ state: 'detached' });
  return { before, little, after: await count() };
}

/** Hold one, tap another: both are chosen; filed by the bar that has come. How many it said. */
export async function holdAndFile(mail, { first, second, kept }) {
  const page = mail.page;
  await hold(mail, first);
  const held = await page.locator('.selnote strong').textContent();
  await mail.row(second).first().tap();
  await page.locator('.selnote strong').filter({ hasText: '2' }).waitFor();
  const bar = await page.locator('.selbar').evaluate((bar) => ({ wide: bar.scrollWidth <= innerWidth, small: [...bar.querySelectorAll('button')].filter((one) => one.getBoundingClientRect().width < 24 || one.getBoundingClientRect().right > innerWidth).length }));
  const opened = await page.locator('.reader-pane').count();
  await page.locator('.selbar').getByRole('button', { name: 'Archive' }).tap();
  await mail.gone(first);
  await mail.gone(second);
  await mail.row(kept).first().waitFor();
  return { held, ...bar, opened, left: await page.locator('.selbar').count() };
}

/** The colour of one's own begins where the other colours do; fields of a page of the settings whose words in grey do not fit. */
export async function narrowSettings(mail) {
  const page = await mail.at('/settings/appearance');
  await page.locator('.own').waitFor();
  const own = await page.evaluate(() => document.querySelector('.own input').getBoundingClientRect().left - document.querySelector('.dots label').getBoundingClientRect().left);
  await mail.at('/settings/security');
  await page.locator('input[placeholder]').first().waitFor();
  const cut = await page.evaluate(() => {
    const pen = document.createElement('canvas').getContext('2d');
    return [...document.querySelectorAll('main input[placeholder]')].filter((field) => {
      const { font, paddingInlineStart, paddingInlineEnd } = getComputedStyle(field);
      pen.font = font;
      return field.clientWidth && pen.measureText(field.placeholder).width > field.clientWidth - parseFloat(paddingInlineStart) - parseFloat(paddingInlineEnd);
    }).map(({ placeholder }) => placeholder);
  });
  return { own: Math.round(own), cut };
}
