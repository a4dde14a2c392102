/** Dates as people say them; every function takes `now`, so that tests and midnight agree. */
import { today } from './clock.svelte.ts';
import { locale, t } from './i18n/index.svelte.ts';
import { whenIdle } from './rest.ts';
import { scriptUrl } from './trusted.ts';
import workerUrl from './words.worker.ts?worker&url';

/** A way of saying dates, and what it has said lately: by minutes, or by quarters of an hour where it says no time (wherever one is, a day begins at one of them). */
interface Format {
  formatter: Intl.DateTimeFormat;
  stepMs: number;
  said: Map<number, string>;
}

/** By their options, which are constants, and by language. */
const formats = new Map<Intl.DateTimeFormatOptions, Map<string, Format>>();
const MOST_SAID = 2000;

function format(date: Date, options: Intl.DateTimeFormatOptions): string {
  let byTag = formats.get(options);
  if (!byTag) formats.set(options, (byTag = new Map()));
  let known = byTag.get(locale.tag);
  if (!known) byTag.set(locale.tag, (known = { formatter: new Intl.DateTimeFormat(locale.tag, options), stepMs: options.hour || options.timeStyle ? 60_000 : 900_000, said: new Map() }));
  const { formatter, stepMs, said } = known;
  const step = Math.floor(date.getTime() / stepMs);
  let words = said.get(step);
  if (words === undefined) {
    words = formatter.format(date);
    if (said.size >= MOST_SAID) said.clear();
    said.set(step, words);
  }
  return words;
}

export function startOfDay(date: Date): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}

/** Whole days from `date`'s day to `now`'s day; negative in the future. */
export function daysAgo(date: Date, now: Date): number {
  return Math.round((startOfDay(now).getTime() - startOfDay(date).getTime()) / 86_400_000);
}

type Options = Intl.DateTimeFormatOptions;
const clock: Options = { hour: '2-digit', minute: '2-digit' };
const weekday: Options = { weekday: 'short' };
const weekdayInFull: Options = { weekday: 'long' };
const day: Options = { day: 'numeric', month: 'short' };
const dayAndYear: Options = { day: 'numeric', month: 'short', year: 'numeric' };
const weekdayAndDay: Options = { weekday: 'short', day: 'numeric', month: 'short' };
const weekdayAndTime: Options = { ...weekdayAndDay, ...clock };
const month: Options = { month: 'long' };
const monthAndYear: Options = { month: 'long', year: 'numeric' };
const full: Options = { dateStyle: 'full', timeStyle: 'short' };

/** For a row: the time today, the weekday this week, else the day; the year only where it differs. */
export function rowDate(iso: string, now = today()): string {
  const date = new Date(iso);
  const days = daysAgo(date, now);
  if (days === 0) return format(date, clock);
  if (days > 0 && days < 7) return format(date, weekday);
  if (date.getFullYear() === now.getFullYear()) return format(date, day);
  return format(date, dayAndYear);
}

const READY = 'mailstead.words';

/**
 * Make ready what a list needs to say dates: first, once in a tab's life, what the browser loads for its whole process, on a thread
 * of its own (`words.worker.ts`), then what is the page's where it has nothing else to do.
 */
export function warm(tag: string): void {
  const rest = ([options, ...others]: readonly Options[]): void => {
    if (options)
      whenIdle(() => {
        format(new Date(), options);
        rest(others);
      });
  };
  const last = (): void => rest([clock, weekday, day, month]);
  if (sessionStorage.getItem(READY) === tag) return last();
  sessionStorage.setItem(READY, tag);
  const thread = new Worker(scriptUrl(workerUrl), { type: 'module', name: tag });
  thread.onmessage = thread.onerror = last;
}

/** For the head of a message: “Today 14:02”, “Tuesday 16:20”, “9 Nov 2025, 16:20”. */
export function messageDate(iso: string, now = today()): string {
  const date = new Date(iso);
  const days = daysAgo(date, now);
  const time = format(date, clock);
  if (days === 0) return t('date.today_at', { time });
  if (days === 1) return t('date.yesterday_at', { time });
  if (days === -1) return t('date.tomorrow_at', { time });
  if (Math.abs(days) < 7) return t('date.day_at', { day: format(date, weekdayInFull), time });
  return t('date.day_at', { day: format(date, date.getFullYear() === now.getFullYear() ? day : dayAndYear), time });
}

export function fullDate(iso: string): string {
  return format(new Date(iso), full);
}

export function clockTime(date: Date): string {
  return format(date, clock);
}

export function dayName(date: Date): string {
  return format(date, weekdayAndDay);
}

/** A moment to choose: “Sat 28 Nov, 11:00”, with the comma of the language. */
export function dayAndTime(date: Date): string {
  return format(date, weekdayAndTime);
}

/** The heading above a row, equal for all rows below the same heading. */
export function section(iso: string, now = today()): string {
  const date = new Date(iso);
  const days = daysAgo(date, now);
  if (days < 0) return t('date.later');
  if (days === 0) return t('date.today');
  if (days === 1) return t('date.yesterday');
  const sinceMonday = (now.getDay() + 6) % 7;
  if (days <= sinceMonday) return t('date.this_week');
  if (days <= sinceMonday + 7) return t('date.last_week');
  if (date.getFullYear() === now.getFullYear() && date.getMonth() === now.getMonth()) return t('date.earlier_this_month');
  if (date.getFullYear() === now.getFullYear()) return format(date, month);
  return format(date, monthAndYear);
}
