/** What may be done with mail that others share (RFC 8621 §2 `myRights`), said before it is tried. With one's own everything may be. */
import type { Email, Mailbox } from '../jmap/types.ts';
import { type Key, t } from '../kit/i18n/index.svelte.ts';
import type { Mail, Need } from './session.svelte.ts';

const may = (box: Mailbox | undefined, right: string): boolean => box?.myRights[right] === true;

function lacks(mail: Mail, email: Email, need: Need): [Key, string?] | null {
  const { store } = mail;
  const boxes = Object.keys(email.mailboxIds).map((id) => store.mailboxById.get(id));
  if (need === 'seen' || need === 'keywords') return boxes.every((box) => may(box, need === 'seen' ? 'maySetSeen' : 'maySetKeywords')) ? null : [need === 'seen' ? 'share.no_seen' : 'share.no_keywords'];
  const here = mail.hereOf(email);
  // What is thrown away leaves every mailbox; what is filed leaves the one that is looked at.
  const from = here && (need === 'away' || need.to === 'archive') ? boxes.filter((box) => box?.id === here) : boxes;
  if (!from.every((box) => may(box, 'mayRemoveItems'))) return ['share.no_remove'];
  if (need === 'away') return null;
  return may(store.roleOf(need.to, email.accountId), 'mayAddItems') ? null : ['share.no_place', need.to];
}

/** Why something cannot be done with these; null where it can. */
export function barred(mail: Mail, emails: Iterable<Email>, needs: Need[]): string | null {
  for (const email of emails) {
    if (!email.accountId) continue;
    const name = mail.nameOf(email.accountId);
    for (const need of needs) {
      const why = lacks(mail, email, need);
      if (why) return t(why[0], { name, box: why[1] ? t(`nav.${why[1]}` as Key) : '' });
    }
  }
  return null;
}
