// Being told of new mail.

/** Choose what is told: important people alone; what the page says of the reach of it. */
export async function chooseNotifications(mail, { vip }) {
  await mail.page.context().grantPermissions(['notifications']);
  const page = await mail.at('/settings/notifications');
  await page.getByText('Notify me about new mail').click();
  await page.getByText('VIPs only', { exact: true }).click();
  await page.getByLabel('Address of a VIP').fill(vip);
  await mail.button('Add').click();
  await page.locator('.plain-list bdi').filter({ hasText: vip }).waitFor();
  const says = page.locator('.set .trust').first();
  await says.waitFor();
  await page.waitForTimeout(1500); // settings follow the user a moment later
  return says.innerText();
}

/** With every window closed a push comes, as the server sends it; what the device shows then. `before` is called between the two. */
export async function pushed(mail, { messages }) {
  const page = mail.page;
  await mail.at('/m/inbox');
  const cdp = await page.context().newCDPSession(page);
  let registrationId;
  cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => (registrationId = registrations.find((one) => !one.isDeleted)?.registrationId ?? registrationId));
  await cdp.send('ServiceWorker.enable');
  await page.evaluate(() => navigator.serviceWorker.ready);
  const accountId = await page.evaluate(async () => (await (await fetch('/api/session')).json()).accountId);
  while (!registrationId) await page.waitForTimeout(50);
  await page.goto('about:blank');
  for (const message of messages) {
    const data = JSON.stringify(message === 'changed' ? { '@type': 'StateChange', changed: { [accountId]: { Email: 'x' } } } : message);
    await cdp.send('ServiceWorker.deliverPushMessage', { origin: mail.base, registrationId, data });
    await page.waitForTimeout(1500);
  }
  await mail.at('/m/inbox');
  return page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration('/');
    return (await registration.getNotifications()).map(({ title, body, silent, data, actions }) => ({ title, body, silent, path: data?.path ?? '', actions: (actions ?? []).map(({ action }) => action) }));
  });
}

/** A window that nobody looks at tells of it itself: the page is hidden, as behind another window. */
export async function toldByThePage(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
  });
  await mail.row(subject).first().waitFor({ timeout: 20_000 });
  await mail.page.waitForTimeout(800);
  return mail.page.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).map(({ title, body }) => [title, body]));
}

export async function noNotifications(mail) {
  const page = await mail.at('/settings/notifications');
  await page.getByText('Notify me about new mail').click();
  await page.locator('.set .trust').waitFor({ state: 'detached' });
  return page.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).length);
}

// ------------------------------------------------------------------------------------------------ rules, each place of the window
async function turn(page, words, on) {
  const label = page.locator('label.line').filter({ hasText: words });
  if ((await label.locator('input').isChecked()) !== on) await label.click();
}

/** What one is told of: `which` of the inbox, VIPs, whole folders; `quiet`: from and to, and whether VIPs come through, or null. */
export async function rules(mail, { which, vip, folder, quiet, sound }) {
  await mail.page.context().grantPermissions(['notifications']);
  const page = await mail.at('/settings/notifications');
  await turn(page, 'Notify me about new mail', true);
  await page.locator('.set .trust').first().waitFor();
  await page.getByText(which, { exact: true }).click();
  if (!(await page.locator('.plain-list bdi').filter({ hasText: vip }).count())) {
    await page.getByLabel('Address of a VIP').fill(vip);
    await mail.button('Add').click();
  }
  await turn(page, folder, true);
  await turn(page, 'No notifications at night', quiet !== null);
  if (quiet) {
    await page.locator('input[type=time]').first().fill(quiet.from);
    await page.locator('input[type=time]').last().fill(quiet.to);
    await turn(page, 'Except from VIPs', quiet.vips);
  }
  await turn(page, 'Play the sound', sound);
  await page.waitForTimeout(1500); // settings follow the user a moment later
  await mail.at('/m/inbox');
}

/** The window goes behind another one, or comes before it again. */
export async function putBehind(mail, { behind }) {
  await mail.at('/m/inbox');
  await mail.page.evaluate((hidden) => Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => (hidden ? 'hidden' : 'visible') }), behind);
}

/** What this device shows, as soon as that is `count`, and what it still is a moment later; it is cleared away. */
export async function told(mail, { count }) {
  const shown = () => mail.page.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).map(({ body, silent }) => ({ body, silent })));
  const until = Date.now() + 8000;
  while ((await shown()).length < count && Date.now() < until) await mail.page.waitForTimeout(100);
  await mail.page.waitForTimeout(1200);
  const seen = await shown();
  await mail.page.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).forEach((note) => note.close()));
  return seen.sort((one, other) => (one.body < other.body ? -1 : 1));
}

/** A push of the server, as it comes, to whatever window there is. */
export async function push(mail) {
  if (!mail.worker) {
    const page = await mail.at('/m/inbox');
    const cdp = await page.context().newCDPSession(page);
    const worker = { cdp, accountId: await page.evaluate(async () => (await (await fetch('/api/session')).json()).accountId) };
    cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => (worker.registrationId = registrations.find((one) => !one.isDeleted)?.registrationId ?? worker.registrationId));
    await cdp.send('ServiceWorker.enable');
    while (!worker.registrationId) await page.waitForTimeout(50);
    mail.worker = worker;
  }
  const { cdp, registrationId, accountId } = mail.worker;
  await cdp.send('ServiceWorker.deliverPushMessage', { origin: mail.base, registrationId, data: JSON.stringify({ '@type': 'StateChange', changed: { [accountId]: { Email: 'x' } } }) });
  await mail.page.waitForTimeout(1500);
}

/** Nobody is at the application: mail comes meanwhile. */
export async function close(mail) {
  await mail.page.goto('about:blank');
}
