import { expect, test, vi } from 'vitest';
import { Hand, afterPaint, rowsIn } from '../src/kit/rest.ts';

test('what is behind waits for the hand, for news, and not for ever', async () => {
  vi.useFakeTimers();
  try {
    const target = new EventTarget();
    const hand = new Hand(target, () => Date.now());
    let done = false;
    const wait = (busy?: () => boolean): void => {
      done = false;
      void hand.rests(1000, 10_000, busy).then(() => (done = true));
    };
    wait();
    await vi.advanceTimersByTimeAsync(0);
    expect(done).toBe(true);

    target.dispatchEvent(new Event('keydown'));
    wait();
    await vi.advanceTimersByTimeAsync(700);
    target.dispatchEvent(new Event('scroll'));
    await vi.advanceTimersByTimeAsync(700);
    expect(done).toBe(false);
    await vi.advanceTimersByTimeAsync(500);
    expect(done).toBe(true);

    let news = true;
    wait(() => news);
    await vi.advanceTimersByTimeAsync(3000);
    expect(done).toBe(false);
    news = false;
    await vi.advanceTimersByTimeAsync(100);
    expect(done).toBe(true);

    wait(() => true);
    await vi.advanceTimersByTimeAsync(9900);
    expect(done).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect(done).toBe(true);
  } finally {
    vi.useRealTimers();
  }
});

test('what may come behind the frame comes once, also where no frame is painted', () => {
  vi.useFakeTimers();
  let paint: (() => void)[] = [];
  vi.stubGlobal('requestAnimationFrame', (call: () => void) => paint.push(call));
  vi.stubGlobal('document', { visibilityState: 'visible' });
  try {
    const told: string[] = [];
    afterPaint(() => told.push('painted'));
    vi.advanceTimersByTime(20);
    expect(told).toEqual([]);
    for (const call of paint) call();
    expect(told).toEqual([]);
    vi.advanceTimersByTime(0);
    expect(told).toEqual(['painted']);
    vi.advanceTimersByTime(1000);
    expect(told).toEqual(['painted']);

    paint = [];
    afterPaint(() => told.push('no frame'));
    vi.advanceTimersByTime(1000);
    for (const call of paint) call();
    vi.advanceTimersByTime(1000);
    expect(told).toEqual(['painted', 'no frame']);

    vi.stubGlobal('document', { visibilityState: 'hidden' });
    paint = [];
    afterPaint(() => told.push('nobody looks'));
    vi.advanceTimersByTime(0);
    expect(told).toEqual(['painted', 'no frame', 'nobody looks']);
    expect(paint).toEqual([]);
  } finally {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  }
});

test('as many rows as a frame bears', () => {
  expect(rowsIn(16, 3)).toBe(6); // quick
  expect(rowsIn(16, 6)).toBe(6); // never more than that at once
  expect(rowsIn(28, 3)).toBe(4);
  expect(rowsIn(36, 3)).toBe(2);
  expect(rowsIn(100, 3)).toBe(1); // slow, but some
  expect(rowsIn(5000, 6)).toBe(1);
});
