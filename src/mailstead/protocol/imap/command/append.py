"""APPEND of one or more messages (RFC 9051 §6.3.12, RFC 3502, RFC 3516 §4.4, RFC 6855 §4).

The messages themselves never stand in the command's buffer: ``head`` reads what comes before a message's literal, the
machine then hands out the octets as they come.
"""

import re
from dataclasses import dataclass
from typing import Final

from mailstead.protocol.imap.tokens import Reader

_ANNOUNCED: Final = re.compile(rb"(~?)\{(\d{1,20})(\+?)\}$")
UTF8: Final = re.compile(rb"UTF8 \(", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before a message's octets.

    ``mailbox`` "" for the second message and later ones. ``is_binary``: sent as literal8. ``is_utf8``: inside
    ``UTF8 (…)``, whose parenthesis follows the octets.
    """

    mailbox: str
    flags: frozenset[str]
    received_at_ms: int | None
    is_binary: bool
    is_utf8: bool


def names_mailbox(before: bytes) -> bool:
    """Whether the literal announced at the end of ``before`` is the mailbox's name and not a message."""
    return before[: before.rindex(b"{")].rstrip(b"~").count(b" ") == 1 and before.upper().startswith(b"APPEND ")


def head(octets: bytes, *, is_first: bool, utf8: bool) -> Head:
    """Read ``octets``: ``APPEND mailbox [flags] [date] literal-announcement``, for later messages without the first two.

    Raises ``Violation``.
    """
    announced = _ANNOUNCED.search(octets)
    reader = Reader(octets[: announced.start()] if announced else octets, utf8=utf8)
    mailbox = ""
    if is_first:
        reader.word()
        reader.space()
        mailbox = reader.mailbox()
    reader.space()
    flags: frozenset[str] = frozenset()
    if reader.peek() == ord("("):
        flags = reader.flags()
        reader.space()
    received = None
    if reader.peek() == ord('"'):
        received = reader.date_time()
        reader.space()
    is_utf8 = reader.match(UTF8) is not None
    reader.end()
    return Head(mailbox, flags, received, bool(announced and announced[1]), is_utf8)
