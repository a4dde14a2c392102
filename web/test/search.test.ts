import { describe, expect, it } from 'vitest';
import { format, once, parse } from '../src/kit/search.ts';

const said = (text: string): string[] => parse(text).map(({ op, value, not }) => `${not ? 'not ' : ''}${op} ${value}`);

describe('what is typed', () => {
  it('is words, operators and phrases', () => {
    expect(said('invoice from:anna "two words" -draft subject:"the plan"')).toEqual(['text invoice', 'from anna', 'text two words', 'not text draft', 'subject the plan']);
  });
  it('has other names for some operators', () => {
    expect(said('cc:ben since:7d folder:sent file:pdf tag:tax')).toEqual(['to ben', 'after 7d', 'in sent', 'filename pdf', 'label tax']);
  });
  it('is a word where no operator is called so', () => {
    expect(said('re:plan re: plan 12:30')).toEqual(['text re:plan', 'text re:', 'text plan', 'text 12:30']);
  });
  it('asks for nothing while an operator waits for its word, which may stand apart', () => {
    expect(said('from:')).toEqual([]);
    expect(said('plan -from: ')).toEqual(['text plan']);
    expect(said('from: ben subject:  "the plan"')).toEqual(['from ben', 'subject the plan']);
  });
  it('knows the words of other programs for how old something is', () => {
    expect(said('older_than:1y newer_than:7d')).toEqual(['before 1y', 'after 7d']);
  });
  it('is one filter, however often it is asked for', () => {
    expect(format(once(parse('is:read from:Anna is:read -is:read from:anna to:anna -is:read')))).toBe('is:read from:Anna -is:read to:anna');
  });
  it('is written as it was typed', () => {
    const text = 'invoice from:anna "two words" -is:unread';
    expect(parse(format(parse(text)))).toEqual(parse(text));
    expect(format(parse(text))).toBe(text);
  });
});
