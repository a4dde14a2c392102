// Writing and sending.

/**
 * What the server refuses says so, until something is changed that may mend it; also where it was sent without a network and is refused when its turn comes. What stands
 * there, at once, after a choice that mends nothing, after a new receiver; and in the draft that came back.
 */
export async function refusedSending(mail, { to, subject, known }) {
  const notice = () => mail.composer.locator('.preflight[role=alert]').allTextContents();
  await mail.at('/m/inbox');
  await mail.write({ to, subject, text: 'To a place that cannot be reached.' });
  await mail.saved();
  await mail.button('Send', mail.composer).click();
  await mail.says('Not sent:');
  const seen = [await notice()];
  await mail.button('More send options', mail.composer).click();
  await mail.page.getByRole('menuitemcheckbox', { name: /read receipt/ }).click();
  await mail.press('Escape');
  await mail.saved();
  seen.push(await notice());
  await mail.fillTo(known);
  await mail.page.locator('.composer .preflight[role=alert]').waitFor({ state: 'detached' });
  await mail.button('Discard', mail.composer).click();
  await mail.page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await mail.context.setOffline(true);
  await mail.write({ to, subject: `${subject} later`, text: 'Written on a train.' });
  await mail.press('Control+Enter');
  await mail.says('Waits in the outbox');
  await mail.context.setOffline(false);
  await mail.page.locator('.composer.is-minimised').waitFor({ timeout: 30_000 });
  await mail.page.locator('.composer.is-minimised .dock-t').click();
  await mail.says('Not sent:');
  await mail.saved();
  seen.push(await notice());
  await mail.button('Discard', mail.composer).click();
  return seen.flat();
}

/** A letter of two paragraphs, each written its own way, kept as a draft; which way each stands on the screen. */
export async function bothWays(mail, { subject, paragraphs }) {
  await mail.at('/m/inbox');
  await mail.write({ subject });
  await mail.composer.locator('.editor').click();
  await mail.page.keyboard.press('Control+Home'); // before a signature
  for (const [index, text] of paragraphs.entries()) {
    if (index) await mail.page.keyboard.press('Enter');
    await mail.page.keyboard.type(text);
  }
  await mail.saved();
  const edges = await mail.composer.locator('.editor > div').evaluateAll((blocks) =>
    blocks.filter((block) => block.textContent.trim() && !block.matches('.signature')).map((block) => {
      const range = document.createRange();
      range.selectNodeContents(block);
      const [text, box] = [range.getBoundingClientRect(), block.getBoundingClientRect()];
      return box.right - text.right < text.left - box.left ? 'right' : 'left';
    }),
  );
  await mail.composer.locator('.dock-h .btn-ic').last().click();
  return edges;
}

/** Five seconds to think better of it, instead of ten: the tests wait for them. */
export async function shortUndo(mail) {
  const page = await mail.at('/settings/composing');
  await page.getByText('5 s', { exact: true }).click();
  await mail.at('/m/inbox');
}

/** Write to somebody, think better of it, send it after all. */
export async function sendCallBackSend(mail, { to, subject }) {
  await mail.at('/m/inbox');
  await mail.write({ to, subject, text: 'All is well.' });
  await mail.press('Control+Enter');
  await mail.says('Sending to');
  await mail.press('z');
  await mail.says('Not sent');
  await mail.button('Send', mail.composer).click();
  await mail.says('Sending to');
}

/** Hand it over for tomorrow morning; then, in the outbox, say now. */
export async function sendLater(mail, { to, subject }) {
  await mail.at('/m/inbox');
  await mail.write({ to, subject, text: 'By the time you read this' });
  await mail.button('More send options', mail.composer).click();
  await mail.page.getByRole('menuitem', { name: /Tomorrow morning/ }).click();
  await mail.says('Will be sent');
  await mail.at('/outbox');
  const item = mail.page.locator('.out-i').filter({ hasText: subject });
  await item.getByText('even if this device is off').waitFor();
  return item.locator('.track .now').textContent();
}

export async function sendNow(mail, { subject }) {
  await mail.at('/outbox');
  const item = mail.page.locator('.out-i').filter({ hasText: subject }).filter({ hasText: 'Waiting' });
  await mail.button('Change time', item).click();
  await mail.page.getByRole('menuitem', { name: 'Send now' }).click();
  await mail.page.locator('.out-i').filter({ hasText: subject }).filter({ hasText: 'In every recipient’s mailbox' }).waitFor();
}

