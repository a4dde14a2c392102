import { expect, test } from 'vitest';
import { question } from '../src/cache/question.ts';
import { Rows, matcherOf, narrows, says } from '../src/cache/rows.ts';
import type { Email, Filter, Id } from '../src/jmap/types.ts';
import { haystack, matcher } from '../src/kit/matching.ts';
import type { World } from '../src/kit/search-filter.ts';
import { parse } from '../src/kit/search.ts';

const world: World = { mailbox: (name) => (name === 'junk' ? 'mj' : name === 'inbox' ? 'mi' : null), label: (name) => name, hidden: ['mj'] };
const now = new Date('2026-11-26T12:00:00Z');

/** Chance with a seed, so that a failure can be repeated. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state % below;
  };
}

function email(number: number, random: (below: number) => number): Email {
  const words = ['harbour', 'Harvest', 'marmalade', 'tide', 'Zürich', 'report'];
  return {
    id: `e${number}`, blobId: 'b', threadId: `t${random(200)}`, size: 100 + random(5000), hasAttachment: random(4) === 0,
    mailboxIds: { [random(5) ? 'mi' : 'mj']: true }, keywords: random(2) ? { $seen: true } : {},
    receivedAt: `2026-11-${String(1 + random(25)).padStart(2, '0')}T10:${String(random(60)).padStart(2, '0')}:00Z`,
    from: [{ name: `Sender ${random(9)}`, email: `s${random(9)}@example.test` }], to: null, subject: `${words[random(6)]} ${random(100)}`, preview: words[random(6)] ?? '',
  } as Email;
}

/** What the search must say, by the plainest way there is. */
function plainly(all: Map<Id, Email>, text: string, everywhere: boolean, collapse: boolean): Id[] {
  const test = matcher(parse(text), world, now, everywhere);
  const found = [...all.values()].filter((one) => test(one, haystack(one))).sort((a, b) => (a.receivedAt > b.receivedAt ? -1 : a.receivedAt < b.receivedAt ? 1 : a.id > b.id ? -1 : 1));
  const threads = new Set<Id>();
  return found.filter(({ threadId }) => !collapse || (!threads.has(threadId) && threads.add(threadId))).map(({ id }) => id);
}

function search(rows: Rows, text: string, everywhere = false, collapse = true, meanwhile: () => void = () => undefined): Id[] {
  const searching = rows.search(question(parse(text), world, everywhere, collapse), now);
  for (let step = searching.next(); ; step = searching.next()) {
    if (step.done) return step.value.ids();
    meanwhile();
  }
}

test('letter after letter, with mail that comes and goes, it finds what a plain look at everything finds', () => {
  const random = chance(7);
  const rows = new Rows();
  const all = new Map<Id, Email>();
  const change = (count: number): void => {
    const told: [Id, Email | null][] = [];
    for (let index = 0; index < count; index++) {
      const one = email(random(9000), random);
      const gone = random(8) === 0;
      told.push([one.id, gone ? null : one]);
      if (gone) all.delete(one.id);
      else all.set(one.id, one);
    }
    rows.put(told);
  };
  change(9000);
  expect(rows.size).toBe(all.size);
  for (const text of ['h', 'ha', 'har', 'ar', 'har', 'harb', 'arb', 'harbo', 'harbour 4', 'harbour 42', 'harbour 4', 'harbour', 'our', 'harbour from:sender', 'harbour from:sender 4', 'subject:ha', 'subject:har body:t', 'to:a', '-from:sender', 'from:sender', 'from:"sender 3" tide', '-har', '-har tide', 'is:read', 'is:read marm', 'in:junk', 'in:junk rep', 'larger:2k', 'after:2026-11-20 z', 'ZÜR', 'zürich', 'nothing of the kind']) {
    for (const collapse of [true, false]) expect(search(rows, text, false, collapse), text).toEqual(plainly(all, text, false, collapse));
    if (random(2)) change(1 + random(60));
    expect(search(rows, text, true), text).toEqual(plainly(all, text, true, true));
  }
});

