/** What of the text of an email a search has found, where its row does not show it: asked of the server, for the rows that are looked at. */
import type { Email, Filter, Id, SearchSnippet } from '../jmap/types.ts';
import type { Store } from './store.svelte.ts';

/** Rows that are drawn within this are asked for at once. */
const TOGETHER_MS = 40;
/** About what can be seen: who has scrolled on wants what is there now. */
const MOST = 64;

const signs: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#x27': "'" };
/** A snippet (RFC 8621 §5) as text: the server escapes everything but its own marks. */
export const textOf = (snippet: string): string => snippet.replace(/<\/?mark>/g, '').replace(/&(amp|lt|gt|quot|#x27);/g, (_, sign: string) => signs[sign] as string);

export class Snippets {
  #known = $state.raw<ReadonlyMap<Id, string>>(new Map());
  /** Since when nothing more is to be asked of it: an email is asked about once. */
  readonly #asked = new Set<Id>();
  #wanted: Email[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `filterOf`: what is looked for in whose mail. */
  constructor(
    readonly store: Store,
    readonly filterOf: (account: Id | undefined) => Filter | null,
  ) {}

  /** Empty where nothing is known, yet or at all. */
  of(email: Email): string {
    const known = this.#known.get(email.id);
    if (known === undefined && !this.#asked.has(email.id)) {
      this.#asked.add(email.id);
      this.#wanted.push(email);
      this.#timer ??= setTimeout(() => void this.#ask(), TOGETHER_MS);
    }
    return known ?? '';
  }

  async #ask(): Promise<void> {
    this.#timer = undefined;
    const wanted = this.#wanted.splice(0);
    for (const { id } of wanted.splice(0, wanted.length - MOST)) this.#asked.delete(id);
    const accounts = new Set(wanted.map(({ accountId }) => accountId));
    await Promise.all(
      [...accounts].map(async (account) => {
        const filter = this.filterOf(account);
        const client = this.store.clientOf(account);
        if (!filter || !client) return;
        const emailIds = wanted.filter(({ accountId }) => accountId === account).map(({ id }) => id);
        const { list } = await client.call<{ list: SearchSnippet[] }>('SearchSnippet/get', { filter, emailIds });
        this.#known = new Map([...this.#known, ...list.map(({ emailId, preview }) => [emailId, textOf(preview ?? '')] as const)]);
      }),
    ).catch(() => {
      // Without an answer the rows stay as they are; whoever looks at them again asks again.
      for (const { id } of wanted) this.#asked.delete(id);
    });
  }
}
