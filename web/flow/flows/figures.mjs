// How quick it is: measured in the page, by the browser's own clock.

const quantile = (list, share) => [...list].sort((left, right) => left - right)[Math.min(list.length - 1, Math.floor(list.length * share))];
const firstRow = (page) => page.waitForFunction(() => window.firstRow, undefined, { timeout: 60_000 }).then((handle) => handle.jsonValue());

/** From the address to a list that can be used: with nothing on the device, then from what is there. */
export async function starts(mail) {
  const { page } = mail;
  await page.addInitScript(() => {
    // When the page has heard of something.
    window.heard = [];
    const listen = EventSource.prototype.addEventListener;
    EventSource.prototype.addEventListener = function (kind, call) {
      listen.call(this, kind, (event) => {
        window.heard.push(performance.timeOrigin + performance.now());
        call(event);
      });
    };
    new MutationObserver((_, observer) => {
      if (!document.querySelector('.row .subj, .trow .subj')) return;
      requestAnimationFrame(() => setTimeout(() => (window.firstRow = performance.now())));
      observer.disconnect();
    }).observe(document, { childList: true, subtree: true });
  });
  await mail.at('/m/inbox');
  const cdp = await mail.context.newCDPSession(page);
  const cold = [];
  for (let round = 0; round < 5; round++) {
    await page.goto('about:blank');
    await cdp.send('Storage.clearDataForOrigin', { origin: mail.base, storageTypes: 'indexeddb,service_workers,cache_storage,local_storage' });
    await cdp.send('Network.clearBrowserCache');
    await page.goto(`${mail.base}/m/inbox`);
    cold.push(await firstRow(page));
    await page.keyboard.press('Escape');
  }
  await page.waitForTimeout(8000);
  const cached = [];
  for (let round = 0; round < 7; round++) {
    await page.goto(`${mail.base}/m/inbox`);
    cached.push(await firstRow(page));
    await page.waitForTimeout(800);
  }
  return { cold: quantile(cold, 0.5), cached: quantile(cached, 0.5) };
}

/** Milliseconds from each key to the frame that shows what it did, until the next call. */
const watchKeys = (page) => page.evaluate(() => {
  window.painted = [];
  addEventListener('keydown', (event) => requestAnimationFrame(() => setTimeout(() => window.painted.push(performance.now() - event.timeStamp))), true);
});
async function strike(page, key, times, everyMs) {
  for (let round = 0; round < times; round++) {
    await page.keyboard.press(key);
    await page.waitForTimeout(everyMs);
  }
  const each = await page.evaluate(() => window.painted.splice(0));
  return [quantile(each, 0.5), quantile(each, 0.95)];
}

/** From the key to the painted frame: walking down the list, slowly enough to read (each conversation opens), and archiving. */
export async function keys(mail) {
  const page = await mail.at('/m/inbox');
  await mail.row(/./).first().click();
  await watchKeys(page);
  const [walk50, walk95] = await strike(page, 'j', 40, 120);
  const [slow50, slow95] = await strike(page, 'j', 20, 450);
  const [archive50, archive95] = await strike(page, 'e', 12, 250);
  return { walk50, walk95, slow50, slow95, archive50, archive95 };
}

/** The same of a page that holds nothing but one box, whose colour a key changes: what this browser takes on this machine in any case. */
export async function floor(mail) {
  const page = await mail.context.newPage();
  await page.setContent('<body style="margin:0"><div style="block-size:300px;background:#eee"></div></body>');
  await page.evaluate(() => addEventListener('keydown', () => (document.querySelector('div').style.background = `hsl(${Math.random() * 360} 50% 50%)`)));
  await watchKeys(page);
  const [p50, p95] = await strike(page, 'j', 40, 120);
  await page.close();
  return { p50, p95 };
}

