/** Patches of an email's keywords and mailboxes (RFC 8620 §5.3), applied here before the server has said yes. */
import type { Email, Id } from '../jmap/types.ts';

/** `keywords/$seen` or `mailboxIds/<id>` → true to set, null to remove; `snoozed` → the whole value. */
export type Patch = Record<string, unknown>;

type Mutable = Pick<Email, 'keywords' | 'mailboxIds' | 'snoozed'>;

export function apply<T extends Mutable>(email: T, patch: Patch): T {
  const keywords = { ...email.keywords };
  const mailboxIds = { ...email.mailboxIds };
  const out = { ...email, keywords, mailboxIds };
  for (const [path, value] of Object.entries(patch)) {
    const [property, key] = split(path);
    if (property === 'snoozed') out.snoozed = value as T['snoozed'];
    else if (property === 'keywords' && key) set(keywords, key, value);
    else if (property === 'mailboxIds' && key) set(mailboxIds, key, value);
  }
  return out;
}

/** The patch that takes `patch` back, seen from `email` before it. Empty where nothing changes. */
export function inverse(email: Mutable, patch: Patch): Patch {
  const out: Patch = {};
  for (const [path, value] of Object.entries(patch)) {
    const [property, key] = split(path);
    if (property === 'snoozed') {
      if ((email.snoozed ?? null) !== (value ?? null)) out[path] = email.snoozed ?? null;
    } else if (key) {
      const had = property === 'keywords' ? key in email.keywords : key in email.mailboxIds;
      if (had !== Boolean(value)) out[path] = had ? true : null;
    }
  }
  return out;
}

/** Only what would change something: a patch without effect is not sent. */
export function effective(email: Mutable, patch: Patch): Patch {
  const back = inverse(email, patch);
  return Object.fromEntries(Object.entries(patch).filter(([path]) => path in back));
}

export function escapePointer(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}

export function keyword(name: string, on: boolean): Patch {
  return { [`keywords/${escapePointer(name)}`]: on ? true : null };
}

export function mailbox(id: Id, on: boolean): Patch {
  return { [`mailboxIds/${id}`]: on ? true : null };
}

function split(path: string): [string, string | undefined] {
  const slash = path.indexOf('/');
  if (slash < 0) return [path, undefined];
  return [path.slice(0, slash), path.slice(slash + 1).replaceAll('~1', '/').replaceAll('~0', '~')];
}

function set(object: Record<string, true>, key: string, value: unknown): void {
  if (value) object[key] = true;
  else delete object[key];
}
