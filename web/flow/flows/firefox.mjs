// What only a browser with a push service does: subscribe, be told with every window closed.

/** Ask to be told of new mail; what the page says of how far it reaches. */
export async function subscribe(mail) {
  const page = await mail.at('/settings/notifications');
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await page.getByText('Notify me about new mail').click();
  const says = page.locator('.set .trust').first();
  await says.waitFor();
  await page.waitForTimeout(1500); // settings follow the user a moment later
  return { says: await says.innerText(), permission: await page.evaluate(() => Notification.permission) };
}

/** Leave the application: no window of it is open. */
export async function leave(mail) {
  await mail.page.goto('about:blank');
}

/** What this device shows now. */
export async function shown(mail) {
  const page = await mail.at('/m/inbox');
  return page.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).map(({ title, body, tag, data }) => ({ title, body, tag, path: data?.path ?? '' })));
}

/** A day's work: read, file and take back, write and send, find. */
export async function everydayWork(mail, { read, filed, undone, to, subject, text, words }) {
  const page = await mail.at('/m/inbox');
  await page.bringToFront();
  await mail.open(read);
  const seen = { text: (await (await mail.text()).evaluate(() => document.body.textContent)).trim() };
  await mail.row(filed).first().focus();
  await mail.press('e');
  await mail.gone(filed);
  await mail.row(undone).first().focus();
  await mail.press('#');
  await mail.gone(undone);
  await mail.press('z');
  await mail.row(undone).first().waitFor();
  seen.focus = await page.evaluate(() => document.activeElement?.closest('[role=row]')?.querySelector('.subj')?.textContent);
  await mail.write({ to, subject, text });
  await mail.saved();
  await mail.press('Control+Enter');
  await mail.says('Sending to');
  await mail.find(words);
  seen.found = await mail.subjects();
  await mail.press('Escape');
  return seen;
}

/** Loaded anew without a network: what the device has is there; read and filed, and told when there is a network again. */
export async function withoutNetwork(mail, { read, filed }) {
  const page = await mail.at('/m/inbox');
  await page.bringToFront();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await mail.row(read).first().waitFor();
  await page.waitForTimeout(5000); // the application and the text of the last days come onto the device
  await mail.context.setOffline(true);
  await page.reload();
  await mail.row(read).first().waitFor();
  await page.locator('.notice').waitFor();
  await mail.open(read);
  const text = (await (await mail.text()).evaluate(() => document.body.textContent)).trim();
  await mail.row(filed).first().focus();
  await mail.press('e');
  await mail.gone(filed);
  await mail.context.setOffline(false);
  await page.locator('.notice').waitFor({ state: 'detached', timeout: 40_000 });
  return text;
}
