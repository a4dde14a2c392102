// What a finger does on a screen.

/** Drag a row sideways, as a finger does; positive is to the right. */
export async function swipe(mail, subject, by) {
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

/** A finger on the screen: down at a point, along a way in steps, up after a while. */
export async function finger(mail, from, to, { rest = 0, steps = 10 } = {}) {
  const cdp = await mail.context.newCDPSession(mail.page);
  const touch = (type, point) => cdp.send('Input.dispatchTouchEvent', { type, touchPoints: point ? [point] : [] });
  await touch('touchStart', from);
  for (let step = 1; step <= steps && (to.x !== from.x || to.y !== from.y); step++) {
    await touch('touchMove', { x: from.x + ((to.x - from.x) * step) / steps, y: from.y + ((to.y - from.y) * step) / steps });
    await mail.page.waitForTimeout(16);
  }
  await mail.page.waitForTimeout(rest);
  await touch('touchEnd');
  await cdp.detach();
}

export const middle = async (row) => {
  const box = await row.boundingBox();
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
};

/** Held down until it is chosen. */
export async function hold(mail, subject) {
  const at = await middle(mail.row(subject).first());
  await finger(mail, at, at, { rest: 700 });
  await mail.page.locator('.selbar').waitFor();
}
