// Organising: snooze, remind, mute, block, flags, folders, smart folders, everything at once.

async function pick(mail, key, subject, choice) {
  await mail.at('/m/inbox');
  await mail.row(subject).first().click();
  await mail.press(key);
  await mail.page.getByRole('menuitem', { name: choice }).click();
}

export async function snooze(mail, { subject }) {
  await pick(mail, 'b', subject, /Tomorrow morning/);
  await mail.gone(subject);
  await mail.says('Snoozed until');
  await mail.at('/m/snoozed');
  await mail.row(subject).first().waitFor();
}

export async function wake(mail, { subject }) {
  await mail.at('/m/snoozed');
  await mail.row(subject).first().click();
  await mail.button('Move to inbox').first().click();
  await mail.gone(subject);
}

/** Be reminded of a conversation; it stands on the board until it is done. */
export async function remind(mail, { subject }) {
  await pick(mail, 'w', subject, /Tomorrow morning/);
  await mail.says('You will be reminded');
  await mail.row(subject).getByText(/^Due/).waitFor();
  await mail.at('/waiting');
  const item = mail.page.locator('.out-i').filter({ hasText: subject });
  const says = await item.locator('.say').textContent();
  await mail.button('Done', item).click();
  await item.waitFor({ state: 'detached' });
  return says;
}

export async function mute(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.row(subject).first().click();
  await mail.press('m');
  await mail.says('Muted');
}

export async function block(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.command('Block the sender');
  await mail.says('goes to Junk from now on');
  await mail.gone(subject);
  await mail.at('/settings/reading');
  await mail.page.locator('.plain-list bdi').first().waitFor();
  return mail.page.locator('.plain-list bdi').allTextContents();
}

export async function flag(mail, { subject, colour }) {
  await mail.at('/m/inbox');
  await mail.row(subject).first().click();
  await mail.press('Shift+s');
  await mail.page.getByRole('radio', { name: colour }).check({ force: true });
  await mail.page.locator('dialog').getByRole('menuitem', { name: 'No date', exact: true }).click();
  await mail.row(subject).locator(`.flag-${colour.toLowerCase()}`).waitFor();
}

export async function folders(mail, { name, fresh }) {
  await mail.at('/settings/folders');
  const page = mail.page;
  await page.getByLabel('New folder').fill(name);
  await mail.button('Add').first().click();
  await page.getByRole('button', { name: `Remove ${name}` }).waitFor();
  const field = page.getByLabel('Name of the folder').first();
  await field.fill(fresh);
  await field.blur();
  await page.getByRole('button', { name: `Remove ${fresh}` }).waitFor();
}

export async function removeFolder(mail, { name }) {
  await mail.at('/settings/folders');
  await mail.page.getByRole('button', { name: `Remove ${name}` }).click();
  const dialog = mail.page.getByRole('dialog');
  const says = await dialog.locator('p').textContent();
  await mail.button('Delete the folder', dialog).click();
  await mail.page.getByRole('button', { name: `Remove ${name}` }).waitFor({ state: 'detached' });
  return says;
}

/** A search that stays: its name in the sidebar, with how many are unread in it. */
export async function smartFolder(mail, { words, name }) {
  await mail.at('/m/inbox');
  await mail.find(words);
  await mail.button('Save as smart folder').click();
  await mail.page.getByLabel('Name of the smart folder').fill(name);
  await mail.press('Enter');
  await mail.page.locator('.list-head h1').filter({ hasText: name }).waitFor();
  const subjects = await mail.subjects();
  const count = await mail.page.locator('.side .nav-item').filter({ hasText: name }).locator('.nav-n').textContent();
  return { subjects, count: parseInt(count, 10) };
}

/** Everything in the inbox, also what was never on the screen. */
export async function archiveEverything(mail, { newest }) {
  await mail.at('/m/inbox');
  await mail.row(newest).first().waitFor();
  const all = mail.page.getByRole('button', { name: /^Select all \d/ });
  for (let tries = 0; tries < 3 && !(await all.isVisible()); tries++) {
    await mail.row(/./).first().focus(); // a row that is drawn anew in this moment loses it
    await mail.press('x');
    await all.waitFor({ timeout: 4000 }).catch(() => {});
  }
  await all.click();
  const words = await mail.page.locator('.selnote strong').textContent();
  await mail.press('e');
  await mail.says('Nothing waits for you here.');
  return words;
}

