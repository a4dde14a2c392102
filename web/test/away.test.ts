import { expect, test, vi } from 'vitest';
import type { Mail } from '../src/action/session.svelte.ts';
import type { VacationResponse } from '../src/jmap/types.ts';
import { Log } from '../src/action/log.svelte.ts';
import { Records } from '../src/cache/records.svelte.ts';
import { Store } from '../src/cache/store.svelte.ts';
import { Offline } from '../src/jmap/errors.ts';
import { type Answers, fakeClient } from './fake.ts';

// Asked as the module is loaded.
vi.stubGlobal('navigator', { languages: ['en'], platform: '' });
vi.stubGlobal('window', { addEventListener: () => undefined });
const { awayNow, setAway, tellAway } = await import('../src/action/away.ts');

const server: VacationResponse = { id: 'singleton', isEnabled: false, fromDate: null, toDate: null, subject: 'By the sea', textBody: 'Back on Monday', htmlBody: '<p>Back on Monday</p>' };

function device(): { mail: Mail; log: Log; told: unknown[]; online: (on: boolean) => void } {
  const store = new Store('a', 'me@example.test');
  const log = new Log(store);
  const vacation = new Records<VacationResponse>(store, 'VacationResponse');
  const mail = { store, log, vacation } as unknown as Mail;
  const told: unknown[] = [];
  let there = false;
  const answers: Answers = {
    'VacationResponse/set': ({ update }) => {
      if (!there) throw new Offline('');
      told.push(update);
      return { updated: { singleton: null } };
    },
    ...Object.fromEntries(['Mailbox/changes', 'Email/changes'].map((name) => [name, () => ({ created: [], updated: [], destroyed: [], newState: 's' })])),
    ...Object.fromEntries(['Mailbox/get', 'Email/get', 'Thread/get'].map((name) => [name, () => ({ state: 's', list: [], notFound: [] })])),
  };
  store.client = fakeClient(answers, []);
  log.onFact = ({ after }) => tellAway(mail, after);
  vacation.list = [server];
  return { mail, log, told, online: (on) => void (there = on) };
}
const until = async (done: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 200 && !done(); turn++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(done()).toBe(true);
};

test('it is so at once, waits where nobody answers, and only what has changed is told', async () => {
  const { mail, log, told, online } = device();
  const wanted = { isEnabled: true, fromDate: null, toDate: null, subject: 'By the sea', textBody: 'Back in May' };
  expect(setAway(mail, wanted)?.title).toBe('did.away_on');
  expect(awayNow(mail)).toEqual(wanted);
  expect(log.waiting.map(({ fact }) => fact)).toEqual([{ type: 'Vacation', before: { isEnabled: false, textBody: 'Back on Monday' }, after: { isEnabled: true, textBody: 'Back in May' } }]);
  expect(told).toEqual([]);
  online(true);
  await log.flush();
  expect(told).toEqual([{ singleton: { isEnabled: true, textBody: 'Back in May' } }]);
  expect(mail.vacation.list).toEqual([{ ...server, isEnabled: true, textBody: 'Back in May' }]);
  expect(awayNow(mail)).toEqual(wanted);
});

test('taken back it leaves what was changed beside it', async () => {
  const { mail, log, told, online } = device();
  online(true);
  const entry = setAway(mail, { ...server, subject: 'In the hills' });
  expect(entry?.title).toBe('did.away');
  await until(() => log.entries[0]?.state === 'done');
  mail.vacation.list = [{ ...mail.vacation.list[0], textBody: 'Of another device' } as VacationResponse];
  log.undo();
  await until(() => told.length === 2);
  expect(told[1]).toEqual({ singleton: { subject: 'By the sea' } });
  await until(() => log.waiting.length === 0);
  expect(awayNow(mail)).toMatchObject({ subject: 'By the sea', textBody: 'Of another device' });
});

test('what waits is taken back before anybody was told, and nothing is no deed', () => {
  const { mail, log } = device();
  expect(setAway(mail, server)).toBe(null);
  const entry = setAway(mail, { ...server, isEnabled: true });
  expect(awayNow(mail)?.isEnabled).toBe(true);
  log.undo(entry?.id);
  expect(awayNow(mail)?.isEnabled).toBe(false);
  expect(log.waiting).toEqual([]);
  mail.vacation.list = [];
  expect([awayNow(mail), setAway(mail, { ...server, isEnabled: true })]).toEqual([null, null]);
});
