/** What one writes to oneself about a conversation: a deed like any other, seen at once, told in order, taken back. */
import type { Id, Note, Thread } from '../jmap/types.ts';
import { Refused } from '../jmap/errors.ts';
import { asksFor } from '../kit/search-filter.ts';
import type { Term } from '../kit/search.ts';
import type { Entry, NoteChange } from './log.svelte.ts';
import type { Mail } from './session.svelte.ts';

/** Write `text` on a conversation; "" takes the note away. Null where nothing would change. */
export function writeNote(mail: Mail, threadId: Id, text: string): Entry | null {
  const before = mail.noteOf(threadId);
  const after = text.trim();
  if (before === after) return null;
  const subject = mail.store.threadEmails(threadId)[0]?.subject ?? '';
  return mail.log.perform(after ? 'did.memo' : 'did.unmemo', { n: 1, subject }, {}, { note: { threadId, before, after } });
}

/** Tell the server. There is one for a conversation: whoever comes second changes what the first has made. */
export async function tellNote(mail: Mail, { threadId, after }: NoteChange): Promise<void> {
  if (!mail.notes.loaded) await mail.notes.load();
  const known = (): Note | undefined => mail.notes.list.find((note) => note.threadId === threadId);
  for (let tries = 0; ; tries++) {
    const note = known();
    try {
      if (note && after) await mail.notes.update(note.id, { text: after });
      else if (note) await mail.notes.destroy(note.id);
      else if (after) await mail.notes.create({ threadId, text: after });
      return;
    } catch (error) {
      if (tries > 0 || !(error instanceof Refused) || !['alreadyExists', 'notFound'].includes(error.type)) throw error;
      await mail.notes.load();
    }
  }
}

/** The newest email of each conversation whose note has all these words; none where the search asks for more than words. */
export async function notedRows(mail: Mail, terms: Term[]): Promise<Id[]> {
  const words = terms.filter(({ op }) => op === 'text' || op === 'note').map(({ value }) => value.toLowerCase());
  const any = terms.some(({ op, value }) => op === 'has' && asksFor(value) === 'note');
  if ((!words.length && !any) || terms.some(({ op, value, not }) => not || !(op === 'text' || op === 'note' || (op === 'has' && asksFor(value) === 'note')))) return [];
  const { store, noted } = mail;
  const threads = noted.filter(([, text]) => words.every((word) => text.toLowerCase().includes(word))).map(([threadId]) => threadId);
  const kept = await store.db?.getMany<Thread>('meta', threads.filter((id) => !store.threads.has(id)).map((id) => `thread:${id}`));
  await store.load([...(kept?.values() ?? [])].flatMap(({ emailIds }) => emailIds));
  return threads
    .map((threadId) => store.threadEmails(threadId).at(-1)?.id)
    .filter((id) => id !== undefined);
}
