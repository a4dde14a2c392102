import { afterEach, beforeEach, expect, test, vi } from 'vitest';

// Asked as the module is loaded.
vi.stubGlobal('navigator', { languages: ['en'], platform: '' });
vi.stubGlobal('window', { addEventListener: () => undefined });
const { session, tell } = await import('../src/action/session.svelte.ts');

let frames: (() => void)[] = [];
const frame = (): void => {
  const now = frames;
  frames = [];
  for (const one of now) one();
};
const shown = (): string[] => session.toasts.map(({ text }) => text);

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { visibilityState: 'visible' });
  vi.stubGlobal('requestAnimationFrame', (what: () => void) => frames.push(what));
});
afterEach(() => {
  vi.advanceTimersByTime(60_000);
  frame();
  vi.advanceTimersByTime(60_000);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('it stands for six seconds from the frame in which it is seen', () => {
  session.toast({ text: 'archived' });
  expect(shown()).toEqual([]);
  frame();
  vi.advanceTimersByTime(0);
  expect(shown()).toEqual(['archived']);
  vi.advanceTimersByTime(60_000);
  expect(shown()).toEqual(['archived']); // nobody has looked yet
  frame();
  vi.advanceTimersByTime(5_900);
  expect(shown()).toEqual(['archived']);
  vi.advanceTimersByTime(200);
  expect(shown()).toEqual([]);
});

test('what has gone wrong stands for eight, an error or words', () => {
  for (const wrong of [new Error('no'), 'no']) {
    tell(wrong);
    frame();
    vi.advanceTimersByTime(0);
    expect(session.toasts.map(({ text, alert }) => [text, alert])).toEqual([['no', true]]);
    frame();
    vi.advanceTimersByTime(7_900);
    expect(shown()).toEqual(['no']);
    vi.advanceTimersByTime(200);
    expect(shown()).toEqual([]);
  }
});

test('another takes its place, and what is counted down ends with its count', () => {
  session.toast({ text: 'archived' });
  session.toast({ text: 'moved' });
  session.toast({ text: 'sending', countdown: 10 });
  frame();
  vi.advanceTimersByTime(9_000);
  expect(shown()).toEqual(['moved', 'sending']);
  vi.advanceTimersByTime(1_100);
  expect(shown()).toEqual(['moved']);
});

test('news takes no way back from the screen', () => {
  const action = { label: 'Undo', run: () => undefined };
  session.toast({ text: 'moved', action });
  frame();
  vi.advanceTimersByTime(0);
  session.toast({ text: 'sent' });
  frame();
  vi.advanceTimersByTime(0);
  expect(shown()).toEqual(['moved', 'sent']);
  session.toast({ text: 'archived', action });
  frame();
  vi.advanceTimersByTime(0);
  expect(shown()).toEqual(['archived']);
});

test('what is dismissed before it came does not come', () => {
  session.dismiss(session.toast({ text: 'archived' }));
  frame();
  vi.advanceTimersByTime(100);
  expect(shown()).toEqual([]);
});