/** What another device has done, taken back here. */
export async function undoElsewhere(mail, { words }) {
  await mail.at('/history');
  const item = mail.page.locator('.hist').filter({ hasText: words }).first();
  await mail.button('Undo', item).click();
  await item.locator('.is-undone').waitFor();
}

/** A flag that is due tomorrow: it stands on the board of what one waits for; what it says there. */
export async function flagDue(mail, { subject, colour }) {
  await mail.at('/m/inbox');
  await mail.row(subject).first().click();
  await mail.press('Shift+s');
  await mail.page.getByRole('radio', { name: colour }).check({ force: true });
  await mail.page.getByRole('menuitem', { name: /Tomorrow morning/ }).click();
  await mail.row(subject).locator(`.flag-${colour.toLowerCase()}`).waitFor();
  await mail.row(subject).getByText(/^Due/).waitFor();
  await mail.at('/waiting');
  return mail.page.locator('.out-i').filter({ hasText: subject }).locator('.say').textContent();
}

/** A label made in the settings, given another name and colour, put onto a message; what the row and the sidebar show. */
export async function labels(mail, { name, renamed, hue, subject }) {
  const page = await mail.at('/settings/labels');
  await page.getByLabel('New label').fill(name);
  await mail.button('Add').click();
  const item = page.locator('.label-list li').last();
  await item.getByLabel('Name of the label').fill(renamed);
  await item.getByLabel('Colour of the label').selectOption({ label: hue });
  await page.locator(`.label-list li.hue-${hue.toLowerCase()}`).waitFor();
  await mail.at('/m/inbox');
  await mail.row(subject).first().click();
  await mail.press('l');
  await page.getByRole('dialog').getByText(renamed, { exact: true }).click();
  await mail.press('Escape');
  await mail.row(subject).getByText(renamed).waitFor();
  const link = page.locator('.side').getByRole('link', { name: new RegExp(renamed) });
  await link.click();
  await mail.row(subject).first().waitFor();
  return new URL(page.url()).pathname;
}

/** Take a label out of the sidebar: it stays on its messages, and can still be put on others. */
export async function hideLabel(mail, { name, subject }) {
  const page = await mail.at('/settings/labels');
  const hide = page.getByRole('button', { name: `Hide ${name} in the sidebar` });
  await hide.click();
  await page.waitForTimeout(1000); // settings follow the user a moment later
  await mail.at('/m/inbox');
  await mail.row(subject).getByText(name).waitFor();
  return page.locator('.side').getByRole('link', { name: new RegExp(name) }).count();
}

/** The same label, seen from another device and shown there again: how often it stands in the sidebar before and after. */
export async function showLabel(mail, { name }) {
  const page = await mail.at('/settings/labels');
  const hide = page.getByRole('button', { name: `Hide ${name} in the sidebar`, pressed: true });
  await hide.waitFor();
  await mail.at('/m/inbox');
  const link = page.locator('.side').getByRole('link', { name: new RegExp(name) });
  const before = await link.count();
  await mail.at('/settings/labels');
  await hide.click();
  await mail.at('/m/inbox');
  await link.waitFor();
  return { before, after: await link.count() };
}

// ------------------------------------------------------------------------------------------------ notes
const memo = (mail) => mail.page.locator('.memo p[dir=auto]');

async function writeIn(mail, text) {
  const field = mail.page.getByRole('dialog').getByLabel('Note on this conversation');
  await field.fill(text);
  await mail.press('Control+Enter');
  await field.waitFor({ state: 'detached' });
}

/** A note by key from the list; what the row and the reader say of it, and after it has been changed in the reader. */
export async function note(mail, { subject, text, fresh }) {
  await mail.at('/m/inbox');
  await mail.row(subject).first().focus();
  await mail.press('Shift+n');
  await writeIn(mail, text);
  const seen = { row: await mail.row(subject).locator('.fact[title]').getAttribute('title') };
  await mail.open(subject);
  seen.reader = await memo(mail).textContent();
  if (fresh) {
    await mail.button('Change the note').click();
    await writeIn(mail, fresh);
    await memo(mail).filter({ hasText: fresh }).waitFor();
  }
  return seen;
}