/** A file by the button, a picture into the text. */
export async function attach(mail, { to, subject, file, picture }) {
  await mail.at('/m/inbox');
  await mail.write({ to, subject, text: 'See below. ' });
  await mail.composer.getByLabel('Attach files').setInputFiles({ name: file.name, mimeType: file.type, buffer: Buffer.from(file.base64, 'base64') });
  await mail.button('Format', mail.composer).click();
  await mail.composer.getByLabel('Picture').setInputFiles({ name: 'dot.png', mimeType: 'image/png', buffer: Buffer.from(picture, 'base64') });
  await mail.composer.locator('.att').getByText(/bytes?|kB/).waitFor();
  await mail.composer.locator('.editor img').waitFor();
  await mail.saved();
  await mail.button('Send', mail.composer).click();
  await mail.says('Sending to');
}

/** Begin in the dock, go on in a window of its own, send from there. */
export async function ownWindow(mail, { to, subject }) {
  await mail.at('/m/inbox');
  await mail.write({ to, subject, text: 'First half, ' });
  await mail.saved();
  const opening = mail.context.waitForEvent('page');
  await mail.button('Open in its own window', mail.composer).click();
  const window = await opening;
  mail.watch(window);
  await window.locator('.composer .editor').filter({ hasText: 'First half,' }).click();
  await window.keyboard.press('Control+End');
  await window.keyboard.type('second half.');
  await window.keyboard.press('Control+Enter');
  await window.waitForEvent('close', { timeout: 20_000 }).catch(() => undefined);
  return { closed: window.isClosed(), docks: await mail.page.locator('.composer').count() };
}

/** Under one's own name, with a signature below. */
export async function identity(mail, { name, signature }) {
  const page = await mail.at('/settings/composing');
  const first = page.locator('fieldset').first();
  await first.getByLabel('Name').fill(name);
  await first.getByLabel('Signature').fill(signature);
  await first.getByLabel('Signature').blur();
  await page.waitForTimeout(500);
  await mail.at('/m/inbox');
  await mail.write({});
  const text = await mail.composer.locator('.editor').innerText();
  await mail.button('Close, the draft is kept', mail.composer).click();
  return text;
}

/** An automatic reply, switched on or off. */
export async function away(mail, { on, subject, text }) {
  const page = await mail.at('/settings/away');
  await page.locator('#away-text:enabled').waitFor();
  await page.getByRole('switch', { name: 'Reply automatically' }).setChecked(on, { force: true });
  await page.getByLabel('Subject').fill(subject);
  await page.getByLabel('Message').fill(text);
  await mail.button('Save').click();
  await mail.says(on ? 'Whoever writes gets an automatic reply' : 'No automatic replies are sent');
}

/** Before it is known what the reply is, whether it can be written; what it says when it is known. */
export async function awayLate(mail) {
  await mail.at('/m/inbox');
  let answer;
  const asked = new Promise((resolve) => (answer = resolve));
  await mail.context.route('**/jmap', async (route) => {
    if (route.request().postData()?.includes('VacationResponse/get')) await asked;
    await route.fallback();
  });
  const page = await mail.at('/settings/away');
  const text = page.getByLabel('Message');
  await text.waitFor();
  const open = await text.isEnabled();
  answer();
  await page.locator('#away-text:enabled').waitFor();
  await mail.context.unroute('**/jmap');
  return { open, text: await text.inputValue() };
}

/** Tell the sender, who asked, that it has been read. */
export async function receipt(mail, { subject }) {
  await mail.at('/m/inbox');
  await mail.open(subject);
  await mail.says('The sender asks for a read receipt');
  await mail.button('Send receipt').click();
  await mail.says('Read receipt sent');
  await mail.button('Send receipt').waitFor({ state: 'detached' });
}

/** Plain text: kept as a draft, taken up again, sent; what the draft said when it was opened. */
export async function plainText(mail, { to, subject, text }) {
  await mail.at('/m/inbox');
  await mail.write({ to, subject });
  await mail.button('More send options', mail.composer).click();
  await mail.page.getByRole('menuitemcheckbox', { name: 'Plain text' }).click();
  await mail.composer.locator('textarea.plain').fill(text);
  await mail.saved();
  await mail.page.reload();
  await mail.at('/m/drafts');
  await mail.row(subject).first().click();
  await mail.composer.locator('textarea.plain').waitFor();
  const kept = await mail.composer.locator('textarea.plain').inputValue();
  await mail.button('Send', mail.composer).click();
  await mail.says('Sending to');
  return kept;
}

