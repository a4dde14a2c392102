import { expect, test, vi } from 'vitest';

vi.stubGlobal('location', { pathname: '/m/inbox', search: '' });
vi.stubGlobal('addEventListener', () => undefined);
const { formatRoute, parseRoute } = await import('../src/kit/router.svelte.ts');

test.each([
  '/m/inbox',
  '/m/saved%3A1/t2',
  '/s?q=plan%20%26%20boat',
  '/s/t1?q=plan&of=a123',
  '/s?q=plan&of=*',
  '/s?q=plan&of=a123&in=everywhere',
  '/outbox',
  '/settings/keys',
  '/compose/new',
])('%s is a place, and the place has this address', (address) => {
  const { pathname, search } = new URL(address, 'https://mail.example.test');
  const route = parseRoute(pathname, search);
  expect(decodeURIComponent(formatRoute(route))).toBe(decodeURIComponent(address));
});

test('a search is of one’s own mail, of somebody’s, or of everybody’s', () => {
  const search = { at: 'search', query: 'plan', thread: null };
  expect(parseRoute('/s', '?q=plan')).toEqual(search);
  expect(parseRoute('/s', '?q=plan&of=a123')).toEqual({ ...search, account: 'a123' });
  expect(parseRoute('/s', '?q=plan&of=*')).toEqual({ ...search, everybody: true });
  expect(parseRoute('/s', '?q=plan&in=everywhere')).toEqual({ ...search, everywhere: true });
});

test('what is no place is the inbox', () => {
  expect(parseRoute('/elsewhere', '')).toEqual({ at: 'mail', source: 'inbox', thread: null });
});
