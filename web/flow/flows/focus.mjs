// Where the focus is after each deed: at the next row or the next message, never lost at the page.
import { hold, swipe } from '../touch.mjs';

/** What has the focus: where it is, and of which conversation. */
const here = (mail) =>
  mail.page.evaluate(() => {
    const at = document.activeElement;
    const subject = (row) => row?.querySelector('.subj')?.textContent ?? '';
    if (!at || at === document.body) return 'nowhere';
    if (at.closest('[role=row]')) return `row ${subject(at.closest('[role=row]'))}`;
    if (at.closest('.reader-pane')) return `reader ${document.querySelector('.reader-pane h1')?.textContent ?? ''}`;
    if (at.closest('.side')) return `drawer ${at.querySelector('.t')?.textContent}`;
    if (at.closest('.top')) return `head ${at.getAttribute('aria-label')}`;
    if (at.closest('.list')) return 'list';
    if (at.closest('.list-pane')) return 'list pane';
    return at.outerHTML.slice(0, 90);
  });

/** The focus comes to `wanted` within a moment and stays there; what it is instead, where not. */
async function comes(mail, wanted) {
  const until = Date.now() + 4000;
  let seen = await here(mail);
  while (seen !== wanted && Date.now() < until) {
    await mail.page.waitForTimeout(25);
    seen = await here(mail);
  }
  await mail.page.waitForTimeout(150);
  seen = await here(mail);
  return seen === wanted ? null : seen;
}

const choose = async (mail, name) => mail.page.getByRole('dialog').getByText(name, { exact: true }).last().click();
/** How each deed is done by somebody whose focus is in a row or in the reader. `stays`: the row does. */
const deeds = {
  archive: { keys: ['e'] },
  trash: { keys: ['#'] },
  junk: { keys: ['!'] },
  move: { keys: ['v'], then: (mail) => choose(mail, 'Later') },
  snooze: { keys: ['b'], then: (mail) => mail.page.getByRole('menuitem', { name: /Tomorrow morning/ }).click() },
  mute: { keys: ['m'], stays: true },
  flag: { keys: ['s'], stays: true },
  unread: { keys: ['Shift+u'], stays: true },
  label: { keys: ['l'], then: (mail) => mail.press('Escape'), stays: true, quiet: true },
};

const layoutKeys = { columns: '1', bottom: '2', table: '3', focus: '4', split: '5' };

async function arrange(mail, layout) {
  await mail.at('/m/inbox');
  if (layoutKeys[layout]) await mail.press('g', layoutKeys[layout]);
  await mail.row(/./).first().waitFor();
}

/** With the focus in a row, each deed and its undoing: [deed, where the focus was wanted, where it was]. */
export async function focusInList(mail, { layout, subject, next }) {
  await arrange(mail, layout);
  const wrong = [];
  const ask = async (deed, wanted) => {
    const seen = await comes(mail, wanted);
    if (seen !== null) wrong.push([deed, wanted, seen]);
  };
  for (const [name, { keys, then, stays, quiet }] of Object.entries(deeds)) {
    await mail.row(subject).first().focus();
    await mail.press(...keys);
    await then?.(mail);
    if (!stays) await mail.gone(subject);
    await ask(name, `row ${stays ? subject : next}`);
    if (quiet) continue;
    await mail.press('z');
    await mail.row(subject).first().waitFor();
    await ask(`${name}, undone`, `row ${subject}`);
  }
  // By the button that stands in the row, and taken back by the one of the note.
  await mail.row(subject).first().hover();
  await mail.row(subject).getByRole('button', { name: 'Archive' }).click();
  await mail.gone(subject);
  await ask('by the row', `row ${next}`);
  await mail.page.locator('.toast').getByRole('button', { name: /Undo/ }).click();
  await mail.row(subject).first().waitFor();
  await ask('by the row, undone by the note', `row ${subject}`);
  return wrong;
}

