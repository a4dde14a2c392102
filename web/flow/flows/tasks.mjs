// Ten tasks as somebody would do them who has never been here: with the mouse where there is something to click. Counts what the
// hand does; docs/usability.md says how that becomes seconds.

class Hand {
  constructor(mail) {
    this.mail = mail;
    this.clicks = 0;
    this.keys = 0;
    this.waited = 0;
  }

  async click(locator) {
    this.clicks++;
    const begin = Date.now();
    await locator.click();
    this.waited += Date.now() - begin;
  }

  async type(text) {
    this.keys += text.length;
    await this.mail.page.keyboard.type(text);
  }

  async press(key) {
    this.keys++;
    await this.mail.press(key);
  }

  async see(locator) {
    const begin = Date.now();
    await locator.first().waitFor();
    this.waited += Date.now() - begin;
  }
}

export async function tenTasks(mail, { friend }) {
  const { page } = mail;
  await mail.at('/m/inbox');
  await mail.row(/./).first().waitFor();
  const out = [];
  const task = async (name, steps) => {
    const hand = new Hand(mail);
    await steps(hand);
    // Keystroke-level model: 1.1 s to point, 0.2 s to click, 0.28 s a key, 1.35 s of thought before each click.
    const seconds = hand.clicks * (1.1 + 0.2 + 1.35) + hand.keys * 0.28 + hand.waited / 1000;
    out.push({ name, clicks: hand.clicks, keys: hand.keys, waited: hand.waited, seconds: Math.round(seconds) });
    await mail.at('/m/inbox');
    await mail.row(/./).first().waitFor();
  };
  const menu = (name) => page.getByRole('menuitem', { name });

  await task('Find the invoice of Northwind Power', async (hand) => {
    await hand.click(page.locator('.search input').first());
    await hand.type('northwind invoice');
    await hand.see(page.getByText(/Everything, \d+ found in \d+ ms/));
    await hand.click(mail.row('invoice').first());
    await hand.see(page.locator('.reader-pane h1'));
  });
  await task('Archive three conversations by mistake and take it back', async (hand) => {
    for (const index of [2, 3, 4]) {
      await mail.row(/./).nth(index).hover();
      await hand.click(mail.row(/./).nth(index).getByRole('checkbox'));
    }
    await hand.click(page.locator('.selbar').getByRole('button', { name: 'Archive', exact: true }));
    await hand.click(page.locator('.toast').getByRole('button', { name: 'Undo' }));
    await page.waitForTimeout(500);
  });
  await task('Write to a friend and have it sent tomorrow at eight', async (hand) => {
    await hand.click(page.getByRole('button', { name: 'New message' }));
    await hand.see(mail.composer);
    await hand.type(friend);
    await hand.press('Tab');
    await hand.click(mail.composer.getByLabel('Subject'));
    await hand.type('Lunch');
    await hand.click(mail.composer.locator('.editor'));
    await hand.type('At noon?');
    await hand.click(mail.button('More send options', mail.composer));
    await hand.click(menu(/Tomorrow morning/));
    await hand.see(page.getByText('Will be sent'));
  });
  await task('Answer the newest message of a conversation', async (hand) => {
    await hand.click(mail.row('allotment').first());
    // Above the way to answer a text takes its place, and moves it under the pointer.
    await mail.text();
    await hand.click(page.locator('.reply .ph'));
    await hand.see(page.locator('.composer.is-inline .editor'));
    await page.locator('.composer.is-inline .editor').focus();
    await hand.type('I bring the spades.');
    await hand.click(page.locator('.composer.is-inline').getByRole('button', { name: 'Send', exact: true }));
    await hand.see(page.getByText('Sending to'));
  });
  await task('Put a conversation off until Monday', async (hand) => {
    await hand.click(mail.row('Choir').first());
    await hand.click(page.locator('.reader-pane .bar').getByRole('button', { name: 'Snooze' }));
    // On a Sunday it is tomorrow.
    await hand.click(menu(new Date().getDay() === 0 ? /Tomorrow morning/ : /On Monday/));
    await hand.see(page.getByText('Snoozed until'));
  });
  await task('Make a folder and file a conversation in it', async (hand) => {
    await hand.click(mail.row('On long lines').first());
    await hand.click(page.locator('.reader-pane .bar').getByRole('button', { name: 'Move' }));
    await hand.type('Recipes');
    await hand.see(page.getByRole('option', { name: 'New folder “Recipes”' }));
    await hand.press('Enter');
    await hand.see(page.getByText('Moved to Recipes'));
  });
  await task('Block somebody', async (hand) => {
    await hand.click(mail.row('v2.3.0 is out').first());
    await hand.click(page.locator('.reader-pane .bar').getByRole('button', { name: 'More' }));
    await hand.click(menu('Block the sender'));
    await hand.see(page.getByText('goes to Junk from now on'));
  });
  await task('Be reminded if nobody answers', async (hand) => {
    await hand.click(page.getByRole('button', { name: 'New message' }));
    await hand.see(mail.composer);
    await hand.type(friend);
    await hand.press('Tab');
    await hand.click(mail.composer.getByLabel('Subject'));
    await hand.type('The key');
    await hand.click(mail.button('More send options', mail.composer));
    await hand.click(page.getByRole('menuitemcheckbox', { name: /Remind me/ }));
    await hand.click(mail.button('Send', mail.composer));
    await hand.see(page.getByText('Sending to'));
  });
  await task('Keep a search as a smart folder', async (hand) => {
    await hand.click(page.locator('.search input').first());
    await hand.type('has:attachment ');
    await hand.see(mail.row(/./));
    await hand.click(page.getByRole('button', { name: 'Save as smart folder' }));
    await hand.type('With files');
    await hand.press('Enter');
    await hand.see(page.locator('.side .nav-item').filter({ hasText: 'With files' }));
  });
  await task('Dark colours and more lines on the screen', async (hand) => {
    await hand.click(page.locator('.rail a[href^="/settings"]'));
    await hand.click(page.getByText('Dark', { exact: true }));
    await hand.click(page.getByText('Compact', { exact: true }));
    await hand.see(page.locator(':root[data-theme="dark"][data-density="compact"]'));
  });
  return out;
}
