// The web client as a person handles it: pages, rows, keys, the composer. Flows are written in these words.

class Late extends Error {}

const UNTIL_MS = 25_000;

/** What becomes of `promise`, or an error where that takes longer: not everything that a browser is asked has a bound of its own. */
export function within(ms, promise) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Late(`no answer within ${ms / 1000} s`)), ms)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export class Mail {
  constructor(context, { base, login, password }) {
    Object.assign(this, { context, base, login, password });
    this.errors = [];
    /** Commands that there are, and those that were carried out. */
    this.commands = { added: new Set(), ran: new Set() };
  }

  async begin() {
    this.context.setDefaultTimeout(UNTIL_MS); // also where two flows and a server share two cores
    // Whoever is tested has been shown around.
    await this.context.addInitScript(() => {
      if (self.origin !== 'null' && !localStorage.getItem('mailstead.settings')) localStorage.setItem('mailstead.settings', '{"toured":true}');
    });
    await this.context.exposeBinding('toldOfCommand', (_, { what, id }) => this.commands[what].add(id));
    await this.context.addInitScript(() => addEventListener('mailstead:command', ({ detail }) => window.toldOfCommand(detail)));
    this.page = await this.context.newPage();
    this.watch(this.page);
  }

  /** What goes wrong in a page is kept; refused sign-ins and the browser's own words about a server that is away are not. */
  watch(page) {
    // Firefox tells of modules that were on their way when the page was left.
    page.on('pageerror', (error) => /error loading dynamically imported module/.test(error.message) || this.errors.push(error.stack || error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !/status of 40[13]|ERR_CONNECTION|ERR_INTERNET_DISCONNECTED|ERR_FAILED|ERR_NETWORK|ERR_INCOMPLETE|ERR_EMPTY/.test(message.text())) this.errors.push(message.text());
    });
  }

  // ------------------------------------------------------------------------------------------------ in and out
  async signIn({ password = this.password, code } = {}) {
    const { page } = this;
    await page.goto(this.base);
    await page.getByLabel('Address').fill(this.login);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    if (code) {
      await page.getByLabel('Code').fill(code);
      await page.getByRole('button', { name: 'Sign in' }).click();
    }
    await page.locator('.side .nav-item').first().waitFor({ state: 'attached' });
    this.signedIn = true;
  }

  /** Signed in and at this place of the application, by its own links where there is one. */
  async at(path = '/m/inbox') {
    if (!this.signedIn) await this.signIn();
    const link = this.page.locator(`a[data-route][href="${path}"]:visible`).first();
    if (await link.count()) await link.click();
    else if (new URL(this.page.url()).pathname !== path) await this.page.goto(this.base + path);
    return this.page;
  }

  async reload() {
    await this.page.reload();
    await this.page.locator('.side .nav-item').first().waitFor({ state: 'attached' });
  }

  // ------------------------------------------------------------------------------------------------ list and reader
  row(subject) {
    return this.page.locator('.row, .trow').filter({ hasText: subject });
  }

  async open(subject) {
    await this.row(subject).first().click();
    await this.page.locator('.reader-pane h1').filter({ hasText: subject }).waitFor();
  }

  /** Wait until this, asked in the page, is so. It may take its time to answer, for which `waitForFunction` does not wait: a promise is true for it. */
  async until(predicate, arg) {
    for (const end = Date.now() + UNTIL_MS; !(await this.page.evaluate(predicate, arg)); await this.page.waitForTimeout(100)) {
      if (Date.now() > end) throw new Error(`it has not come to pass within ${UNTIL_MS} ms: ${predicate}`);
    }
  }

  /** The newest frame that shows a message's text. */
  async text() {
    for (let tries = 1; ; tries++) {
      try {
        await this.page.locator('.msg iframe').last().waitFor();
        const frame = await within(8000, (await this.page.locator('.msg iframe').last().elementHandle()).contentFrame());
        await within(20_000, frame.waitForFunction(() => document.body.textContent.trim() !== '' || document.images.length > 0));
        return frame;
      } catch (error) {
        // A frame that goes while it is asked may never answer; another has taken its place.
        if (tries === 3) throw error;
      }
    }
  }

  async gone(subject) {
    await this.row(subject).first().waitFor({ state: 'detached' });
  }

  /** What stands in the list: of a short one every row has been drawn, and none is missing. */
  async subjects() {
    await this.page.waitForFunction(() => {
      const list = document.querySelector('.list[role=grid]');
      return list ? document.querySelectorAll('.row .subj').length >= Math.min(8, Number(list.ariaRowCount)) : document.querySelector('.list-pane .calm');
    });
    return this.page.locator('.row .subj').allTextContents();
  }

  /** Search for this, and wait until all that will be found is there. */
  async find(words) {
    await this.press('/');
    const before = new URL(this.page.url()).search;
    await this.page.locator('.search input').first().fill(words);
    await this.page.waitForFunction((old) => location.search !== old, before);
    await this.found();
  }

  /** What a search will find is all there. */
  async found() {
    await this.page.locator('.scope[aria-busy=false]').waitFor();
  }

  /** Keys at the pace of a hand: faster ones are taken for typing that lost its field. */
  async press(...keys) {
    for (const key of keys) {
      const wait = (this.pressed ?? 0) + 170 - Date.now();
      if (wait > 0) await this.page.waitForTimeout(wait);
      // A frame that goes with the key, as it is pressed, never says that it was let go.
      await within(5000, this.page.keyboard.press(key)).catch((error) => {
        if (!(error instanceof Late)) throw error;
      });
      this.pressed = Date.now();
    }
  }

  async says(words) {
    await this.page.getByText(words).locator('visible=true').first().waitFor();
  }

  button(name, within = this.page) {
    return within.getByRole('button', { name, exact: true });
  }

  async command(words) {
    await this.press('Control+k');
    await this.page.getByRole('dialog').getByRole('combobox').fill(words);
    await this.press('Enter');
  }

  /** To a place by the palette, also where a deed has the same name. */
  async go(place) {
    await this.press('Control+k');
    await this.page.getByRole('dialog').getByRole('combobox').fill(place);
    await this.page.getByRole('option', { name: new RegExp(`^${place}`) }).last().click();
  }

  // ------------------------------------------------------------------------------------------------ writing
  get composer() {
    // One that is put aside has nothing to send by.
    return this.page.locator('.composer:has([data-send])').last();
  }

  async write({ to, subject, text }) {
    await this.press('c');
    if (to) await this.fillTo(to);
    if (subject !== undefined) await this.composer.getByLabel('Subject').fill(subject);
    if (text) {
      await this.composer.locator('.editor').click();
      await this.page.keyboard.type(text);
    }
    return this.composer;
  }

  async fillTo(address) {
    await this.composer.getByLabel('To', { exact: true }).fill(address);
    await this.press('Tab');
  }

  async saved() {
    await this.composer.getByText(/^Saved/).waitFor();
  }
}
