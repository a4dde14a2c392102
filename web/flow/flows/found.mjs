// Found words: where they are marked, and whether they can be read there.

/** The rows of the list as they are read, with what is marked of them in brackets: sender, subject, preview. */
function rowsMarked(page) {
  return page.evaluate(() => {
    const ranges = [...(CSS.highlights.get('found') ?? [])];
    const said = (element) => {
      const node = element?.firstChild;
      const mine = ranges.filter(({ startContainer }) => startContainer === node).sort((left, right) => right.startOffset - left.startOffset);
      return mine.reduce((text, { startOffset, endOffset }) => `${text.slice(0, startOffset)}[${text.slice(startOffset, endOffset)}]${text.slice(endOffset)}`, node?.data ?? '');
    };
    return [...document.querySelectorAll('.row:not(.is-blank), .trow:not(.is-blank)')].map((row) => [said(row.querySelector('.l1 .from, .from .cut')), said(row.querySelector('.subj')), said(row.querySelector('.l3, .prev'))]);
  });
}

/** Until the row of this subject has this marked. */
async function untilMarked(page, subject, word) {
  await page.waitForFunction(
    ({ subject, word }) => [...(CSS.highlights.get('found') ?? [])].some(({ startContainer: node, startOffset, endOffset }) => node.data.slice(startOffset, endOffset) === word && node.parentElement?.closest('.row, .trow')?.querySelector('.subj').textContent === subject),
    { subject, word },
  );
}

/** What is marked of what a search has found, when `word` is marked in the row of `subject`. */
export async function foundWords(mail, { words, subject, word, path = '/m/inbox' }) {
  await mail.at(path);
  await mail.find(words);
  await untilMarked(mail.page, subject, word);
  const rows = await rowsMarked(mail.page);
  await mail.press('Escape');
  await mail.at('/m/inbox');
  await mail.row(subject).first().waitFor();
  return rows;
}

/** With each letter: what is marked after each; and in the list of the place, when the search is left. */
export async function markedAsTyped(mail, { letters, subject }) {
  const { page } = mail;
  await mail.at('/m/inbox');
  await mail.press('/');
  const seen = [];
  let typed = '';
  for (const letter of letters) {
    typed += letter;
    await page.keyboard.type(letter);
    await page.waitForFunction((wanted) => [...(CSS.highlights.get('found') ?? [])].some(({ startContainer: node, startOffset, endOffset }) => node.data.slice(startOffset, endOffset).toLowerCase() === wanted), typed);
    seen.push((await rowsMarked(page)).find(([, said]) => said.replace(/[[\]]/g, '') === subject)?.[1]);
  }
  await mail.found();
  await mail.open(subject);
  seen.push(await page.evaluate(() => [...CSS.highlights.get('found')].filter(({ startContainer: node }) => node.parentElement?.closest('.reader-pane')).map(({ startContainer: node, startOffset, endOffset }) => node.data.slice(startOffset, endOffset)).join()));
  await mail.at('/m/inbox');
  await mail.row(subject).first().waitFor();
  await page.waitForFunction(() => !CSS.highlights.has('found'));
  return seen;
}

/** How much a found word stands out from what it stands on, and that from what is around it, as they are painted: in each theme, and in the colours of the system. */
export async function contrastOfMarks(mail, { words, subject, word }) {
  const { page } = mail;
  await mail.at('/m/inbox');
  await mail.find(words);
  await untilMarked(page, subject, word);
  const out = {};
  for (const theme of ['light', 'dark', 'contrast', 'forced']) {
    if (theme === 'forced') await page.emulateMedia({ forcedColors: 'active' });
    await page.evaluate((value) => (document.documentElement.dataset.theme = value), theme === 'forced' ? 'light' : theme);
    const clip = await page.evaluate((wanted) => {
      const { startContainer, startOffset, endOffset } = [...CSS.highlights.get('found')].find(({ startContainer: node }) => node.parentElement.closest('.row')?.querySelector('.subj').textContent === wanted && node.parentElement.matches('.l3'));
      const range = document.createRange();
      range.setStart(startContainer, startOffset);
      range.setEnd(startContainer, endOffset);
      const { x, y, width, height } = range.getBoundingClientRect();
      const around = document.createRange();
      around.setStart(startContainer, endOffset);
      around.setEnd(startContainer, startContainer.data.length);
      const beside = around.getBoundingClientRect();
      return { mark: { x, y: y + 2, width, height: height - 4 }, around: { x: beside.x + 2, y: beside.y + 2, width: Math.min(60, beside.width - 4), height: beside.height - 4 } };
    }, subject);
    const colours = {};
    for (const [name, box] of Object.entries(clip)) {
      const png = (await page.screenshot({ clip: box, animations: 'disabled' })).toString('base64');
      colours[name] = await page.evaluate(async (octets) => {
        const picture = await createImageBitmap(new Blob([Uint8Array.from(atob(octets), (one) => one.charCodeAt(0))]));
        const context = new OffscreenCanvas(picture.width, picture.height).getContext('2d');
        context.drawImage(picture, 0, 0);
        const { data } = context.getImageData(0, 0, picture.width, picture.height);
        const counts = new Map();
        for (let at = 0; at < data.length; at += 4) {
          const key = data.slice(at, at + 3).join();
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
        const light = (key) => {
          const [red, green, blue] = key.split(',').map((one) => (one / 255 <= 0.04045 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4));
          return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        };
        const [ground] = [...counts].sort((left, right) => right[1] - left[1])[0];
        const ratio = (key) => (Math.max(light(key), light(ground)) + 0.05) / (Math.min(light(key), light(ground)) + 0.05);
        return { ground, ink: Math.max(...[...counts.keys()].map(ratio)) };
      }, png);
    }
    out[theme] = { ink: colours.mark.ink, stands: colours.mark.ground !== colours.around.ground };
  }
  await page.emulateMedia({ forcedColors: 'none' });
  await mail.press('Escape');
  return out;
}

/** The layout of the page for one flow: a table of single lines, or columns. */
export async function inLayout(mail, { layout }) {
  await mail.at('/m/inbox');
  await mail.command(layout);
  await mail.page.locator(layout === 'Single lines' ? '.trow' : '.row').first().waitFor();
}
