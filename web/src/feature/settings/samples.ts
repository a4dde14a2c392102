/** What a preview shows: the newest mail of the inbox, or a letter of ours where there is none yet. */
import type { Label } from '../../cache/settings.svelte.ts';
import { session } from '../../action/session.svelte.ts';
import type { Mail } from '../../action/session.svelte.ts';
import type { EmailAddress } from '../../jmap/types.ts';
import { t } from '../../kit/i18n/index.svelte.ts';

export interface Sample {
  id: string;
  from: EmailAddress;
  subject: string;
  preview: string;
  date: string;
  unread: boolean;
  attachment: boolean;
  labels: Label[];
}

/** At most `most`, newest first, one of each sender as long as there are others. */
export function samplesOf(mail: Mail, most: number): Sample[] {
  const inbox = mail.store.byRole.get('inbox')?.id;
  const known = [...mail.store.emails.values()].filter((email) => inbox !== undefined && inbox in email.mailboxIds && email.from?.[0]).sort((left, right) => (left.receivedAt < right.receivedAt ? 1 : -1));
  const seen = new Set<string>();
  const first = known.filter((email) => {
    const address = email.from?.[0]?.email.toLowerCase() ?? '';
    return !seen.has(address) && seen.add(address);
  });
  const chosen = [...first, ...known.filter((email) => !first.includes(email))].slice(0, most);
  if (!chosen.length) {
    return [{ id: '', from: { name: 'Mailstead', email: mail.signed.address }, subject: t('set.sample_subject'), preview: t('set.sample_text'), date: new Date().toISOString(), unread: true, attachment: false, labels: [] }];
  }
  const { labels } = session.settings.values;
  return chosen.map((email) => ({
    id: email.id,
    from: email.from?.[0] as EmailAddress,
    subject: email.subject ?? '',
    preview: email.preview,
    date: email.receivedAt,
    unread: !('$seen' in email.keywords),
    attachment: email.hasAttachment,
    labels: labels.filter(({ keyword }) => keyword in email.keywords).slice(0, 1),
  }));
}