/** The reader shows this note. */
export async function noteShown(mail, { subject, text }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  await memo(mail).filter({ hasText: text }).waitFor();
}

/** Take away the note, and take that back by key. */
export async function noteUndone(mail, { subject, text }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.button('Change the note').click();
  await mail.button('Remove the note').click();
  await memo(mail).waitFor({ state: 'detached' });
  await mail.press('z');
  await memo(mail).filter({ hasText: text }).waitFor();
}

/** What a search finds. */
export async function searched(mail, { words }) {
  await mail.at('/m/inbox');
  await mail.find(words);
  const found = await mail.subjects();
  await mail.press('Escape');
  await mail.at('/m/inbox');
  return found;
}

/** Keep the panes as they are under a name, choose others, come back to it, throw it away; the layouts seen on the way. */
export async function keptLayout(mail, { name, renamed }) {
  const page = await mail.at('/settings/layout');
  const chosen = () => page.locator('.lay').evaluateAll((all) => all.findIndex((one) => one.closest('label').classList.contains('is-on')));
  const choose = (words) => page.getByRole('radio', { name: words }).check({ force: true });
  await choose(/Reader below/);
  await page.getByLabel('Name of the layout').last().fill(name);
  await mail.button('Save').click();
  await mail.button(`Remove ${name}`).waitFor();
  const item = page.locator('.plain-list li').first();
  const kept = await chosen();
  const named = page.getByLabel('Name of the layout').first();
  await named.fill(renamed);
  await named.blur();
  await mail.button(`Remove ${renamed}`).waitFor();
  await choose(/Single lines/);
  const other = await chosen();
  await mail.button('Use', item).click();
  const back = await chosen();
  await mail.button(`Remove ${renamed}`, item).click();
  await item.waitFor({ state: 'detached' });
  await choose(/Columns/);
  return { kept, other, back };
}

/** What stands in each section of a split inbox. */
async function sections(mail) {
  return Object.fromEntries(await mail.page.locator('.part').evaluateAll((parts) => parts.map((part) => [part.getAttribute('aria-label'), [...part.querySelectorAll('.row .subj')].map((row) => row.textContent)])));
}

const section = (mail, name) => mail.page.getByRole('region', { name, exact: true });

/** The inbox in sections by key; read in one, and it goes to another; down by key from one into the next; filed from there. */
export async function splitInbox(mail, { unread, flagged, filed }) {
  await mail.at('/m/inbox');
  await mail.row(flagged).first().focus();
  await mail.press('Shift+i', 's', 'g', '5');
  await section(mail, 'Flagged').getByText(flagged).waitFor();
  const before = await sections(mail);
  await section(mail, 'Unread').getByText(unread).click();
  await mail.text();
  await section(mail, 'Everything else').getByText(unread).waitFor();
  await section(mail, 'Unread').getByText(unread).waitFor({ state: 'detached' }); // each section asks for itself
  const after = await sections(mail);
  await section(mail, 'Unread').locator('.row').last().focus();
  await mail.press('j');
  await mail.page.waitForFunction((subject) => document.activeElement?.querySelector('.subj')?.textContent === subject, flagged);
  await section(mail, 'Everything else').getByText(filed).click();
  await mail.press('e');
  await mail.gone(filed);
  return { before, after };
}

/** Other sections, one of them a new label, found by the palette; the names of those that the inbox has then. */
export async function chooseSections(mail, { label }) {
  const page = await mail.at('/settings/labels');
  await page.getByLabel('New label').fill(label);
  await mail.button('Add').click();
  await mail.at('/m/inbox');
  await mail.go('Sections of the inbox');
  await mail.button('Remove section 2').click();
  await page.getByLabel('Section 1', { exact: true }).selectOption({ label });
  await mail.button('Add a section').click();
  await page.getByLabel('Section 3', { exact: true }).selectOption({ label: 'Important' });
  await mail.button('Move section 3 up').click();
  await mail.at('/m/inbox');
  await page.locator('.part').nth(2).waitFor();
  await page.waitForTimeout(800); // settings follow the user a moment later
  return page.locator('.part').evaluateAll((parts) => parts.map((part) => part.getAttribute('aria-label')));
}

