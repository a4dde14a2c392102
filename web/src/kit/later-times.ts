/** The usual times to put something off to, those that still lie ahead. */
export function laterTimes(now = new Date()): { key: 'later.today' | 'later.evening' | 'later.tomorrow' | 'later.weekend' | 'later.monday'; at: Date }[] {
  const at = (days: number, hour: number): Date => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);
  const sinceMonday = (now.getDay() + 6) % 7;
  const out: ReturnType<typeof laterTimes> = [];
  if (now.getHours() < 15) out.push({ key: 'later.today', at: new Date(now.getTime() + 3 * 3_600_000 - (now.getTime() % 900_000)) });
  if (now.getHours() < 18) out.push({ key: 'later.evening', at: at(0, 18) });
  out.push({ key: 'later.tomorrow', at: at(1, 8) });
  if (sinceMonday < 4) out.push({ key: 'later.weekend', at: at(5 - sinceMonday, 9) });
  if (sinceMonday !== 6) out.push({ key: 'later.monday', at: at(7 - sinceMonday, 8) });
  return out;
}

/** A moment as a field of a day and a time has it: “2026-11-28T08:00”, as the clock on the wall says it. */
export function atField(date: Date): string {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
