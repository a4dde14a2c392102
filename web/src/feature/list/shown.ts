/** A row in the words and marks that are shown: made once for each conversation as it is, so that a row of the page that shows it changes nothing but texts. */
import { flagColour } from '../../action/flags.ts';
import type { Label } from '../../cache/settings.svelte.ts';
import { messageDate, rowDate } from '../../kit/dates.ts';
import { t } from '../../kit/i18n/index.svelte.ts';
import type { IconName } from '../../kit/icons.ts';
import { hueOf, initials, isMachine } from '../../kit/people.ts';
import { type Row, nothing } from './rows.ts';

/** A small picture with its words: shown beside it, or only said. */
export interface Mark {
  icon: IconName;
  kind: string;
  words: string;
  said: boolean;
  title: string | undefined;
}

export interface Shown extends Row {
  /** Words also where there is none. */
  subject: string;
  /** The people, as one line. */
  from: string;
  when: string;
  marks: readonly Mark[];
  chips: readonly Label[];
  /** Why the server has refused what was done with it, null where it has not. */
  problem: string | null;
  /** Classes and letters of the round picture of whoever it is from. */
  portrait: { classes: string; letters: string };
}

/** One for all that have none: what is the same as before is not drawn. */
const none: readonly never[] = [];
const nobody = { classes: 'unknown', letters: '?' };
const faces = new Map<string, Shown['portrait']>();
const MOST_FACES = 1000;
const MOST_CHIPS = 2;

function faceOf({ face }: Row): Shown['portrait'] {
  if (!face) return nobody;
  const key = `${face.name ?? ''}\n${face.email}`;
  let known = faces.get(key);
  if (!known) {
    known = { classes: `hue-${hueOf(face.email)}${isMachine(face.email) ? ' org' : ''}`, letters: initials(face.name ?? '', face.email) };
    if (faces.size >= MOST_FACES) faces.clear();
    faces.set(key, known);
  }
  return known;
}

function marksOf(row: Row): readonly Mark[] {
  const marks: Mark[] = [];
  const mark = (icon: IconName, words: string, more: Partial<Mark> = {}): void => void marks.push({ icon, words, kind: '', said: true, title: undefined, ...more });
  if (row.muted) mark('belloff', t('row.muted'));
  if (row.snoozedUntil) mark('clock', messageDate(row.snoozedUntil), { said: false });
  if (row.due) {
    const { at, fired, silent } = row.due;
    mark(silent ? 'waiting' : 'moment', fired ? t(silent ? 'row.silent' : 'row.due_now') : t('row.due', { when: rowDate(at) }), { said: false, kind: fired ? 'due' : '' });
  }
  if (row.note) mark('note', t('row.note', { text: row.note }), { title: row.note });
  const colour = row.flagged && flagColour(row.flagged);
  if (colour) mark('flag', t('row.flagged'), { kind: `flag-${colour}` });
  if (row.attachments) mark('clip', t('row.attachment'));
  if (row.answered) mark('reply', t('row.answered'));
  if (row.forwarded) mark('forward', t('row.forwarded'));
  return marks.length ? marks : none;
}

/** What tells an address from its like, where there is little room. */
const shortAddress = (address: string): string => address.slice(0, address.lastIndexOf('@')) || address;

/** `whose`: the address of the account, where that is to be said. */
export function shownOf(row: Row, labels: readonly Label[], problem: string | null = null, whose = ''): Shown {
  const chips = labels.filter((label) => row.keywords.includes(label.keyword)).slice(0, MOST_CHIPS);
  if (whose) chips.unshift({ keyword: '', name: shortAddress(whose), hue: hueOf(whose) });
  return {
    ...row,
    subject: row.subject || t('no_subject'),
    from: row.people.map((person) => (person.me ? t('me') : person.name)).join(t('list.comma')),
    when: rowDate(row.date),
    marks: marksOf(row),
    chips: chips.length ? chips : none,
    problem,
    portrait: faceOf(row),
  };
}

/** A row of which nothing is known. */
export const blank: Shown = { ...nothing, from: '', when: '', marks: none, chips: none, problem: null, portrait: nobody };
