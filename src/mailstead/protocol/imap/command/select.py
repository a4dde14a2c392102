"""SELECT and EXAMINE, with CONDSTORE and QRESYNC (RFC 9051 §6.3.2, §6.3.3, RFC 7162 §3.1.8, §3.2.5)."""

from dataclasses import dataclass

from mailstead.model.errors import Violation
from mailstead.model.uids import UidSet
from mailstead.protocol.imap.tokens import Reader


@dataclass(frozen=True, slots=True)
class Resync:
    """What a client knows of the mailbox. ``numbers`` and ``uids`` are its sequence match data."""

    uid_validity: int
    modseq: int
    known: UidSet | None = None
    numbers: UidSet | None = None
    uids: UidSet | None = None


@dataclass(frozen=True, slots=True)
class Select:
    """``read_only``: EXAMINE."""

    mailbox: str
    read_only: bool
    condstore: bool = False
    resync: Resync | None = None


def parse(reader: Reader, name: str) -> Select:
    """``SELECT mailbox [(parameter …)]``."""
    reader.space()
    mailbox = reader.mailbox()
    condstore = False
    resync = None
    if reader.more():
        for _ in reader.listed():
            match reader.word():
                case "CONDSTORE":
                    condstore = True
                case "QRESYNC" if resync is None:
                    reader.space()
                    resync = _resync(reader)
                case _:
                    raise Violation("That parameter is not known here")
        reader.end()
    return Select(mailbox, name == "EXAMINE", condstore, resync)


def _resync(reader: Reader) -> Resync:
    reader.expect(b"(")
    uid_validity = reader.number(least=1)
    reader.space()
    modseq = reader.modseq(least=1)
    known = numbers = uids = None
    if reader.take(b" ("):
        numbers, uids = _match(reader)
    elif reader.take(b" "):
        known = reader.known_uids()
        if reader.take(b" "):
            reader.expect(b"(")
            numbers, uids = _match(reader)
    reader.expect(b")")
    return Resync(uid_validity, modseq, known, numbers, uids)


def _match(reader: Reader) -> tuple[UidSet, UidSet]:
    numbers = reader.known_uids()
    reader.space()
    uids = reader.known_uids()
    reader.expect(b")")
    if len(numbers) != len(uids):
        raise Violation("The sequence match data do not match")
    return numbers, uids