/** The same on another device, which goes on with columns afterwards. */
export async function sectionsElsewhere(mail) {
  await mail.at('/m/inbox');
  await mail.page.locator('.part').nth(2).waitFor();
  const names = await mail.page.locator('.part').evaluateAll((parts) => parts.map((part) => part.getAttribute('aria-label')));
  await mail.press('g', '1');
  await mail.page.locator('.part').first().waitFor({ state: 'detached' });
  await mail.page.waitForTimeout(800);
  return names;
}

/** Leave a mailing list. */
export async function unsubscribe(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.button('Unsubscribe').click();
  await mail.says('has been asked to send no more');
}

/** Try to leave a list that is left on its page only; where that is. */
export async function leaveByPage(mail, { subject, host }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.button('Unsubscribe').click();
  await mail.says(`You leave this list on its own page, at ${host}.`);
  const [page] = await Promise.all([mail.page.context().waitForEvent('page'), mail.button('Open the page').click()]);
  await page.close();
}

/** A message kept as a template, and another one begun from it, which is sent. */
export async function template(mail, { to, subject, text }) {
  await mail.at('/m/inbox');
  await mail.page.locator('.toast').waitFor({ state: 'detached' });
  await mail.write({ subject, text });
  await mail.button('Templates', mail.composer).click();
  await mail.page.getByRole('menuitem', { name: 'Save as template' }).click();
  await mail.button('Discard', mail.composer).click();
  await mail.write({ to });
  await mail.button('Templates', mail.composer).click();
  await mail.page.getByRole('menuitem', { name: subject }).click();
  const filled = { subject: await mail.composer.getByLabel('Subject').inputValue(), text: await mail.composer.locator('.editor').innerText() };
  await mail.press('Control+Enter');
  await mail.says('Sending to');
  return filled;
}

/** A row drawn into a folder of the sidebar by the pointer. */
export async function dragToFolder(mail, { subject, folder }) {
  await mail.at('/m/inbox');
  await mail.row(subject).first().dragTo(mail.page.locator('.side').getByRole('link', { name: new RegExp(`^${folder}`) }));
  await mail.gone(subject);
}

/** Operators become chips; one is taken away; what was left out is looked through as well. */
export async function searchInSteps(mail, { words, chip, drop, everywhere }) {
  await mail.at('/m/inbox');
  await mail.press('/');
  const input = mail.page.locator('.search input').first();
  await input.pressSequentially(words, { delay: 30 });
  await mail.page.locator('.search .op').filter({ hasText: chip }).waitFor();
  await mail.page.waitForFunction((last) => new URLSearchParams(location.search).get('q').endsWith(last), words.split(' ').at(-1));
  await mail.found();
  const subjects = async () => (await mail.subjects()).sort();
  const narrow = await subjects();
  await mail.page.getByRole('button', { name: `Remove ${drop}` }).click();
  await mail.page.waitForFunction((count) => document.querySelectorAll('.row .subj').length > count, narrow.length);
  const wide = await subjects();
  await mail.button('Include them').click();
  await mail.row(everywhere).first().waitFor();
  const all = await subjects();
  await mail.press('Escape');
  await mail.at('/m/inbox');
  return { narrow, wide, all };
}

/** One smart folder put inside another: it finds only what both find; what stands in the sidebar, by depth. */
export async function smartTree(mail, { parent, parentWords, child, childWords, without }) {
  for (const [name, words] of [[parent, parentWords], [child, childWords]]) {
    await mail.at('/m/inbox');
    await mail.find(words);
    await mail.button('Save as smart folder').click();
    await mail.page.getByLabel('Name of the smart folder').fill(name);
    await mail.press('Enter');
    await mail.page.locator('.list-head h1').filter({ hasText: name }).waitFor();
  }
  const page = await mail.at('/settings/folders');
  const item = page.locator('.label-list li').filter({ has: page.locator(`input[aria-label="Name of the folder"]`) });
  const index = await item.evaluateAll((all, wanted) => all.findIndex((one) => one.querySelector('input').value === wanted), child);
  await item.nth(index).getByLabel('Inside').selectOption({ label: parent });
  await mail.at('/m/inbox');
  const link = page.locator('.side').getByRole('link', { name: new RegExp(`^${child}`) });
  await page.locator('.side li.depth-1').filter({ has: page.getByRole('link', { name: new RegExp(`^${child}`) }) }).waitFor();
  await link.click();
  await page.locator('.list-head h1').filter({ hasText: child }).waitFor();
  await mail.gone(without);
  return mail.subjects();
}

