/** The composers on the screen. What a draft can do comes with the first of them; this part is there from the start. */
import { type Email, type Id, SUBMISSION } from '../jmap/types.ts';
import type { Draft } from './compose/draft.svelte.ts';
import { session } from './session.svelte.ts';

class Composers {
  list = $state.raw<Draft[]>([]);
  /** Versions of drafts that a newer one has taken the place of: the store hears of it a little later. */
  replaced = $state.raw<ReadonlySet<Id>>(new Set());

  /** True where the server takes submissions and there is a place for drafts. */
  readonly possible = $derived.by(() => {
    const mail = session.mail;
    return mail !== null && mail.store.identities.length > 0 && (mail.store.client?.has(SUBMISSION) ?? true) && mail.store.byRole.has('drafts');
  });

  /** What is being written, or was a moment ago, stands where it is written, and not in its conversation as well. */
  unwritten(emails: Email[]): Email[] {
    const others = emails.filter(({ id }) => !this.replaced.has(id) && !this.list.some(({ emailId }) => emailId === id));
    return others.length ? others : emails;
  }

  /** All but one's own that are not sent yet: in those there is nothing to read, and nothing to answer. */
  sent(emails: Email[]): Email[] {
    return emails.filter(({ keywords, accountId }) => !('$draft' in keywords) || accountId || !this.possible);
  }

  open(draft: Draft): Draft {
    if (!draft.inline) for (const other of this.list) if (!other.inline) other.minimised = true;
    this.list = [...this.list.filter((other) => other !== draft), draft];
    return draft;
  }

  close(draft: Draft): void {
    this.list = this.list.filter((other) => other !== draft);
  }
}

export const composers = new Composers();
