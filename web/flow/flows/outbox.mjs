// The outbox receiver by receiver, and as whom one writes.

const item = (mail, subject) => mail.page.locator('.out-i').filter({ hasText: subject });
const receiver = (mail, subject, address) => item(mail, subject).locator('.per li').filter({ hasText: address });

async function compose(mail, { to, subject, text }) {
  await mail.at('/m/inbox');
  await mail.button('New message').click();
  await mail.composer.getByLabel('To', { exact: true }).and(mail.page.locator(':focus')).waitFor();
  for (const address of to) await mail.fillTo(address);
  await mail.composer.getByLabel('Subject').fill(subject);
  await mail.composer.locator('.editor').click();
  await mail.press('Control+Home');
  await mail.page.keyboard.type(text);
}

/** To two, of whom one is refused: what the outbox says of both, and of each. */
export async function failedForOne(mail, { to, subject, bad }) {
  await compose(mail, { to, subject, text: 'They are due on Friday.' });
  await mail.press('Control+Enter');
  await mail.says('Sending to');
  await mail.at('/outbox');
  await receiver(mail, subject, bad).getByRole('button', { name: /^Send again/ }).waitFor({ timeout: 30_000 });
  const each = {};
  for (const address of to) each[address] = await receiver(mail, subject, address).locator('.what > *').allTextContents();
  const badge = await mail.page.locator('.side a[href="/outbox"] .nav-n').textContent();
  return { summary: await item(mail, subject).locator('.say').textContent(), each, badge };
}

/** In a window of each of these widths: how wide the narrowest subject is, and what stands outside of the page. */
export async function narrowOutbox(mail, { widths }) {
  const { page } = mail;
  const before = page.viewportSize();
  await mail.at('/outbox');
  await page.locator('.out-i').first().waitFor();
  const seen = {};
  for (const width of widths) {
    await page.setViewportSize({ width, height: 700 });
    await page.waitForTimeout(200);
    seen[width] = await page.evaluate(() => ({
      subject: Math.min(...[...document.querySelectorAll('.out-i .subj')].map((one) => one.getBoundingClientRect().width)),
      outside: [...document.querySelectorAll('.out-i > *, .out-i .btn')].filter((one) => one.getBoundingClientRect().right > innerWidth).length,
    }));
  }
  await page.setViewportSize(before);
  return seen;
}

/** How many stand below each heading, from the top. */
export async function listedInOutbox(mail) {
  await mail.at('/m/inbox');
  await mail.reload();
  await mail.at('/outbox');
  await mail.page.locator('.out-h').filter({ hasText: 'Not sent yet' }).waitFor();
  return mail.page.locator('.out-h').evaluateAll((heads) => Object.fromEntries(heads.map((head) => [head.textContent, head.nextElementSibling.children.length])));
}

/** Once more, to that one alone; it needs nobody any more then. */
export async function sendAgain(mail, { subject, to }) {
  await mail.at('/outbox');
  await receiver(mail, subject, to).getByRole('button', { name: /^Send again/ }).click();
  await mail.says('it has been sent there again');
}

/** Refused there: the same message again, with the address in the field to be mended. */
export async function mendAddress(mail, { to, subject, right }) {
  await compose(mail, { to: [to], subject, text: 'High water at nine.' });
  await mail.press('Control+Enter');
  await mail.says('Sending to');
  await mail.at('/outbox');
  await receiver(mail, subject, to).getByRole('button', { name: /^Change address/ }).click({ timeout: 30_000 });
  const says = await receiver(mail, subject, to).locator('.what > *').first().textContent();
  const again = await receiver(mail, subject, to).getByRole('button', { name: /^Send again/ }).count();
  const field = mail.composer.getByLabel('To', { exact: true });
  await field.and(mail.page.locator(':focus')).waitFor();
  const offered = { says, again, field: await field.inputValue(), subject: await mail.composer.getByLabel('Subject').inputValue(), text: (await mail.composer.locator('.editor').innerText()).includes('High water at nine.') };
  await field.fill(right);
  await mail.press('Tab', 'Control+Enter');
  await mail.page.locator('.composer').waitFor({ state: 'detached' });
  return offered;
}

/** Seen, and off the list; what it lists then. */
export async function dismissFailed(mail, { subject, to }) {
  await mail.at('/outbox');
  const failed = item(mail, subject).filter({ hasText: to });
  await mail.button('Remove from the list', failed).click();
  await failed.waitFor({ state: 'detached' });
  return mail.page.locator('.out-h, .out-i').filter({ hasText: 'Needs attention' }).allTextContents();
}

/** A second address to write from, with its own name. */
export async function secondIdentity(mail, { address, name }) {
  const page = await mail.at('/settings/composing');
  const known = page.locator('fieldset').filter({ hasText: address });
  await page.locator('fieldset').first().waitFor();
  if (!(await known.count())) {
    await page.locator('.set form.line select').first().selectOption(address);
    await mail.button('Add an identity').click();
    await known.waitFor();
  }
  await known.getByLabel('Name').fill(name);
  await known.getByLabel('Name').blur();
  await page.waitForTimeout(500);
  await mail.at('/m/inbox');
}

/** An answer, as somebody else than it was written to: held back at Send, sent as the one that was offered. */
export async function answerAsOther(mail, { subject, other }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.text();
  await mail.press('r');
  await mail.composer.locator('.editor').waitFor();
  const from = mail.composer.getByLabel('From');
  await from.selectOption({ label: await from.locator('option').filter({ hasText: other }).textContent() });
  await mail.composer.locator('.editor').click();
  await mail.page.keyboard.type('Twelve crowns.');
  const warning = mail.composer.locator('.preflight');
  const says = (await warning.first().textContent()).trim();
  await mail.press('Control+Enter');
  const held = await mail.composer.locator('.dock-f .state').textContent();
  await mail.page.waitForTimeout(500); // it would have left by then
  await mail.button('Use it', warning).click();
  await warning.waitFor({ state: 'detached' });
  const sender = await from.evaluate((select) => select.selectedOptions[0].textContent);
  await mail.button('Send', mail.composer).click();
  await mail.says('Sending to');
  await mail.page.locator('.composer').waitFor({ state: 'detached' });
  return { warning: says, held, from: sender };
}

/** A new message as this one; `wave`: what the warning that holds it back is waved through by. What it said. */
export async function writeAs(mail, { sender, to, subject, wave }) {
  await compose(mail, { to: [to], subject, text: 'As ever.' });
  const from = mail.composer.getByLabel('From');
  await from.selectOption({ label: await from.locator('option').filter({ hasText: sender }).textContent() });
  await mail.button('Send', mail.composer).click();
  let says = '';
  if (wave) {
    const warning = mail.composer.locator('.preflight').first();
    await warning.waitFor();
    says = (await warning.textContent()).trim();
    await mail.button(wave, warning).click();
  }
  await mail.says('Sending to');
  await mail.page.locator('.composer').waitFor({ state: 'detached' });
  return says;
}
