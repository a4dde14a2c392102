// What becomes of a message between its first letter and the server: what it takes in, how it is turned, what holds it back, and what is known of it later.

const DOTS = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M/wHwAEBgIApD5fRAAAAABJRU5ErkJggg==';

async function paste(mail, kinds, file) {
  await mail.composer.locator('.editor').evaluate((editor, [types, one]) => {
    const data = new DataTransfer();
    for (const [type, text] of Object.entries(types)) data.setData(type, text);
    if (one) data.items.add(new File([one.text], one.name, { type: one.type }));
    editor.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  }, [kinds, file]);
}

async function turn(mail) {
  await mail.button('More send options', mail.composer).click();
  await mail.page.getByRole('menuitemcheckbox', { name: 'Plain text' }).click();
}

/** Begun above the signature, as one does. */
async function begin(mail, { text, ...letter }) {
  await mail.write(letter);
  await mail.composer.locator('.editor').click();
  await mail.page.keyboard.press('Control+Home');
  await mail.page.keyboard.type(text);
}

const sentOff = async (mail) => {
  await mail.button('Send', mail.composer).click();
  await mail.says('Sending to');
};

/** Sent to somebody and to a word that is no address: held back, also after it was put aside; then with the right one. What was said each time. */
export async function wrongReceiver(mail, { to, wrong, right, subject }) {
  await mail.at('/m/inbox');
  await mail.write({ to, subject, text: 'For both of you.' });
  await mail.composer.getByLabel('To', { exact: true }).fill(wrong);
  await mail.button('Send', mail.composer).click();
  const notice = mail.composer.locator('.preflight[role=alert]');
  const said = [await notice.textContent()];
  await mail.button('Minimise', mail.composer).click();
  await mail.page.locator('.composer.is-minimised .dock-t').click();
  await mail.button('Send', mail.composer).click();
  said.push(await notice.textContent(), await mail.composer.getByLabel('To', { exact: true }).inputValue());
  await mail.composer.getByLabel('To', { exact: true }).fill(right);
  await sentOff(mail);
  return said.map((text) => text.trim());
}

