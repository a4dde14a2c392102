"""Small objects of an account beside its mail: settings and the like. To the store each is a document that it does not read."""

import enum
from dataclasses import dataclass

from mailstead.model.email import Position
from mailstead.model.ids import AccountId


class ObjectKind(enum.IntEnum):
    """Values are stored: never renumber."""

    CLIENT_SETTINGS = 1
    SAVED_SEARCH = 2
    SENDER_PROFILE = 3
    REMINDER = 4
    JOB = 5
    IDENTITY = 6
    VACATION = 7
    PUSH = 8
    ADDRESS_BOOK = 9
    CONTACT = 10
    SIEVE_SCRIPT = 11
    NOTE = 12
    SHARE_NOTIFICATION = 13

    @property
    def name_of_type(self) -> str:
        """What JMAP calls the type."""
        return _NAMES[self]


_NAMES = {
    ObjectKind.CLIENT_SETTINGS: "ClientSettings", ObjectKind.SAVED_SEARCH: "SavedSearch", ObjectKind.SENDER_PROFILE: "SenderProfile",
    ObjectKind.REMINDER: "Reminder", ObjectKind.JOB: "Job", ObjectKind.IDENTITY: "Identity", ObjectKind.VACATION: "VacationResponse",
    ObjectKind.PUSH: "PushSubscription", ObjectKind.ADDRESS_BOOK: "AddressBook", ObjectKind.CONTACT: "ContactCard",
    ObjectKind.SIEVE_SCRIPT: "SieveScript", ObjectKind.SHARE_NOTIFICATION: "ShareNotification", ObjectKind.NOTE: "Note",
}


class DueKind(enum.IntEnum):
    """What is to happen at a time. Values are stored: never renumber."""

    SNOOZE = 1
    """Its object is an email."""
    REMINDER = 4
    JOB = 5
    PUSH = 8


@dataclass(frozen=True, slots=True)
class Due:
    """Something whose time has come."""

    account: AccountId
    kind: DueKind
    object_id: int


@dataclass(frozen=True, slots=True)
class KeptObject:
    """``made`` and ``modseq``: when it was made and last changed, by the account's clock. Of one that is gone the document is what it was
    last, so that its name is known."""

    object_id: int
    made: int
    modseq: int
    gone: bool
    doc: bytes


@dataclass(frozen=True, slots=True)
class ObjectStates:
    """All objects of a kind, in order of their last change, and where the kind stands. What is gone since before ``floor`` may be missing."""

    state: Position
    objects: tuple[KeptObject, ...]
    floor: int = 0


@dataclass(frozen=True, slots=True)
class ObjectWrite:
    """Make, change (``gone`` false) or destroy (true) an object. ``due_at_ms``: when it wants to be looked at (None: as it was, 0: never);
    a message that enters ``thread_id`` makes it due at once. ``pieces``: number to document, of what is too large for ``doc``."""

    object_id: int
    doc: bytes
    gone: bool = False
    due_at_ms: int | None = None
    thread_id: int = 0
    pieces: tuple[tuple[int, bytes], ...] = ()
