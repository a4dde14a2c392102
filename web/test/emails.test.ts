import { beforeEach, expect, test, vi } from 'vitest';
import { Emails } from '../src/cache/emails.svelte.ts';
import { Client } from '../src/jmap/client.ts';
import type { Email, GetResponse, Id, Session } from '../src/jmap/types.ts';
import { keyword, mailbox } from '../src/cache/patch.ts';

/** What a page has, of an account that answers nothing. */
class Page extends Emails {
  readonly accountId = 'me';
  readonly queries = [];
  readonly others = [];
  readonly link = 'online';
  readonly rowProperties = ['id'];
  clientOf = (): Client | null => null;
  report = (error: unknown): void => {
    throw error;
  };
  gone = (id: Id): void => this.forget(id);
  leave = (account: Id): void => this.forgetAllOf(account);
  anew = (account?: Id): ReturnType<Page['beginEmailsAnew']> => this.beginEmailsAnew(account);
}

const email = (id: Id, thread: Id, more: object = {}): Email =>
  ({ id, threadId: thread, mailboxIds: { in: true }, keywords: {}, receivedAt: '2026-11-27T10:00:00Z', subject: id, preview: '', from: null, to: null, size: 1, hasAttachment: false, ...more }) as unknown as Email;
let page: Page;
const take = (emails: Email[], accountId?: Id): void => {
  const threads = [...new Set(emails.map(({ threadId }) => threadId))];
  const whose = accountId ? { accountId } : {};
  page.takeThreads({ ...whose, state: 't', list: threads.map((id) => ({ id, emailIds: emails.filter(({ threadId }) => threadId === id).map((one) => one.id) })), notFound: [] });
  page.takeEmails({ ...whose, state: 'e', list: emails, notFound: [] });
};
beforeEach(() => {
  page = new Page();
});

test('a change is seen at once, and stays over what comes until it is settled', () => {
  take([email('a', 'ta')]);
  page.overlay('op', 'a', keyword('$flagged', true));
  expect(page.emails.get('a')?.keywords).toEqual({ $flagged: true });
  take([email('a', 'ta', { keywords: { $seen: true } })]);
  expect(page.emails.get('a')?.keywords).toEqual({ $seen: true, $flagged: true });
  page.settle('op', 'a', false);
  expect(page.emails.get('a')?.keywords).toEqual({ $seen: true });
});

test('of two changes each is settled by itself', () => {
  take([email('a', 'ta')]);
  page.overlay('one', 'a', keyword('$flagged', true));
  page.overlay('two', 'a', { ...mailbox('in', false), ...mailbox('ar', true) });
  page.settle('two', 'a', true);
  expect([page.emails.get('a')?.keywords, page.emails.get('a')?.mailboxIds]).toEqual([{ $flagged: true }, { ar: true }]);
  page.settle('one', 'a', false);
  expect([page.emails.get('a')?.keywords, page.emails.get('a')?.mailboxIds]).toEqual([{}, { ar: true }]);
});

test('an email that is no more leaves its conversation, and the last one takes it along', () => {
  take([email('a', 'ta'), email('b', 'ta')]);
  page.gone('a');
  expect([page.emails.has('a'), page.threadEmails('ta').map(({ id }) => id)]).toEqual([false, ['b']]);
  page.gone('b');
  expect(page.threads.has('ta')).toBe(false);
});

test('what others share bears whose it is, and all of it goes with them', () => {
  take([email('a', 'ta')], 'me');
  take([email('x', 'tx')], 'other');
  expect([page.whose('a'), page.whose('x'), page.threads.get('tx')?.accountId]).toEqual([undefined, 'other', 'other']);
  // What one account does not know says nothing of another one's.
  page.takeEmails({ accountId: 'me', state: 'e', list: [], notFound: ['x'] });
  expect(page.emails.has('x')).toBe(true);
  page.leave('other');
  expect([[...page.emails.keys()], [...page.threads.keys()], page.whose('x')]).toEqual([['a'], ['ta'], undefined]);
});

test('where an account begins anew stays what it still has, what is changed here, and the mail of others', async () => {
  take([email('a', 'ta'), email('b', 'tb'), email('c', 'tc')]);
  take([email('x', 'tx')], 'other');
  page.overlay('op', 'c', keyword('$seen', true));
  (await page.anew())(new Set(['a']));
  expect([...page.emails.keys()]).toEqual(['a', 'c', 'x']);
});

test('what comes as it is here already is neither drawn nor written again', () => {
  take([email('a', 'ta')]);
  const written: [string, string[]][] = [];
  page.db = { later: (name: string, entries: [string, unknown][]) => written.push([name, entries.map(([id]) => id)]), delete: () => Promise.resolve() } as unknown as Page['db'];
  const [before, thread] = [page.emails.get('a'), page.threads.get('ta')];
  take([email('a', 'ta')]);
  // A device that has been opened since has not got it.
  expect(written.splice(0)).toEqual([['meta', ['thread:ta']], ['email', ['a']]]);
  const { taken } = page;
  take([email('a', 'ta')]);
  expect([written, page.taken]).toEqual([[], taken]);
  expect(page.threads.get('ta')).toBe(thread);
  expect(page.emails.get('a')).toBe(before);
  take([email('a', 'ta', { keywords: { $seen: true } })]);
  expect([written.splice(0), page.taken]).toEqual([[['email', ['a']]], taken + 1]);
  expect(page.emails.get('a')?.keywords).toEqual({ $seen: true });
  // What has gone and comes again is written again.
  page.takeEmails({ state: 'e', list: [], notFound: ['a'] });
  take([email('a', 'ta')]);
  expect(written).toEqual([['email', ['a']]]);
});

test('an answer to what was asked before the server took a change does not take it back; one that was asked for later may', async () => {
  const line: ((list: Email[]) => void)[] = [];
  vi.stubGlobal('fetch', (_: string, { body }: { body: string }) => new Promise((resolve) => {
    const [[name, , call]] = (JSON.parse(body) as { methodCalls: [[string, object, string]] }).methodCalls;
    line.push((list) => resolve(new Response(JSON.stringify({ methodResponses: [[name, { state: 'e', list, notFound: [] }, call]] }))));
  }));
  const client = new Client({ capabilities: {}, accounts: {}, apiUrl: '/jmap' } as unknown as Session, 'me');
  const get = async (): Promise<void> => page.takeEmails(await client.call<GetResponse<Email>>('Email/get'));
  const plain = async (asked: Promise<void>): Promise<boolean[]> => {
    line.shift()?.([email('a', 'ta'), email('b', 'tb')]);
    await asked;
    return ['a', 'b'].map((id) => '$flagged' in (page.emails.get(id)?.keywords ?? {}));
  };
  take([email('a', 'ta'), email('b', 'tb')]);
  page.overlay('one', 'a', keyword('$flagged', true));
  page.overlay('two', 'b', keyword('$flagged', true));
  const before = get();
  await vi.waitFor(() => expect(line.length).toBe(1));
  page.settle('one', 'a', true);
  page.settle('two', 'b', false);
  expect(await plain(before)).toEqual([true, false]);
  const after = get();
  await vi.waitFor(() => expect(line.length).toBe(1));
  expect(await plain(after)).toEqual([false, false]);
  vi.unstubAllGlobals();
});