/** A file that the server does not take holds the message back until it is there. */
export async function fileThatFails(mail, { to, subject }) {
  await mail.at('/m/inbox');
  await mail.write({ to, subject, text: 'The figures.' });
  await mail.page.route('**/upload/**', (route) => route.abort('connectionreset'));
  await mail.composer.getByLabel('Attach files').setInputFiles({ name: 'figures.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(21_000_000, 7) });
  const again = mail.composer.getByRole('button', { name: 'Upload figures.bin again' });
  await again.waitFor();
  await mail.button('Send', mail.composer).click();
  const said = await mail.composer.locator('.preflight[role=alert]').textContent();
  await mail.page.unroute('**/upload/**');
  await again.click();
  await mail.composer.locator('.att').getByText(/MB/).waitFor();
  await mail.saved();
  await sentOff(mail);
  return said.trim();
}

/** What two word processors, a page with a picture in itself and a file manager put on the clipboard. How bold each word stands on the screen. */
export async function pastedFromElsewhere(mail, { to, subject }) {
  await mail.at('/m/inbox');
  await begin(mail, { to, subject, text: 'Pasted: ' });
  await paste(mail, {
    'text/html': '<meta charset="utf-8"><b style="font-weight:normal;" id="docs-internal-guid-1"><p dir="ltr" style="line-height:1.38"><span style="font-size:11pt;font-weight:400;color:#ff0000">thin </span><span style="font-weight:700">thick </span><span style="font-style:italic;text-decoration:underline">slanted</span></p></b><br>',
    'text/plain': 'thin thick slanted',
  });
  await mail.composer.locator('.editor b').first().waitFor();
  const entry = (level, mark, text) => `<p class=MsoListParagraph style='margin-left:36.0pt;text-indent:-18.0pt;mso-list:l0 level${level} lfo1'><![if !supportLists]><span style='font-family:Symbol'><span style='mso-list:Ignore'>${mark}<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;&nbsp; </span></span></span><![endif]>${text}<o:p></o:p></p>`;
  await paste(mail, {
    'text/html': `<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style><!-- p.MsoNormal {margin:0cm} --></style></head><body lang=EN><!--StartFragment--><p class=MsoNormal>Points:<o:p></o:p></p>${entry(1, '·', 'first')}${entry(2, 'o', 'within')}${entry(1, '·', 'second')}<p class=MsoNormal>End</p><!--EndFragment--></body></html>`,
    'text/plain': 'Points: first within second End',
  });
  await mail.composer.locator('.editor li').first().waitFor();
  await paste(mail, { 'text/html': `<p>See <img src="data:image/png;base64,${DOTS}" alt="dot"> there</p>`, 'text/plain': 'See there' });
  await mail.composer.locator('.editor img').waitFor();
  await paste(mail, { 'text/plain': 'plan.pdf' }, { name: 'plan.pdf', type: 'application/pdf', text: '%PDF-1.4 plan' });
  await mail.composer.locator('.att').getByText(/bytes/).waitFor();
  const weights = await mail.composer.locator('.editor').evaluate((editor) => {
    const words = {};
    const walker = document.createTreeWalker(editor, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const word = walker.currentNode.textContent.match(/thin|thick|slanted/)?.[0];
      if (word) words[word] = getComputedStyle(walker.currentNode.parentElement).fontWeight;
    }
    return words;
  });
  await mail.saved();
  await sentOff(mail);
  return weights;
}

/** Formatting, plain text, and back: as it was. Then plain again, and sent: the picture goes along beside the text. */
export async function turnedAndBack(mail, { to, subject }) {
  await mail.at('/m/inbox');
  await begin(mail, { to, subject, text: 'Dear all, ' });
  await mail.page.keyboard.press('Control+b');
  await mail.page.keyboard.type('come early');
  await mail.page.keyboard.press('Control+b');
  await mail.button('Format', mail.composer).click();
  await mail.composer.getByLabel('Picture').setInputFiles({ name: 'map.png', mimeType: 'image/png', buffer: Buffer.from(DOTS, 'base64') });
  await mail.composer.locator('.editor img[src^="blob:"]').waitFor();
  await mail.saved();
  const look = () => mail.composer.locator('.editor').evaluate((editor) => [editor.querySelector('b')?.textContent, editor.querySelectorAll('img[src^="blob:"]').length, editor.querySelectorAll('.signature').length]);
  const before = await look();
  await turn(mail);
  const plain = await mail.composer.locator('textarea').inputValue();
  await turn(mail);
  await mail.composer.locator('.editor img[src^="blob:"]').waitFor();
  const after = await look();
  await turn(mail);
  await mail.composer.locator('.att').getByText('map.png').waitFor();
  await sentOff(mail);
  return { before, plain, after };
}

/** In plain text and changed there, then with formatting: the signature is one, and what stands in columns stays so. */
export async function plainMadeRich(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.write({ subject });
  await turn(mail);
  const area = mail.composer.locator('textarea');
  await area.fill(`tea   2\n  milk 1${await area.inputValue()}`);
  await turn(mail);
  await mail.composer.locator('.editor').waitFor();
  await mail.composer.locator('.editor').click();
  await mail.page.keyboard.press('Control+Home');
  await mail.page.keyboard.type('List: ');
  await mail.saved();
  const found = await mail.composer.locator('.editor').evaluate((editor) => ({ signatures: editor.querySelectorAll('.signature').length, text: editor.innerText.replaceAll('\u00a0', ' ') }));
  await mail.button('Close, the draft is kept', mail.composer).click();
  return found;
}

/** An answer, written below what it answers: where it stands and where it does not, while it is written, put aside and taken up again. */
export async function answerInPlace(mail, { subject, text }) {
  const { page } = mail;
  await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.text();
  await mail.press('r');
  await mail.composer.locator('.editor').waitFor();
  await page.keyboard.type(text);
  await mail.saved();
  const messages = () => page.locator('.reader-pane .msg').count();
  const seen = { whileWriting: await messages(), subjectAgain: await mail.composer.getByLabel('Subject', { exact: true }).and(page.locator('input')).count() };
  await page.keyboard.type(' And more.');
  seen.stillSaid = await mail.composer.getByText(/^Saved/).isVisible();
  await mail.saved();
  await mail.button('Close, the draft is kept', mail.composer).click();
  const line = page.locator('.reader-pane .msg.is-line').filter({ hasText: 'Draft' });
  await line.filter({ hasText: 'And more.' }).waitFor();
  await line.nth(1).waitFor({ state: 'detached' });
  seen.putAside = await messages();
  seen.answers = (await page.locator('.reply .ph').textContent()).trim();
  await line.locator('.msg-line').click();
  await mail.composer.locator('.editor').filter({ hasText: text }).waitFor();
  seen.takenUp = await messages();
  return seen;
}

/** The answer that is being written is sent, the page begins anew, and it is called back; somebody is added who is new to the conversation. What is said of that. */
export async function calledBackAfterReload(mail, { stranger, subject }) {
  const { page } = mail;
  await sentOff(mail);
  await page.locator('.composer').waitFor({ state: 'detached' });
  await mail.reload();
  await mail.says('Sending to');
  await mail.press('z');
  await mail.composer.locator('.editor').waitFor();
  await page.locator('.toast').filter({ hasText: 'Sending to' }).waitFor({ state: 'detached' });
  await mail.fillTo(stranger);
  await mail.button('Send', mail.composer).click();
  const said = await mail.composer.locator('.preflight').first().textContent();
  await mail.composer.getByRole('button', { name: `Remove ${stranger}` }).click();
  await mail.saved();
  return { said: said.trim(), subject: await mail.composer.getByLabel('Subject', { exact: true }).inputValue() === subject };
}

/** What stands in the composer goes. */
export async function sendWhatIsThere(mail) {
  await sentOff(mail);
  await mail.page.locator('.composer').waitFor({ state: 'detached' });
}

/** A template before there is anybody to write to: held back as it is, and filled by whoever is added. */
export async function templateFirst(mail, { name, text, to, other }) {
  await mail.at('/m/inbox');
  await mail.write({ subject: name, text });
  await mail.button('Templates', mail.composer).click();
  await mail.page.getByRole('menuitem', { name: 'Save as template' }).click();
  await mail.button('Discard', mail.composer).click();
  await mail.button('New message').click();
  await mail.composer.getByLabel('To', { exact: true }).and(mail.page.locator(':focus')).waitFor();
  await mail.button('Templates', mail.composer).click();
  await mail.page.getByRole('menuitem', { name }).click();
  const words = async () => (await mail.composer.locator('.editor').innerText()).trim();
  const seen = { first: await words() };
  await mail.fillTo(to);
  await mail.composer.locator('.editor').filter({ hasText: to }).waitFor();
  seen.filled = await words();
  await mail.composer.locator('.editor').click();
  await mail.page.keyboard.press('Control+End');
  await mail.page.keyboard.type(' {first}');
  await mail.fillTo(other);
  await mail.page.waitForTimeout(100);
  seen.later = (await words()).includes('{first}');
  await mail.composer.locator('.editor').click();
  await mail.page.keyboard.press('Control+End');
  await mail.page.keyboard.type(' {me}');
  await mail.button('Send', mail.composer).click();
  seen.said = (await mail.composer.locator('.preflight').first().textContent()).trim();
  await mail.button('Discard', mail.composer).click();
  return seen;
}

/** A letter to very many leaves the letter its place. */
export async function veryMany(mail, { count }) {
  await mail.at('/m/inbox');
  await mail.write({});
  const to = mail.composer.getByLabel('To', { exact: true });
  await to.fill(Array.from({ length: count }, (_, index) => `member${index}@example.test`).join(', '));
  await to.press('Enter');
  await mail.composer.locator('.rcpt').nth(count - 1).waitFor();
  const body = await mail.composer.locator('.cbody').boundingBox();
  const last = await mail.composer.locator('.rcpt').last().boundingBox();
  const field = await to.boundingBox();
  await mail.button('Discard', mail.composer).click();
  return { text: Math.round(body.height), lastAboveField: last.y + last.height <= field.y + 1 };
}

/** A message with nothing in it but its subject is on its way. */
async function sentTo(mail, { to, subject }) {
  await mail.button('New message').click();
  await mail.composer.getByLabel('To', { exact: true }).and(mail.page.locator(':focus')).waitFor();
  await mail.fillTo(to);
  await mail.composer.getByLabel('Subject').fill(subject);
  await mail.button('Send', mail.composer).click();
  await mail.page.locator('.composer').waitFor({ state: 'detached' });
}

/** Two messages on their way at once: each is taken back by the key, the last one first. */
export async function twoTakenBack(mail, { to, subjects }) {
  await mail.at('/m/inbox');
  for (const subject of subjects) await sentTo(mail, { to, subject });
  await mail.press('z');
  await mail.page.locator('.composer').first().waitFor();
  await mail.button('Minimise', mail.composer).click();
  await mail.press('z');
  await mail.page.locator('.composer').nth(1).waitFor();
  const open = await mail.page.locator('.composer').count();
  for (let left = open; left; left--) {
    const minimised = mail.page.locator('.composer.is-minimised .dock-t').first();
    if (!(await mail.composer.count())) await minimised.click();
    await mail.button('Discard', mail.composer).click();
    await mail.page.locator('.composer').nth(left - 1).waitFor({ state: 'detached' });
  }
  return open;
}

/** For tomorrow, then for another day; a time that has passed is refused in words. Then now after all. What was said. */
export async function anotherDay(mail, { to, subject, day }) {
  const { page } = mail;
  await mail.at('/m/inbox');
  await mail.write({ to, subject, text: 'By the time you read this' });
  await mail.button('More send options', mail.composer).click();
  const field = page.locator('.menu-own input');
  await field.fill('2020-01-01T08:00');
  await page.locator('.menu-own').getByRole('button', { name: 'Choose' }).click();
  const said = [await page.locator('.menu-own .hint').textContent(), await field.evaluate((input) => input.validationMessage)];
  await page.getByRole('menuitem', { name: /Tomorrow morning/ }).click();
  await mail.says('Will be sent');
  await mail.at('/outbox');
  const item = page.locator('.out-i').filter({ hasText: subject });
  await mail.button('Change time', item).click();
  await page.locator('.menu-own input').fill(`${day}T09:30`);
  await page.locator('.menu-own').getByRole('button', { name: 'Change time' }).click();
  await item.getByText('09:30').waitFor();
  return said;
}

/** An answer in plain text begins above what is quoted. */
export async function plainAnswer(mail, { subject, text }) {
  await mail.at('/settings/composing');
  await mail.page.getByText('Write new messages with formatting').click();
  await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.text();
  await mail.press('r');
  await mail.composer.locator('textarea:focus').waitFor();
  await mail.page.keyboard.type(text);
  const written = await mail.composer.locator('textarea').inputValue();
  await mail.button('Discard', mail.composer).click();
  await mail.at('/settings/composing');
  await mail.page.getByText('Write new messages with formatting').click();
  return written;
}

/** A message is on its way when something is filed: the key takes back the filing first, the message then. How many composers there are after each. */
export async function filedWhileSending(mail, { to, subject, other }) {
  await mail.at('/m/inbox');
  await mail.row(other).first().waitFor();
  await sentTo(mail, { to, subject });
  await mail.row(other).first().focus();
  await mail.press('x', 'e');
  await mail.gone(other);
  await mail.press('z');
  await mail.row(other).first().waitFor();
  const composers = [await mail.page.locator('.composer').count()];
  await mail.press('z');
  await mail.composer.waitFor();
  composers.push(await mail.page.locator('.composer').count());
  await mail.button('Discard', mail.composer).click();
  await mail.page.locator('.composer').waitFor({ state: 'detached' });
  return composers;
}