test('rows that come in batches of any size, and change or go between them, stand in their order', () => {
  const random = chance(11);
  for (let round = 0; round < 30; round++) {
    const rows = new Rows();
    const all = new Map<Id, Email>();
    for (let batch = 1 + random(25); batch > 0; batch--) {
      const told: [Id, Email | null][] = Array.from({ length: 1 + random([3, 40, 300][random(3)] as number) }, () => {
        const one = email(random(1200), random);
        return [one.id, random(20) ? one : null];
      });
      for (const [id, one] of told) if (one) all.set(id, one); else all.delete(id);
      rows.put(told);
      if (!random(6)) expect(rows.select(null, false)).toEqual(plainly(all, '', true, false));
    }
    expect(rows.size).toBe(all.size);
    expect(rows.select(null, false)).toEqual(plainly(all, '', true, false));
    expect(search(rows, 'ha', true, true)).toEqual(plainly(all, 'ha', true, true));
  }
});

test('what comes while a search is under way is in the next one, and the narrower one is not led astray', () => {
  const random = chance(3);
  const rows = new Rows();
  const all = new Map<Id, Email>();
  for (let number = 0; number < 6000; number++) all.set(`e${number}`, email(number, random));
  rows.put([...all]);
  const before = plainly(all, 'ha', false, false);
  const late = { ...email(7000, random), subject: 'harbour of late', receivedAt: '2026-11-26T11:00:00Z', mailboxIds: { mi: true as const } };
  let told = false;
  const found = search(rows, 'ha', false, false, () => {
    if (!told) rows.put([[late.id, late]]);
    told = true;
  });
  expect(found).toEqual(before);
  all.set(late.id, late);
  expect(search(rows, 'harb', false, false)[0]).toBe(late.id);
  expect(search(rows, 'harb', false, false)).toEqual(plainly(all, 'harb', false, false));
});

test('who takes letters back is told what was found before, as long as nothing has changed', () => {
  const random = chance(13);
  const rows = new Rows();
  rows.put(Array.from({ length: 9000 }, (_, index) => email(index, random)).map((one): [Id, Email] => [one.id, one]));
  const steps = (text: string, collapse = true): number => {
    let count = 0;
    search(rows, text, false, collapse, () => count++);
    return count;
  };
  const texts = ['ha', 'har', 'harb'];
  const before = texts.map((text) => search(rows, text));
  expect(before.every(({ length }) => length > 0)).toBe(true);
  expect(texts.toReversed().map((text) => steps(text))).toEqual([0, 0, 0]);
  expect(steps('har', false)).toBe(0);
  expect(texts.map((text) => search(rows, text))).toEqual(before);
  // Another day is another question, and so are other rows.
  const asked = question(parse('har'), world, false, true);
  expect(rows.search(asked, new Date('2026-11-27T12:00:00Z')).next().done).toBe(false);
  expect(steps('harb')).toBeGreaterThan(0);
  expect(steps('harb')).toBe(0);
  rows.put([['e1', null]]);
  expect(steps('harb')).toBeGreaterThan(0);
});

test('rows that come as they are here already leave what was found as it is', () => {
  const random = chance(11);
  const rows = new Rows();
  const told = Array.from({ length: 9000 }, (_, index) => email(index, random)).map((one): [Id, Email] => [one.id, one]);
  rows.put(told);
  const steps = (text: string): number => {
    let count = 0;
    search(rows, text, false, true, () => count++);
    return count;
  };
  const whole = steps('ha');
  rows.put(structuredClone(told.slice(0, 300)));
  expect(steps('harb')).toBeLessThan(whole);
  const [id, first] = told[0] as [Id, Email];
  rows.put([[id, { ...first, subject: 'Harbouring' }]]);
  expect(steps('harbo')).toBe(whole);
  expect(search(rows, 'harbouring', true)).toEqual([id]);
});

