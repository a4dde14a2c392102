"""The submission agent's work on a message (RFC 6409 §6-8): whose it is, what it lacks, what must not leave.

From and Sender must be the user's own addresses. Date and Message-ID are added where missing (§8.1-2), Bcc is removed
(RFC 5322 §3.6.3), bare LF becomes CRLF (DECISIONS 20); bare CR and NUL were refused before.
"""

import re
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from mailstead.mime import addresses, header
from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal
from mailstead.model.message import Octets
from mailstead.model.question import Principal
from mailstead.service.delivery import header_of
from mailstead.store.interface import Directory

_PRIVATE: Final = frozenset({b"bcc", b"resent-bcc", b"return-path"})
"""Fields that do not leave."""
_BARE_LF: Final = re.compile(rb"(?<!\r)\n")
_MESSAGE_ID: Final = re.compile(rb"^message-id[ \t]*:[ \t]*(?:\r\n[ \t]+)?(<[^>\r\n]{1,900}>)", re.IGNORECASE | re.MULTILINE)
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


async def prepared(
    octets: Octets, principal: Principal, directory: Directory, *, hostname: str, now_ms: int, new_id: Callable[[], int]
) -> Octets:
    """The message as it may leave. Raises ``Refusal`` SENDER_NOT_OWNED, BAD_CONTENT."""
    if _has_bare_lf(octets):
        octets = _BARE_LF.sub(b"\r\n", octets[:])
    head = header_of(octets)
    if len(head) >= limits.MIME_HEADER_BLOCK:
        raise Refusal(Reason.BAD_CONTENT, "The message's header is too large")
    present: set[bytes] = set()
    count = 0
    for name, value in header.fields(head):
        low = name.lower()
        if low in {b"from", b"sender"}:
            await _check_author(value, principal, directory)
        present.add(low)
        count += 1
    if count >= limits.MIME_HEADER_FIELDS:
        raise Refusal(Reason.BAD_CONTENT, "The message's header has too many fields")
    if present and head[:1] in {b" ", b"\t"}:
        # It would continue the field that we put before it.
        raise Refusal(Reason.BAD_CONTENT, "The message's header begins with a continuation line")
    added = b""
    if b"from" not in present:
        added += b"From: <%b>\r\n" % principal.address.encode()
    if b"date" not in present:
        added += b"Date: %b\r\n" % date(now_ms).encode()
    if b"message-id" not in present:
        added += b"Message-ID: <%b@%b>\r\n" % (_word(new_id()).encode(), hostname.encode())
    if not present and head:
        # No header at all, only text: it must not become one.
        return added + b"\r\n" + octets[:]
    if not _PRIVATE.isdisjoint(present):
        kept = header.select(head, _PRIVATE, invert=True)
        return added + kept.removesuffix(b"\r\n") + octets[len(head) :]
    return added + octets[:] if added else octets


async def _check_author(value: bytes, principal: Principal, directory: Directory) -> None:
    """From and Sender name addresses, and all of them are the user's."""
    count = 0
    for mailbox in addresses.parse(header.unfold(value)):
        if mailbox.local is None or mailbox.domain is None or not (mailbox.local or mailbox.domain):
            continue  # a group's edge, or a comment alone
        if not mailbox.domain:
            # A name without domain is read by each program in its own way: never as the user's own for certain.
            raise Refusal(Reason.BAD_CONTENT, "The message's From or Sender has an address without domain")
        count += 1
        address = _text(mailbox.local) + "@" + _text(mailbox.domain)
        if not await directory.owns(principal.account_id, address):
            raise Refusal(
                Reason.SENDER_NOT_OWNED, "The message is from an address that is not yours", f"From or Sender: {address}"
            )
    if not 0 < count < limits.MIME_ADDRESSES:
        raise Refusal(Reason.BAD_CONTENT, "The message's From or Sender is not an address that can be read")


def message_id(octets: Octets) -> str:
    """The Message-ID of a message, with its brackets; "" where there is none."""
    found = _MESSAGE_ID.search(header_of(octets))
    return found[1].decode("utf-8", "replace") if found else ""


def _text(word: bytes | str) -> str:
    return word.decode("utf-8", "replace") if isinstance(word, bytes) else word


def _has_bare_lf(octets: Octets) -> bool:
    if isinstance(octets, bytes):
        return octets.count(b"\n") != octets.count(b"\r\n")
    return _BARE_LF.search(octets) is not None


def _word(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits


def date(now_ms: int) -> str:
    """A Date header's value, in UTC (RFC 5322 §3.3)."""
    return _date(now_ms // 1000)


@lru_cache(maxsize=4)  # many messages in a second
def _date(now_s: int) -> str:
    at = time.gmtime(now_s)
    return f"{_DAYS[at.tm_wday]}, {at.tm_mday} {_MONTHS[at.tm_mon - 1]} {at.tm_year} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} +0000"
