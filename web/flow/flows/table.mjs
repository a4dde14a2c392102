// Conversations as lines of a table: its heads choose and sort.

const heads = (page) => page.locator('.table-head [role=columnheader]');
const subjects = (page) => page.locator('.trow:not(.is-blank) .subj').allTextContents();

/** The lines, and what the heads say they are sorted by. */
async function seen(page) {
  const sorted = await heads(page).evaluateAll((all) => all.filter((one) => one.ariaSort).map((one) => `${one.textContent.trim()} ${one.ariaSort}`));
  return [sorted.join(), await subjects(page)];
}

async function until(page, wanted) {
  await page.waitForFunction((first) => document.querySelector('.trow:not(.is-blank) .subj')?.textContent === first && document.querySelector('.list').ariaBusy !== 'true', wanted);
}

/** By each column and back, with the pointer; by one with keys; what the list says each time, and whether it has headings. `firsts`: what stands first then. */
export async function sortTable(mail, { path = '/m/inbox', steps }) {
  const page = await mail.at(path);
  if (!(await page.locator('.table-head').count())) await mail.command('Single lines');
  await heads(page).last().waitFor();
  const out = [];
  for (const { head, first, keys = false } of steps) {
    const button = mail.button(head, page.locator('.table-head'));
    if (keys) {
      await page.locator('.table-head [role=checkbox]').focus();
      for (let step = 0; step < 8 && !(await button.evaluate((one) => one === document.activeElement)); step++) await mail.press('Tab');
      await mail.press('Enter');
    } else await button.click();
    await until(page, first);
    out.push([...(await seen(page)), await page.locator('.tsec').count() > 0, await button.evaluate((one) => one === document.activeElement)]);
  }
  return out;
}

/** What a place says after the page was loaded anew, and another place, and the first as a column of rows. */
export async function sortedStill(mail, { first, other, otherFirst, newest }) {
  const page = await mail.at('/m/inbox');
  await mail.reload();
  await until(page, first);
  await heads(page).last().waitFor();
  const here = await seen(page);
  await mail.at(other);
  await until(page, otherFirst);
  const there = await seen(page);
  await mail.at('/m/inbox');
  await mail.command('Columns');
  await mail.page.waitForFunction((wanted) => document.querySelector('.row .subj')?.textContent === wanted, newest);
  const rows = await page.locator('.row .subj').allTextContents();
  await mail.command('Single lines');
  await until(page, first);
  return { here, there, rows };
}

/** The box above the lines: with one chosen, with all, with none; then all again, and filed. */
export async function chooseByHead(mail, { subject }) {
  const page = await mail.at('/m/inbox');
  await mail.row(subject).first().waitFor();
  const box = page.locator('.table-head [role=checkbox]');
  await box.waitFor();
  const states = [await box.getAttribute('aria-checked')];
  const become = async (state) => {
    await page.locator(`.table-head [role=checkbox][aria-checked=${state}]`).waitFor();
    states.push(`${state} ${await page.locator('.trow[aria-selected=true]').count()}`);
  };
  await mail.row(subject).first().click({ modifiers: ['Control'] });
  await become('mixed');
  await box.click();
  await become('true');
  await box.focus();
  await mail.press('Space');
  await become('false');
  await mail.press('Space');
  await become('true');
  await mail.press('e');
  await mail.gone(subject);
  return states;
}
