/**
 * The turn of a deed that has waited. The other windows of this browser know of it as well: the first of them tells it, and what one has
 * taken back the others do not do. Other devices were there meanwhile: what they have moved elsewhere is in one place afterwards, the one
 * that was chosen last, and is taken back to where they had put it.
 */
import type { Patch } from '../cache/patch.ts';
import type { Id } from '../jmap/types.ts';
import type { Entry, Log } from './log.svelte.ts';

/** `tell` is done by one window at a time. False where nobody answers. */
export function inTurn(log: Log, { id }: Entry, tell: (entry: Entry) => Promise<boolean>): Promise<boolean> {
  const work = async (): Promise<boolean> => {
    const waits = (): Entry | undefined => log.entries.find((entry) => entry.id === id && entry.state === 'waiting');
    const kept = await log.store.db?.get<Entry>('log', id);
    const entry = waits();
    if (!entry) return true;
    // One that was written and is no more was a quiet one, and is done.
    const state = kept?.state ?? (log.store.db && !log.unkept.has(id) ? 'done' : 'waiting');
    if (state !== 'waiting') {
      await follow(log, entry, kept ?? { ...entry, state });
      return true;
    }
    const goesOn = await tell(met(log, entry));
    // Whoever is next finds out how it went.
    await log.written();
    return goesOn;
  };
  // A page that is not from a safe origin has no locks, and keeps nothing that another window could find.
  return 'locks' in navigator ? navigator.locks.request(`mailstead:job:${id}`, work) : work();
}

/** Another window has seen to it. */
async function follow(log: Log, entry: Entry, kept: Entry): Promise<void> {
  const ids = Object.keys(entry.patches);
  const before = log.shown(ids);
  for (const id of ids) log.store.settle(entry.id, id, kept.state === 'done' && !kept.errors?.[id]);
  if (kept.state !== 'done') log.shift(before);
  log.entries = log.entries.flatMap((other) => (other.id !== entry.id ? [other] : entry.quiet ? [] : [kept]));
  await log.told(entry, kept.state !== 'done');
}

/** The deed as it is to be told, seen from where its emails are now. */
function met(log: Log, entry: Entry): Entry {
  const patches = { ...entry.patches };
  const inverses = { ...entry.inverses };
  const meanwhile: Record<Id, Id[]> = {};
  for (const [id, patch] of Object.entries(entry.patches)) {
    const now = log.store.beneath(id);
    const was = entry.was?.[id];
    const left = Object.keys(was ?? {}).filter((box) => patch[`mailboxIds/${box}`] === null);
    if (!now || !was || !left.length || left.some((box) => box in now.mailboxIds)) continue;
    const fresh = Object.keys(now.mailboxIds).filter((box) => !(box in was) && !(`mailboxIds/${box}` in patch));
    if (!fresh.length) continue;
    meanwhile[id] = fresh;
    const whole: Patch = { ...patch, ...Object.fromEntries(fresh.map((box) => [`mailboxIds/${box}`, null])) };
    patches[id] = whole;
    inverses[id] = log.inverse(now, whole);
  }
  if (!Object.keys(meanwhile).length || entry.undoes) return entry;
  for (const id of Object.keys(meanwhile)) {
    log.store.settle(entry.id, id, false);
    log.store.overlay(entry.id, id, patches[id] ?? {});
  }
  const fresh = log.update(entry, { patches, inverses, meanwhile });
  log.onMet?.(fresh);
  return fresh;
}
