"""IMAP's ENVELOPE in wire form (RFC 9051 §7.5.2)."""

from typing import Final

from mailstead.mime import addresses
from mailstead.mime.header import unfold
from mailstead.mime.wire import nstring

_LISTS: Final = (b"from", b"to", b"cc", b"bcc")


def envelope(found: dict[bytes, bytes]) -> bytes:
    """``("date" "subject" (from) (sender) (reply-to) (to) (cc) (bcc) "in-reply-to" "message-id")``.

    ``found`` maps lower-case field names to raw values. An empty Sender or Reply-To is the From.
    """
    get = found.get
    author = _list(get(b"from"))
    sender = _list(get(b"sender"))
    reply_to = _list(get(b"reply-to"))
    return b"(%b %b %b %b %b %b %b %b %b %b)" % (
        _text(get(b"date")),
        _text(get(b"subject")),
        author,
        author if sender == b"NIL" else sender,
        author if reply_to == b"NIL" else reply_to,
        _list(get(b"to")),
        _list(get(b"cc")),
        _list(get(b"bcc")),
        _text(get(b"in-reply-to")),
        _text(get(b"message-id")),
    )


def empty(found: dict[bytes, bytes]) -> tuple[str, ...]:
    """The address fields that are there and hold no address: ENVELOPE cannot tell them from fields that are missing."""
    listed = []
    for name in _LISTS:
        value = found.get(name)
        if value is not None and b"@" not in value and not addresses.parse(unfold(value)):
            listed.append(name.decode())
    return tuple(listed)


def _text(value: bytes | None) -> bytes:
    return b"NIL" if value is None else nstring(unfold(value))


def _list(value: bytes | None) -> bytes:
    if value is None:
        return b"NIL"
    read = addresses.parse(unfold(value))
    if not read:
        return b"NIL"
    return b"(" + b"".join(map(_address, read)) + b")"


def _address(mailbox: addresses.Mailbox) -> bytes:
    if mailbox.domain is None:  # a group's start or end
        return b"(NIL NIL %b NIL)" % nstring(mailbox.local)
    return b"(%b NIL %b %b)" % (
        nstring(mailbox.name or None),
        nstring(mailbox.local if mailbox.local is not None else b""),
        nstring(mailbox.domain),
    )
