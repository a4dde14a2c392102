/**
 * News by EventSource (RFC 8620 §7.3). The browser reconnects by itself after a broken line; after a refusal we do, with
 * growing pauses. Each (re)connection calls `onOpen`, since what happened in between was not told.
 */
import type { Client } from './client.ts';
import { type News, PLUS, type StateChange } from './types.ts';

export class Push {
  #source: EventSource | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #pauseMs = 1000;
  #closed = false;

  constructor(
    readonly client: Client,
    /** Properties of emails that are wanted with the news. */
    readonly properties: readonly string[],
    readonly handlers: { onNews: (news: News) => void; onChange: (changed: Record<string, string>) => void; onOther: (accountId: string, changed: Record<string, string>) => void; onOpen: () => void; onDown: () => void },
  ) {
    this.#connect();
  }

  #connect(): void {
    if (this.#closed) return;
    const url = this.client.session.eventSourceUrl.replace('{types}', '*').replace('{closeafter}', 'no').replace('{ping}', '30') + (this.client.has(PLUS) ? `&news=${this.properties.join()}` : '');
    const source = new EventSource(url, { withCredentials: true });
    this.#source = source;
    source.onopen = () => {
      this.#pauseMs = 1000;
      this.handlers.onOpen();
    };
    source.addEventListener('news', (event) => {
      const news = JSON.parse((event as MessageEvent<string>).data) as News;
      if (news.accountId === this.client.accountId) this.handlers.onNews(news);
    });
    source.addEventListener('state', (event) => {
      const change = JSON.parse((event as MessageEvent<string>).data) as StateChange;
      for (const [accountId, changed] of Object.entries(change.changed)) {
        if (accountId === this.client.accountId) this.handlers.onChange(changed);
        else this.handlers.onOther(accountId, changed);
      }
    });
    source.onerror = () => {
      this.handlers.onDown();
      source.close();
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#connect(), this.#pauseMs * (0.75 + Math.random() / 2));
      this.#pauseMs = Math.min(this.#pauseMs * 2, 30_000);
    };
  }

  /** Try again at once: the network is said to be back. */
  wake(): void {
    if (this.#source?.readyState === EventSource.OPEN) return;
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#pauseMs = 1000;
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#source?.close();
  }
}
