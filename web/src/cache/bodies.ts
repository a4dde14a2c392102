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
const IN_MEMORY = 40;

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
    const client = await this.store.reach();
    if (!client) throw new Offline('This message is not on this device.');
    try {
      const response = await client.call<GetResponse<Detail>>('Email/get', {
        ids: [id],
        properties: detailProperties,
        bodyProperties,
        fetchTextBodyValues: true,
        fetchHTMLBodyValues: true,
        maxBodyValueBytes: MAX_BODY_OCTETS,
      });
      const detail = response.list[0];
      if (!detail) throw new Refused('notFound', 'The message is no longer there.');
      this.store.db?.later('body', [[id, detail]]);
      return this.#remember(detail);
    } catch (error) {
      this.store.report(error);
      throw error;
    }
  }

  #remember(detail: Detail): Detail {
    this.#memory.set(detail.id, detail);
    for (const id of this.#memory.keys()) {
      if (this.#memory.size <= IN_MEMORY) break;
      this.#memory.delete(id);
    }
    return detail;
  }

  forget(id: Id): void {
    this.#memory.delete(id);
  }

  /** Fetch several to the device, one request for each batch; resolves to how many came. */
  async prefetch(ids: Id[]): Promise<number> {
    const client = this.store.client;
    const db = this.store.db;
    if (!client || !db) return 0;
    const response = await client.call<GetResponse<Detail>>('Email/get', {
      ids,
      properties: detailProperties,
      bodyProperties,
      fetchTextBodyValues: true,
      fetchHTMLBodyValues: true,
      maxBodyValueBytes: MAX_BODY_OCTETS,
    });
    await db.putMany('body', response.list.map((detail) => [detail.id, detail]));
    return response.list.length;
  }
}
