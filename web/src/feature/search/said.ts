/** A term of a question as people say it, in the language of the screen; it comes with the first chip. */
import type { Label } from '../../cache/settings.svelte.ts';
import type { Mailbox } from '../../jmap/types.ts';
import { type Key, locale, octets, t } from '../../kit/i18n/index.svelte.ts';
import { boxName } from '../../kit/box-name.ts';
import { asksFor, day, isAnywhere, size, whoOf } from '../../kit/search-filter.ts';
import type { Operator, Term } from '../../kit/search.ts';

const names: Record<Exclude<Operator, 'text'>, Key> = {
  from: 'op.from', to: 'op.to', subject: 'op.subject', body: 'op.body', note: 'op.note', has: 'op.has', is: 'op.is', in: 'op.in',
  label: 'op.label', filename: 'op.filename', before: 'op.before', after: 'op.after', larger: 'op.larger', smaller: 'op.smaller',
};
const states: Record<string, Key> = {
  unread: 'nav.unread', read: 'search.read', flagged: 'row.flagged', starred: 'row.flagged', answered: 'row.answered', forwarded: 'row.forwarded', draft: 'row.draft', muted: 'row.muted',
};

/** What is known here: mailboxes, and the user's labels. */
export interface Known {
  mailboxes: readonly Mailbox[];
  labels: readonly Label[];
}

function date(value: string): string | null {
  const begins = day(value, new Date());
  if (!begins) return null;
  const parts = value.split(/[-/.]/).length;
  const absolute = /^\d{4}/.test(value);
  return new Intl.DateTimeFormat(locale.tag, { year: 'numeric', ...(absolute && parts === 1 ? {} : { month: 'short' }), ...(absolute && parts < 3 ? {} : { day: 'numeric' }) }).format(begins);
}

/** Null where nobody can say what is meant: such a term is left out of the question. */
function valueOf(term: Term, { mailboxes, labels }: Known): string | null {
  const { op, value } = term;
  const low = value.toLowerCase();
  switch (op) {
    case 'is':
      return low in states ? t(states[low] as Key) : null;
    case 'has':
      return { note: t('op.note'), file: t('search.attachment'), null: null }[`${asksFor(value)}`];
    case 'from':
    case 'to':
      return whoOf(term, [value]) ? t('me') : value;
    case 'in': {
      if (isAnywhere(term)) return t('search.anywhere');
      const box = mailboxes.find((one) => one.role === low || (one.role && boxName(one).toLowerCase() === low)) ?? mailboxes.find(({ name }) => name.toLowerCase() === low);
      return box ? boxName(box) : null;
    }
    case 'label':
      return labels.find(({ keyword, name }) => keyword === low || name.toLowerCase() === low)?.name ?? value;
    case 'before':
    case 'after':
      return date(value);
    case 'larger':
    case 'smaller': {
      const many = size(value);
      return many === null ? null : octets(many);
    }
    default:
      return value;
  }
}

export function said(term: Term, known: Known): { name: string; value: string } {
  const name = term.op === 'text' ? '' : t(names[term.op]);
  return { name: [...(term.not ? [t('op.not')] : []), name].join(' ').trim(), value: valueOf(term, known) ?? t('search.unclear', { value: term.value }) };
}