/** Sections by what one has: a VIP, a smart folder, what is unread; what stands in each, and, in another order and without a network, again. */
export async function sectionsByConversation(mail, { vip, words, name, order, offline }) {
  const page = await mail.at('/settings/notifications');
  await page.getByLabel('Address of a VIP').fill(vip);
  await mail.press('Enter');
  await page.locator('.plain-list bdi').filter({ hasText: vip }).waitFor();
  await mail.at('/m/inbox');
  await mail.find(words);
  await mail.button('Save as smart folder').click();
  await page.getByLabel('Name of the smart folder').fill(name);
  await mail.press('Enter');
  await page.locator('.list-head h1').filter({ hasText: name }).waitFor();
  await mail.at('/m/inbox');
  await mail.press('g', '5');
  const choose = async (labels) => {
    await mail.go('Sections of the inbox');
    await page.getByLabel('Section 1', { exact: true }).waitFor();
    for (let have = await page.getByLabel(/^Section \d$/).count(); have < labels.length; have++) await mail.button('Add a section').click();
    for (const [index, label] of labels.entries()) await page.getByLabel(`Section ${index + 1}`, { exact: true }).selectOption({ label });
    await mail.at('/m/inbox');
    await page.locator('.part').nth(labels.length - 1).waitFor();
    await page.waitForFunction((names) => JSON.stringify([...document.querySelectorAll('.part')].map((part) => part.getAttribute('aria-label'))) === names, JSON.stringify(labels));
    await page.waitForFunction(() => [...document.querySelectorAll('.part')].every((part) => !part.querySelector('[aria-busy=true]')));
    await page.waitForTimeout(600);
    return sections(mail);
  };
  const online = await choose(order);
  await page.waitForTimeout(1500); // what has come is written to the device when the hand rests
  await mail.context.setOffline(true);
  await page.locator('.notice').waitFor();
  const without = await choose(offline);
  await mail.context.setOffline(false);
  await page.locator('.notice').waitFor({ state: 'detached', timeout: 40_000 });
  await mail.press('g', '1');
  await page.waitForTimeout(800);
  return { online, without };
}

/** A search put together from what is offered: by key, and by hand. What stands in the field, and what is found. */
export async function searchByHints(mail, { sender }) {
  const page = await mail.at('/m/inbox');
  await page.locator('.rail a[href^="/s?"]').click();
  const field = page.locator('.search input').first();
  await page.locator('.calm .chip').first().waitFor();
  await field.focus();
  await mail.press('ArrowDown', 'Enter');
  await page.waitForFunction(() => document.activeElement?.closest('.search'));
  const seen = { field: await field.inputValue() };
  await page.keyboard.type(`${sender} `);
  await mail.found();
  seen.byKey = await mail.subjects();
  await mail.press('Escape');
  await page.locator('.rail a[href^="/s?"]').click();
  await page.getByRole('button', { name: 'Flagged', exact: true }).click();
  await mail.found();
  seen.chip = await page.locator('.search .op').innerText();
  seen.byHand = await mail.subjects();
  // The same once more is the same.
  await field.focus();
  await page.keyboard.type('is:flagged ');
  await page.waitForFunction(() => document.querySelector('.search input').value.trim() === '');
  await mail.found();
  seen.chips = await page.locator('.search .op').count();
  // Nothing of the kind: the page offers to look everywhere.
  await page.keyboard.type('qqqq');
  const everywhere = page.locator('.list-pane .calm').getByRole('button', { name: 'Search everywhere' });
  await everywhere.click();
  await everywhere.waitFor({ state: 'detached' });
  await mail.press('Escape');
  await mail.at('/m/inbox');
  return seen;
}
