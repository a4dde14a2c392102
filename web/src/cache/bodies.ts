/** Bodies never change, so they are fetched once and kept: a few in memory, the chosen range on the device. */
import type { BodyPart, Email, GetResponse, Id } from '../jmap/types.ts';
import { Offline, Refused } from '../jmap/errors.ts';
import type { Store } from './store.svelte.ts';

export const bodyProperties = ['partId', 'blobId', 'size', 'name', 'type', 'charset', 'disposition', 'cid', 'header:Content-Type'];
export const detailProperties = [
  'id', 'blobId', 'threadId', 'messageId', 'inReplyTo', 'references', 'sentAt', 'from', 'to', 'cc', 'bcc', 'replyTo', 'sender', 'subject',
  'textBody', 'htmlBody', 'attachments', 'bodyValues',
  'header:List-Id:asText', 'header:List-Unsubscribe:asURLs', 'header:List-Unsubscribe-Post:asText', 'header:List-Post:asURLs',
  'header:Disposition-Notification-To:asAddresses', 'header:Authentication-Results:asRaw', 'header:Auto-Submitted:asText',
];
/** In front of a message's id: the names of its files, where its text is not kept. */
export const NAMES = 'files:';
const MAX_BODY_OCTETS = 1_000_000;
/** So many texts stay in memory, and so many characters of them. */
const IN_MEMORY = 40;
const CHARACTERS = 4_000_000;

/** What `Email/get` is asked for the texts of these. */
export const bodyCall = (ids: readonly Id[]): Record<string, unknown> => ({ ids, properties: detailProperties, bodyProperties, fetchTextBodyValues: true, fetchHTMLBodyValues: true, maxBodyValueBytes: MAX_BODY_OCTETS });

export type Detail = Email & { textBody: BodyPart[]; htmlBody: BodyPart[]; attachments: BodyPart[] };

export class Bodies {
  readonly #memory = new Map<Id, Detail>();
  readonly #asked = new Map<Id, Promise<Detail>>();

  constructor(readonly store: Store) {}

  peek(id: Id): Detail | undefined {
    return this.#memory.get(id);
  }

  get(id: Id): Promise<Detail> {
    const known = this.#memory.get(id);
    if (known) {
      this.#memory.delete(id);
      this.#memory.set(id, known);
      return Promise.resolve(known);
    }
    let asked = this.#asked.get(id);
    if (!asked) {
      asked = this.#fetch(id).finally(() => this.#asked.delete(id));
      this.#asked.set(id, asked);
    }
    return asked;
  }

  async #fetch(id: Id): Promise<Detail> {
    const kept = await this.store.db?.get<Detail>('body', id);
    if (kept) return this.#remember(kept);
    await this.store.reach();
    const account = this.store.whose(id);
    const client = this.store.clientOf(account);
    if (!client) throw new Offline();
    try {
      const response = await client.call<GetResponse<Detail>>('Email/get', bodyCall([id]));
      const detail = response.list[0];
      if (!detail) throw new Refused('notFound', '');
      if (account) detail.accountId = account;
      this.store.db?.later('body', [[id, detail]]);
      return this.#remember(detail);
    } catch (error) {
      this.store.report(error);
      throw error;
    }
  }

  #remember(detail: Detail): Detail {
    this.#memory.delete(detail.id);
    this.#memory.set(detail.id, detail);
    let characters = 0;
    for (const [at, { id, bodyValues }] of [...this.#memory.values()].reverse().entries()) {
      for (const { value } of Object.values(bodyValues ?? {})) characters += value.length;
      if (at > 0 && (at >= IN_MEMORY || characters > CHARACTERS)) this.#memory.delete(id);
    }
    return detail;
  }

  forget(id: Id): void {
    this.#memory.delete(id);
  }
}