/** Send, and want to be reminded if nobody answers. */
export async function sendReminded(mail, { to, subject }) {
  await mail.at('/m/inbox');
  await mail.write({ to, subject, text: 'When could we meet?' });
  await mail.button('More send options', mail.composer).click();
  await mail.page.getByRole('menuitemcheckbox', { name: /Remind me if nobody replies/ }).click();
  await mail.page.keyboard.press('Escape');
  await mail.button('Send', mail.composer).click();
  await mail.says('Sending to');
}

/** The same, and what the board of what one waits for shows. */
export async function remindIfSilent(mail, { to, subject }) {
  await sendReminded(mail, { to, subject });
  await mail.at('/waiting');
  const item = mail.page.locator('main').getByText(subject).first();
  await item.waitFor();
  return item.innerText();
}

/** Attachment forgotten: said once, then sent without by the words that offer it. A stranger in an answer: said, and taken out. */
export async function checksBeforeSending(mail, { to, subject, answered, stranger }) {
  await mail.at('/m/inbox');
  await mail.write({ to, subject });
  await mail.composer.locator('.editor').click();
  await mail.press('Control+Home'); // above the signature, where there is one
  await mail.page.keyboard.type('The plan is attached.');
  await mail.button('Send', mail.composer).click();
  const warning = mail.composer.locator('.preflight');
  const says = [(await warning.first().textContent()).trim()];
  await mail.button('Send without attachment', mail.composer).click();
  await mail.says('Sending to');
  await mail.open(answered);
  await mail.press('r');
  await mail.composer.locator('.editor').waitFor();
  await mail.fillTo(stranger);
  await warning.filter({ hasText: stranger }).waitFor();
  says.push((await warning.first().textContent()).trim());
  await mail.composer.getByRole('button', { name: new RegExp(`Remove .*${stranger}`) }).click();
  await warning.waitFor({ state: 'detached' });
  await mail.composer.locator('.editor').click();
  await mail.page.keyboard.type('Only to you.');
  await mail.press('Control+Enter');
  await mail.page.locator('.composer').waitFor({ state: 'detached' });
  return says;
}

/** Ask for a receipt, to a receiver whom two letters have found; what was offered. */
export async function askReceipt(mail, { letters, address, subject }) {
  await mail.at('/m/inbox');
  await mail.press('c');
  await mail.composer.getByLabel('To', { exact: true }).pressSequentially(letters, { delay: 60 });
  const offered = mail.page.getByRole('option').filter({ hasText: address }).first();
  await offered.waitFor();
  await mail.press('Enter');
  await mail.composer.getByText(address).waitFor();
  await mail.composer.getByLabel('Subject').fill(subject);
  await mail.composer.locator('.editor').click();
  await mail.page.keyboard.type('Please say that you have it.');
  await mail.button('More send options', mail.composer).click();
  await mail.page.getByRole('menuitemcheckbox', { name: /Ask for a read receipt/ }).click();
  await mail.press('Escape');
  await mail.button('Send', mail.composer).click();
  await mail.says('Sending to');
}

/** Two at once: one is put aside, both are kept, both are there after a reload; a file dropped and a picture pasted into the other. */
export async function twoComposers(mail, { to, first, second, picture }) {
  await mail.at('/m/inbox');
  await mail.write({ to, subject: first, text: 'One. ' });
  await mail.saved();
  // A letter is a letter while one writes: the next message by its button.
  await mail.button('New message').click();
  await mail.composer.getByLabel('To', { exact: true }).and(mail.page.locator(':focus')).waitFor();
  await mail.fillTo(to);
  await mail.composer.getByLabel('Subject').fill(second);
  await mail.composer.locator('.editor').click();
  await mail.page.keyboard.type('Two. ');
  const dropped = await mail.page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File(['dropped words'], 'dropped.txt', { type: 'text/plain' }));
    return data;
  });
  await mail.composer.dispatchEvent('drop', { dataTransfer: dropped });
  await mail.composer.locator('.att').getByText('dropped.txt').waitFor();
  await mail.composer.locator('.editor').evaluate((editor, base64) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], 'pasted.png', { type: 'image/png' }));
    editor.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  }, picture);
  await mail.composer.locator('.editor img').waitFor();
  await mail.saved();
  const open = await mail.page.locator('.composer').count();
  await mail.page.locator('.composer').filter({ hasText: first }).getByRole('button', { name: 'Restore' }).first().click();
  await mail.page.locator('.composer .editor').filter({ hasText: 'One.' }).waitFor();
  await mail.button('Send', mail.page.locator('.composer').filter({ hasText: 'One.' })).click();
  await mail.says('Sending to');
  await mail.page.locator('.composer').nth(1).waitFor({ state: 'detached' });
  const restore = mail.page.getByRole('button', { name: 'Restore' }).first();
  if (await restore.count()) await restore.click();
  await mail.button('Send', mail.composer).click();
  await mail.page.locator('.composer').waitFor({ state: 'detached' });
  return open;
}

