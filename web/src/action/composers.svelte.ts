/** The composers on the screen. What a draft can do comes with the first of them; this part is there from the start. */
import { SUBMISSION } from '../jmap/types.ts';
import type { Draft } from './compose/draft.svelte.ts';
import { session } from './session.svelte.ts';

class Composers {
  list = $state.raw<Draft[]>([]);

  /** True where the server takes submissions and there is a place for drafts. */
  readonly possible = $derived.by(() => {
    const mail = session.mail;
    return mail !== null && mail.store.identities.length > 0 && (mail.store.client?.has(SUBMISSION) ?? true) && mail.store.byRole.has('drafts');
  });

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
