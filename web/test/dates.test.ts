import { afterEach, beforeEach, expect, test, vi } from 'vitest';

class Thread {
  static started: Thread[] = [];
  onmessage: (() => void) | null = null;
  onerror: (() => void) | null = null;
  constructor(
    readonly url: string,
    readonly options: { name: string },
  ) {
    Thread.started.push(this);
  }
}

let kept: Map<string, string>;
let made: string[];
const IntlFormat = Intl.DateTimeFormat;

beforeEach(() => {
  vi.resetModules();
  kept = new Map();
  made = [];
  Thread.started = [];
  vi.stubGlobal('Worker', Thread);
  vi.stubGlobal('sessionStorage', { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) });
  vi.stubGlobal('requestIdleCallback', (what: () => void) => setTimeout(what));
  vi.spyOn(Intl, 'DateTimeFormat').mockImplementation(function (tag, options) {
    made.push(Object.keys(options ?? {}).join(' '));
    return new IntlFormat(tag, options);
  });
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const ways = ['hour minute', 'weekday', 'day month', 'month'];

test('the ways of a list to say dates are made behind the thread, one in each idle time, once', async () => {
  const { rowDate, warm } = await import('../src/kit/dates.ts');
  warm('de-CH');
  expect(Thread.started.map(({ options }) => options.name)).toEqual(['de-CH']);
  vi.runAllTimers();
  expect(made).toEqual([]);
  Thread.started[0]?.onmessage?.();
  vi.advanceTimersToNextTimer();
  expect(made).toEqual(ways.slice(0, 1));
  vi.runAllTimers();
  expect(made).toEqual(ways);
  rowDate(new Date().toISOString());
  expect(made).toEqual(ways);
});

test('a reload in the same tab needs no thread; another language does', async () => {
  const { warm } = await import('../src/kit/dates.ts');
  warm('en');
  warm('en');
  vi.runAllTimers();
  expect(made).toEqual(ways);
  warm('ar');
  expect(Thread.started.map(({ options }) => options.name)).toEqual(['en', 'ar']);
});

test('without the thread the page makes them by itself', async () => {
  const { warm } = await import('../src/kit/dates.ts');
  warm('en');
  Thread.started[0]?.onerror?.();
  vi.runAllTimers();
  expect(made).toEqual(ways);
});
