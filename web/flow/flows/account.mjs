// The owner's account: password, second factor, sessions.
import { read } from '../qr.mjs';

export async function signIn(mail, how = {}) {
  await mail.signIn(how);
}

/** A wrong password and a wrong code are answered in words. */
export async function refused(mail, { password, code }) {
  const { page } = mail;
  await page.goto(mail.base);
  await page.getByLabel('Address').fill(mail.login);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  if (code) {
    await page.getByLabel('Code').fill(code);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }
  return page.getByRole('alert').textContent();
}

export async function changePassword(mail, { old, fresh }) {
  const page = await mail.at('/settings/security');
  await page.getByLabel('Current password').fill(old);
  await page.getByLabel('New password').fill(fresh);
  await mail.button('Change the password').click();
  await page.getByRole('status').filter({ hasText: /./ }).first().waitFor();
  return page.getByRole('status').filter({ hasText: /./ }).first().textContent();
}

/** Without the telephone: one of the codes that were kept, typed key by key. */
export async function recovered(mail, { code }) {
  const { page } = mail;
  await page.goto(mail.base);
  await page.getByLabel('Address').fill(mail.login);
  await page.getByLabel('Password', { exact: true }).fill(mail.password);
  await mail.button('Sign in').click();
  await mail.button('Use a recovery code').click();
  await page.getByLabel('Recovery code').and(page.locator(':focus')).waitFor();
  await page.keyboard.type(code);
  await mail.press('Enter');
  await page.locator('.side .nav-item').first().waitFor({ state: 'attached' });
  mail.signedIn = true;
}

/** The signed-in browsers, as the list shows them. */
export async function sessions(mail) {
  const page = await mail.at('/settings/security');
  await page.getByText('this device', { exact: true }).waitFor();
  return page.locator('.sessions li').allTextContents();
}

export async function isSignedOut(mail) {
  await mail.page.goto(mail.base);
  await mail.page.getByLabel('Address').waitFor();
  return mail.page.locator('.lede').textContent();
}

/** What the clipboard holds after this button, which says so. */
async function clipboardAfter(mail, name) {
  await mail.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await mail.page.evaluate(() => navigator.clipboard.writeText('nothing yet'));
  await mail.button(name).click();
  await mail.until(async () => (await navigator.clipboard.readText()) !== 'nothing yet');
  await mail.page.locator('.toast').filter({ hasText: 'Copied' }).first().waitFor();
  return mail.page.evaluate(() => navigator.clipboard.readText());
}

/** Without a network the page of one's account says what it lacks, and has it when there is one again. */
export async function accountOffline(mail) {
  const page = await mail.at('/m/inbox');
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await mail.at('/settings/appearance'); // the page of the settings is here from now on
  await mail.context.setOffline(true);
  await mail.says('Offline');
  await mail.at('/settings/security');
  await mail.says('This needs a connection.');
  const without = await page.getByText('This needs a connection.').count();
  await mail.context.setOffline(false);
  await page.getByText('this device', { exact: true }).waitFor({ timeout: 40_000 });
  return { without, after: await page.getByText('This needs a connection.').count() };
}

/** Set up the second factor by hand; `codeOf` is asked of the test, so the secret goes out and the code comes in. */
export async function beginSecondFactor(mail) {
  const page = await mail.at('/settings/security');
  await mail.button('Set up').click();
  const code = await page.locator('svg.qr').evaluate((svg) => ({ size: svg.viewBox.baseVal.width, path: svg.querySelector('path').getAttribute('d') }));
  const recovery = await page.locator('.codes li').allTextContents();
  const copied = [await clipboardAfter(mail, 'Copy secret key'), await clipboardAfter(mail, 'Copy codes')];
  return { secret: await page.locator('.secret').first().textContent(), scanned: read(code), recovery, copied };
}

/** Whether the server takes this code. */
export async function confirmSecondFactor(mail, { code }) {
  await mail.page.getByLabel('Code', { exact: true }).fill(code);
  await mail.button('Confirm').click();
  const on = mail.page.getByText('Two-factor sign-in is on.');
  await on.or(mail.page.locator('.trust.danger')).first().waitFor();
  return (await on.count()) > 0;
}

/** A password for a mail program. */
export async function appPassword(mail, { label }) {
  const page = await mail.at('/settings/security');
  await page.getByLabel('What for, such as').fill(label);
  await mail.button('New app password').click();
  return { shown: await page.locator('.trust .secret').textContent(), copied: await clipboardAfter(mail, 'Copy password') };
}

/** Shown around: go back once, choose keys and a layout on the way; the layout one finds oneself in. */
export async function shownAround(mail, { keys, layout }) {
  await mail.at('/m/inbox');
  await mail.command('Show me around');
  const dialog = mail.page.getByRole('dialog');
  await mail.button('Next', dialog).click();
  await dialog.getByRole('radio', { name: keys }).check({ force: true });
  await mail.button('Next', dialog).click();
  await dialog.getByRole('radio', { name: layout }).check({ force: true });
  await mail.button('Back', dialog).click();
  await dialog.locator('label.is-on').filter({ hasText: keys }).waitFor();
  await mail.button('Next', dialog).click();
  await mail.button('Next', dialog).click();
  await mail.button('Begin', dialog).click();
  await dialog.waitFor({ state: 'detached' });
  await mail.at('/settings/layout');
  return mail.page.getByRole('radio', { name: layout }).isChecked();
}

/** The set of keys that is chosen, as the settings show it. */
export async function chosenKeys(mail) {
  const page = await mail.at('/settings/keyboard');
  await page.locator('label.is-on').first().waitFor();
  return (await page.locator('label.is-on').first().textContent()).trim();
}