test('narrower is what can only find less', () => {
  const ask = (text: string, everywhere = false): ReturnType<typeof question> => question(parse(text), world, everywhere, true);
  for (const [last, next] of [['h', 'ha'], ['ha', 'sha'], ['har', 'har tide'], ['from:an', 'from:ann'], ['is:read h', 'is:read ha'], ['in:junk h', 'in:junk ha'], ['-x h', '-x ha']] as const) expect(narrows(ask(last), ask(next)), `${last} → ${next}`).toBe(true);
  for (const [last, next] of [['ha', 'h'], ['har tide', 'har'], ['-h', '-ha'], ['is:rea', 'is:read'], ['h', 'in:junk h'], ['in:junk h', 'in:inbox h'], ['larger:1', 'larger:12'], ['text', 'subject:text']] as const) expect(narrows(ask(last), ask(next)), `${last} → ${next}`).toBe(false);
  expect(narrows(ask('h'), ask('ha', true))).toBe(false);
});

test('a place is a filter that this device can look at', () => {
  const random = chance(5);
  const rows = new Rows();
  const all = new Map<Id, Email>(Array.from({ length: 300 }, (_, number) => [`e${number}`, email(number, random)]));
  rows.put([...all]);
  const unread = { operator: 'AND' as const, conditions: [{ inMailbox: 'mi' }, { notKeyword: '$seen' }] };
  const expected = plainly(all, '', true, false).filter((id) => matcherOf(unread)(all.get(id) as Email));
  expect(expected.length).toBeGreaterThan(20);
  expect(rows.select(unread, false)).toEqual(expected);
  expect(rows.select({ nobodyKnows: true }, false)).toEqual([]);
});

test('a section of the inbox has whole conversations: one message there is enough, one elsewhere is not', () => {
  const rows = new Rows();
  const one = (number: number, thread: string, box: string, more: Partial<Email> = {}): [Id, Email] => [`e${number}`, { ...email(number, chance(1)), threadId: thread, mailboxIds: { [box]: true }, keywords: { $seen: true }, receivedAt: `2026-11-0${number}T10:00:00Z`, ...more }];
  rows.put([
    one(1, 'ta', 'mi', { keywords: {} }), one(2, 'ta', 'mi'), // unread, then read
    one(3, 'tb', 'mi'), one(4, 'tb', 'ms', { keywords: {} }), // unread, but not in the inbox
    one(5, 'tc', 'mi', { from: [{ name: 'Vera', email: 'vera@vip.example' }] }), one(6, 'tc', 'mi'),
  ]);
  const section = (own: object): object => ({ someInThread: { operator: 'AND', conditions: [{ inMailbox: 'mi' }, own] } });
  const here = (...conditions: object[]): Id[] => rows.select({ operator: 'AND', conditions: [{ inMailbox: 'mi' }, ...conditions] } as Filter, true);
  const unread = section({ notKeyword: '$seen' });
  const vips = section({ from: 'vip.example' });
  expect(here(unread)).toEqual(['e2']);
  expect(here(vips)).toEqual(['e6']);
  expect(here({ operator: 'NOT', conditions: [unread, vips] })).toEqual(['e3']);
});

test('words of a place are looked for as the server does: at the beginning of words', () => {
  expect(['harb', 'har tide', '"rbour t"', 'example'].map((wanted) => says('the harbour tide ann@example.test', wanted))).toEqual([true, true, true, true]);
  expect(['arbour', 'tide sun', '"tide harbour"'].map((wanted) => says('the harbour tide', wanted))).toEqual([false, false, false]);
});

