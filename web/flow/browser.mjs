// One browser for many flows (its name is the first argument: engines.mjs). Each line of standard input asks for one: {"number", "flow", "device", "args"}; each line of standard output
// answers: {"number", "result", "errors", "commands"} or {"number", "failed"}. A device is a browser context with its own storage; it lasts as long as this
// process, so a flow may go on where an earlier one has stopped. The tests that ask look at the server over IMAP.
import { createInterface } from 'node:readline';
import { readdirSync } from 'node:fs';
import { launch } from './engines.mjs';
import { Mail, within } from './mail.mjs';

const flows = {};
for (const file of readdirSync(new URL('./flows/', import.meta.url))) Object.assign(flows, await import(`./flows/${file}`));

const browser = await launch(process.argv[2], JSON.parse(process.env.MAILSTEAD_BROWSER_PREFS ?? '{}'));
const devices = new Map();
/** Of a whole flow: one that hangs fails alone, and its device begins anew. */
const LONGEST_MS = 280_000; // below the bound of whoever asks

/** Device by name, made with the options of the first call. */
async function device({ name, base, login, password, ...options }) {
  let known = devices.get(name);
  if (!known) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options });
    known = new Mail(context, { base, login, password });
    devices.set(name, known);
    await known.begin();
  }
  return known;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { number, flow, device: wanted, args } = JSON.parse(line);
  let answer;
  let mail;
  const begun = Date.now();
  try {
    mail = await device(wanted);
    mail.errors.length = 0;
    mail.commands.ran.clear();
    const result = (await within(LONGEST_MS, flows[flow](mail, args))) ?? null;
    answer = { result, errors: [...mail.errors], commands: { added: [...mail.commands.added], ran: [...mail.commands.ran] } };
  } catch (error) {
    const shot = process.env.MAILSTEAD_SHOTS;
    if (shot && mail?.page) await mail.page.screenshot({ path: `${shot}/${flow}.png` }).catch(() => undefined);
    answer = { failed: `${flow}: ${error.stack ?? error}\n${mail?.errors.join('\n') ?? ''}` };
    if (Date.now() - begun >= LONGEST_MS) {
      devices.delete(wanted.name);
      await within(5000, mail.context.close()).catch(() => undefined);
    }
  }
  process.stdout.write(`${JSON.stringify({ number, ...answer })}\n`);
}
await browser.close();
