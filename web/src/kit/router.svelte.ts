/** Where we are is the address: the back button is always right, every place can be bookmarked. */
export type Route =
  | { at: 'mail'; source: string; thread: string | null }
  /** `everybody`: not the mail of one account, but of all that can be read. `everywhere`: and also what a search leaves out by itself. */
  | { at: 'search'; query: string; thread: string | null; account?: string; everybody?: true; everywhere?: true }
  | { at: 'outbox' }
  | { at: 'history' }
  | { at: 'waiting' }
  | { at: 'settings'; page: string }
  | { at: 'compose'; id: string };

export function parseRoute(path: string, search: string): Route {
  const parts = path.split('/').filter(Boolean).map(decode);
  const params = new URLSearchParams(search);
  switch (parts[0]) {
    case 's':
      return { at: 'search', query: params.get('q') ?? '', thread: parts[1] ?? null, ...whose(params.get('of')), ...(params.get('in') === 'everywhere' ? { everywhere: true } : {}) };
    case 'outbox':
      return { at: 'outbox' };
    case 'history':
      return { at: 'history' };
    case 'waiting':
      return { at: 'waiting' };
    case 'settings':
      return { at: 'settings', page: parts[1] ?? 'appearance' };
    case 'compose':
      return { at: 'compose', id: parts[1] ?? 'new' };
    case 'm':
      return { at: 'mail', source: parts[1] ?? 'inbox', thread: parts[2] ?? null };
    default:
      return { at: 'mail', source: 'inbox', thread: null };
  }
}

/** Whose mail a search is of, as the address says it: `*` for everybody's; nothing for one's own. */
const whose = (of: string | null): { account?: string; everybody?: true } => (of === '*' ? { everybody: true } : of ? { account: of } : {});

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function formatRoute(route: Route): string {
  const path = (...parts: (string | null)[]): string => `/${parts.filter((part) => part !== null && part !== '').map((part) => encodeURIComponent(part as string)).join('/')}`;
  switch (route.at) {
    case 'mail':
      return path('m', route.source, route.thread);
    case 'search': {
      const of = route.everybody ? '*' : route.account;
      return `${path('s', route.thread)}?q=${encodeURIComponent(route.query)}${of ? `&of=${encodeURIComponent(of)}` : ''}${route.everywhere ? '&in=everywhere' : ''}`;
    }
    case 'outbox':
    case 'history':
    case 'waiting':
      return path(route.at);
    case 'settings':
      return path('settings', route.page);
    case 'compose':
      return path('compose', route.id);
  }
}

class Router {
  route = $state.raw<Route>(parseRoute(location.pathname, location.search));

  constructor() {
    addEventListener('popstate', () => (this.route = parseRoute(location.pathname, location.search)));
  }

  go(route: Route, options: { replace?: boolean } = {}): void {
    const url = formatRoute(route);
    if (url === location.pathname + location.search) {
      this.route = route;
      return;
    }
    if (options.replace) history.replaceState(null, '', url);
    else history.pushState(null, '', url);
    this.route = route;
  }
}

export const router = new Router();

/** Follow links to our own places without loading the page anew. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.('a[data-route]');
  if (!(link instanceof HTMLAnchorElement)) return;
  event.preventDefault();
  const url = new URL(link.href);
  router.go(parseRoute(url.pathname, url.search));
}
