/** The automatic reply is a deed: seen at once, told when the server can be reached, taken back from the history here and elsewhere (decision 99). */
import type { VacationResponse } from '../jmap/types.ts';
import type { Entry } from './log.svelte.ts';
import type { Mail } from './session.svelte.ts';

/** What of it is chosen here. */
export type Away = Pick<VacationResponse, 'isEnabled' | 'fromDate' | 'toDate' | 'subject' | 'textBody'>;

const SINGLETON = 'singleton';
const names: readonly (keyof Away)[] = ['isEnabled', 'fromDate', 'toDate', 'subject', 'textBody'];
const of = (all: object): Partial<Away> => Object.fromEntries(names.flatMap((name) => (name in all ? [[name, (all as Away)[name]]] : [])));

/** What the server has, and what it has not been told yet; null where that is not known here. */
export function awayNow(mail: Mail): Away | null {
  const [kept] = mail.vacation.list;
  if (!kept) return null;
  return mail.log.entries.reduce((now, { fact, state }) => (fact?.type === 'Vacation' && state === 'waiting' ? { ...now, ...of(fact.after) } : now), of(kept) as Away);
}

/** Only what is changed by it is told, and taken back: what another device has chosen beside it stays. */
export function setAway(mail: Mail, wanted: Away): Entry | null {
  const now = awayNow(mail);
  const changed = names.filter((name) => now && now[name] !== wanted[name]);
  if (!now || !changed.length) return null;
  const side = (all: Away): Record<string, unknown> => Object.fromEntries(changed.map((name) => [name, all[name]]));
  const title = !changed.includes('isEnabled') ? 'did.away' : wanted.isEnabled ? 'did.away_on' : 'did.away_off';
  return mail.log.perform(title, {}, {}, { fact: { type: 'Vacation', before: side(now), after: side(wanted) } });
}

/** Raises what the server refuses. */
export const tellAway = (mail: Mail, after: Record<string, unknown>): Promise<void> => mail.vacation.update(SINGLETON, of(after));
