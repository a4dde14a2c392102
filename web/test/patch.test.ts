import { expect, test } from 'vitest';
import { apply, effective, inverse, keyword, mailbox } from '../src/cache/patch.ts';

const email = { keywords: { $seen: true as const }, mailboxIds: { inbox: true as const }, snoozed: null };

test('a patch and its inverse leave everything as it was', () => {
  const patch = { ...keyword('$seen', false), ...keyword('a/b~c', true), ...mailbox('inbox', false), ...mailbox('archive', true), snoozed: { until: '2026-12-01T08:00:00Z' } };
  const after = apply(email, patch);
  expect({ keywords: { 'a/b~c': true }, mailboxIds: { archive: true }, snoozed: { until: '2026-12-01T08:00:00Z' } }).toEqual(after);
  expect(email).toEqual(apply(after, inverse(email, patch)));
});

test('what changes nothing is not sent', () => {
  expect({ 'keywords/$flagged': true }).toEqual(effective(email, { ...keyword('$seen', true), ...keyword('$flagged', true), ...mailbox('inbox', true) }));
});
