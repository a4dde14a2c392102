"""A message's octets on their way in and out.

``Octets`` is what is scanned, sealed and cut: ``bytes`` up to 1 MiB, an ``mmap`` of an unlinked spool file above, so
that a large message is never held whole (DECISIONS 12). Both slice to ``bytes``, ``find`` and have a length.
"""

import mmap
from dataclasses import dataclass, field

from mailstead.model.ids import DeliveryId, EmailId, MailboxId, ThreadId

Octets = bytes | mmap.mmap

SPOOL_ABOVE_OCTETS = 1 << 20


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to append to one mailbox. ``octets`` is canonical: CRLF lines, no NUL."""

    octets: Octets
    flags: frozenset[str] = frozenset()
    received_at_ms: int | None = None
    """INTERNALDATE; None: now."""


@dataclass(frozen=True, slots=True)
class Filing:
    """One message for one account, as the delivery agent decided.

    ``prefix`` (Return-Path, Delivered-To, Received …; header lines with CRLF) stands before ``octets`` in what is
    stored, and is no part of the delivery id. ``mailboxes`` are paths below the account; a path that does not exist
    is tried in order and the last resort is INBOX. ``flags`` apply to every entry.
    """

    delivery_id: DeliveryId
    octets: Octets
    prefix: bytes
    mailboxes: tuple[tuple[str, ...], ...] = (("INBOX",),)
    flags: frozenset[str] = frozenset()
    received_at_ms: int | None = None
    discard: bool = False
    """A rule ate it: remember the delivery id, file nothing."""
    is_notice: bool = False
    """What has become of mail that was sent: it is seen also in a conversation that is muted."""

    @classmethod
    def of_notice(cls, digest: bytes, octets: bytes, now_ms: int) -> "Filing":
        """A notice, from the null reverse-path (RFC 3464 §2). ``digest``: the same for the same notice, at least 16 octets; only the first copy is filed."""
        return cls(DeliveryId(digest[:16]), octets, b"Return-Path: <>\r\n", received_at_ms=now_ms, is_notice=True)


@dataclass(frozen=True, slots=True)
class Filed:
    """Where a delivery ended. ``duplicate``: the id was known and its first copy still exists (DECISIONS 3)."""

    duplicate: bool
    email_id: EmailId
    thread_id: ThreadId
    mailbox_id: MailboxId
    uid: int
    modseq: int


@dataclass(frozen=True, slots=True)
class Appended:
    """UIDs of appended messages, in order (RFC 4315 §3)."""

    uid_validity: int
    uids: tuple[int, ...]
    email_ids: tuple[EmailId, ...]
    modseq: int


@dataclass(frozen=True, slots=True)
class Copied:
    """COPYUID's three parts: ``source[i]`` became ``target[i]`` (RFC 4315 §3). Unknown UIDs are left out."""

    uid_validity: int
    source: tuple[int, ...]
    target: tuple[int, ...]
    modseq: int


@dataclass(frozen=True, slots=True)
class FlagsStored:
    """Outcome of a flag change. ``changed`` maps UID to (modseq, flags bits); ``refused`` failed UNCHANGEDSINCE."""

    modseq: int
    changed: dict[int, tuple[int, int]] = field(default_factory=dict)
    refused: tuple[int, ...] = ()
