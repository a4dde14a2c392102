import { describe, expect, it } from 'vitest';
import { atField, laterTimes } from '../src/kit/later-times.ts';

const said = (now: Date): string[] => laterTimes(now).map(({ key, at }) => `${key.slice(6)} ${at.toLocaleString('sv')}`);

describe('the usual times to put something off to', () => {
  it('lie ahead, whatever the time of the day', () => {
    for (let hour = 0; hour < 24 * 7; hour++) {
      const now = new Date(2026, 10, 23, hour, 17);
      const times = laterTimes(now);
      expect(times.length).toBeGreaterThan(0);
      expect(times.filter(({ at }) => at <= now)).toEqual([]);
    }
  });
  it('are all there on a Tuesday morning', () => {
    expect(said(new Date(2026, 10, 24, 9, 20))).toEqual(['today 2026-11-24 12:15:00', 'evening 2026-11-24 18:00:00', 'tomorrow 2026-11-25 08:00:00', 'weekend 2026-11-28 09:00:00', 'monday 2026-11-30 08:00:00']);
  });
  it('leave out what is over, and what would be the same', () => {
    expect(said(new Date(2026, 10, 24, 19, 0)).map((one) => one.split(' ')[0])).toEqual(['tomorrow', 'weekend', 'monday']);
    // On a Sunday tomorrow is Monday, and the weekend is here.
    expect(said(new Date(2026, 10, 29, 9, 0)).map((one) => one.split(' ')[0])).toEqual(['today', 'evening', 'tomorrow']);
  });
});

it('a moment is written for a field as the clock on the wall says it', () => {
  expect(atField(new Date(2026, 10, 28, 8, 5))).toBe('2026-11-28T08:05');
  const summer = new Date(2026, 5, 30, 23, 59);
  expect(new Date(atField(summer)).getTime()).toBe(summer.getTime());
});
