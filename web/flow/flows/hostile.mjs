// The frame of messages by itself: what mail could do in it that nobody has cleaned, and the two ways of framing it that would not hold.

/** A frame as the reader makes it, with this in it; `sandbox`: the attribute of that name. What came of it within some seconds. */
const framed = (page, html, sandbox = null) =>
  page.evaluate(
    ([mail, attribute]) =>
      new Promise((done) => {
        const frame = document.createElement('iframe');
        if (attribute !== null) frame.setAttribute('sandbox', attribute);
        frame.src = '/frame.html';
        frame.addEventListener(
          'load',
          () => {
            const { port1, port2 } = new MessageChannel();
            window.said = [];
            port1.onmessage = ({ data }) => {
              window.said.push(data);
              if (data.t === 'rendered') setTimeout(() => done({ rendered: true, reachable: frame.contentDocument !== null }), 1200);
            };
            frame.contentWindow.postMessage('init', '*', [port2]);
            port1.postMessage({ html: mail });
          },
          { once: true },
        );
        addEventListener('message', () => (window.marked = true));
        frame.className = 'of-the-test';
        Object.assign(frame.style, { position: 'fixed', inset: '0', inlineSize: '600px', blockSize: '400px', zIndex: '99' });
        document.body.append(frame);
        setTimeout(() => done({ rendered: false, reachable: false }), 6000);
      }),
    [html, sandbox],
  );

const away = (page) => page.evaluate(() => document.querySelectorAll('iframe.of-the-test').forEach((frame) => frame.remove()));

/** Each of these in a frame, as it is. */
export async function uncleaned(mail, { mails, offline }) {
  const page = await mail.at('/m/inbox');
  await mail.row(/./).first().waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await page.waitForTimeout(1500); // the frame comes onto the device with the application
  await mail.context.setOffline(offline);
  const seen = [];
  for (const html of mails) {
    const one = await framed(page, html);
    const handle = await page.locator('iframe.of-the-test').elementHandle();
    const inside = await handle.contentFrame();
    seen.push({ ...one, origin: await inside.evaluate(() => self.origin), marked: await page.evaluate(() => window.marked === true) });
    await away(page);
  }
  await mail.context.setOffline(false);
  return seen;
}

/** Keys and links of a message arrive, and nothing is opened by the message itself. */
export async function heardFromFrame(mail, { html }) {
  const page = await mail.at('/m/inbox');
  await framed(page, html);
  const frame = page.frameLocator('iframe.of-the-test');
  await frame.getByRole('link').click();
  await page.keyboard.press('j');
  await page.waitForFunction(() => window.said.some(({ t }) => t === 'key'));
  const said = await page.evaluate(() => window.said);
  await away(page);
  return { key: said.find(({ t }) => t === 'key')?.key, link: said.find(({ t }) => t === 'link')?.href, pages: mail.context.pages().length };
}

/** The sandbox as an attribute too: whether the frame comes with a network, and without one. */
export async function sandboxedTwice(mail, { html }) {
  const page = await mail.at('/m/inbox');
  await mail.row(/./).first().waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await page.waitForTimeout(1500);
  const seen = {};
  for (const offline of [false, true]) {
    await mail.context.setOffline(offline);
    const key = offline ? 'offline' : 'online';
    seen[key] = (await framed(page, html, 'allow-scripts')).rendered;
    await away(page);
  }
  await mail.context.setOffline(false);
  return seen;
}

/** The page with another `frame-src` than it has. */
export async function framesOfAll(mail, { html, policy }) {
  const page = await mail.at('/m/inbox');
  await page.route(
    (url) => url.pathname === '/m/inbox',
    async (route) => {
      const response = await route.fetch();
      const headers = response.headers();
      headers['content-security-policy'] = headers['content-security-policy'].replace(/frame-src [^;]+/, policy);
      await route.fulfill({ response, headers });
    },
  );
  await page.goto(`${mail.base}/m/inbox`);
  await mail.row(/./).first().waitFor();
  const { rendered } = await framed(page, html);
  await page.waitForTimeout(1500);
  await away(page);
  return rendered;
}
