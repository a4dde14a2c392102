// How much room a finger has on a telephone: for everything that can be touched, on each screen.
import { hold } from '../touch.mjs';

/** From the middle of what is touched, half of 44 pixels without the pixel in the middle. */
const REACH = 21;

/** What of the page a finger is given less than that for: its name, and on which sides. */
function cramped(page) {
  return page.evaluate((reach) => {
    const touched = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [contenteditable=true], [role=button], [role=checkbox], [role=radio], [role=switch], [role=tab], [role^=menuitem], [role=option], [role=slider], [role=row][tabindex]';
    // Where rows are chosen a tap anywhere on one does what its box does.
    const belongs = (hit, element) => hit !== null && ((element.matches('.row .hit') ? element.closest('.row') : element).contains(hit) || hit.closest('label')?.control === element);
    const out = [];
    let looked = 0;
    // What has come before the page is what is touched.
    const top = document.querySelector('[popover]:popover-open, dialog[open]') ?? document;
    for (const element of top.querySelectorAll(touched)) {
      if (element.closest('[inert], [aria-hidden=true]') || element.disabled) continue;
      // What only a screen reader or the key of a field reaches is as large as what stands for it.
      let box = element.getBoundingClientRect();
      const stands = box.width < 4 || box.height < 4 || getComputedStyle(element).opacity === '0' ? element.closest('label') : element;
      if (!stands?.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      stands.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
      box = stands.getBoundingClientRect();
      if (box.width < 4 || box.height < 4) continue;
      // A link in a sentence is as high as the line (WCAG 2.2, 2.5.8).
      if (element.matches('a') && getComputedStyle(element).display === 'inline' && element.parentElement.textContent.trim().length > element.textContent.trim().length) continue;
      const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
      // Behind a drawer, a dialog or the bar of the places it is not touched.
      if (!belongs(document.elementFromPoint(x, y), element)) continue;
      looked++;
      const short = Object.entries({ above: [0, -reach], below: [0, reach], left: [-reach, 0], right: [reach, 0] }).filter(([, [dx, dy]]) => !belongs(document.elementFromPoint(x + dx, y + dy), element));
      if (short.length) out.push(`${element.tagName.toLowerCase()}.${[...element.classList].filter((one) => !one.startsWith('svelte-')).join('.')} "${(element.ariaLabel || element.labels?.[0]?.textContent || element.textContent).trim().slice(0, 30)}" ${Math.round(box.width)}×${Math.round(box.height)}: ${short.map(([side]) => side).join()}`);
    }
    return { looked, out };
  }, REACH);
}

/** Each screen of a telephone: how many things can be touched there, and which of them have too little room. */
export async function reach(mail, { subject, words, pages }) {
  const page = await mail.at('/m/inbox');
  // An earlier flow may have cut this page off from the news.
  await mail.reload();
  const seen = {};
  const look = async (name) => {
    // What slides in stands where it will stay.
    await page.waitForFunction(() => document.getAnimations().every(({ playState, effect }) => playState !== 'running' || effect.getTiming().iterations === Infinity));
    seen[name] = await cramped(page);
  };
  await mail.row(subject).first().waitFor();
  await look('list');
  await page.locator('.top .btn-ic').first().tap();
  await page.locator('.drawer-open').waitFor();
  await look('drawer');
  await page.locator('.scrim').tap({ position: { x: page.viewportSize().width - 20, y: 400 } });
  await page.locator('.drawer-open').waitFor({ state: 'detached' });
  await page.locator('.list-head .btn').first().tap();
  await page.locator('[popover]:popover-open').waitFor();
  await look('menu of the list');
  await mail.press('Escape');
  await mail.row(subject).first().scrollIntoViewIfNeeded();
  await hold(mail, subject);
  await page.locator('.selnote strong').waitFor();
  await look('chosen');
  await page.locator('.selbar').getByRole('button', { name: 'Move' }).tap();
  await page.locator('dialog[open]').waitFor();
  await look('where to');
  await mail.press('Escape');
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
  await page.locator('.selbar .btn-ic').last().tap();
  await page.locator('.selbar').waitFor({ state: 'detached' });
  await mail.row(subject).first().tap();
  await mail.text();
  await look('reader');
  await page.locator('.msg .btn-ic[aria-haspopup=menu]').last().tap();
  await page.locator('[popover]:popover-open').waitFor();
  await look('menu of a message');
  await mail.press('Escape');
  await page.locator('.reader-pane .bar .btn-ic').first().tap();
  await page.locator('.fab').tap();
  await mail.composer.locator('.editor').waitFor();
  await look('composer');
  await mail.button('More send options', mail.composer).tap();
  await page.locator('[popover]:popover-open').waitFor();
  await look('ways to send');
  await mail.press('Escape');
  await page.locator('[popover]:popover-open').waitFor({ state: 'detached' });
  await mail.composer.locator('.dock-h .btn-ic').last().tap();
  await mail.composer.waitFor({ state: 'detached' });
  await page.locator('.tabs a[href^="/s?"]').tap();
  await page.locator('.search input').first().waitFor();
  await look('search');
  await page.locator('.search input').first().fill(words);
  await page.locator('.search .op').first().waitFor();
  await mail.found();
  await mail.row(subject).first().waitFor();
  await look('what was found');
  for (const one of pages) {
    await page.goto(`${mail.base}${one}`);
    await page.locator('.set h1, .page h1').waitFor();
    await look(one);
  }
  return seen;
}
