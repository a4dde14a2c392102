"""One step of a job: emails changed, what was done written down, and the job's own document moved on, all in one transaction.

So a job that is cut off anywhere goes on where it was, and what is written down is exactly what happened.
"""

from typing import ClassVar

import msgspec

from mailstead.model import flags as model
from mailstead.model.email import EmailDelta, Fault
from mailstead.model.ids import EmailId, MailboxId
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail import emails, keywords
from mailstead.store.mail.emails import Merge
from mailstead.store.mail.objects import SetObjects, at
from mailstead.store.mail.operation import OfAccount
from mailstead.store.mail.set_emails import SetEmails

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(list[EmailDelta]).decode


class JobStep(OfAccount):
    """``kept`` writes the job; what became of ``change``'s emails is its piece ``number``. Gives the faults in order of updates and
    destructions; None, and nothing is done, where the jobs are not where ``kept`` says."""

    change: SetEmails
    kept: SetObjects
    number: int
    returns: ClassVar = list[Fault] | None

    def apply(self, tx: Tx, keys: Keys) -> list[Fault] | None:
        account = self.account
        if at(tx.db, account, self.kept.kind) != self.kept.at:
            return None
        ids = [patch.email_id for patch in self.change.update]
        before = emails.merged(tx.db, account, ids)
        done = self.change.apply(tx, keys)
        if done is None:
            return None
        changed = [ident for ident, fault in zip(ids, done.updated, strict=True) if fault is Fault.NONE]
        after = emails.merged(tx.db, account, changed)
        names = keywords.all_bits(tx.db, account, keys.of(account))
        deltas = [_delta(ident, before[ident], after[ident], names) for ident in changed if ident in after]
        ((ident, doc, gone, due_at, thread, _),) = self.kept.writes
        self.kept.writes = [(ident, doc, gone, due_at, thread, ((self.number, encode(deltas)),))]
        self.kept.apply(tx, keys)
        return [*done.updated, *done.destroyed]


def _delta(email: EmailId, before: Merge, after: Merge, names: dict[int, str]) -> EmailDelta:
    was, now = _words(before, names), _words(after, names)
    boxes, boxes_now = set(before.boxes), set(after.boxes)
    return EmailDelta(
        email, tuple(sorted(now - was)), tuple(sorted(was - now)),
        tuple(MailboxId(box) for box in sorted(boxes_now - boxes)), tuple(MailboxId(box) for box in sorted(boxes - boxes_now)),
    )


def _words(merge: Merge, names: dict[int, str]) -> set[str]:
    flags = merge.flags & ~model.DELETED
    return {name for bit, name in names.items() if flags & bit} | (merge.more or set())
