"""What one may do in a mailbox that belongs to somebody else (RFC 8621 §2, RFC 4314 §2.1)."""

import enum
from dataclasses import dataclass
from typing import Final

from mailstead.model.ids import AccountId, MailboxId


class Right(enum.IntFlag):
    """Values are stored: never renumber."""

    READ = 1
    """Its messages, and that it is there."""
    ADD = 2
    REMOVE = 4
    SEEN = 8
    KEYWORDS = 16
    """Every keyword but ``$seen``."""
    CREATE_CHILD = 32
    RENAME = 64
    DELETE = 128
    SUBMIT = 256
    SHARE = 512
    """To give and take such rights."""


NONE: Final = Right(0)
ALL: Final = Right((1 << len(Right)) - 1)
WRITES: Final = ALL & ~(Right.READ | Right.SUBMIT)
"""With any of these the account is not only read."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What ``grantee`` may do in a mailbox of somebody else. ``is_subscribed``: whether they want to see it (RFC 8621 §2)."""

    mailbox_id: MailboxId
    grantee: AccountId
    rights: Right
    is_subscribed: bool = False


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant that was changed: ``old`` and ``new`` rights, none where there was or is no grant."""

    mailbox_id: MailboxId
    grantee: AccountId
    old: Right
    new: Right


@dataclass(frozen=True, slots=True)
class SharedAccount:
    """An account of which something is shared with somebody. ``revision`` grows with each change of what is."""

    owner: AccountId
    revision: int
