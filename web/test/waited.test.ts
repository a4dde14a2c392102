import { expect, test, vi } from 'vitest';
import { type Entry, Log } from '../src/action/log.svelte.ts';
import { inTurn } from '../src/action/waited.ts';
import type { Database } from '../src/cache/db.ts';
import { Store } from '../src/cache/store.svelte.ts';
import type { Email } from '../src/jmap/types.ts';

vi.stubGlobal('navigator', {});

const mail = { id: 'm', threadId: 't', mailboxIds: { in: true }, keywords: {}, receivedAt: '2026-11-27T10:00:00Z', subject: 'm', preview: '', from: null, to: null, size: 1, hasAttachment: false } as unknown as Email;
const filed: Entry = { id: '1', title: 'did.archive', values: {}, at: 1, state: 'waiting', patches: { m: { 'mailboxIds/in': null, 'mailboxIds/archive': true } }, inverses: { m: { 'mailboxIds/in': true, 'mailboxIds/archive': null } }, was: { m: { in: true } } };

/** A page that has read `entry` from the device, where another window has written `kept` since. */
async function page(entry: Entry, kept: Entry | undefined): Promise<{ log: Log; told: Entry[]; boxes: () => string[]; turn: () => Promise<boolean> }> {
  const store = new Store('a', 'me@example.test');
  store.db = { all: () => Promise.resolve([[entry.id, entry]]), get: () => Promise.resolve(kept), getMany: () => Promise.resolve(new Map()), later: () => undefined, put: () => Promise.resolve() } as unknown as Database;
  store.takeEmails({ state: 'e0', list: [mail], notFound: [] });
  const log = new Log(store);
  await log.restore();
  const told: Entry[] = [];
  const tell = (one: Entry): Promise<boolean> => Promise.resolve(Boolean(told.push(one)));
  return { log, told, boxes: () => Object.keys(store.emails.get('m')?.mailboxIds ?? {}), turn: () => inTurn(log, entry, tell) };
}

test('what waits here and there is told', async () => {
  const { told, turn } = await page(filed, filed);
  expect(await turn()).toBe(true);
  expect(told).toEqual([filed]);
});

test.each([['undone', ['in']], ['refused', ['in']], ['done', ['archive']]] as const)('what is %s by another window is so here, and not told again', async (state, boxes) => {
  const { log, told, turn, boxes: now } = await page(filed, { ...filed, state });
  expect(now()).toEqual(['archive']);
  expect(await turn()).toBe(true);
  expect(told).toEqual([]);
  expect(log.entries.map((entry) => entry.state)).toEqual([state]);
  expect(now()).toEqual(boxes);
});

test('a quiet deed that is no longer kept has been told by another window', async () => {
  const { log, told, turn, boxes } = await page({ ...filed, quiet: true }, undefined);
  await turn();
  expect([told, log.waiting, boxes()]).toEqual([[], [], ['archive']]);
});

test('what another device has moved elsewhere is in one place, and goes back to where it was put', async () => {
  const { log, told, turn, boxes } = await page({ ...filed, was: { m: { in: true, label: true } } }, filed);
  log.store.takeEmails({ state: 'e1', list: [{ ...mail, mailboxIds: { plans: true, label: true } }], notFound: [] });
  const met: unknown[] = [];
  log.onMet = ({ meanwhile }) => met.push(meanwhile);
  await turn();
  expect(told[0]?.patches).toEqual({ m: { 'mailboxIds/in': null, 'mailboxIds/archive': true, 'mailboxIds/plans': null } });
  expect(told[0]?.inverses).toEqual({ m: { 'mailboxIds/archive': null, 'mailboxIds/plans': true } });
  expect(boxes().sort()).toEqual(['archive', 'label']);
  expect(met).toEqual([{ m: ['plans'] }]);
});

test.each([
  ['the deed itself, of which only the answer was lost', { archive: true }],
  ['a label', { in: true, label: true }],
])('no other place: %s', async (_, mailboxIds) => {
  const { log, told, turn } = await page(filed, filed);
  log.store.takeEmails({ state: 'e1', list: [{ ...mail, mailboxIds } as unknown as Email], notFound: [] });
  await turn();
  expect(told).toEqual([filed]);
});
