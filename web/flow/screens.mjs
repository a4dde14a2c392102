// Every screen of the client, each as the steps that lead to it. The checks of accessibility and the pictures walk through them.
const settingsPages = ['appearance', 'layout', 'keyboard', 'reading', 'composing', 'away', 'folders', 'labels', 'templates', 'notifications', 'offline', 'security'];

export const desktop = {
  list: async (mail) => {
    await mail.at('/m/inbox');
    await mail.row(/./).first().waitFor();
  },
  reader: async (mail) => {
    await mail.row(/./).nth(6).click();
    await mail.text();
    await mail.page.waitForTimeout(200);
  },
  messageMenu: async (mail) => {
    await mail.page.locator('.msg .btn-ic[aria-haspopup=menu]').last().click();
    await mail.page.locator('[popover]:popover-open').waitFor();
  },
  reply: async (mail) => {
    await mail.press('Escape', 'r');
    await mail.page.locator('.composer.is-inline').waitFor();
  },
  selection: async (mail) => {
    await mail.page.locator('.composer .btn-ic').last().click();
    await mail.page.locator('.composer').waitFor({ state: 'detached' });
    await mail.row(/./).nth(1).focus();
    await mail.press('x', 'j', 'x');
    await mail.page.locator('.pile').waitFor();
  },
  composer: async (mail) => {
    await mail.press('Escape', 'c');
    await mail.page.locator('.composer.is-dock').waitFor();
    await mail.page.locator('.composer').last().locator('.editor').waitFor();
  },
  sendMenu: async (mail) => {
    await mail.page.locator('.composer .split .btn[aria-haspopup]').click();
    await mail.page.locator('[popover]:popover-open').waitFor();
  },
  palette: async (mail) => {
    await mail.press('Escape');
    await mail.page.locator('.composer .dock-h .btn-ic').last().click();
    await mail.page.locator('.composer').waitFor({ state: 'detached' });
    await mail.press('Control+k');
    await mail.page.locator('.palette').waitFor();
  },
  keys: async (mail) => {
    await mail.press('Escape', '?');
    await mail.page.locator('dialog[open]').waitFor();
  },
  move: async (mail) => {
    await mail.press('Escape', 'v');
    await mail.page.locator('#pick-list').waitFor();
  },
  flag: async (mail) => {
    await mail.press('Escape', 'Shift+s');
    await mail.page.locator('.flags').waitFor();
  },
  note: async (mail) => {
    await mail.press('Escape', 'Shift+n');
    await mail.page.locator('dialog[open] textarea').waitFor();
  },
  remind: async (mail) => {
    await mail.press('Escape', 'w');
    await mail.page.locator('dialog[open] .pick-list').waitFor();
  },
  tour: async (mail) => {
    await mail.press('Escape');
    const lang = await mail.page.evaluate(() => document.documentElement.lang);
    await mail.command({ en: 'Show me around', de: 'Führe mich herum', ar: 'عرّفني بالمكان' }[lang]);
    await mail.page.locator('.tour').waitFor();
  },
  search: async (mail) => {
    await mail.press('Escape');
    await mail.page.locator('.search input').first().fill('is:read plot');
    await mail.page.locator('.scope, [class*=scope]').first().waitFor();
    await mail.page.waitForTimeout(400);
  },
  history: (mail) => mail.at('/history'),
  outbox: (mail) => mail.at('/outbox'),
  waiting: async (mail) => {
    await mail.at('/waiting');
    await mail.page.locator('.page h1').waitFor();
  },
  ...Object.fromEntries(settingsPages.map((page) => [`settings-${page}`, async (mail) => {
    await mail.at('/settings/appearance');
    const link = mail.page.locator(`.set-nav a[href="/settings/${page}"]`);
    if (!(await link.count())) return 'absent';
    await link.click();
    await mail.page.locator('.set h1').waitFor();
    return undefined;
  }])),
  below: async (mail) => {
    await mail.at('/m/inbox');
    await mail.press('g', '2');
    await mail.row(/./).first().waitFor();
  },
  table: async (mail) => {
    await mail.press('g', '3');
    await mail.page.locator('.trow').first().waitFor();
  },
  split: async (mail) => {
    await mail.press('g', '5');
    await mail.page.locator('.part').nth(1).waitFor();
  },
  again: async (mail) => {
    await mail.press('g', '1');
    await mail.row(/./).first().waitFor();
  },
};

export const phone = {
  list: async (mail) => {
    await mail.at('/m/inbox');
    await mail.row(/./).first().waitFor();
  },
  drawer: async (mail) => {
    await mail.page.locator('.top .btn-ic').first().click();
    await mail.page.locator('.drawer-open').waitFor();
    await mail.page.waitForTimeout(250);
  },
  reader: async (mail) => {
    const rtl = await mail.page.evaluate(() => document.documentElement.dir === 'rtl');
    await mail.page.locator('.scrim').click({ position: { x: rtl ? 20 : 370, y: 400 } });
    await mail.row(/./).nth(6).click();
    await mail.text();
    await mail.page.waitForTimeout(200);
  },
  composer: async (mail) => {
    await mail.page.locator('.reader-pane .bar .btn-ic').first().click();
    await mail.page.locator('.fab').click();
    await mail.page.locator('.composer.is-phone .editor').waitFor();
  },
  settings: async (mail) => {
    await mail.page.locator('.composer .dock-h .btn-ic').last().click();
    await mail.page.locator('.tabs a[href^="/settings"]').click();
    await mail.page.locator('.set h1').waitFor();
  },
};
