import { expect, test, vi } from 'vitest';
import type { Entry } from '../src/action/log.svelte.ts';
import type { Mail } from '../src/action/session.svelte.ts';
import { Shared, type SharedEntry } from '../src/action/shared.svelte.ts';

const deed = (id: string, at: number, state: Entry['state'] = 'done'): Entry => ({ id, title: 'did.archived', values: {}, at, state, patches: {}, inverses: {} });
const listed = (id: string, at: number, undone = false): SharedEntry => ({ id, title: 'did.archived', values: {}, at, undone, inverses: {} });

/** A device with these deeds of its own, and what the server's list becomes after it has looked at it. */
async function afterStart(entries: Entry[], there: SharedEntry[]): Promise<{ list: SharedEntry[]; writes: number }> {
  vi.useFakeTimers();
  let list = there;
  let writes = 0;
  const client = {
    has: () => true,
    call: async (name: string, args: { update?: { history: { value: SharedEntry[] } } }) => {
      if (name === 'ClientSettings/get') return { list: [{ value: list }], state: '1' };
      writes++;
      list = args.update?.history.value ?? list;
      return {};
    },
  };
  const shared = new Shared({ log: { entries }, store: { client, link: 'online', on: () => undefined, report: (error: unknown) => { throw error; } } } as unknown as Mail);
  await shared.load();
  await vi.runAllTimersAsync();
  // What has been told is not told again.
  await shared.load();
  await vi.runAllTimersAsync();
  vi.useRealTimers();
  return { list, writes };
}

test('what was done in the moment before the window was closed is told at the next start', async () => {
  const { list, writes } = await afterStart([deed('one', 10), deed('two', 20)], [listed('one', 10)]);
  expect(list.map(({ id }) => id)).toEqual(['one', 'two']);
  expect(writes).toBe(1);
});

test('what was taken back in that moment is told as well', async () => {
  const { list } = await afterStart([deed('one', 10, 'undone')], [listed('one', 10)]);
  expect(list).toEqual([expect.objectContaining({ id: 'one', undone: true })]);
});

test('what another device has taken back stays so', async () => {
  const { list, writes } = await afterStart([deed('one', 10)], [listed('one', 10, true)]);
  expect(list).toEqual([expect.objectContaining({ id: 'one', undone: true })]);
  expect(writes).toBe(0);
});

test('deeds that have left the list are not told at every start', async () => {
  expect((await afterStart([deed('old', 1), deed('one', 10)], [listed('one', 10)])).writes).toBe(0);
});
