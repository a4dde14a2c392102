"""What is said of a selected mailbox: its size, its flags, what is gone (RFC 9051 §7.4, §7.5.1, RFC 7162 §3.2.10)."""

from collections.abc import Iterable

from mailstead.model.uids import UidSet


def exists(count: int) -> bytes:
    """``* 23 EXISTS``."""
    return b"* %d EXISTS\r\n" % count


def recent(count: int) -> bytes:
    """``* 5 RECENT`` (RFC 3501 §7.3.2)."""
    return b"* %d RECENT\r\n" % count


def expunged(numbers: Iterable[int]) -> bytes:
    """An EXPUNGE for each number, in this order."""
    return b"".join(b"* %d EXPUNGE\r\n" % number for number in numbers)


def vanished(uids: UidSet, *, earlier: bool = False) -> bytes:
    """``* VANISHED (EARLIER) 41,43:116``."""
    return f"* VANISHED {'(EARLIER) ' if earlier else ''}{uids}\r\n".encode("ascii")


def flags(names: Iterable[str]) -> bytes:
    """``* FLAGS (…)``."""
    return f"* FLAGS ({' '.join(names)})\r\n".encode("ascii")
