import { expect, test } from 'vitest';
import { Holds, LATELY } from '../src/cache/holds.ts';

test('the rows used last are held, the others are not', () => {
  const holds = new Holds();
  for (let number = 0; number < LATELY + 10; number++) holds.used([`e${number}`]);
  holds.used(['e3']);
  const { emails, threads } = holds.all();
  expect([emails.size, emails.has('e3'), emails.has('e4'), emails.has('e10'), emails.has('e11'), threads.size]).toEqual([LATELY, true, false, false, true, 0]);
});

test('what somebody holds is asked for each time, until they let go', () => {
  const holds = new Holds();
  let mine: string[] = ['a'];
  const release = holds.add(() => ({ emails: [null, ...mine], threads: ['t', null] }));
  expect(holds.all()).toEqual({ emails: new Set(['a']), threads: new Set(['t']) });
  mine = ['b'];
  expect([...holds.all().emails]).toEqual(['b']);
  release();
  expect(holds.all()).toEqual({ emails: new Set(), threads: new Set() });
});