/** Script of a frame while the whole list goes by, in processor time of its thread: how long it waits for a core is the machine's affair. */
export async function scroll(mail) {
  const page = await mail.at('/m/inbox');
  const cdp = await mail.context.newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  const script = async () => (await cdp.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'ScriptDuration').value * 1000;
  const each = [];
  let before = await script();
  for (let step = 0; step < 240; step++) {
    await page.evaluate((by) => new Promise((resolve) => {
      document.querySelector('.list').scrollTop += by;
      requestAnimationFrame(() => requestAnimationFrame(resolve));
    }), step % 3 ? 260 : 9000);
    const now = await script();
    each.push(now - before);
    before = now;
  }
  await page.evaluate(() => (document.querySelector('.list').scrollTop = 0));
  return { rows: Number(await page.locator('.list').getAttribute('aria-rowcount')), p50: quantile(each, 0.5), p95: quantile(each, 0.95), inPage: await page.locator('.row').count() };
}

/** Letters into the search field: from each to its answer over every row that the device has, and to the painted rows. */
export async function typing(mail, { words }) {
  const page = await mail.at('/m/inbox');
  await page.evaluate(() => {
    window.scans = [];
    new PerformanceObserver((list) => list.getEntriesByName('scan').forEach(({ duration }) => window.scans.push(duration))).observe({ entryTypes: ['measure'] });
  });
  await page.locator('.search input').first().click();
  await page.waitForTimeout(200);
  await page.keyboard.type(words.slice(0, 2), { delay: 200 });
  // The first letter brings every row into memory; what is measured is what comes after.
  await page.waitForFunction(() => window.scans.length >= 2, undefined, { timeout: 60_000 });
  for (let said, again = await page.locator('.scope dd').first().textContent(); said !== again; again = await page.locator('.scope dd').first().textContent()) {
    said = again;
    await page.waitForTimeout(2000);
  }
  await page.evaluate(() => {
    window.scans.length = 0;
    window.letters = [];
    window.shown = [];
    window.blocked = 0;
    document.querySelector('.search input').addEventListener('input', (event) => window.letters.push(event.timeStamp));
    new PerformanceObserver((list) => {
      if (!list.getEntriesByName('found').length) return;
      const typed = window.letters.splice(0).at(-1);
      if (typed !== undefined) requestAnimationFrame(() => setTimeout(() => window.shown.push(performance.now() - typed)));
    }).observe({ entryTypes: ['measure'] });
    new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => (window.blocked = Math.max(window.blocked, duration)))).observe({ entryTypes: ['longtask'] });
  });
  await page.keyboard.type(words.slice(2), { delay: 220 });
  await page.keyboard.press('End');
  for (let letters = 0; letters < 4; letters++) await page.keyboard.press('Backspace', { delay: 220 });
  await page.keyboard.type(words.slice(-4), { delay: 220 });
  await page.waitForTimeout(500);
  const { scans, shown, blocked } = await page.evaluate(() => ({ scans: window.scans, shown: window.shown, blocked: window.blocked }));
  const says = await page.locator('.scope dd').first().textContent();
  await mail.at('/m/inbox');
  return { p50: quantile(scans, 0.5), p95: quantile(scans, 0.95), shown50: quantile(shown, 0.5), shown95: quantile(shown, 0.95), blocked, scans: scans.length, says };
}

export async function waitForRows(mail, { rows }) {
  const page = await mail.at('/m/inbox');
  const count = () => page.evaluate(() => indexedDB.databases().then(([own]) => new Promise((resolve) => {
    const opening = indexedDB.open(own.name);
    opening.onsuccess = () => {
      const counting = opening.result.transaction('email').objectStore('email').count();
      counting.onsuccess = () => { resolve(counting.result); opening.result.close(); };
    };
  })));
  const until = Date.now() + 80_000;
  let now = await count();
  while (now < rows && Date.now() < until) {
    await page.waitForTimeout(2000);
    now = await count();
  }
  return now;
}

