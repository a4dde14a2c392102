import { expect, test, vi } from 'vitest';
import { Snippets, textOf } from '../src/cache/snippets.svelte.ts';
import type { Store } from '../src/cache/store.svelte.ts';
import type { Email, SearchSnippet } from '../src/jmap/types.ts';

const email = (id: string, accountId?: string): Email => ({ id, ...(accountId ? { accountId } : {}) }) as Email;

/** A server of which each account answers by `answer`, and what it was asked. */
function asking(answer: (id: string) => SearchSnippet): { snippets: Snippets; asked: [string | undefined, string[]][] } {
  const asked: [string | undefined, string[]][] = [];
  const clientOf = (account: string | undefined): unknown => ({
    call: async (_: string, { emailIds }: { emailIds: string[] }) => {
      asked.push([account, emailIds]);
      return { list: emailIds.map(answer) };
    },
  });
  return { snippets: new Snippets({ clientOf } as unknown as Store, () => ({ text: 'roof' })), asked };
}

test('rows that are drawn together are asked for together, each once, of whoever has it', async () => {
  vi.useFakeTimers();
  const { snippets, asked } = asking((emailId) => ({ emailId, subject: null, preview: emailId === 'c' ? null : `the <mark>roof</mark> of ${emailId}` }));
  for (const one of [email('a'), email('b', 'other'), email('a'), email('c')]) expect(snippets.of(one)).toBe('');
  await vi.advanceTimersByTimeAsync(50);
  expect(asked).toEqual([[undefined, ['a', 'c']], ['other', ['b']]]);
  expect([email('a'), email('b', 'other'), email('c')].map((one) => snippets.of(one))).toEqual(['the roof of a', 'the roof of b', '']);
  await vi.advanceTimersByTimeAsync(50);
  expect(asked).toHaveLength(2);
  vi.useRealTimers();
});

test('of many rows that were scrolled past, those are asked for that came last', async () => {
  vi.useFakeTimers();
  const { snippets, asked } = asking((emailId) => ({ emailId, subject: null, preview: emailId }));
  for (let index = 0; index < 100; index++) snippets.of(email(`${index}`));
  await vi.advanceTimersByTimeAsync(50);
  expect(asked[0]?.[1]).toEqual(Array.from({ length: 64 }, (_, at) => `${at + 36}`));
  snippets.of(email('3'));
  await vi.advanceTimersByTimeAsync(50);
  expect(asked[1]?.[1]).toEqual(['3']);
  vi.useRealTimers();
});

test('where nobody answers it is asked again when the row is looked at again', async () => {
  vi.useFakeTimers();
  let fails = true;
  const { snippets, asked } = asking((emailId) => {
    if (fails) throw new Error('gone');
    return { emailId, subject: null, preview: 'here' };
  });
  snippets.of(email('a'));
  await vi.advanceTimersByTimeAsync(50);
  fails = false;
  expect(snippets.of(email('a'))).toBe('');
  await vi.advanceTimersByTimeAsync(50);
  expect([snippets.of(email('a')), asked.length]).toEqual(['here', 2]);
  vi.useRealTimers();
});

test('a snippet is text, whatever the mail says', () => {
  expect(textOf('a &lt;b&gt; <mark>roof</mark> &amp;amp; &quot;it&#x27;s&quot;')).toBe('a <b> roof &amp; "it\'s"');
});
