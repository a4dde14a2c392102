/** What a preview shows: the newest mail of the inbox, or a letter of ours where there is none yet. */
import { untrack } from 'svelte';
import type { Label } from '../../cache/settings.svelte.ts';
import { session } from '../../action/session.svelte.ts';
import type { Mail } from '../../action/session.svelte.ts';
import { type EmailQuery, newestFirst } from '../../cache/query.svelte.ts';
import type { Email, EmailAddress } from '../../jmap/types.ts';
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

const LOOKED_AT = 24;

/** The first rows of the inbox. Whoever comes to the settings first has none yet, perhaps not even the mailboxes: they are asked for as soon as it is known. */
export class Samples {
  #inbox = $state.raw<EmailQuery | null>(null);
  #asked = $state(false);

  constructor(readonly mail: Mail) {
    $effect(() => {
      const inbox = mail.store.byRole.get('inbox')?.id;
      if (!inbox) return;
      untrack(() => {
        this.#inbox = mail.store.query({ filter: { inMailbox: inbox }, sort: newestFirst, collapseThreads: session.settings.values.conversations });
        void Promise.resolve(this.#inbox.ensure(0, LOOKED_AT)).catch(() => undefined).finally(() => (this.#asked = true));
      });
    });
  }

  /** At most `most` of its newest. */
  first(most: number): Sample[] {
    return samplesOf(this.mail, this.#inbox, most, this.#asked);
  }
}

/** At most `most` of its newest, one of each sender as long as there are others. `asked`: none are none, and not yet to come. */
function samplesOf(mail: Mail, inbox: EmailQuery | null, most: number, asked: boolean): Sample[] {
  const known = (inbox?.ids?.slice(0, LOOKED_AT) ?? []).map((id) => (id ? mail.store.emails.get(id) : undefined)).filter((email) => email?.from?.[0] !== undefined) as Email[];
  const seen = new Set<string>();
  const first = known.filter((email) => {
    const address = email.from?.[0]?.email.toLowerCase() ?? '';
    return !seen.has(address) && seen.add(address);
  });
  const chosen = [...first, ...known.filter((email) => !first.includes(email))].slice(0, most);
  if (!chosen.length) {
    if (!asked) return [];
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
