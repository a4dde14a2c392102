import { expect, it } from 'vitest';
import { type NotifyRules, isRules, noRules } from '../src/kit/notify-rules.ts';
import { isQuiet, noteOf, verdict } from '../src/kit/notify.ts';

const noon = new Date(2026, 10, 26, 12, 0);
const night = new Date(2026, 10, 26, 23, 30);
const saturday = new Date(2026, 10, 28, 12, 0);
const from = (email: string, more = {}) => ({ from: [{ email, name: null }], mailboxIds: { in: true }, keywords: {}, ...more });
const rules = (patch: Partial<NotifyRules> = {}): NotifyRules => ({ ...noRules, ...patch });

it('tells of people in the inbox, and of nobody who writes by machine', () => {
  expect(verdict(rules(), from('ada@x.test'), 'in', noon)).toBe('silent');
  for (const address of ['no-reply@x.test', 'newsletter@x.test', 'MAILER-DAEMON@x.test', '']) expect(verdict(rules(), from(address), 'in', noon)).toBe('no');
  expect(verdict(rules({ mail: 'all' }), from('no-reply@x.test'), 'in', noon)).toBe('silent');
  expect(verdict(rules(), from('ada@x.test', { mailboxIds: { other: true } }), 'in', noon)).toBe('no');
});
it('knows who is important, by address or domain', () => {
  const only = rules({ mail: 'vip', vips: ['ada@x.test', '@bank.test'], sound: true });
  expect(verdict(only, from('ADA@x.test'), 'in', noon)).toBe('loud');
  expect(verdict(only, from('no-reply@bank.test'), 'in', noon)).toBe('loud');
  expect(verdict(only, from('bob@x.test'), 'in', noon)).toBe('no');
  expect(verdict(only, from('eve@sub.bank.test'), 'in', noon)).toBe('no');
});
it('tells of chosen folders', () => {
  expect(verdict(rules({ folders: ['work'] }), from('no-reply@x.test', { mailboxIds: { work: true } }), 'in', noon)).toBe('silent');
});
it('tells of what is followed, muted or not', () => {
  expect(verdict(rules({ mail: 'all' }), from('ada@x.test', { keywords: { $muted: true, $followed: true } }), 'in', noon)).not.toBe('no');
});

it('says nothing of what was read, muted, junk or a draft', () => {
  for (const word of ['$seen', '$muted', '$junk', '$draft']) expect(verdict(rules({ mail: 'all' }), from('ada@x.test', { keywords: { [word]: true } }), 'in', noon)).toBe('no');
});
it('keeps quiet hours, over midnight too, and lets important people through where it is wanted', () => {
  const quiet = { on: true, from: '22:00', to: '07:00', weekend: true, vips: true };
  expect([noon, night, saturday, new Date(2026, 10, 26, 6, 59), new Date(2026, 10, 26, 7, 0)].map((at) => isQuiet(quiet, at))).toEqual([false, true, true, true, false]);
  expect(isQuiet({ ...quiet, from: '12:00', to: '13:00', weekend: false }, noon)).toBe(true);
  expect(isQuiet({ ...quiet, on: false }, night)).toBe(false);
  expect(verdict(rules({ quiet }), from('ada@x.test'), 'in', night)).toBe('no');
  expect(verdict(rules({ quiet, vips: ['ada@x.test'] }), from('ada@x.test'), 'in', night)).toBe('silent');
  expect(verdict(rules({ quiet: { ...quiet, vips: false }, vips: ['ada@x.test'] }), from('ada@x.test'), 'in', night)).toBe('no');
});
it('takes no rules that are none', () => {
  expect(isRules(noRules)).toBe(true);
  for (const bad of [null, {}, { ...noRules, mail: 'x' }, { ...noRules, vips: [1] }, { ...noRules, quiet: { ...noRules.quiet, from: '25:00' } }, { ...noRules, quiet: null }]) expect(isRules(bad)).toBe(false);
});
it('shows who writes and of what, in the language of the user', () => {
  const note = noteOf({ ...from('ada@x.test'), id: 'e1', threadId: 't1', subject: null }, { box: 'in', source: 'inbox', archive: 'ar' }, 'de', false);
  expect([note.title, note.options.body, note.options.tag, note.options.silent]).toEqual(['ada@x.test', '(kein Betreff)', 't1', true]);
  expect(note.options.actions?.map(({ action }) => action)).toEqual(['archive', 'read']);
  expect(note.options.data).toEqual({ path: '/m/inbox/t1', id: 'e1', box: 'in', archive: 'ar' });
});
