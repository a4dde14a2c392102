// Being told of new mail.

/** Choose what is told: important people alone; what the page says of the reach of it. */
export async function chooseNotifications(mail, { vip }) {
  await mail.page.context().grantPermissions(['notifications']);
  const page = await mail.at('/settings/notifications');
  await page.getByText('Tell me of new mail').click();
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
  await page.getByText('Tell me of new mail').click();
  await page.locator('.set .trust').waitFor({ state: 'detached' });
  return page.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).length);
}
