/** What a row of the list says of its conversation. Pure: an email and its thread give words and marks. */
import type { Email, EmailAddress, Reminder } from '../../jmap/types.ts';
import { nameOf, sameName, shortName } from '../../kit/people.ts';
import { sameAddress } from '../../kit/mail.ts';

export interface Person {
  name: string;
  me: boolean;
  unread: boolean;
}

export interface Row {
  face: EmailAddress | undefined;
  people: Person[];
  count: number;
  subject: string;
  preview: string;
  date: string;
  unread: boolean;
  flagged: Email | null;
  attachments: boolean;
  draft: boolean;
  answered: boolean;
  forwarded: boolean;
  muted: boolean;
  keywords: string[];
  size: number;
  snoozedUntil: string | null;
  /** When one wanted to be reminded, and whether that time has come. */
  due: { at: string; fired: boolean; silent: boolean } | null;
  /** What the reader wrote to themselves about it. */
  note: string;
  emailId: string;
  threadId: string;
}

/** A row of which nothing is known. */
export const nothing: Row = {
  face: undefined, people: [], count: 0, subject: '', preview: '', date: '1970-01-01T00:00:00Z', unread: false, flagged: null, attachments: false, draft: false, answered: false,
  forwarded: false, muted: false, keywords: [], size: 0, snoozedUntil: null, due: null, note: '', emailId: '', threadId: '',
};

/**
 * `mine` are the reader's own addresses; `outgoing` is a list of what one sent, where the receivers are the news. `by` is what the list is sorted by: of a
 * conversation that is said first which stands for it there.
 */
export function rowOf(email: Email, members: Email[], mine: string[], outgoing: boolean, reminder?: Reminder, note = '', by = ''): Row {
  const all = members.length ? members : [email];
  const isMine = (address: EmailAddress | undefined): boolean => address !== undefined && mine.some((own) => sameAddress(own, address.email));
  const newest = all.filter((member) => !('$draft' in member.keywords)).at(-1) ?? all.at(-1) ?? email;
  const people: Person[] = [];
  if (outgoing) {
    for (const address of email.to ?? []) people.push({ name: nameOf(address), me: isMine(address), unread: false });
  } else {
    for (const member of by === 'from' ? [email, ...all] : all) {
      if ('$draft' in member.keywords && all.length > 1) continue;
      const author = member.from?.[0];
      if (!author) continue;
      const me = isMine(author);
      const name = all.length > 1 ? shortName(author) : nameOf(author);
      const unread = !('$seen' in member.keywords);
      const known = people.find((person) => (me ? person.me : !person.me && sameName(person.name, name)));
      if (known) known.unread ||= unread;
      else people.push({ name, me, unread });
    }
  }
  const authors = all.filter((member) => !isMine(member.from?.[0]));
  const face = outgoing ? email.to?.[0] : ((authors.at(-1) ?? newest).from?.[0] ?? newest.from?.[0]);
  const flagged = all.find((member) => '$flagged' in member.keywords) ?? null;
  return {
    face,
    people,
    count: all.filter((member) => !('$draft' in member.keywords)).length || all.length,
    subject: email.subject ?? '',
    preview: (outgoing ? email : newest).preview,
    // The list is sorted by this one, so its headings tell the truth.
    date: email.receivedAt,
    unread: all.some((member) => !('$seen' in member.keywords)),
    flagged,
    attachments: all.some((member) => member.hasAttachment),
    draft: all.some((member) => '$draft' in member.keywords),
    answered: '$answered' in newest.keywords,
    forwarded: '$forwarded' in newest.keywords,
    // Followed anywhere in the conversation wins (RFC 9979 §7.2).
    muted: all.some((member) => '$muted' in member.keywords) && !all.some((member) => '$followed' in member.keywords),
    keywords: [...new Set(all.flatMap((member) => Object.keys(member.keywords)))],
    size: by === 'size' ? email.size : all.reduce((sum, member) => sum + member.size, 0),
    snoozedUntil: all.find((member) => member.snoozed)?.snoozed?.until ?? null,
    due: reminder ? { at: reminder.at, fired: reminder.state === 'fired', silent: reminder.kind === 'noReply' } : null,
    note,
    emailId: email.id,
    threadId: email.threadId,
  };
}
