// The same mail in other circumstances: no mouse, a slow line, several windows and devices, no motion, right to left, twice the size.

// ------------------------------------------------------------------------------------------------ keyboard alone
/** Tab (or Shift+Tab) until the focus is on what `selector` names; every stop on the way has to show that it has the focus. */
async function tabTo(mail, selector, { back = false, most = 60 } = {}) {
  const hidden = [];
  for (let stops = 0; stops < most; stops++) {
    await mail.page.keyboard.press(back ? 'Shift+Tab' : 'Tab');
    const stop = await mail.page.evaluate((wanted) => {
      const here = document.activeElement;
      const shows = [here, here.parentElement, here.closest('.field, .search, label')].some((one) => one && (getComputedStyle(one).outlineStyle !== 'none' || getComputedStyle(one).boxShadow !== 'none'));
      return { there: here.matches(wanted), shows: shows || here === document.body, name: here.outerHTML.slice(0, 120) };
    }, selector);
    if (!stop.shows) hidden.push(stop.name);
    if (stop.there) return hidden;
  }
  throw new Error(`Tab never comes to ${selector}`);
}

/** From the door to the last deed without a mouse: sign in, read, answer, file, find, choose a setting. */
export async function keyboardAlone(mail, { first, second, reply }) {
  const { page } = mail;
  const hidden = [];
  await page.goto(mail.base);
  await page.waitForFunction(() => document.activeElement?.id === 'login');
  await page.keyboard.type(mail.login);
  await page.keyboard.press('Tab');
  await page.keyboard.type(mail.password);
  await page.keyboard.press('Enter');
  await mail.row(first).first().waitFor();
  mail.signedIn = true;
  // To the list, down to the message, in and to the box for the answer.
  hidden.push(...(await tabTo(mail, '.list [role=row]')));
  while (!(await page.evaluate((subject) => document.activeElement?.textContent.includes(subject), first))) await mail.press('ArrowDown');
  await mail.press('Enter');
  await page.locator('.reader-pane h1').filter({ hasText: first }).waitFor();
  await mail.text();
  await mail.press('F6');
  hidden.push(...(await tabTo(mail, '.reply .ph')));
  await page.keyboard.press('Enter');
  await mail.composer.locator('.editor').waitFor();
  await page.waitForFunction(() => document.activeElement?.closest('.composer'));
  if (!(await page.evaluate(() => document.activeElement.isContentEditable))) hidden.push(...(await tabTo(mail, '.editor')));
  await page.keyboard.type(reply);
  await mail.press('Control+Enter');
  await mail.says('Sending to');
  // Another one is found, opened from the list and filed.
  await mail.press('Escape', '/');
  await page.keyboard.type(second);
  await mail.row(second).first().waitFor();
  await mail.press('Enter');
  await page.waitForFunction((subject) => document.activeElement?.closest('[role=row]')?.textContent.includes(subject), second);
  await mail.press('Enter');
  await page.locator('.reader-pane h1').filter({ hasText: second }).waitFor();
  await mail.press('l');
  await page.waitForFunction(() => document.activeElement?.matches('dialog [role=combobox]'));
  await page.keyboard.type('Desk');
  await mail.press('Enter');
  await mail.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await mail.press('e', 'g', ',');
  await page.waitForURL('**/settings/appearance');
  hidden.push(...(await tabTo(mail, 'input[name="set.density"]')));
  await mail.press('ArrowRight');
  await page.locator(':root[data-density="regular"]').waitFor({ state: 'attached' });
  hidden.push(...(await tabTo(mail, '.rail a[href="/m/inbox"]', { back: true })));
  await page.keyboard.press('Enter');
  await mail.row(/./).first().waitFor();
  return hidden;
}

