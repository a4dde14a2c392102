"""Small objects of an account beside its mail: settings and the like. To the store each is a document that it does not read."""

import enum
from dataclasses import dataclass

from mailstead.model.email import Position


class ObjectKind(enum.IntEnum):
    """Values are stored: never renumber."""

    CLIENT_SETTINGS = 1

    @property
    def name_of_type(self) -> str:
        """What JMAP calls the type."""
        return {ObjectKind.CLIENT_SETTINGS: "ClientSettings"}[self]


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
    """All objects of a kind, in order of their last change, and where the kind stands."""

    state: Position
    objects: tuple[KeptObject, ...]


@dataclass(frozen=True, slots=True)
class ObjectWrite:
    """Make, change (``gone`` false) or destroy (true) an object."""

    object_id: int
    doc: bytes
    gone: bool = False
