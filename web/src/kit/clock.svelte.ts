/** The day it is. What says “today” is said anew at midnight, and when the machine wakes on another day or in another zone. */
const MOST_MS = 60_000;

const dayOf = (date: Date): string => `${date.getFullYear()}-${date.getMonth()}-${date.getDate()} ${date.getTimezoneOffset()}`;

let day = $state(dayOf(new Date()));
let timer: ReturnType<typeof setTimeout> | undefined;

function look(): void {
  clearTimeout(timer);
  const now = new Date();
  if (dayOf(now) !== day) day = dayOf(now);
  // A machine that sleeps sleeps with its timers: it is looked often enough.
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).getTime();
  timer = setTimeout(look, Math.min(MOST_MS, midnight - now.getTime() + 20));
}

if (typeof document !== 'undefined') {
  look();
  document.addEventListener('visibilitychange', look);
  window.addEventListener('focus', look);
}

/** Now; what is drawn by it is drawn anew when the day changes. */
export function today(): Date {
  void day;
  return new Date();
}
