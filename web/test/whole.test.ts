import { expect, test } from 'vitest';
import type { Store } from '../src/cache/store.svelte.ts';
import { Whole } from '../src/cache/whole.ts';
import { Offline, Refused } from '../src/jmap/errors.ts';

/** A server at one state, and what it was asked. */
function account(refuse?: () => never) {
  const now = { state: '1' };
  const asked: string[] = [];
  let tell: (told: boolean) => void = () => undefined;
  const client = {
    call: async (method: string, { sinceState }: { sinceState: string }) => {
      asked.push(`${method} ${sinceState}`);
      return refuse ? refuse() : { newState: now.state };
    },
  };
  const reports: unknown[] = [];
  const store = { client, on: (_: string, listener: typeof tell) => void (tell = listener), report: (error: unknown) => reports.push(error) } as unknown as Store;
  let answer: Promise<void> = Promise.resolve();
  const whole = new Whole(store, 'Note', async () => {
    asked.push('read');
    const { state } = now;
    await answer;
    return state;
  });
  const heard = async (told: boolean): Promise<string[]> => {
    tell(told);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    return asked.splice(0);
  };
  return { now, asked, whole, heard, reports, wait: (until: Promise<void>) => (answer = until) };
}

test('where news may have been missed it is read again only if it has changed', async () => {
  const { now, asked, whole, heard } = account();
  await whole.load();
  asked.length = 0;
  expect(await heard(false)).toEqual(['Note/changes 1']);
  now.state = '2';
  expect(await heard(false)).toEqual(['Note/changes 1', 'read']);
  expect(await heard(false)).toEqual(['Note/changes 2']);
  // What news names has changed.
  expect(await heard(true)).toEqual(['read']);
});

test('what has never been read is read', async () => {
  const { heard } = account();
  expect(await heard(false)).toEqual(['read']);
});

test('what changes while it is being read is read again', async () => {
  const { now, heard, whole, wait } = account();
  let come = (): void => undefined;
  wait(new Promise((resolve) => (come = resolve)));
  void whole.load();
  expect(await heard(false)).toEqual(['read']);
  now.state = '2';
  come();
  expect(await heard(false)).toEqual(['Note/changes 1', 'Note/changes 1', 'read', 'read']);
  expect(await heard(false)).toEqual(['Note/changes 2']);
});

test('a type without changes is read each time; a line that is down is said', async () => {
  const refusing = account(() => {
    throw new Refused('unknownMethod', 'no');
  });
  await refusing.whole.load();
  refusing.asked.length = 0;
  expect(await refusing.heard(false)).toEqual(['Note/changes 1', 'read']);
  const down = account(() => {
    throw new Offline('down');
  });
  await down.whole.load();
  down.asked.length = 0;
  expect(await down.heard(false)).toEqual(['Note/changes 1']);
  expect(down.reports).toHaveLength(1);
});
