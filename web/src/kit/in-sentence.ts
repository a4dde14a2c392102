import { today } from './clock.svelte.ts';
import { daysAgo, messageDate } from './dates.ts';
import { locale } from './i18n/index.svelte.ts';

/** `messageDate` within a sentence: “today 14:02”. Beside the dates of the list, for only what comes later says it. */
export function inSentence(iso: string, now = today()): string {
  const words = messageDate(iso, now);
  return Math.abs(daysAgo(new Date(iso), now)) < 2 ? words.charAt(0).toLocaleLowerCase(locale.tag) + words.slice(1) : words;
}
