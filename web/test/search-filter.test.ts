import { describe, expect, it } from 'vitest';
import { type World, asksFor, day, size, toFilter, words } from '../src/kit/search-filter.ts';
import { parse } from '../src/kit/search.ts';

const now = new Date(2026, 10, 25, 14, 0);
const world: World = { mailbox: (name) => (name === 'sent' ? 'm2' : null), label: (name) => `l-${name}`, hidden: ['m8', 'm9'] };
const filterOf = (text: string, everywhere = true): unknown => toFilter(parse(text), world, now, everywhere).filter;

describe('what terms mean', () => {
  it('is one condition each', () => {
    expect(filterOf('plan is:unread has:file larger:2M label:tax')).toEqual({
      operator: 'AND',
      conditions: [{ text: 'plan' }, { notKeyword: '$seen' }, { hasAttachment: true }, { minSize: 2_000_000 }, { hasKeyword: 'l-tax' }],
    });
    expect(filterOf('-from:ben')).toEqual({ operator: 'NOT', conditions: [{ from: 'ben' }] });
  });
  it('leaves hidden mailboxes out, unless everything or one mailbox is asked for', () => {
    expect(filterOf('plan', false)).toEqual({ operator: 'AND', conditions: [{ text: 'plan' }, { inMailboxOtherThan: ['m8', 'm9'] }] });
    expect(filterOf('in:sent', false)).toEqual({ inMailbox: 'm2' });
    expect(filterOf('plan')).toEqual({ text: 'plan' });
  });
  it('means oneself by me', () => {
    const mine = (text: string): unknown => toFilter(parse(text), { ...world, me: ['a@x.test', 'b@x.test'] }, now, true).filter;
    expect(mine('from:me')).toEqual({ operator: 'OR', conditions: [{ from: 'a@x.test' }, { from: 'b@x.test' }] });
    expect(mine('-to:ME')).toEqual({ operator: 'NOT', conditions: [{ operator: 'OR', conditions: [{ to: 'a@x.test' }, { to: 'b@x.test' }] }] });
    expect(mine('from:mel')).toEqual({ from: 'mel' });
    expect(filterOf('from:me')).toEqual({ from: 'me' });
  });
  it('leaves nothing out where anywhere is asked for', () => {
    expect(toFilter(parse('plan in:anywhere'), world, now, false)).toEqual({ filter: { text: 'plan' }, bad: [] });
  });
  it('says what it does not understand', () => {
    expect(toFilter(parse('plan in:nowhere is:blue before:soon'), world, now, true)).toEqual({ filter: { text: 'plan' }, bad: [1, 2, 3] });
  });
  it('reads days, sizes and what there is', () => {
    expect(day('7d', now)).toEqual(new Date(2026, 10, 18));
    expect(day('2026-11', now)).toEqual(new Date(2026, 10, 1));
    expect(day('9.11.2026', now)).toEqual(new Date(2026, 10, 9));
    expect(day('2026-13', now)).toBe(null);
    expect(size('1.5k')).toBe(1500);
    expect(size('much')).toBe(null);
    expect([asksFor('Anhang'), asksFor('notes'), asksFor('wings')]).toEqual(['file', 'note', null]);
  });
  it('marks the words that are looked for in texts', () => {
    expect(words(parse('plan subject:boat from:ben -rain'))).toEqual(['plan', 'boat']);
  });
});
