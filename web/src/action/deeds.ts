/** What one can do to conversations. Each builds the patches and hands them to the log; the log does the rest. */
import { type Patch, keyword, mailbox } from '../cache/patch.ts';
import type { Email, Id } from '../jmap/types.ts';
import { type FlagColour, flagBits, flagColours } from './flags.ts';
import type { Entry, Fact } from './log.svelte.ts';
import { boxValue } from '../kit/box-name.ts';
import { type Key, withMessages } from '../kit/i18n/index.svelte.ts';
import { neighbour } from './neighbour.ts';
import { type Mail, session } from './session.svelte.ts';

/** Rows that share nothing: `n` counts conversations, as the list does. */
function perform(mail: Mail, title: string, rows: Id[], patchOf: (email: Email) => Patch | null, values: Entry['values'] = {}, fact: Fact | null = null): Entry | null {
  const patches: Record<Id, Patch> = {};
  for (const email of mail.emailsOf(rows)) {
    const patch = patchOf(email);
    if (patch) patches[email.id] = patch;
  }
  return mail.log.perform(title, { n: rows.length, subject: mail.store.emails.get(rows[0] ?? '')?.subject ?? '', ...values }, patches, fact ? { fact } : {});
}

/** Out of where it is (the list's mailbox, or any ordinary one where the list is a search) into `target`. */
function relocate(mail: Mail, email: Email, target: Id): Patch | null {
  const here = mail.hereOf(email);
  const keep = new Set(['sent', 'drafts', 'trash', 'junk'].map((role) => mail.store.roleOf(role, email.accountId)?.id));
  const from = here && here in email.mailboxIds ? [here] : here ? [] : Object.keys(email.mailboxIds).filter((id) => !keep.has(id));
  if (!from.length) return null;
  const patch: Patch = {};
  for (const id of from) if (id !== target) Object.assign(patch, mailbox(id, false));
  return { ...patch, ...mailbox(target, true) };
}

/** After rows left the list, the cursor goes on as the user wants it. */
function advance(mail: Mail, rows: Id[], towards: 'next' | 'previous' | 'list' = session.settings.values.afterFiling): Id | null {
  const ids = mail.query?.ids ?? [];
  const gone = new Set<Id | null>(rows);
  const at = ids.findIndex((id) => id !== null && gone.has(id));
  if (at < 0) return mail.cursor;
  const after = neighbour(ids, at, 1, (id) => !gone.has(id));
  const before = neighbour(ids, at, -1, (id) => !gone.has(id));
  if (towards === 'previous') return before ?? after;
  return after ?? before;
}

/** The same for everything that the list is of, where it is more than the page has seen: on the server. */
function whole(mail: Mail, title: Key, update: Patch, values: Record<string, string | number> = {}): null {
  void withMessages(import('./objects.ts')).then(({ changeAll }) => changeAll(mail, title, update, values));
  return null;
}

/** As `relocate`, without knowing the emails. */
function relocation(mail: Mail, target: Id): Patch {
  const here = mail.currentMailbox;
  return here ? { ...mailbox(here, false), ...mailbox(target, true) } : { mailboxIds: { [target]: true } };
}

function leave(mail: Mail, rows: Id[], act: () => Entry | null, towards?: 'next' | 'previous'): Entry | null {
  const next = advance(mail, rows, towards);
  const wasOpen = mail.cursor !== null && rows.includes(mail.cursor);
  const entry = act();
  if (!entry) return null;
  for (const id of rows) mail.selected.delete(id);
  if (wasOpen && !mail.query?.ids?.includes(mail.cursor)) mail.cursor = next;
  return entry;
}

export function archive(mail: Mail, rows: Id[], towards?: 'next' | 'previous'): Entry | null {
  const target = mail.store.byRole.get('archive')?.id;
  if (mail.everything && target) return whole(mail, 'did.archive', relocation(mail, target));
  return leave(mail, rows, () => perform(mail, 'did.archive', rows, (email) => into(mail, email, 'archive', (box) => relocate(mail, email, box))), towards);
}

/** Each account has its own mailbox with a role; where it has none, nothing is done. */
function into(mail: Mail, { accountId }: Email, role: string, patchOf: (target: Id) => Patch | null): Patch | null {
  const target = mail.store.roleOf(role, accountId)?.id;
  return target ? patchOf(target) : null;
}

export function move(mail: Mail, rows: Id[], target: Id): Entry | null {
  const box = mail.store.mailboxById.get(target);
  // Between accounts the server copies.
  const strange = rows.filter((id) => mail.store.whose(id) !== box?.accountId);
  if (strange.length) {
    void withMessages(import('./crossing.ts')).then(({ cross }) => cross(mail, strange, target));
    return strange.length < rows.length ? move(mail, rows.filter((id) => !strange.includes(id)), target) : null;
  }
  const values = box ? boxValue('mailbox', box) : {};
  if (mail.everything) return whole(mail, 'did.move', relocation(mail, target), values);
  return leave(mail, rows, () => perform(mail, 'did.move', rows, (email) => relocate(mail, email, target) ?? (mail.hereOf(email) ? null : mailbox(target, true)), values));
}

function only(email: Email, target: Id): Patch {
  const patch: Patch = {};
  for (const id of Object.keys(email.mailboxIds)) if (id !== target) Object.assign(patch, mailbox(id, false));
  return { ...patch, ...mailbox(target, true) };
}

