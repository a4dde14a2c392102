"""Identifiers: 63-bit numbers inside, short strings on the wire.

An id is 42 bits of milliseconds since 1970, 5 bits of worker and 16 bits of counter, so that ids made by one
worker grow, two workers never make the same one, and no database sequence is needed. On the wire an id is a letter
for its type and lower-case base32hex without padding (RFC 8620 §1.2 allows ``A-Za-z0-9-_`` and wants ids to start with
a letter for safety); the same strings are EMAILID, MAILBOXID and THREADID (RFC 8474 §4-5).
"""

from collections.abc import Callable
from typing import Final, NewType

TenantId = NewType("TenantId", int)
DomainId = NewType("DomainId", int)
AccountId = NewType("AccountId", int)
MailboxId = NewType("MailboxId", int)
EmailId = NewType("EmailId", int)
ThreadId = NewType("ThreadId", int)
SubmissionId = NewType("SubmissionId", int)
CredentialId = NewType("CredentialId", int)
BlobId = NewType("BlobId", bytes)
"""16 random octets; never a hash of content."""
OpId = NewType("OpId", bytes)
"""16 octets chosen by the caller: an operation repeated with the same id is done once (DECISIONS 5)."""
DeliveryId = NewType("DeliveryId", bytes)
"""16 octets made from envelope and content: a delivery repeated with the same id is filed once."""

ACCOUNT: Final = "a"
TENANT: Final = "t"
DOMAIN: Final = "d"
MAILBOX: Final = "m"
EMAIL: Final = "e"
THREAD: Final = "h"
SUBMISSION: Final = "s"
CREDENTIAL: Final = "c"

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuv"
_WORKER_BITS: Final = 5
_COUNTER_BITS: Final = 16
_MILLISECOND_BITS: Final = 42


def to_wire(letter: str, number: int) -> str:
    """The id as clients see it: ``letter`` and base32hex, most significant digit first."""
    digits = []
    while True:
        number, digit = divmod(number, 32)
        digits.append(_DIGITS[digit])
        if not number:
            break
    return letter + "".join(reversed(digits))


def from_wire(letter: str, text: str) -> int | None:
    """The number behind a wire id, or None when it is not one of this type (14 characters at most)."""
    if not 2 <= len(text) <= 14 or text[0] != letter:  # noqa: PLR2004 - a letter and up to 13 digits of 5 bits
        return None
    digits = text[1:]
    if digits.strip(_DIGITS):  # something is left: it is none of them
        return None
    number = int(digits, 32)
    return number if number < 1 << 63 else None


def made_ms(number: int) -> int:
    """When an id was made, in milliseconds since 1970."""
    return number >> (_WORKER_BITS + _COUNTER_BITS)


class Ids:
    """Makes ids that never repeat.

    ``worker`` is 0..31 and unique among the running workers; ``now_ms`` gives milliseconds since 1970. When the clock
    stands still or goes back, the last millisecond is continued; when a millisecond's counter is used up the next
    millisecond is borrowed.
    """

    def __init__(self, worker: int, now_ms: Callable[[], int]) -> None:
        self._worker = (worker & ((1 << _WORKER_BITS) - 1)) << _COUNTER_BITS
        self._now_ms = now_ms
        self._at = 0
        self._counter = 0

    def next(self) -> int:
        """A new id, greater than every earlier one of this maker."""
        now = self._now_ms() & ((1 << _MILLISECOND_BITS) - 1)
        if now > self._at:
            self._at, self._counter = now, 0
        else:
            self._counter += 1
            if self._counter >> _COUNTER_BITS:
                self._at, self._counter = self._at + 1, 0
        return (self._at << (_WORKER_BITS + _COUNTER_BITS)) | self._worker | self._counter