// ------------------------------------------------------------------------------------------------ a slow line
/** A line so slow that the server hears nothing of what `holds` (all, where it says nothing), and says nothing, before it is let go: what shows until then shows without an answer. */
async function slow(mail, holds = () => true) {
  const held = [];
  const asked = /\/jmap$|\/api\//;
  const hold = (route) => (holds(route.request().postData() ?? '') ? void held.push(route) : route.fallback());
  await mail.context.route(asked, hold);
  return {
    told: (words) => held.some((route) => route.request().postData()?.includes(words)),
    letGo: async () => {
      await mail.context.unroute(asked, hold);
      // A question of a page that is gone by now has nobody to answer to.
      await Promise.all(held.splice(0).map((route) => route.continue().catch(() => undefined)));
    },
  };
}

/** Everything is seen before the server has heard of it: two deeds, the head of a message whose text is not here yet, and the list of a page loaded anew. */
export async function slowLine(mail, { filed, flagged, read }) {
  // Texts come onto the device by themselves some time after the list.
  const texts = await slow(mail, (words) => words.includes('fetchHTMLBodyValues'));
  const page = await mail.at('/m/inbox');
  await mail.row(read).first().waitFor();
  const line = await slow(mail);
  const seen = {};
  await mail.row(filed).first().focus();
  await mail.press('e');
  await mail.gone(filed);
  await mail.row(flagged).first().focus();
  await mail.press('s');
  await mail.row(flagged).locator('.flag-red').waitFor();
  await mail.open(read); // its head at once, a quiet place for the text, then the text
  seen.head = await page.locator('.msg iframe').count();
  while (!line.told('Email/set')) await page.waitForTimeout(50);
  await line.letGo();
  await texts.letGo();
  seen.text = (await (await mail.text()).evaluate(() => document.body.textContent)).trim();
  await page.waitForFunction(() => !document.querySelector('.sync-dot.is-busy'), undefined, { timeout: 40_000 });
  // Loaded anew, the list is on the screen before the server has said anything at all, also not who is signed in.
  const again = await slow(mail);
  await page.goto(`${mail.base}/m/inbox`, { waitUntil: 'commit' });
  await mail.row(read).first().waitFor();
  await again.letGo();
  return seen;
}

// ------------------------------------------------------------------------------------------------ several windows
/** Sent and filed without a network in one window; a second one, opened then, knows of it; both hear the server again at the same moment. */
export async function twoWindowsOffline(mail, { filed, to, subject }) {
  const page = await mail.at('/m/inbox');
  await mail.row(filed).first().waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await page.waitForTimeout(1500); // the application itself comes onto the device
  await mail.context.setOffline(true);
  await mail.row(filed).first().focus();
  await mail.press('e');
  await mail.gone(filed);
  await mail.write({ to, subject, text: 'Once is enough.' });
  await mail.press('Control+Enter');
  await mail.says('Waits in the outbox');
  const other = await mail.context.newPage();
  mail.watch(other);
  await other.goto(`${mail.base}/history`);
  const waiting = other.locator('.out ul').first().locator('.hist');
  await waiting.nth(1).waitFor();
  const known = await waiting.count();
  await mail.context.setOffline(false);
  for (const window of [page, other]) await window.waitForFunction(() => !document.querySelector('.notice'), undefined, { timeout: 40_000 });
  await other.locator('.hist').filter({ hasText: 'waiting' }).first().waitFor({ state: 'detached', timeout: 40_000 });
  await other.close();
  return known;
}

/** A choice made in one window is in force in the other at once. */
export async function choiceInBoth(mail) {
  const page = await mail.at('/settings/appearance');
  const other = await mail.context.newPage();
  mail.watch(other);
  await other.goto(`${mail.base}/m/inbox`);
  await other.locator('.row').first().waitFor();
  await page.getByText('Dark', { exact: true }).click();
  await other.locator(':root[data-theme="dark"]').waitFor({ state: 'attached' });
  await page.getByText('Light', { exact: true }).click();
  await other.locator(':root[data-theme="light"]').waitFor({ state: 'attached' });
  await other.close();
}

// ------------------------------------------------------------------------------------------------ several devices
/** Take up a draft and leave it open. */
export async function takeUpDraft(mail, { subject }) {
  await mail.at('/m/drafts');
  await mail.row(subject).first().click();
  await mail.composer.locator('.editor').waitFor();
}

