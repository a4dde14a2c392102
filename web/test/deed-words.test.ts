import { expect, it, vi } from 'vitest';
import { deedWords } from '../src/action/deed-words.ts';
import { boxValue } from '../src/kit/box-name.ts';
import { speak } from '../src/kit/i18n/index.svelte.ts';

vi.stubGlobal('document', { documentElement: {} });
vi.stubGlobal('navigator', { languages: [] });

const archive = boxValue('mailbox', { role: 'archive', name: 'Archive' });
const moved = { title: 'did.move', values: { n: 1, subject: 'Kiln', ...archive } };
const choice = { title: 'did.setting', values: { $name: 'set.layout' } };

it('says a deed of one language in another', async () => {
  await speak('de');
  expect(deedWords(moved)).toContain('Archiv');
  const words = deedWords(choice);
  await speak('en');
  expect(deedWords(moved)).toContain('Archive');
  expect(deedWords(choice)).toBe('Layout changed');
  expect(words).not.toContain('Layout changed');
});

it('says a moment as it is from today', async () => {
  await speak('en');
  const later = (days: number): string => deedWords({ title: 'did.remind', values: { n: 1, $when: new Date(Date.now() + days * 86_400_000).toISOString() } });
  expect(later(1)).toContain('tomorrow');
  expect(later(0)).toContain('today');
  expect(later(-1)).toContain('yesterday');
});

it('leaves alone what people have named, and what stood in words before', async () => {
  await speak('en');
  expect(boxValue('name', { role: null, name: 'nav.inbox' })).toEqual({ name: 'nav.inbox' });
  expect(deedWords({ title: 'did.move', values: { n: 1, mailbox: 'nav.inbox' } })).toContain('nav.inbox');
  expect(deedWords({ title: 'did.setting', values: { name: 'Anordnung' } })).toBe('Anordnung changed');
  expect(deedWords({ title: 'Something that an older client did', values: {} })).toBe('Something that an older client did');
});
