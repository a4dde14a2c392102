"""APPEND and import: messages into one mailbox, all in one transaction (RFC 9051 §6.3.12, RFC 3502; DECISIONS 6)."""

from typing import ClassVar, Final

from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import EmailId
from mailstead.model.message import Appended
from mailstead.store.engine.writer import Tx
from mailstead.store.keys import Keys
from mailstead.store.mail import clock, filing, keywords, tally
from mailstead.store.mail.filing import Incoming
from mailstead.store.mail.operation import OfAccount

IMPORT_REMEMBERED_MS: Final = 365 * 24 * 3600 * 1000
"""How much longer than a delivery's an import's id is kept."""


class Append(OfAccount):
    """``flags[i]`` are those of ``incoming[i]``. With ``ids`` (import) a message whose id is known is left out: its UID
    is 0 then."""

    mailbox: int
    incoming: tuple[Incoming, ...]
    flags: tuple[tuple[str, ...], ...]
    ids: tuple[bytes, ...] = ()
    returns: ClassVar = Appended

    def octets(self) -> int:
        return sum(incoming.octets() for incoming in self.incoming)

    def apply(self, tx: Tx, keys: Keys) -> Appended:
        account = self.account
        row = tx.db.one(
            "SELECT uid_validity FROM mailbox WHERE account_id=? AND mailbox_id=? AND noselect=0", (account, self.mailbox)
        )
        if row is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
        once = {ident: number for number, ident in reversed(list(enumerate(self.ids)))}
        wanted = [
            number for number in range(len(self.incoming))
            if not self.ids or (once[self.ids[number]] == number and not self._is_known(tx, number))
        ]
        uids = [0] * len(self.incoming)
        emails = [EmailId(0)] * len(self.incoming)
        if not wanted:
            now = tx.db.one("SELECT modseq FROM account WHERE account_id=?", (account,))
            return Appended(row[0], tuple(uids), tuple(emails), now[0] if now else 0)
        sizes = sum(self.incoming[number].info.size for number in wanted)
        modseq = clock.tick(tx, account, octets=sizes, messages=len(wanted))
        key = keys.of(account)
        bits = {number: keywords.bits(tx, account, key, self.flags[number]) for number in wanted}
        place = filing.room(
            tx, account, self.mailbox, modseq, count=len(wanted), octets=sizes,
            unseen=sum(filing.unseen(flags) for flags, _ in bits.values()),
            deleted=sum(filing.deleted(flags) for flags, _ in bits.values()),
        )
        if place is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
        counts = tally.Tally(tx, account)
        rows = []
        for count, number in enumerate(wanted):
            incoming, (flags, more) = self.incoming[number], bits[number]
            info = incoming.info
            thread = filing.store(tx, counts, incoming, mailbox=self.mailbox, flags=flags)
            uids[number], emails[number] = place.uid + count, EmailId(info.email)
            rows.append((uids[number], info.email, thread, flags, info.received_ms, info.size, keywords.pack_more(more)))
            if self.ids:
                tx.db.run(
                    "INSERT OR REPLACE INTO delivery VALUES (?, ?, ?, ?)",
                    (account, self.ids[number], info.email, tx.now_ms + IMPORT_REMEMBERED_MS),
                )
        filing.enter(tx, counts, account, self.mailbox, modseq, rows, fresh=True)
        counts.settle(modseq)
        return Appended(place.uid_validity, tuple(uids), tuple(emails), modseq)

    def _is_known(self, tx: Tx, number: int) -> bool:
        """Whether this import's message is in the account already."""
        return tx.db.one(
            "SELECT 1 FROM delivery d JOIN email e ON e.account_id=d.account_id AND e.email_id=d.email_id"
            " WHERE d.account_id=? AND d.delivery_id=?",
            (self.account, self.ids[number]),
        ) is not None
