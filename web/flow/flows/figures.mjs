// How quick it is: measured in the page, by the browser's own clock.

const quantile = (list, share) => [...list].sort((left, right) => left - right)[Math.min(list.length - 1, Math.floor(list.length * share))];
const firstRow = (page) => page.waitForFunction(() => window.firstRow, undefined, { timeout: 60_000 }).then((handle) => handle.jsonValue());

/** From the address to a list that can be used: with nothing on the device, then from what is there. */
export async function starts(mail) {
  const { page } = mail;
  await page.addInitScript(() => {
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
  await page.waitForTimeout(4000);
  const cached = [];
  for (let round = 0; round < 7; round++) {
    await page.goto(`${mail.base}/m/inbox`);
    cached.push(await firstRow(page));
    await page.waitForTimeout(800);
  }
  return { cold: quantile(cold, 0.5), cached: quantile(cached, 0.5) };
}

/** From the key to the painted frame; from a deed to the row that is gone. */
export async function keys(mail) {
  const page = await mail.at('/m/inbox');
  await mail.row(/./).first().click();
  await page.evaluate(() => {
    window.painted = [];
    addEventListener('keydown', (event) => requestAnimationFrame(() => setTimeout(() => window.painted.push(performance.now() - event.timeStamp))), true);
  });
  for (let round = 0; round < 40; round++) {
    await page.keyboard.press('j');
    await page.waitForTimeout(120);
  }
  const walk = await page.evaluate(() => window.painted.splice(0));
  for (let round = 0; round < 12; round++) {
    await page.keyboard.press('e');
    await page.waitForTimeout(250);
  }
  const archive = await page.evaluate(() => window.painted.splice(0));
  return { walk50: quantile(walk, 0.5), walk95: quantile(walk, 0.95), archive50: quantile(archive, 0.5), archive95: quantile(archive, 0.95) };
}

/** Script time of a frame while the whole list goes by. */
export async function scroll(mail) {
  const page = await mail.at('/m/inbox');
  const cdp = await mail.context.newCDPSession(page);
  await cdp.send('Performance.enable');
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

/** Letters into the search field: each is a scan of every row that the device has. */
export async function typing(mail, { words }) {
  const page = await mail.at('/m/inbox');
  await page.locator('.search input').first().click();
  await page.waitForTimeout(200);
  await page.keyboard.type(words.slice(0, 2), { delay: 200 });
  await page.waitForTimeout(6000);
  await page.evaluate(() => performance.clearMeasures('scan'));
  await page.keyboard.type(words.slice(2), { delay: 220 });
  await page.waitForTimeout(500);
  const scans = await page.evaluate(() => performance.getEntriesByName('scan').map(({ duration }) => duration));
  const says = await page.locator('.scope dd').first().textContent();
  await mail.at('/m/inbox');
  return { p50: quantile(scans, 0.5), p95: quantile(scans, 0.95), scans: scans.length, says };
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

/** When the row of a message that is to come is painted: milliseconds since 1970. */
export async function arrival(mail, { subject }) {
  const page = await mail.at('/m/inbox');
  await page.evaluate(() => (document.querySelector('.list').scrollTop = 0));
  return page.evaluate((wanted) => new Promise((resolve) => {
    const look = () => [...document.querySelectorAll('.row .subj')].some((row) => row.textContent === wanted) && (observer.disconnect(), requestAnimationFrame(() => setTimeout(() => resolve(performance.timeOrigin + performance.now()))));
    const observer = new MutationObserver(look);
    observer.observe(document.querySelector('.list-pane'), { childList: true, subtree: true, characterData: true });
  }), subject);
}

/** Memory after much reading, with what is no longer used let go. */
export async function memory(mail, { rounds }) {
  const page = await mail.at('/m/inbox');
  const cdp = await mail.context.newCDPSession(page);
  await cdp.send('Performance.enable');
  const used = async () => {
    await cdp.send('HeapProfiler.collectGarbage');
    return (await cdp.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'JSHeapUsedSize').value / 1e6;
  };
  await mail.row(/./).first().click();
  const marks = [await used()];
  for (let round = 0; round < rounds; round++) {
    for (let step = 0; step < 50; step++) {
      await page.keyboard.press(round % 2 ? 'k' : 'j');
      await page.waitForTimeout(60);
    }
    marks.push(await used());
  }
  return marks;
}
