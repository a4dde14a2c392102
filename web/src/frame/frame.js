// The message frame: an opaque origin without network, storage or a way out. Its SHA-256 stands in the frame's own policy.
// It takes sanitised HTML over a port, tells its height, the keys pressed in it and the links followed.
addEventListener('message', (event) => {
  if (event.data !== 'init' || !event.ports[0]) return;
  const port = event.ports[0];
  const send = (message) => port.postMessage(message);
  const height = () => Math.ceil(Math.max(document.body.getBoundingClientRect().bottom, document.body.scrollHeight));
  const urls = [];
  port.onmessage = ({ data }) => {
    if (data.css !== undefined) {
      document.getElementById('base').textContent = data.css;
      document.documentElement.className = data.className || '';
      document.documentElement.lang = data.lang || '';
    }
    if (data.html !== undefined) {
      while (urls.length) URL.revokeObjectURL(urls.pop());
      const page = new DOMParser().parseFromString(data.html, 'text/html');
      for (const old of document.head.querySelectorAll('style[data-mail]')) old.remove();
      for (const style of page.querySelectorAll('style')) {
        style.dataset.mail = '';
        document.head.append(style);
      }
      for (const attribute of [...document.body.attributes]) document.body.removeAttribute(attribute.name);
      for (const name of ['style', 'bgcolor', 'text', 'link', 'class', 'dir', 'lang']) {
        const value = page.body.getAttribute(name);
        if (value !== null) document.body.setAttribute(name, value);
      }
      document.body.dir = document.body.dir || 'auto';
      document.body.replaceChildren(...page.body.childNodes);
      for (const image of document.querySelectorAll('img')) image.addEventListener('load', () => send({ t: 'h', h: height() }));
      if (data.fold) fold(data.fold);
      if (data.dark) darken();
      if (data.marks) mark(data.marks);
      send({ t: 'rendered', h: height() });
    }
    if (data.images) {
      for (const [cid, blob] of Object.entries(data.images)) {
        for (const image of document.querySelectorAll('img[data-cid]')) {
          if (image.dataset.cid !== cid) continue;
          const url = URL.createObjectURL(blob);
          urls.push(url);
          image.src = url;
        }
      }
    }
    if (data.print) paper(data.print);
  };

  // Quoted text behind a button: what begins a trailing quote is known by the usual marks of mail programs.
  const fold = (label) => {
    const quotes = document.querySelectorAll('blockquote[type="cite"], .gmail_quote, .protonmail_quote, .yahoo_quoted, #divRplyFwdMsg, .moz-cite-prefix, body > blockquote, body > div > blockquote');
    const first = [...quotes].find((quote) => quote.textContent.trim() && !quote.parentElement.closest('details.mailstead-fold'));
    if (!first) return;
    let before = '';
    for (const node of first.parentNode.childNodes) {
      if (node === first) break;
      before += node.textContent;
    }
    let outer = first;
    while (outer.parentElement !== document.body && !before.trim()) {
      outer = outer.parentElement;
      for (let node = outer.previousSibling; node; node = node.previousSibling) before += node.textContent;
    }
    if (!before.trim()) return;
    const details = document.createElement('details');
    details.className = 'mailstead-fold';
    const summary = document.createElement('summary');
    summary.textContent = label;
    summary.setAttribute('aria-label', label);
    details.append(summary);
    first.before(details);
    let next = details.nextSibling;
    while (next) {
      const following = next.nextSibling;
      if (next !== first && next.nodeType === 1 && next.matches('p, div, table') && next.textContent.trim() && !next.matches('.gmail_quote, .moz-cite-prefix') && details.contains(first)) break;
      details.append(next);
      next = following;
    }
    details.addEventListener('toggle', () => send({ t: 'h', h: height() }));
  };

  // Light mail in a dark room: turn each colour's lightness, keep its hue, never touch pictures.
  const darken = () => {
    const turn = (colour, paper) => {
      const parts = colour.match(/[\d.]+/g);
      if (!parts || parts.length < 3 || (parts[3] !== undefined && Number(parts[3]) === 0)) return null;
      const [red, green, blue] = parts.map(Number);
      const top = Math.max(red, green, blue) / 255;
      const low = Math.min(red, green, blue) / 255;
      const light = (top + low) / 2;
      const spread = top - low;
      const saturation = spread === 0 ? 0 : spread / (1 - Math.abs(2 * light - 1));
      let hue = 0;
      if (spread) {
        const r = red / 255, g = green / 255, b = blue / 255;
        hue = top === r ? ((g - b) / spread) % 6 : top === g ? (b - r) / spread + 2 : (r - g) / spread + 4;
      }
      const turned = paper ? (light > 0.5 ? 0.09 + (1 - light) * 0.5 : light) : light < 0.6 ? 0.92 - light * 0.45 : light;
      const soft = paper && light > 0.95 && saturation < 0.2 ? 0 : saturation * 0.8;
      if (paper && light > 0.95 && saturation < 0.2) return 'transparent';
      return `hsl(${Math.round(hue * 60)} ${Math.round(soft * 100)}% ${Math.round(turned * 100)}%)`;
    };
    const elements = [document.body, ...document.body.querySelectorAll('*')].slice(0, 8000);
    const changes = [];
    for (const element of elements) {
      if (element.tagName === 'IMG') continue;
      const computed = getComputedStyle(element);
      changes.push([element, turn(computed.color, false), turn(computed.backgroundColor, true), turn(computed.borderTopColor, false)]);
    }
    for (const [element, ink, paper, edge] of changes) {
      if (ink) element.style.setProperty('color', ink, 'important');
      if (paper) element.style.setProperty('background-color', paper, 'important');
      if (edge && element.matches('td, th, table, hr, blockquote, div')) element.style.setProperty('border-color', `color-mix(in oklab, ${edge} 35%, transparent)`);
    }
  };

  // Found words.
  const mark = (words) => {
    const pattern = new RegExp(`(${words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})`, 'giu');
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode() && nodes.length < 5000) nodes.push(walker.currentNode);
    for (const node of nodes) {
      const pieces = node.data.split(pattern);
      if (pieces.length < 2) continue;
      node.replaceWith(...pieces.map((piece, index) => {
        if (index % 2 === 0) return piece;
        const element = document.createElement('mark');
        element.textContent = piece;
        return element;
      }));
    }
  };

  // On paper: who wrote what to whom stands above it, where no style of the mail reaches; what is folded is unfolded; pictures are waited for.
  const paper = async ({ subject, lines }) => {
    const host = document.createElement('div');
    host.style.cssText = 'all:initial!important;display:block!important;position:static!important;visibility:visible!important;opacity:1!important';
    const root = host.attachShadow({ mode: 'open' });
    const put = (parent, tag, text, css) => {
      const element = parent.appendChild(document.createElement(tag));
      element.textContent = text;
      element.style.cssText = css;
      if (tag === 'header') element.dir = 'auto'; // by the language of its labels
      return element;
    };
    const head = put(root, 'header', '', 'font:13px/1.5 system-ui,sans-serif;color:#000;border-bottom:1px solid #999;padding-bottom:10px;margin-bottom:14px');
    put(put(head, 'h1', '', 'font-size:18px;line-height:1.3;margin:0 0 8px'), 'bdi', subject, '');
    for (const [name, value] of lines) {
      const line = put(head, 'div', '', 'overflow-wrap:anywhere');
      put(line, 'span', `${name}: `, 'color:#555');
      put(line, 'bdi', value, '');
    }
    document.documentElement.insertBefore(host, document.body);
    for (const folded of document.querySelectorAll('details.mailstead-fold')) folded.open = true;
    await Promise.all([...document.images].filter((image) => image.src && !image.complete).map((image) => new Promise((done) => (image.onload = image.onerror = done))));
    addEventListener('afterprint', () => send({ t: 'printed' }), { once: true });
    print();
  };

  new ResizeObserver(() => send({ t: 'h', h: height() })).observe(document.body);
  addEventListener('keydown', (key) => send({ t: 'key', key: key.key, code: key.code, mods: [key.ctrlKey, key.metaKey, key.altKey, key.shiftKey] }));
  addEventListener('click', (click) => {
    const link = click.target.closest?.('a[href]');
    if (!link) return send({ t: 'click' });
    click.preventDefault();
    const href = link.getAttribute('href');
    if (href.startsWith('#')) {
      const target = document.getElementById(href.slice(1));
      if (target) send({ t: 'scroll', y: target.getBoundingClientRect().top });
    } else send({ t: 'link', href: link.href, text: link.textContent.trim().slice(0, 300) });
  }, true);
  addEventListener('auxclick', (click) => { if (click.target.closest?.('a[href]')) click.preventDefault(); }, true);
  addEventListener('submit', (event) => event.preventDefault(), true);
  send({ t: 'ready' });
}, { once: true });
