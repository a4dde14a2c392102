// Every screen of the client, each as the steps that lead to it. The checks of accessibility and the pictures walk through them.
const settingsPages = ['appearance', 'layout', 'keyboard', 'reading', 'composing', 'away', 'folders', 'labels', 'templates', 'notifications', 'offline', 'security'];

/** More than one line holds. */
const long = 'is:read has:attachment from:ruth after:2024-01-01 -in:trash larger:1k plan ';

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
  moveToNew: async (mail) => {
    await mail.page.getByRole('dialog').getByRole('combobox').fill('Lanterns');
    await mail.page.locator('#pick-0').waitFor();
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
    await mail.command({ en: 'Show me around', de: 'Rundgang starten', ar: 'جولة تعريفية' }[lang]);
    await mail.page.locator('.tour').waitFor();
  },
  search: async (mail) => {
    await mail.press('Escape');
    await mail.page.locator('.search input').first().fill('is:read plot');
    await mail.page.locator('.scope, [class*=scope]').first().waitFor();
    await mail.page.waitForTimeout(400);
  },
  searchLong: async (mail) => {
    await mail.page.locator('.search input').first().fill(long);
    await mail.page.locator('.search .op').nth(5).waitFor();
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
    await mail.page.locator('.set-nav a').first().waitFor();
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
    await mail.page.locator('.scrim').click({ position: { x: rtl ? 20 : mail.page.viewportSize().width - 20, y: 400 } });
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

/** A window of the size of a tablet: one pane at a time, with the sidebar. */
export const tablet = {
  list: desktop.list,
  reader: desktop.reader,
  reply: desktop.reply,
  composer: async (mail) => {
    await mail.page.locator('.composer .btn-ic').last().click();
    await mail.page.locator('.composer').waitFor({ state: 'detached' });
    await mail.press('Escape', 'c');
    await mail.page.locator('.composer.is-dock .editor').waitFor();
  },
  palette: async (mail) => {
    await mail.page.locator('.composer .dock-h .btn-ic').last().click();
    await mail.page.locator('.composer').waitFor({ state: 'detached' });
    await mail.press('Control+k');
    await mail.page.locator('.palette').waitFor();
  },
  search: desktop.search,
  history: desktop.history,
  outbox: desktop.outbox,
  waiting: desktop.waiting,
  'settings-appearance': desktop['settings-appearance'],
  'settings-keyboard': desktop['settings-keyboard'],
  'settings-folders': desktop['settings-folders'],
  'settings-security': desktop['settings-security'],
};

const popover = (mail) => mail.page.locator('[popover]:popover-open').waitFor();
const dialog = (mail) => mail.page.locator('dialog[open]').waitFor();
/** Whatever stands before the list goes. */
async function clear(mail) {
  for (let time = 0; time < 4 && (await mail.page.locator('dialog[open], [popover]:popover-open').count()); time++) await mail.press('Escape');
  await mail.at('/m/inbox');
  await mail.row(/./).first().waitFor();
}
async function reading(mail, subject) {
  await clear(mail);
  await mail.open(subject);
  await mail.text();
}
const messageMenu = async (mail, entry) => {
  await mail.page.locator('.msg .btn-ic[aria-haspopup=menu]').last().click();
  await popover(mail);
  await mail.page.locator('[popover]:popover-open').getByRole('menuitem', { name: entry }).click();
};

/** What is seen more seldom: menus, dialogs, empty and failed places, the states without a network and without a session. In English, on a desk. */
export const states = {
  narrowMenu: async (mail) => {
    await clear(mail);
    await mail.page.locator('.list-head .btn[aria-haspopup=menu]').click();
    await popover(mail);
  },
  accountMenu: async (mail) => {
    await clear(mail);
    await mail.page.locator('.rail .me, .rail [aria-haspopup=menu]').last().click();
    await popover(mail);
  },
  readerMenu: async (mail) => {
    await reading(mail, 'On long lines');
    await mail.page.locator('.reader-pane .bar [aria-haspopup=menu]').click();
    await popover(mail);
  },
  headers: async (mail) => {
    await reading(mail, 'On long lines');
    await messageMenu(mail, 'Header fields');
    await mail.page.locator('dialog[open] pre').waitFor();
  },
  source: async (mail) => {
    await reading(mail, 'On long lines');
    await messageMenu(mail, 'Source');
    await mail.page.locator('dialog[open] pre').waitFor();
  },
  addresses: async (mail) => {
    await reading(mail, 'On long lines');
    await mail.page.locator('.msg-h .to').last().click();
    await mail.page.locator('.addresses').waitFor();
  },
  preview: async (mail) => {
    await reading(mail, 'The allotment in spring');
    await mail.page.locator('.msg.is-line').filter({ has: mail.page.locator('.fact') }).first().click();
    await mail.page.locator('.att button.att-name').first().click();
    await mail.page.locator('dialog[open] .viewer img').waitFor();
  },
  pdf: async (mail) => {
    await clear(mail);
    if (!(await mail.row('Pages to look at').count())) return 'absent';
    await reading(mail, 'Pages to look at');
    await mail.page.getByRole('button', { name: /pages\.pdf/ }).first().click();
    await mail.page.locator('dialog[open] canvas').first().waitFor();
    await mail.page.locator('dialog[open] .words span').first().waitFor({ state: 'attached' });
    return undefined;
  },
  pdfLink: async (mail) => {
    const link = mail.page.locator('dialog[open] .to').first();
    if (!(await link.count())) return 'absent';
    await link.click();
    await mail.page.locator('dialog[open]').nth(1).waitFor();
    return undefined;
  },
  pdfLocked: async (mail) => {
    await clear(mail);
    if (!(await mail.row('Pages to look at').count())) return 'absent';
    await reading(mail, 'Pages to look at');
    await mail.page.getByRole('button', { name: /locked\.pdf/ }).first().click();
    await mail.page.locator('dialog[open] [role=alert]').waitFor();
    return undefined;
  },
  snooze: async (mail) => {
    await clear(mail);
    await mail.row(/./).first().focus();
    await mail.press('b');
    await dialog(mail);
  },
  label: async (mail) => {
    await clear(mail);
    await mail.row(/./).first().focus();
    await mail.press('l');
    await dialog(mail);
  },
  note: async (mail) => {
    await clear(mail);
    await mail.command('Note');
    await mail.page.waitForTimeout(400);
  },
  toast: async (mail) => {
    await clear(mail);
    await mail.row(/./).nth(3).focus();
    await mail.press('e');
    await mail.page.locator('.toast').first().waitFor();
  },
  written: async (mail) => {
    await mail.press('z');
    await clear(mail);
    await mail.write({ to: 'new.friend@elsewhere.example', subject: 'A harbour', text: 'Please find attached the chart.' });
    await mail.composer.locator('input[type=file]').setInputFiles({ name: 'chart of the harbour.txt', mimeType: 'text/plain', buffer: Buffer.from('soundings') });
    await mail.saved();
  },
  refused: async (mail) => {
    await mail.button('Send', mail.composer).click();
    await mail.says('Not sent');
  },
  held: async (mail) => {
    await mail.composer.locator('.dock-h .btn-ic').last().click();
    await mail.composer.waitFor({ state: 'detached' });
    await mail.write({ to: mail.login, subject: 'The harbour again', text: 'To myself, tomorrow.' });
    await mail.saved();
    await mail.button('More send options', mail.composer).click();
    await mail.page.getByRole('menuitem', { name: /Tomorrow morning/ }).click();
    await mail.says('Will be sent');
    await mail.at('/outbox');
    await mail.page.locator('.out-i').first().waitFor();
  },
  conflict: async (mail) => {
    await clear(mail);
    await mail.write({ to: mail.login, subject: 'The harbour from two sides', text: 'From here.' });
    await mail.saved();
    // Another device has thrown it away meanwhile.
    await mail.page.evaluate(async () => {
      const { accountId, csrf } = await (await fetch('/api/session')).json();
      const methodCalls = [['Email/query', { accountId, filter: { subject: 'The harbour from two sides' } }, '0'], ['Email/set', { accountId, '#destroy': { resultOf: '0', name: 'Email/query', path: '/ids' } }, '1']];
      await fetch('/jmap', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf }, body: JSON.stringify({ using: ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'], methodCalls }) });
    });
    await mail.composer.locator('.editor').click();
    await mail.page.keyboard.type(' And more.');
    await mail.says('changed elsewhere too');
  },
  composePage: async (mail) => {
    await mail.page.goto(`${mail.base}/compose/new`);
    await mail.page.locator('.composer .editor').waitFor();
  },
  folderRemoved: async (mail) => {
    await mail.page.goto(`${mail.base}/settings/folders`);
    await mail.page.getByLabel('New folder').fill('Harbour');
    await mail.page.locator('.set form.entry .btn.primary').first().click();
    await mail.page.getByRole('button', { name: /Remove Harbour|Harbour.*emove/ }).click();
    await dialog(mail);
  },
  secondFactor: async (mail) => {
    await mail.press('Escape');
    await mail.at('/settings/security');
    await mail.page.getByRole('button', { name: /Set up/ }).click();
    await mail.page.locator('.codes li').first().waitFor();
  },
  appPassword: async (mail) => {
    await mail.page.getByRole('button', { name: 'Cancel' }).click();
    await mail.page.locator('input[maxlength="60"]').fill(`An old phone ${Date.now() % 1e6}`);
    await mail.page.locator('input[maxlength="60"]').press('Enter');
    await mail.page.locator('.trust.ok .secret').waitFor();
  },
  searchEmpty: async (mail) => {
    await mail.at('/m/inbox');
    await mail.at('/s?q=');
    await mail.page.locator('.calm').waitFor();
  },
  searchOffers: async (mail) => {
    await mail.page.locator('.search input').first().fill('unr');
    await mail.page.locator('.offers button').first().waitFor();
  },
  searchNothing: async (mail) => {
    await mail.page.locator('.search input').first().fill('nothing of the kind');
    await mail.page.locator('.list-pane .calm h2').waitFor();
    await mail.page.waitForTimeout(500);
  },
  share: async (mail) => {
    await clear(mail);
    await mail.page.locator('.list-head .btn-ic[aria-haspopup=menu]').click();
    await popover(mail);
    await mail.page.getByRole('menuitem', { name: 'Share this folder' }).click();
    await mail.page.locator('dialog[open]').getByText('You share this with nobody.').waitFor();
  },
  empty: async (mail) => {
    await mail.page.goto(`${mail.base}/m/junk`);
    await mail.page.locator('.list-pane .calm').waitFor();
  },
  noSuchPlace: async (mail) => {
    await mail.page.goto(`${mail.base}/m/nowhere`);
    await mail.page.locator('.calm').waitFor();
  },
  noSuchConversation: async (mail) => {
    await mail.page.goto(`${mail.base}/m/inbox/nowhere`);
    await mail.page.locator('.reader-pane .calm').waitFor();
  },
  loading: async (mail) => {
    await mail.page.goto(`${mail.base}/m/inbox`);
    await mail.row(/./).first().waitFor();
    await mail.page.route('**/jmap/api*', () => undefined);
    await mail.page.route('**/jmap', () => undefined);
    await mail.at('/m/archive');
    await mail.page.waitForTimeout(600);
  },
  offline: async (mail) => {
    await mail.page.unroute('**/jmap/api*');
    await mail.page.unroute('**/jmap');
    await mail.page.goto(`${mail.base}/m/inbox`);
    await mail.row(/./).first().waitFor();
    await mail.page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    await mail.context.setOffline(true);
    await mail.row(/./).nth(2).focus();
    await mail.press('s');
    await mail.page.locator('.notice').waitFor();
    await mail.page.locator('.toast').first().waitFor();
  },
  fileNotHere: async (mail) => {
    await mail.row(/./).filter({ has: mail.page.locator('.vh', { hasText: 'Attachment' }) }).first().click();
    await mail.page.locator('.att').first().waitFor();
    await mail.page.locator('.att .btn-ic').first().click();
    await dialog(mail);
  },
  waitingDeeds: async (mail) => {
    await mail.press('Escape');
    await mail.at('/history');
  },
  searchOffline: async (mail) => {
    await mail.at('/m/inbox');
    await mail.press('/');
    await mail.page.locator('.search input').first().fill('the');
    await mail.says('cannot be reached');
    await mail.row(/./).first().waitFor();
  },
  atRisk: async (mail) => {
    await mail.at('/m/inbox');
    await mail.row(/./).nth(3).focus();
    // The browser takes nothing more, for as long as this one deed takes.
    await mail.page.evaluate(() => {
      const { put } = IDBObjectStore.prototype;
      window.putAgain = () => (IDBObjectStore.prototype.put = put);
      IDBObjectStore.prototype.put = function refused(...what) {
        const request = put.apply(this, what);
        this.transaction.abort();
        return request;
      };
    });
    await mail.press('s');
    await mail.page.locator('.notice.at-risk').waitFor();
    await mail.page.evaluate(() => window.putAgain());
  },
  unsent: async (mail) => {
    await mail.at('/m/inbox');
    await mail.at('/settings/security');
    await mail.page.getByRole('button', { name: 'Sign out' }).last().click();
    await dialog(mail);
  },
  ended: async (mail) => {
    await mail.press('Escape');
    await mail.context.setOffline(false);
    await mail.at('/m/inbox');
    await mail.page.locator('.notice').waitFor({ state: 'detached' });
    await mail.context.clearCookies();
    await mail.row(/./).nth(2).focus();
    await mail.press('s');
    await mail.page.locator('.notice.warn').waitFor();
  },
  signInAgain: async (mail) => {
    await mail.page.locator('.notice.warn .btn').click();
    await dialog(mail);
    await mail.page.locator('dialog[open] input[type=password]').waitFor();
  },
};

/** The places of a telephone beside those above. */
export const phoneStates = {
  pdf: async (mail) => {
    await mail.at('/m/inbox');
    await mail.row(/./).first().waitFor();
    if (!(await mail.row('Pages to look at').count())) return 'absent';
    await mail.row('Pages to look at').first().click();
    await mail.text();
    await mail.page.getByRole('button', { name: /pages\.pdf/ }).first().click();
    await mail.page.locator('dialog[open] canvas').first().waitFor();
    return undefined;
  },
  pdfLeft: async (mail) => {
    await mail.press('Escape');
    await mail.page.goto(`${mail.base}/m/inbox`);
    await mail.row(/./).first().waitFor();
  },
  search: async (mail) => {
    await mail.at('/m/inbox');
    await mail.page.locator('.tabs a[href^="/s?"]').click();
    await mail.page.locator('.search input').first().fill('the');
    await mail.row(/./).first().waitFor();
    await mail.page.waitForTimeout(500);
  },
  searchOffers: (mail) => states.searchOffers(mail),
  searchLong: desktop.searchLong,
  history: async (mail) => {
    await mail.page.locator('.tabs a[href="/history"]').click();
    await mail.page.locator('.page h1').waitFor();
  },
  outbox: async (mail) => {
    await mail.page.goto(`${mail.base}/outbox`);
    await mail.page.locator('.page h1').waitFor();
  },
  waiting: async (mail) => {
    await mail.page.goto(`${mail.base}/waiting`);
    await mail.page.locator('.page h1').waitFor();
  },
  ...Object.fromEntries(['appearance', 'keyboard', 'folders', 'labels', 'notifications', 'security'].map((page) => [`settings-${page}`, async (mail) => {
    await mail.page.goto(`${mail.base}/settings/${page}`);
    await mail.page.locator('.set h1').waitFor();
  }])),
  move: async (mail) => {
    await mail.page.goto(`${mail.base}/m/inbox`);
    await mail.row(/./).nth(6).click();
    await mail.text();
    await mail.page.getByRole('button', { name: 'Move' }).first().click();
    await dialog(mail);
  },
  offline: async (mail) => {
    await mail.press('Escape');
    await mail.page.goto(`${mail.base}/m/inbox`);
    await mail.row(/./).first().waitFor();
    await mail.context.setOffline(true);
    await mail.row(/./).nth(2).focus();
    await mail.press('s');
    await mail.page.locator('.notice').waitFor();
    await mail.page.locator('.toast').first().waitFor();
  },
};

export const sizes = { desktop, tablet, phone, states, phoneStates };
