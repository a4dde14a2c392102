// What goes wrong around whoever writes: a slow device, a second window, an answer that is lost, no network.
import { undoAfterReload } from './reading.mjs';
import { sendLater, sendReminded } from './writing.mjs';

/** From now on each value that this device writes takes its time. */
async function writesSlowly(mail, ms) {
  await mail.context.addInitScript((pause) => {
    if (self.origin === 'null') return;
    const { encrypt } = SubtleCrypto.prototype;
    SubtleCrypto.prototype.encrypt = async function slowly(...what) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      return encrypt.apply(this, what);
    };
  }, ms);
}

/** On a slow device: archive, load the page anew when all is told, take it back. */
export async function slowUndo(mail, { subject, ms }) {
  await writesSlowly(mail, ms);
  await undoAfterReload(mail, { subject });
}

/** On a slow device: a draft is loaded anew as soon as it is said to be kept, and opened from its list. How many composers there are. */
export async function slowDraft(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.write({ subject, text: 'One.' });
  await mail.saved();
  await mail.reload();
  await mail.at('/m/drafts');
  await mail.row(subject).first().click();
  await mail.composer.locator('.editor').filter({ hasText: 'One.' }).click();
  await mail.page.waitForTimeout(1500); // what is to come back has come
  const open = await mail.page.locator('.composer').count();
  await mail.press('Control+End');
  await mail.page.keyboard.type(' Two.');
  await mail.saved();
  await mail.press('Escape');
  await mail.page.locator('.composer').waitFor({ state: 'detached' });
  return open;
}

/** A draft is open in two windows; it is sent from the first, and then written on in the second. What that one says. */
export async function sentElsewhere(mail, { to, subject }) {
  await mail.at('/m/inbox');
  await mail.write({ to, subject, text: 'As it was sent.' });
  await mail.saved();
  const page = await mail.context.newPage();
  mail.watch(page);
  await page.goto(`${mail.base}/m/inbox`);
  await page.locator('.composer .dock-t').click();
  await page.locator('.composer .editor').filter({ hasText: 'As it was sent.' }).waitFor();
  await mail.button('Send', mail.composer).click();
  await mail.says('Sending to');
  await page.bringToFront();
  await page.locator('.composer .editor').click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type(' And more.');
  const says = page.locator('.composer .preflight[role=status]');
  await says.waitFor();
  const words = (await says.textContent()).trim();
  await page.locator('.composer').getByText(/^Saved/).waitFor();
  await page.close();
  return words;
}

async function handedOver(mail) {
  await mail.at('/outbox');
  await mail.page.locator('.out[aria-busy=false]').waitFor();
  const count = await mail.page.locator('.out-i').count();
  await mail.at('/m/inbox');
  return count;
}

/** The server takes a message, and its answer is lost: what waits is sent when the line is back. How many answers were lost, and how many messages the outbox has more than before. */
export async function lostAnswer(mail, { to, subject }) {
  const before = await handedOver(mail);
  let lost = 0;
  await mail.context.route('**/jmap', async (route) => {
    if (lost || !route.request().postData()?.includes('EmailSubmission/set')) return route.fallback();
    lost++;
    await route.fetch();
    await route.abort('connectionreset');
  });
  await mail.write({ to, subject, text: 'Once is enough.' });
  await mail.button('Send', mail.composer).click();
  await mail.says('Waits in the outbox');
  await mail.page.locator('.composer').waitFor({ state: 'detached' });
  await mail.page.locator('.sync-dot:not(.is-busy):not(.is-off)').waitFor();
  await mail.context.unroute('**/jmap');
  return { lost, more: (await handedOver(mail)) - before };
}

/** A draft is thrown away without a network, and the network comes back. */
export async function discardOffline(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.write({ subject, text: 'Never mind.' });
  await mail.saved();
  await mail.context.setOffline(true);
  await mail.button('Discard', mail.composer).click();
  await mail.page.locator('.composer').waitFor({ state: 'detached' });
  await mail.context.setOffline(false);
  await mail.page.locator('.sync-dot:not(.is-busy):not(.is-off)').waitFor();
}

/** What is held for tomorrow is to go now, and the line breaks between taking it back and handing it over again. What is said. */
export async function brokenReschedule(mail, { to, subject }) {
  await sendLater(mail, { to, subject });
  const item = mail.page.locator('.out-i').filter({ hasText: subject });
  await mail.context.route('**/jmap', (route) => (route.request().postData()?.includes('"#send"') ? route.abort('connectionreset') : route.fallback()));
  await mail.button('Change time', item).click();
  await mail.page.getByRole('menuitem', { name: 'Send now' }).click();
  const alert = mail.page.locator('.toast[role=alert], [role=alert] .toast').first();
  await alert.waitFor();
  const words = (await alert.innerText()).trim();
  await mail.context.unroute('**/jmap');
  return words;
}

/** Send, with a wish to be reminded; think better of it, and send it after all. How often the board of what one waits for has it. */
export async function remindAfterUndo(mail, { to, subject }) {
  await sendReminded(mail, { to, subject });
  await mail.press('z');
  await mail.says('Not sent');
  await mail.composer.locator('.editor').click();
  await mail.page.keyboard.type('Or: ');
  await mail.button('Send', mail.composer).click();
  await mail.says('Sending to');
  await mail.at('/waiting');
  const item = mail.page.locator('main').getByText(subject);
  await item.first().waitFor();
  return item.count();
}