/** With the focus in the reader: by key out of the text, by the buttons, from the palette. */
export async function focusInReader(mail, { layout, subject, next }) {
  await arrange(mail, layout);
  const wrong = [];
  const back = async () => {
    if (await mail.row(subject).first().isVisible()) return mail.open(subject);
    await mail.press('u');
    await mail.row(subject).first().waitFor();
    return mail.open(subject);
  };
  const ask = async (deed, wanted) => {
    const seen = await comes(mail, wanted);
    if (seen !== null) wrong.push([deed, wanted, seen]);
  };
  const { archive, move, snooze, unread, label } = deeds;
  const out = { archive, move, snooze, unread, label, palette: { keys: [], then: (one) => one.command('Archive') }, button: { keys: [], then: (one) => one.button('Archive', one.page.locator('.reader-pane')).click() } };
  for (const [name, { keys, then, stays, quiet }] of Object.entries(out)) {
    await back();
    // The text itself has the focus, in its frame.
    await (await mail.text()).locator('body').click();
    await mail.press(...keys);
    await then?.(mail);
    if (!stays) await mail.page.locator('.reader-pane h1').filter({ hasText: next }).waitFor();
    await ask(name, `reader ${stays ? subject : next}`);
    if (quiet) continue;
    await mail.press('z');
    const until = Date.now() + 4000;
    let undone = await here(mail);
    while (!/^(?:reader|row) ./.test(undone) && Date.now() < until) {
      await mail.page.waitForTimeout(50);
      undone = await here(mail);
    }
    if (!/^(?:reader|row) ./.test(undone)) wrong.push([`${name}, undone`, 'reader or row', undone]);
  }
  return wrong;
}

/** The last one of a list goes, and comes back. */
export async function focusOfTheLast(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.page.locator('.side').getByRole('link', { name: /^Desk/ }).click();
  await mail.row(subject).first().focus();
  await mail.press('#');
  await mail.gone(subject);
  const gone = await comes(mail, 'list pane');
  await mail.press('z');
  await mail.row(subject).first().waitFor();
  return [gone, await comes(mail, `row ${subject}`)].filter((seen) => seen !== null);
}

/** With a thumb: after each deed the focus is somewhere, and where one goes on. [deed, where it is] of those after which it is lost. */
export async function focusOfTheThumb(mail, { first, second, third, fourth }) {
  const page = await mail.at('/m/inbox');
  await mail.row(first).first().waitFor();
  const wrong = [];
  const ask = async (deed, wanted) => {
    const seen = await comes(mail, wanted);
    if (seen !== null) wrong.push([deed, wanted, seen]);
  };
  // By a click: right behind a drawn row Chromium may take a touch for the end of that.
  const undo = async (subject) => {
    await page.locator('.toast').getByRole('button', { name: /Undo/ }).click();
    await mail.row(subject).first().waitFor();
  };
  // Read, filed by the button below: the next one is open.
  await mail.row(first).first().tap();
  await mail.text();
  await page.locator('.reader-pane .acts-bar').getByRole('button', { name: 'Archive' }).tap();
  await page.locator('.reader-pane h1').filter({ hasText: second }).waitFor();
  await ask('filed in the reader', `reader ${second}`);
  // With a question between.
  await page.locator('.reader-pane .acts-bar').getByRole('button', { name: 'Snooze' }).tap();
  await page.getByRole('menuitem', { name: /Tomorrow morning/ }).tap();
  await page.locator('.reader-pane h1').filter({ hasText: third }).waitFor();
  await ask('snoozed in the reader', `reader ${third}`);
  // By the menu, which is gone with it; the deed leaves the message where it is.
  await page.locator('.reader-pane .bar [aria-haspopup="menu"]').last().tap();
  await page.getByRole('menuitem', { name: /^Mark as unread/ }).tap();
  await ask('marked by the menu', `reader ${third}`);
  // Back: at the row of what was open.
  await page.locator('.reader-pane .bar .btn-ic').first().tap();
  await mail.row(third).first().waitFor();
  await ask('back in the list', `row ${third}`);
  // Drawn aside, and taken back by the note.
  await swipe(mail, third, 170);
  await mail.gone(third);
  await ask('drawn aside', `row ${fourth}`);
  await undo(third);
  await ask('drawn aside, taken back', `row ${third}`);
  // Chosen by holding, filed by the bar, which goes with it.
  await hold(mail, third);
  await page.locator('.selbar').getByRole('button', { name: 'Archive' }).tap();
  await mail.gone(third);
  await ask('chosen and filed', `row ${fourth}`);
  // The drawer and a place of it.
  await mail.button('Folders').first().tap();
  await ask('the drawer opened', 'drawer Inbox');
  await page.locator('.side').getByRole('link', { name: 'Archive' }).tap();
  await mail.row(third).first().waitFor();
  await ask('a place of the drawer', 'head Folders');
  await mail.button('Folders').first().tap();
  await ask('the drawer opened again', 'drawer Archive');
  await page.locator('.scrim').tap({ position: { x: 380, y: 400 } });
  await ask('the drawer shut', 'head Folders');
  return wrong;
}
