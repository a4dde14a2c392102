// Lighthouse over the sign-in page and the inbox, on the size of a telephone (its own default: a slow line and a slow processor are
// simulated) and of a desk. Run by `python -m bench.lighthouse`, which starts the server: node run.mjs BASE LOGIN PASSWORD NICENESS.
// Prints one line of JSON for each page: the scores, and every audit that is not passed.
//
// Lighthouse makes a telephone of a desk computer by taking four times as long as that for every script. Which desk it means its docs/throttling.md tells
// (`benchmarkIndex` 1500 to 2000); on a slower machine the same telephone is fewer times slower, and the factor is to be lowered ("Calibrating the CPU slowdown").
// So the index is measured first, and `slowdown` is what brings this machine to the telephone of the slowest desk of that class. What an index and a score say
// moves from look to look: of either the middle one of several is taken (docs/variability.md asks for that).
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import lighthouse, { desktopConfig } from 'lighthouse';
import { pageFunctions } from 'lighthouse/core/lib/page-functions.js';
import * as launcher from 'chrome-launcher';
import puppeteer from 'puppeteer-core';

const [base, login, password, niceness] = process.argv.slice(2);
const chrome = await launcher.launch({
  chromePath: '/usr/bin/chromium',
  chromeFlags: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
// Whoever looks on makes way for what is looked at.
setPriority(Number(niceness));
const DESK_INDEX = 1500;
const PHONE_SLOWDOWN = 4;
const INDEXES = 5;
const LOOKS = Number(process.env.LIGHTHOUSE_LOOKS ?? 3);
const middle = (ones, of) => ones.toSorted((one, other) => of(one) - of(other))[Math.floor(ones.length / 2)];
const categories = ['performance', 'accessibility', 'best-practices'];

/** Times that a script takes longer on the telephone than here. */
let slowdown = PHONE_SLOWDOWN;
let quick = 0;

/** What `work` finds in a tab of its own. */
async function inTab(work) {
  const browser = await puppeteer.connect({ browserURL: `http://127.0.0.1:${chrome.port}`, defaultViewport: null });
  const tab = await browser.newPage();
  const found = await work(tab);
  await tab.close();
  await browser.disconnect();
  return found;
}

/** How quick this machine is, by Lighthouse's own measure. */
const index = () =>
  inTab(async (tab) => {
    const found = [];
    while (found.length < INDEXES) found.push(await tab.evaluate(pageFunctions.computeBenchmarkIndex));
    return middle(found, (one) => one);
  });

/** What Lighthouse says of a page, and what stood on it. */
const audit = (page, size, cookies) =>
  inTab(async (tab) => {
    const cdp = await tab.createCDPSession();
    await cdp.send('Storage.clearDataForOrigin', { origin: base, storageTypes: 'all' });
    for (const cookie of cookies) await cdp.send('Network.setCookie', { ...cookie, url: base });
    const { lhr } = await lighthouse(`${base}${page}`, { port: chrome.port, output: 'json', logLevel: 'error', onlyCategories: categories, disableStorageReset: true }, size === 'desk' ? desktopConfig : phone(), tab);
    const shows = await tab.evaluate(() => (document.querySelector('.row, .trow') ? 'list' : document.querySelector('input[type=password]') ? 'door' : 'neither'));
    return { lhr, shows };
  });

/** The middle one of several looks as a line. */
async function look(page, size, cookies = []) {
  const looks = [];
  while (looks.length < LOOKS) looks.push(await audit(page, size, cookies));
  const { lhr, shows } = middle(looks, (one) => one.lhr.categories.performance.score);
  const weighed = new Set(categories.flatMap((name) => lhr.categories[name].auditRefs.filter(({ weight }) => weight > 0).map(({ id }) => id)));
  const missed = Object.values(lhr.audits)
    .filter(({ id, score }) => weighed.has(id) && score !== null && score < 0.9)
    .map(({ id, score, displayValue, details }) => ({ id, score, value: displayValue, items: (details?.items ?? []).slice(0, 4).map((item) => item.description ?? item.node?.snippet ?? item.url ?? item.issueType ?? JSON.stringify(item).slice(0, 160)) }));
  if (process.env.LIGHTHOUSE_REPORT) writeFileSync(`${process.env.LIGHTHOUSE_REPORT}/${size}${page.replaceAll('/', '-')}.json`, JSON.stringify(lhr));
  console.log(JSON.stringify({ page, size, slowdown: size === 'phone' ? slowdown : 1, index: quick, all: looks.map((one) => Math.round(100 * one.lhr.categories.performance.score)), shows, runtimeError: lhr.runtimeError?.message, scores: Object.fromEntries(categories.map((name) => [name, Math.round(100 * lhr.categories[name].score)])), missed }));
}

function phone() {
  return { extends: 'lighthouse:default', settings: { throttling: { cpuSlowdownMultiplier: slowdown } } };
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
  await audit('/', 'phone', []); // warms the browser up
  quick = await index();
  if (process.env.LIGHTHOUSE_SLOWDOWN) slowdown = Number(process.env.LIGHTHOUSE_SLOWDOWN);
  else slowdown = Math.min(PHONE_SLOWDOWN, Math.max(1, Math.round((10 * PHONE_SLOWDOWN * quick) / DESK_INDEX) / 10));
  for (const size of ['phone', 'desk']) {
    await look('/', size);
    await look('/m/inbox', size, cookies);
  }
} finally {
  await chrome.kill();
}