test('rows of several accounts are counted and searched apart, and none takes what another has found before', () => {
  const random = chance(5);
  const rows = new Rows();
  const all = new Map(Array.from({ length: 9000 }, (_, number) => [`e${number}`, { ...email(number, random), ...(number % 3 ? { accountId: number % 3 === 1 ? 'x' : 'y' } : {}) } as Email]));
  rows.put([...all]);
  const of = (account: Id | undefined): Map<Id, Email> => new Map([...all].filter(([, one]) => one.accountId === account));
  const asked = (text: string, account: Id | undefined): { ids: Id[]; slices: number } => {
    const searching = rows.search(question(parse(text), world, false, true, account), now);
    for (let slices = 0, step = searching.next(); ; slices++, step = searching.next()) if (step.done) return { ids: step.value.ids(), slices };
  };
  const accounts = [undefined, 'x', 'y'];
  expect(accounts.map((account) => rows.sizeOf(account))).toEqual([3000, 3000, 3000]);
  for (const text of ['h', 'ha', 'har', 'ha', 'h']) for (const account of accounts) expect(asked(text, account).ids, text).toEqual(plainly(of(account), text, false, true));
  // Whoever takes letters back has been there before, also where many others have been asked for meanwhile.
  for (const text of ['m', 'ma', 'mar', 't', 'ti', 'tid', 'r', 're', 'rep']) asked(text, 'x');
  expect(asked('har', undefined).slices).toBe(0);
  rows.put([['e0', null], ['e1', null], ['e2', { ...(all.get('e2') as Email), keywords: { $flagged: true } }]]);
  expect([...accounts, 'z'].map((account) => rows.sizeOf(account))).toEqual([2999, 2999, 3000, 0]);
});

test('a list in another order, as the server has it', () => {
  const rows = new Rows();
  const of = (id: string, threadId: string, receivedAt: string, from: [string | null, string], subject: string, size: number): [Id, Email] => [
    id,
    { id, threadId, blobId: 'b', size, hasAttachment: false, mailboxIds: { mi: true }, keywords: {}, receivedAt: `2026-11-${receivedAt}T10:00:00Z`, from: [{ name: from[0], email: from[1] }], to: [{ name: null, email: `${id}@to.test` }], subject, preview: '' } as Email,
  ];
  rows.put([
    of('a', 't1', '04', ['Ann Lee', 'z@x.test'], 'Re: Zebra', 30),
    of('b', 't2', '03', ['Ann', 'y@x.test'], '[list] Fwd: apple (fwd)', 10),
    of('c', 't3', '02', [null, 'aaa@x.test'], 'Mango', 20),
    of('d', 't1', '01', ['Zoe', 'b@x.test'], 'Zebra', 90),
  ]);
  const by = (property: string, isAscending: boolean, collapse = false): string => rows.select({ inMailbox: 'mi' }, collapse, undefined, [{ property, isAscending }]).join('');
  expect(by('receivedAt', false)).toBe('abcd');
  expect(by('receivedAt', true)).toBe('dcba');
  expect(by('from', true)).toBe('cbad');
  expect(by('from', false)).toBe('dabc');
  expect(by('to', false)).toBe('dcba');
  expect(by('size', false)).toBe('dacb');
  // What is equal stays newest first, either way.
  expect(by('subject', false)).toBe('adcb');
  expect(by('subject', true)).toBe('bcad');
  // Of each conversation the first in this order stands for it.
  expect(by('size', false, true)).toBe('dcb');
  expect(by('from', true, true)).toBe('cba');
  expect(rows.select(null, false, undefined, [{ property: 'size', isAscending: true }]).join('')).toBe('bcad');
});

test('me is whoever has one of my addresses, and no beginning of other words', () => {
  const rows = new Rows();
  const from = (id: Id, email: string): [Id, Email] => [id, { ...chosen, id, threadId: `t-${id}`, from: [{ name: 'Mel', email }] }];
  const random = chance(3);
  const chosen = { ...email(1, random), mailboxIds: { mi: true as const } };
  rows.put([from('mine', 's1@example.test'), from('other', 'mel@example.test')]);
  const ask = (text: string): Id[] => {
    const searching = rows.search(question(parse(text), { ...world, me: ['s1@example.test'] }, false, true), now);
    for (let step = searching.next(); ; step = searching.next()) if (step.done) return step.value.ids();
  };
  expect(ask('from:m').sort()).toEqual(['mine', 'other']);
  expect(ask('from:me')).toEqual(['mine']);
  expect(ask('from:mel').sort()).toEqual(['mine', 'other']);
  expect(ask('in:anywhere from:me')).toEqual(['mine']);
});