/** Write into the draft that is open and wait until it is kept; whether the page speaks of two versions. */
export async function goOnWriting(mail, { text }) {
  await mail.composer.locator('.editor').click();
  await mail.press('Control+End');
  await mail.page.keyboard.type(text);
  await mail.saved();
  await mail.page.waitForTimeout(1500);
  await mail.saved();
  return mail.composer.locator('.preflight[role=status]').count();
}

/** Read here what was done there, without asking for it. */
export async function follows(mail, { gone, flagged }) {
  await mail.at('/m/inbox');
  await mail.gone(gone);
  await mail.row(flagged).locator('.flag-red').waitFor();
}

// ------------------------------------------------------------------------------------------------ no motion, twice the size, right to left
/** What still moves where nobody wants motion, on the way through reading, menus, dialogs and filing. */
export async function withoutMotion(mail, { subject }) {
  await mail.at('/m/inbox');
  const moving = new Set();
  const look = async () => {
    for (const one of await mail.page.evaluate(() => document.getAnimations().map((animation) => `${animation.transitionProperty ?? animation.animationName} of ${animation.effect?.target?.className} for ${animation.effect?.getComputedTiming().activeDuration}`))) moving.add(one);
  };
  await mail.row(subject).first().click();
  await look();
  await mail.text();
  for (const key of ['.', 'Escape', 'Control+k', 'Escape', 'v', 'Escape', 'c']) {
    await mail.press(key);
    await look();
  }
  await mail.composer.waitFor();
  await look();
  await mail.press('Escape');
  await mail.composer.waitFor({ state: 'detached' });
  await mail.press('e');
  await look();
  await mail.gone(subject);
  return [...moving];
}

/** At twice the size: read, file and find by hand, and nothing lies outside the window. */
export async function filedAtTwiceTheSize(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.row(subject).first().click();
  await mail.text();
  const box = await mail.button('Archive').first().boundingBox();
  const { width, height } = mail.page.viewportSize();
  await mail.button('Archive').first().click();
  await mail.gone(subject);
  return box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height;
}

/** In Arabic: the border moves the way of its arrow, what is written runs from the right, and it is sent as it was written. */
export async function rightToLeft(mail, { to, subject, text }) {
  const page = await mail.at('/settings/appearance');
  await page.locator('#language').selectOption('ar');
  await page.waitForFunction(() => document.documentElement.dir === 'rtl');
  await page.locator('.rail a[href="/m/inbox"]').click();
  await mail.row(/./).first().waitFor();
  const width = async () => (await page.locator('.list-pane').boundingBox()).width;
  const before = await width();
  await page.locator('.splitter').first().focus();
  await mail.press('ArrowLeft', 'ArrowLeft');
  const wider = (await width()) > before;
  await mail.press('c');
  await mail.composer.locator('input').first().waitFor();
  await page.keyboard.type(to);
  await mail.press('Tab');
  await mail.composer.locator('input[id$="-subject"]').fill(subject);
  await mail.composer.locator('.editor').click();
  await page.keyboard.type(text);
  const from = await mail.composer.locator('.editor').evaluate((editor) => getComputedStyle(editor.querySelector('div, p') ?? editor).direction);
  await mail.press('Control+Enter');
  await page.locator('.composer').waitFor({ state: 'detached' });
  return { wider, from };
}

/** The page stays open over midnight, and once more while the machine sleeps: what the list and the reader say of a message, at each time. `now`: a minute before midnight. */
export async function overMidnight(mail, { subject, now }) {
  await mail.context.clock.install({ time: new Date(now) });
  const page = await mail.at('/m/inbox');
  await mail.open(subject);
  const says = async () => ({
    heading: await page.locator('.sec').first().textContent(),
    row: await mail.row(subject).locator('time').textContent(),
    message: await page.locator('.msg-h time').last().textContent(),
  });
  const seen = [await says()];
  await page.clock.runFor(65_000);
  seen.push(await says());
  await page.clock.fastForward(7 * 86_400_000);
  await page.clock.runFor(100);
  seen.push(await says());
  return seen;
}
