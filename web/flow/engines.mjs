// The browsers that the flows drive: Debian's Chromium, whole or as the shell that has no window (the same engine, for a third less of the processor), and Debian's
// Firefox over WebDriver BiDi.
import { existsSync } from 'node:fs';
import playwright from 'playwright-core';

const WHOLE = '/usr/bin/chromium';
const SHELL = '/usr/bin/chromium-headless-shell';

const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

const chromium = (executablePath) => playwright.chromium.launch({ executablePath, args });

/** Chromium with a profile on disk, as somebody has it who comes back tomorrow. */
export const installed = (profile) =>
  playwright.chromium.launchPersistentContext(profile, { executablePath: WHOLE, args, viewport: { width: 1440, height: 900 }, locale: 'en-GB', timezoneId: 'Europe/Berlin' });

/** `prefs` as in about:config. The long-term release knows no `emulation.setMediaFeaturesOverride`, which playwright-core 1.65 sends to every context: it is left out. */
async function firefox(prefs) {
  const browser = await playwright.firefox.launch({ channel: 'moz-firefox', executablePath: '/usr/bin/firefox-esr', headless: true, firefoxUserPrefs: prefs });
  const wire = Object.getPrototypeOf((playwright._connection?.toImpl ?? playwright._toImpl)(browser)._browserSession);
  const { send } = wire;
  wire.send = function (method, params) {
    return method === 'emulation.setMediaFeaturesOverride' ? Promise.resolve({}) : send.call(this, method, params);
  };
  return browser;
}

/** `engine`: firefox; chromium, as people have it; or shell, which is Chromium's where there is one. */
export const launch = (engine, prefs = {}) => (engine === 'firefox' ? firefox(prefs) : chromium(engine === 'shell' && existsSync(SHELL) ? SHELL : WHOLE));