/** Whether the check for a forgotten file speaks up, for words in each place; what it said, null where nothing. */
export async function forgottenFile(mail, { to, signature, answered }) {
  const found = {};
  const tried = async (name, write) => {
    await mail.at('/m/inbox');
    await mail.button('New message').click();
    await mail.composer.getByLabel('To', { exact: true }).and(mail.page.locator(':focus')).waitFor();
    await mail.fillTo(to);
    await mail.composer.getByLabel('Subject').fill('Nothing much');
    await write(mail.composer.locator('.editor'));
    found[name] = await speaks();
  };
  const speaks = async () => {
    await mail.button('Send', mail.composer).click();
    const warning = mail.composer.locator('.preflight').first();
    const sent = mail.page.getByText('Sending to').locator('visible=true').first();
    await warning.or(sent).waitFor();
    const says = (await warning.count()) ? (await warning.textContent()).trim() : null;
    if (says === null) {
      await mail.press('z');
      await mail.says('Not sent');
    }
    await mail.button('Discard', mail.composer).click();
    await mail.page.locator('.composer').waitFor({ state: 'detached' });
    for (const close of await mail.page.locator('.toast').all()) await close.waitFor({ state: 'detached', timeout: 15_000 }).catch(() => {});
    return says;
  };
  const { keyboard } = mail.page;
  await tried('only the signature', async (editor) => {
    await editor.click();
    await mail.press('Control+Home');
    await keyboard.type('Nothing to speak of.');
  });
  await tried('below the signature', async (editor) => {
    await editor.click();
    await mail.press('Control+End', 'Enter');
    await keyboard.type('It is attached.');
  });
  await tried('in the signature', async (editor) => {
    await editor.getByText(signature).click();
    await mail.press('End');
    await keyboard.type(' see the enclosed list');
  });
  await mail.open(answered);
  await mail.text();
  await mail.press('r');
  await mail.composer.locator('.editor').waitFor();
  await keyboard.type('Thank you.');
  found['only what is quoted'] = await speaks();
  await mail.press('Escape');
  await mail.open(answered);
  await mail.press('f');
  await mail.composer.locator('.editor').waitFor();
  await mail.fillTo(to);
  found['only what is passed on'] = await speaks();
  return found;
}

/** Keys that come before what they are meant for: over a slow line the palette, then a composer. What became of them. */
export async function keysInAdvance(mail, { to }) {
  const page = mail.page;
  await mail.at('/m/inbox');
  await mail.row(/./).nth(1).focus();
  const slow = async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await route.continue();
  };
  await page.route(/assets\/(?:Palette|Composer|compose|late)[^/]*\.js/, slow);
  await mail.press('Control+k');
  await page.waitForTimeout(200); // as slow as a hand: faster ones would be taken for typing that lost its field
  await keyboardAtPace(page, ['#', 'e', 's', 'm']);
  const field = page.getByRole('dialog').getByRole('combobox');
  await field.waitFor();
  await page.waitForFunction(() => document.querySelector('.palette input')?.value.length > 0);
  const palette = await field.inputValue();
  await mail.press('Escape', 'c');
  await keyboardAtPace(page, [...to]);
  await page.waitForFunction((length) => (document.querySelector('.composer [role=combobox]')?.value.length ?? 0) >= length, to.length);
  const receiver = await mail.composer.getByLabel('To', { exact: true }).inputValue();
  await mail.button('Discard', mail.composer).click();
  return { palette, receiver };
}

async function keyboardAtPace(page, keys) {
  for (const key of keys) {
    await page.keyboard.press(key);
    await page.waitForTimeout(170);
  }
}
