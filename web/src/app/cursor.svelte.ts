/** Where the keys act: the cursor keeps its place when its row goes, and goes to what has been taken back. */
import { untrack } from 'svelte';
import { neighbour } from '../action/neighbour.ts';
import type { Result } from '../cache/query.svelte.ts';
import type { Ids } from '../cache/windows.ts';
import type { Id } from '../jmap/types.ts';
import { type Desk, moves } from './desk.svelte.ts';

/** So long a row is waited for that was taken back: whoever goes elsewhere meanwhile stays there. */
const RETURNS_MS = 10_000;

class Cursor {
  #stood: { query: Result; ids: Ids; at: number } | null = null;
  /** What was taken back, and where the cursor was then. */
  #returning = $state.raw<{ emails: Id[]; cursor: Id | null } | null>(null);

  constructor(desk: Desk) {
    const { mail } = desk;
    const { store } = mail;
    // Where the row goes without a deed of this page (another device, the server that snoozes), or stands for a newer message. While deeds are on
    // their way a row may be gone and come back: it is asked again when the server has been told.
    $effect(() => {
      const { query } = desk;
      const ids = query?.ids;
      const { cursor } = mail;
      // A page that is loaded anew with a conversation open stands on it.
      if (!cursor && desk.thread && desk.emailOfThread) mail.cursor = desk.emailOfThread;
      if (!query || !ids || !cursor) return;
      const unsettled = store.syncing || query.loading || mail.log.entries.some(({ state }) => state === 'waiting');
      untrack(() => {
        const at = ids.indexOf(cursor);
        if (at >= 0) this.#stood = { query, ids, at };
        else if (!unsettled && this.#stood?.query === query && !(desk.thread && desk.emailOfThread === null && !desk.leaving)) {
          const next = store.rowOf(ids, store.peek(cursor)?.threadId ?? '') ?? this.#beside(ids, this.#stood);
          if (next) mail.cursor = next;
        }
      });
    });
    // What has been taken back is shown as soon as it is in the list again, in the reader too where that stands open.
    mail.log.onUndone = (entry) => {
      if (!moves(entry)) return;
      const now = (this.#returning = { emails: Object.keys(entry.patches), cursor: mail.cursor });
      setTimeout(() => this.#returning === now && (this.#returning = null), RETURNS_MS);
    };
    $effect(() => {
      const back = this.#returning;
      const ids = desk.query?.ids;
      if (!back || !ids) return;
      untrack(() => {
        const threadId = back.emails.map((id) => store.emails.get(id)?.threadId ?? '').find((one) => store.rowOf(ids, one));
        const row = threadId && store.rowOf(ids, threadId);
        if (mail.cursor !== back.cursor) this.#returning = null;
        else if (row && threadId) {
          this.#returning = null;
          mail.cursor = row;
          if (desk.thread && desk.thread !== threadId) desk.open(threadId, row);
        }
      });
    });
  }

  /** The row that stood beside it, and not one that has come in its place since. */
  #beside(ids: Ids, { ids: before, at }: { ids: Ids; at: number }): Id | null | undefined {
    const here = new Set(ids);
    return neighbour(before, at, 1, (id) => here.has(id)) ?? neighbour(before, at, -1, (id) => here.has(id)) ?? ids[Math.min(at, ids.length - 1)];
  }
}

/** From now on, until the returned function is called. */
export function keepCursor(desk: Desk): () => void {
  return $effect.root(() => {
    new Cursor(desk);
  });
}
