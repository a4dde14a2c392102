"""Flags and keywords as bits.

An entry (a message in a mailbox) carries one integer: bits 0-15 are the system flags and the registered keywords that
every account shares, bits 16-62 are keywords of the account, numbered by its ``keyword`` table. The rare keyword past
those lives in ``more``. Names keep the case in which they were first seen; comparison ignores ASCII case
(RFC 9051 §2.3.2, RFC 8621 §4.1.1).
"""

from dataclasses import dataclass
from typing import Final

SEEN: Final = 1 << 0
ANSWERED: Final = 1 << 1
FLAGGED: Final = 1 << 2
DELETED: Final = 1 << 3
DRAFT: Final = 1 << 4
FORWARDED: Final = 1 << 5
MDN_SENT: Final = 1 << 6
JUNK: Final = 1 << 7
NOT_JUNK: Final = 1 << 8
PHISHING: Final = 1 << 9

SYSTEM_BITS: Final[dict[str, int]] = {
    "\\Seen": SEEN,
    "\\Answered": ANSWERED,
    "\\Flagged": FLAGGED,
    "\\Deleted": DELETED,
    "\\Draft": DRAFT,
    "$Forwarded": FORWARDED,
    "$MDNSent": MDN_SENT,
    "$Junk": JUNK,
    "$NotJunk": NOT_JUNK,
    "$Phishing": PHISHING,
}
"""Wire name to bit, for what every account has (RFC 9051 §2.3.2). ``\\Recent`` is a session's matter, never stored."""

SYSTEM_BY_FOLDED: Final[dict[str, str]] = {name.lower(): name for name in SYSTEM_BITS}
FIRST_ACCOUNT_BIT: Final = 16
LAST_ACCOUNT_BIT: Final = 62


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags of one entry, by name. ``names`` holds wire names: ``\\Seen``, ``$Forwarded``, ``work``."""

    names: frozenset[str]

    @staticmethod
    def of(*names: str) -> "Flags":
        """Flags with canonical spelling of the system names."""
        return Flags(frozenset(canonical(name) for name in names))


def canonical(name: str) -> str:
    """The spelling under which a system flag is known; any other name as it is."""
    return SYSTEM_BY_FOLDED.get(name.lower(), name)