/** Look out for the row of a message that is to come. */
export async function lookOut(mail, { subject }) {
  const page = await mail.at('/m/inbox');
  await page.evaluate((wanted) => {
    document.querySelector('.list').scrollTop = 0;
    window.heard = [];
    window.arrived = new Promise((resolve) => {
      const look = () => [...document.querySelectorAll('.row .subj')].some((row) => row.textContent === wanted) && (observer.disconnect(), requestAnimationFrame(() => setTimeout(() => resolve(performance.timeOrigin + performance.now()))));
      const observer = new MutationObserver(look);
      observer.observe(document.querySelector('.list-pane'), { childList: true, subtree: true, characterData: true });
    });
  }, subject);
}

/** When the page has heard of anything and when that row was painted: milliseconds since 1970. */
export async function arrival(mail) {
  return mail.page.evaluate(() => Promise.race([window.arrived.then((painted) => ({ heard: window.heard, painted })), new Promise((_, reject) => setTimeout(() => reject(new Error('the row has not come within 30 s')), 30_000))]));
}

/** What the page holds, with what is no longer used let go. */
async function held(cdp) {
  for (let time = 0; time < 2; time++) await cdp.send('HeapProfiler.collectGarbage');
  const { metrics } = await cdp.send('Performance.getMetrics');
  const of = (name) => metrics.find((metric) => metric.name === name).value;
  return { heap: of('JSHeapUsedSize') / 1e6, nodes: of('Nodes'), listeners: of('JSEventListeners'), frames: of('Frames') };
}

/** The list goes by, further each time, and from the top again when its end is reached: some thirty rows with each step. */
async function pass(page, steps) {
  for (let step = 0; step < steps; step++) {
    await page.evaluate(() => new Promise((resolve) => {
      const list = document.querySelector('.list');
      const end = list.scrollHeight - list.clientHeight;
      list.scrollTop = window.passed = (window.passed ?? 0) >= end ? 0 : Math.min(end, (window.passed ?? 0) + 1400);
      requestAnimationFrame(() => requestAnimationFrame(resolve));
    }));
    await page.waitForTimeout(60);
  }
  await page.evaluate(() => (document.querySelector('.list').scrollTop = 0));
}

/**
 * A stretch of work: reading, scrolling, filing and taking it back, flags, searches, a draft that is thrown away, settings. Returns how many deeds that
 * were and what the page holds after them. An hour of work is many of these.
 */
export async function stretch(mail, { rounds, steps = 20 }) {
  const page = await mail.at('/m/inbox');
  const cdp = await mail.context.newCDPSession(page);
  await cdp.send('Performance.enable');
  let deeds = 0;
  const strokes = async (...all) => {
    for (const key of all) {
      await page.keyboard.press(key);
      await page.waitForTimeout(60);
      deeds++;
    }
  };
  for (let round = 0; round < rounds; round++) {
    await mail.at('/m/inbox');
    await mail.row(/./).nth(2).click();
    await strokes(...'jjjjjjkkkk');
    await page.waitForTimeout(200);
    await strokes('s', 's', 'e');
    await page.waitForTimeout(200);
    await strokes('z');
    await page.waitForTimeout(300);
    await page.locator('.search input').first().click();
    await page.keyboard.type(`harbour ${round}`, { delay: 15 });
    await page.waitForTimeout(400);
    await page.keyboard.press('Escape');
    await page.waitForTimeout(100);
    await mail.at(['/history', '/waiting', '/settings/appearance', '/outbox'][round % 4]);
    await page.waitForTimeout(100);
    await mail.at('/m/inbox');
    await mail.row(/./).first().waitFor();
    await pass(page, steps);
    await page.keyboard.press('Control+k');
    await page.locator('.palette').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.palette').waitFor({ state: 'detached' });
    deeds += 34;
  }
  await mail.row(/./).nth(2).click();
  await page.waitForTimeout(500);
  const marks = { deeds, ...(await held(cdp)) };
  await cdp.detach();
  return marks;
}
