/** Choices are deeds: what was chosen in the settings, or by a key, is taken back like anything else (decision 99). */
import { type Values, onDevice, valid } from '../cache/settings.svelte.ts';
import { type Side, difference, put } from '../kit/difference.ts';
import { type Key, t } from '../kit/i18n/index.svelte.ts';
import { deedWords } from './deed-words.ts';
import type { Entry, Fact } from './log.svelte.ts';
import { type Mail, session } from './session.svelte.ts';

/** How a choice is called. What has no name here is none that one would want back. */
const names: Partial<Record<keyof Values, Key>> = {
  theme: 'set.theme', accent: 'set.accent', language: 'set.language', density: 'set.density', fontScale: 'set.font', readingFace: 'set.face', darkMail: 'set.dark_mail',
  layout: 'set.layout', panes: 'set.panes', sections: 'split.title', layouts: 'set.layouts', conversations: 'set.conversations', afterFiling: 'set.after',
  keyPreset: 'set.preset', singleKeys: 'set.singles', ownKeys: 'set.own_keys',
  remoteImages: 'set.images', imageSenders: 'set.image_senders', markRead: 'set.mark_read', swipeStart: 'set.swipe', swipeEnd: 'set.swipe_other',
  undoSeconds: 'set.undo_send', richText: 'set.rich', replyAll: 'set.reply_all', attachmentCheck: 'set.att_check', domainCheck: 'set.domain_check',
  templates: 'set.templates', labels: 'nav.labels', notifyRules: 'note.title', offlineDays: 'set.offline_days', offlineFolders: 'set.offline_folders',
};
/** Of one thing that is tried out this way and that, within so long, the first state is what one wants back. */
const TRIED_MS = 60_000;

interface Change {
  key: keyof Values;
  before: unknown;
  after: unknown;
}

/** What is made so by a deed, and is no choice. */
const expected = new Set<keyof Values>();
const collected = new Map<Mail, Change[]>();

/** A choice has been made. Those of one moment are one deed. */
export function chosen(mail: Mail, made: Change): void {
  const change = JSON.parse(JSON.stringify(made)) as Change;
  if (expected.delete(change.key)) return;
  // While one is shown around, things are tried out.
  if (!names[change.key] || session.tour) return;
  const those = collected.get(mail);
  if (those) those.push(change);
  else {
    collected.set(mail, [change]);
    setTimeout(() => note(mail, collected.get(mail) ?? []));
  }
}

function note(mail: Mail, changes: Change[]): void {
  collected.delete(mail);
  // Panes are moved by hand, again and again; they belong to an arrangement that is chosen.
  const counting = changes.filter(({ key, after }) => key !== 'panes' || changes.some((other) => other.key !== 'panes') || Object.keys(after as object).length === 0);
  const [first] = counting;
  if (!first) return;
  const last = mail.log.undoable[0];
  if (counting.length === 1 && last && isTrial(last, first)) {
    const { fact } = last as { fact: Fact };
    const after = { [first.key]: { value: first.after } };
    // Back where it began there is nothing left of it.
    const gone = same(fact.before, after);
    mail.log.mend((entry) => (entry.id === last.id ? { ...entry, fact: { ...fact, after }, at: Date.now(), ...(gone ? { state: 'undone' as const } : {}) } : entry));
    mail.log.onSettled?.();
    return;
  }
  const fact: Fact = { type: 'Setting', before: {}, after: {} };
  for (const key of new Set(counting.map((one) => one.key))) {
    const those = counting.filter((one) => one.key === key);
    const sides = difference(those[0]?.before, those.at(-1)?.after);
    if (sides) [fact.before[key], fact.after[key]] = sides;
  }
  const key = ('layout' in fact.after ? 'layout' : Object.keys(fact.after)[0]) as keyof Values | undefined;
  // Choices that hold for the screen in front of one are nothing to another device.
  if (Object.keys(fact.after).every((one) => onDevice.has(one as keyof Values))) fact.here = true;
  if (key) mail.log.done('did.setting', { $name: names[key] as Key }, fact);
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** The same single value, chosen anew soon after. */
function isTrial({ fact, at, state }: Entry, { key, after }: Change): boolean {
  const keys = Object.keys(fact?.type === 'Setting' ? fact.after : {});
  return state === 'done' && keys.length === 1 && keys[0] === key && typeof after !== 'object' && Date.now() - at < TRIED_MS;
}

/** A setting has this value, and that is no choice of the user's. */
export function makeSo(key: keyof Values, value: unknown): void {
  const { settings } = session;
  if (same(settings.values[key], value)) return;
  expected.add(key);
  settings.set(key, value as never);
}

/** What is to be so is so on this device, and is told to the others as any choice; what has been taken back and is not seen in the list is said. */
export function begun({ title, values, fact, undoes }: Entry): void {
  if (!fact) return;
  const { settings } = session;
  if (fact.type === 'Setting') {
    for (const [name, side] of Object.entries(fact.after)) {
      const key = name as keyof Values;
      const value = put(side as Side, settings.values[key]);
      if (!valid[key]?.(value)) continue;
      makeSo(key, value);
    }
  }
  if (undoes && ['Setting', 'SavedSearch', 'Identity', 'Vacation'].includes(fact.type)) session.toast({ text: t('did.taken_back', { what: deedWords({ title, values }) }) }, 4000);
}

/** The choice that was made last, taken back. */
export function takeBackChoice(mail: Mail): void {
  const last = mail.log.undoable.find(({ fact }) => fact?.type === 'Setting');
  if (last) mail.log.undo(last.id);
}