export function trash(mail: Mail, rows: Id[]): Entry | null {
  const target = mail.store.byRole.get('trash')?.id;
  if (mail.everything && target) return whole(mail, 'did.trash', { mailboxIds: { [target]: true } });
  return leave(mail, rows, () => perform(mail, 'did.trash', rows, (email) => into(mail, email, 'trash', (box) => only(email, box))));
}

/** `title`, `fact`: what it is part of, and what is changed with it. */
export function junk(mail: Mail, rows: Id[], on = true, title: Key = on ? 'did.junk' : 'did.not_junk', values: Entry['values'] = {}, fact: Fact | null = null): Entry | null {
  const role = on ? 'junk' : 'inbox';
  const target = mail.store.byRole.get(role)?.id;
  const sent = mail.store.byRole.get('sent')?.id ?? '';
  if (mail.everything && target) return whole(mail, title, { mailboxIds: { [target]: true }, ...keyword('$junk', on), ...keyword('$notjunk', !on) });
  return leave(mail, rows, () =>
    perform(mail, title, rows, (email) => (sent in email.mailboxIds ? null : into(mail, email, role, (box) => ({ ...only(email, box), ...keyword('$junk', on), ...keyword('$notjunk', !on) }))), values, fact),
  );
}

export function inbox(mail: Mail, rows: Id[]): Entry | null {
  const target = mail.store.byRole.get('inbox')?.id;
  const sent = mail.store.byRole.get('sent')?.id ?? '';
  if (mail.everything && target) return whole(mail, 'did.inbox', { mailboxIds: { [target]: true } });
  return leave(mail, rows, () => perform(mail, 'did.inbox', rows, (email) => (sent in email.mailboxIds ? null : into(mail, email, 'inbox', (box) => only(email, box)))));
}

/** Whoever has read a message has seen that it is back: `$new` goes (RFC 9979 §7.7). */
const opened = (email: Email | undefined): Patch => ({ ...keyword('$seen', true), ...(email && '$new' in email.keywords ? keyword('$new', false) : {}) });

export function read(mail: Mail, rows: Id[], on: boolean): Entry | null {
  if (mail.everything) return whole(mail, on ? 'did.read' : 'did.unread', keyword('$seen', on));
  if (on) return perform(mail, 'did.read', rows, opened);
  // Unread again from the newest on: that is where reading begins next time.
  const patches: Record<Id, Patch> = {};
  for (const id of rows) {
    const newest = mail.emailsOf([id]).at(-1);
    if (newest) patches[newest.id] = keyword('$seen', false);
  }
  return mail.log.perform('did.unread', { n: rows.length, subject: mail.store.emails.get(rows[0] ?? '')?.subject ?? '' }, patches);
}

/** Marks what has been read as it is read; no deed of the user's, so nothing to undo. */
export function seen(mail: Mail, ids: Id[]): void {
  mail.log.perform('did.read', { n: 1 }, Object.fromEntries(ids.map((id) => mail.store.emails.get(id)).filter((email) => email !== undefined && !mail.barred([email], 'seen')).map((email) => [email?.id ?? '', opened(email)])), { quiet: true });
}

export function flag(mail: Mail, rows: Id[], on: boolean, colour: FlagColour = 'red', fact: Fact | null = null): Entry | null {
  const patches: Record<Id, Patch> = {};
  const bits = flagColours.indexOf(colour);
  for (const id of rows) {
    const all = mail.emailsOf([id]);
    const newest = all.at(-1);
    const whom = on ? (newest ? [newest] : []) : all.filter((email) => '$flagged' in email.keywords);
    for (const email of whom) {
      const patch = { ...keyword('$flagged', on) };
      flagBits.forEach((bit, index) => Object.assign(patch, keyword(bit.toLowerCase(), on && Boolean(bits & (1 << index)))));
      patches[email.id] = patch;
    }
  }
  return mail.log.perform(on ? 'did.flag' : 'did.unflag', { n: rows.length, subject: mail.store.emails.get(rows[0] ?? '')?.subject ?? '' }, patches, fact ? { fact } : {});
}

export function label(mail: Mail, rows: Id[], name: string, title: string, on: boolean): Entry | null {
  if (mail.everything) return whole(mail, on ? 'did.label' : 'did.unlabel', keyword(name, on), { label: title });
  return perform(mail, on ? 'did.label' : 'did.unlabel', rows, () => keyword(name, on), { label: title });
}

/** `$muted` (RFC 9979): new mail in the conversation does not come back to the inbox. */
export function mute(mail: Mail, rows: Id[], on: boolean): Entry | null {
  return perform(mail, on ? 'did.mute' : 'did.unmute', rows, () => keyword('$muted', on));
}

/** Out of sight until `until`. The server makes the mailbox when it is first needed, and moves by itself what it is told to hide. */
export function snooze(mail: Mail, rows: Id[], until: Date): Entry | null {
  const target = mail.store.byRole.get('snoozed')?.id;
  const back = mail.store.byRole.get('inbox')?.id;
  const snoozed = { until: `${until.toISOString().slice(0, 19)}Z`, ...(back ? { moveToMailboxId: back } : {}) };
  return leave(mail, rows, () =>
    perform(
      mail,
      'did.snooze',
      rows,
      (email) => {
        if (!target) return relocate(mail, email, back ?? '') ? { snoozed } : null;
        return relocate(mail, email, target) ? { ...only(email, target), snoozed } : null;
      },
      { $when: snoozed.until },
    ),
  );
}
