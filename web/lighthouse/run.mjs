// Lighthouse over the sign-in page and the inbox, on the size of a telephone (its own default: a slow line and a slow processor are
// simulated) and of a desk. Run by `python -m bench.lighthouse`, which starts the server: node run.mjs BASE LOGIN PASSWORD.
// Prints one line of JSON for each page: the scores, and every audit that is not passed.
import { writeFileSync } from 'node:fs';
import lighthouse, { desktopConfig } from 'lighthouse';
import * as launcher from 'chrome-launcher';
import puppeteer from 'puppeteer-core';

const [base, login, password] = process.argv.slice(2);
const chrome = await launcher.launch({
  chromePath: '/usr/bin/chromium',
  chromeFlags: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const categories = ['performance', 'accessibility', 'best-practices'];

async function look(page, size, cookies = []) {
  const browser = await puppeteer.connect({ browserURL: `http://127.0.0.1:${chrome.port}`, defaultViewport: null });
  const tab = await browser.newPage();
  const cdp = await tab.createCDPSession();
  await cdp.send('Storage.clearDataForOrigin', { origin: base, storageTypes: 'all' });
  for (const cookie of cookies) await cdp.send('Network.setCookie', { ...cookie, url: base });
  const { lhr } = await lighthouse(`${base}${page}`, { port: chrome.port, output: 'json', logLevel: 'error', onlyCategories: categories, disableStorageReset: true }, size === 'desk' ? desktopConfig : undefined, tab);
  const shows = await tab.evaluate(() => (document.querySelector('.row, .trow') ? 'list' : document.querySelector('input[type=password]') ? 'door' : 'neither'));
  await tab.close();
  await browser.disconnect();
  const weighed = new Set(categories.flatMap((name) => lhr.categories[name].auditRefs.filter(({ weight }) => weight > 0).map(({ id }) => id)));
  const missed = Object.values(lhr.audits)
    .filter(({ id, score }) => weighed.has(id) && score !== null && score < 0.9)
    .map(({ id, score, displayValue, details }) => ({ id, score, value: displayValue, items: (details?.items ?? []).slice(0, 4).map((item) => item.description ?? item.node?.snippet ?? item.url ?? item.issueType ?? JSON.stringify(item).slice(0, 160)) }));
  if (process.env.LIGHTHOUSE_REPORT) writeFileSync(`${process.env.LIGHTHOUSE_REPORT}/${size}${page.replaceAll('/', '-')}.json`, JSON.stringify(lhr));
  console.log(JSON.stringify({ page, size, shows, runtimeError: lhr.runtimeError?.message, scores: Object.fromEntries(categories.map((name) => [name, Math.round(100 * lhr.categories[name].score)])), missed }));
}

/** A session as the sign-in page gets it. */
async function session() {
  const response = await fetch(`${base}/api/session`, { method: 'POST', headers: { 'Content-Type': 'application/json', Origin: base, 'Sec-Fetch-Site': 'same-origin' }, body: JSON.stringify({ login, password }) });
  if (!response.ok) throw new Error(`sign-in: ${response.status} ${await response.text()}`);
  return response.headers.getSetCookie().map((one) => {
    const [pair] = one.split(';');
    return { name: pair.slice(0, pair.indexOf('=')), value: pair.slice(pair.indexOf('=') + 1), httpOnly: /; *httponly/i.test(one), sameSite: 'Lax' };
  });
}

try {
  const cookies = await session();
  for (const size of ['phone', 'desk']) {
    await look('/', size);
    await look('/m/inbox', size, cookies);
  }
} finally {
  await chrome.kill();
}
