"""What lists of emails are made from, for one account, in memory: one row an email, and what is asked for beside it.

Derived from the entries and kept up by the change log: a question first brings the rows to where the account stands, email by
email, so that after a delivery one row is read and not a hundred thousand. For one thread, with a connection of its own.
"""

import bisect
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from mailstead.mime import addresses, date, header, thread
from mailstead.mime.wire import strings
from mailstead.model.change import StateTooOld
from mailstead.model.email import Position
from mailstead.store.engine.sqlite import Database
from mailstead.store.keys import Keys
from mailstead.store.mail import changes, emails, keywords, read
from mailstead.store.search.answer import folded

_ANEW: Final = 20_000
"""Above so many emails touched everything is read again."""
_BULK: Final = 200


class Row(NamedTuple):
    """An email's visible entries, merged."""

    received_ms: int
    size: int
    thread: int
    flags: int
    boxes: frozenset[int]
    more: tuple[str, ...]


class Facts(NamedTuple):
    """What sorting asks of the message: the moment of its Date (0: none), and folded texts."""

    sent_ms: int
    author: str
    recipient: str
    subject: str


class Columns:
    """``at`` is where the account's emails stood when the rows were last brought up to date. ``within``: made of the entries in these mailboxes alone;
    None: of all."""

    def __init__(self, account: int, keys: Keys, within: frozenset[int] | None = None) -> None:
        self.account = account
        self._within = within
        self._keys = keys
        self.at: Position | None = None
        self.rows: dict[int, Row] = {}
        self.threads: dict[int, set[int]] = {}
        self.received: list[tuple[int, int]] = []
        """(received_ms, email), ascending."""
        self.bits: dict[str, int] = {}
        """Folded keyword to bit."""
        self.before: dict[int, Row] = {}
        """What the last refresh changed, as it was."""
        self._facts: dict[int, Facts] = {}
        self._attached: dict[int, tuple[int, bool]] = {}
        self._boxes: dict[frozenset[int], frozenset[int]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def refresh(self, db: Database) -> dict[int, int] | None:
        """Bring the rows up to date. Gives the emails that changed, to their threads; None: everything may have."""
        now = emails.states(db, self.account)
        here = Position(now.epoch, now.email)
        if here == self.at:
            return {}
        self.bits = {
            name.lower(): bit for bit, name in keywords.all_bits(db, self.account, self._keys.of(self.account)).items()}
        if self.at is not None:
            try:
                _, touched = changes.touched(db, self.account, self.at)
            except StateTooOld:
                touched = None
            if touched is not None and len(touched) <= _ANEW:
                self._update(db, touched)
                self.at = here
                return touched
        self._load(db)
        self.at = here
        return None

    def _load(self, db: Database) -> None:
        merges: dict[int, emails.Merge] = {}
        for email, of_thread, mailbox, flags, more, received, size in db.each(
            "SELECT email_id, thread_id, mailbox_id, flags, more, received_ms, size FROM entry WHERE account_id=? AND flags&8=0",
            (self.account,),
        ):
            if self._within is not None and mailbox not in self._within:
                continue
            merge = merges.get(email)
            if merge is None:
                merge = merges[email] = emails.Merge(of_thread, received, size)
            merge.add(mailbox, flags, more)
        self.rows = {email: self._row(merge) for email, merge in merges.items()}
        self.received = sorted((row.received_ms, email) for email, row in self.rows.items())
        self.threads = {}
        for email, row in self.rows.items():
            self.threads.setdefault(row.thread, set()).add(email)
        self._facts = {email: facts for email, facts in self._facts.items() if email in self.rows}
        self._attached = {email: found for email, found in self._attached.items() if email in self.rows}

    def _row(self, merge: emails.Merge) -> Row:
        boxes = frozenset(merge.boxes)
        boxes = self._boxes.setdefault(boxes, boxes)
        more = tuple(sorted(name.lower() for name in merge.more)) if merge.more else ()
        return Row(merge.received_ms, merge.size, merge.thread, merge.flags, boxes, more)

    def _update(self, db: Database, touched: Iterable[int]) -> None:
        found = emails.merged(db, self.account, touched, self._within)
        self.before = {}
        for email in touched:
            old = self.rows.pop(email, None)
            if old is not None:
                self.before[email] = old
            merge = found.get(email)
            if old is not None and (merge is None or merge.received_ms != old.received_ms):
                at = bisect.bisect_left(self.received, (old.received_ms, email))
                del self.received[at]
            if old is not None and merge is None:
                members = self.threads[old.thread]
                members.discard(email)
                if not members:
                    del self.threads[old.thread]
                self._facts.pop(email, None)
                self._attached.pop(email, None)
            if merge is not None:
                row = self.rows[email] = self._row(merge)
                if old is None or row.received_ms != old.received_ms:
                    bisect.insort(self.received, (row.received_ms, email))
                if old is None:
                    self.threads.setdefault(row.thread, set()).add(email)

    # ------------------------------------------------------------------------------------------- what is beside the rows
    def email_row(self, db: Database, email: int) -> tuple[int, bool]:
        """(Date's own clock, has attachment); the first question reads those of all emails."""
        found = self._attached.get(email)
        if found is None:
            if len(self.rows) - len(self._attached) > _BULK:
                for ident, sent, attached in db.each("SELECT email_id, sent_ms, attachment FROM email WHERE account_id=?", (self.account,)):
                    if ident in self.rows:
                        self._attached[ident] = (sent, bool(attached))
                return self._attached.get(email, (0, False))
            row = db.one("SELECT sent_ms, attachment FROM email WHERE account_id=? AND email_id=?", (self.account, email))
            found = self._attached[email] = (row[0], bool(row[1])) if row else (0, False)
        return found

    def facts(self, db: Database) -> Callable[[int], Facts]:
        """Gives what sorting asks of an email's message; opened once."""
        def of(email: int) -> Facts:
            found = self._facts.get(email)
            if found is None:
                meta = read.meta_of(db, self.account, self._keys, email)
                found = self._facts[email] = _facts(meta.envelope if meta else b"")
            return found

        return of


def _facts(envelope: bytes) -> Facts:
    fields = strings(envelope) if envelope else []
    if len(fields) < 6:  # noqa: PLR2004 - date, subject, from, sender, reply-to, to
        return Facts(0, "", "", "")
    when, subject, author, _, _, to = fields[:6]
    sent = date.instant_ms(when) if isinstance(when, bytes) else None
    base, _ = thread.base_subject(header.decode(subject)) if isinstance(subject, bytes) else ("", False)
    return Facts(sent or 0, _first(author), _first(to), folded(base))


def _first(field: object) -> str:
    """The name of the first address, or where it has none the address (RFC 8621 §4.4.2)."""
    for one in field if isinstance(field, list) else ():
        if isinstance(one, list) and len(one) == 4 and one[3] is not None:  # noqa: PLR2004 - name, route, local, domain
            name = header.decode(one[0]) if one[0] else ""
            return folded(name or addresses.spelled(one[2] or b"", one[3] or b""))
    return ""
