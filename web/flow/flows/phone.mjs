// On a phone: with a thumb.

/** Drag a row sideways, as a finger does; positive is to the right. */
async function swipe(mail, subject, by) {
  const box = await mail.row(subject).first().boundingBox();
  const cdp = await mail.context.newCDPSession(mail.page);
  const y = box.y + box.height / 2;
  const from = box.x + box.width / 2;
  const touch = (type, x) => cdp.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [{ x, y }] });
  await touch('touchStart', from);
  for (let step = 1; step <= 8; step++) {
    await touch('touchMove', from + (by * step) / 8);
    await mail.page.waitForTimeout(16);
  }
  await touch('touchEnd', from + by);
  await cdp.detach();
}

/** One to the one side, one to the other, a third not far enough; then one opened, read and filed by its button, and one written. */
export async function thumb(mail, { archived, trashed, kept, filed, to, subject }) {
  const page = await mail.at('/m/inbox');
  await mail.row(kept).first().waitFor();
  await swipe(mail, archived, 170);
  await mail.gone(archived);
  await swipe(mail, trashed, -170);
  await mail.gone(trashed);
  await swipe(mail, kept, 40);
  await page.waitForTimeout(300);
  const still = await mail.row(kept).count();
  await mail.row(filed).first().tap();
  await mail.text();
  await page.locator('.reader-pane .bar').getByRole('button', { name: 'Archive' }).tap();
  // The next one is open then: back to the list.
  await page.locator('.reader-pane h1').filter({ hasNotText: filed }).waitFor();
  await page.locator('.reader-pane .bar .btn-ic').first().tap();
  await mail.row(kept).first().waitFor();
  await mail.gone(filed);
  await page.locator('.fab').tap();
  await mail.composer.locator('.editor').waitFor();
  await mail.composer.getByLabel('To', { exact: true }).fill(to);
  await mail.press('Tab');
  await mail.composer.getByLabel('Subject').fill(subject);
  await mail.composer.locator('.editor').tap();
  await page.keyboard.type('From the tram.');
  await mail.button('Send', mail.composer).tap();
  await mail.says('Sending to');
  return still;
}
