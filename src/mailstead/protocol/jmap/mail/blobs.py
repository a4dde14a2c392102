"""Ids of blobs that are not uploads: a message, a part of one (RFC 8621 §4.1.1, §4.1.4), a Sieve script, a picture of a contact.

``b`` and the email's number is the message as it is stored; ``p``, the number and the part's id is that part, decoded; ``w``, a
part's id and a blob's is that part of the message in the blob; ``s``, an object's number and a digest is a Sieve script (RFC 9661 §2.2);
``k``, a card's number and a digest is what a Media object of the card holds (RFC 9610 §3). They name what is there: nothing is stored for them.
"""

import hashlib
from dataclasses import dataclass

from mailstead.model import ids
from mailstead.model.ids import EmailId

MESSAGE = "b"
PART = "p"
WITHIN = "w"
SCRIPT = "s"
CARD = "k"
_DIGEST = 16
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class Place:
    """``part_id`` "": the whole message."""

    email_id: EmailId
    part_id: str = ""


def of_message(email: EmailId) -> str:
    return ids.to_wire(MESSAGE, email)


def of_part(email: EmailId, part_id: str) -> str:
    return f"{ids.to_wire(PART, email)}-{part_id.replace('.', '_')}"


def within(blob_id: str, part_id: str) -> str:
    """A part of the message that a blob holds."""
    return f"{WITHIN}{part_id.replace('.', '_')}-{blob_id}"


def outer(blob_id: str) -> tuple[str, str] | None:
    """What ``within`` was given; None for another id, and for one that is longer than any (RFC 8620 §1.2)."""
    if len(blob_id) > _LONGEST:
        return None
    head, dash, rest = blob_id.partition("-")
    part = head[1:]
    if head[:1] != WITHIN or not dash or not rest or not all(piece.isdigit() and piece.isascii() for piece in part.split("_")):
        return None
    return rest, part.replace("_", ".")


def of_script(object_id: int, octets: bytes) -> str:
    """With the digest, for another content is another blob."""
    return _of(SCRIPT, object_id, octets)


def script(blob_id: str) -> int | None:
    """The number of the script object that an id names; None for another id. Whether its content still has this id, ``of_script`` tells."""
    return _object(SCRIPT, blob_id)


def of_card(object_id: int, octets: bytes) -> str:
    return _of(CARD, object_id, octets)


def card(blob_id: str) -> int | None:
    """The number of the card that an id names; None for another id. Whether it still holds this, ``of_card`` tells."""
    return _object(CARD, blob_id)


def _of(letter: str, object_id: int, octets: bytes) -> str:
    return f"{ids.to_wire(letter, object_id)}-{hashlib.blake2b(octets, digest_size=_DIGEST).hexdigest()}"


def _object(letter: str, blob_id: str) -> int | None:
    head, dash, digest = blob_id.partition("-")
    return ids.from_wire(letter, head) if dash and len(digest) == 2 * _DIGEST else None


def place(blob_id: str) -> Place | None:
    """What an id names; None for one that is none of these."""
    if blob_id[:1] == MESSAGE:
        email = ids.from_wire(MESSAGE, blob_id)
        return None if email is None else Place(EmailId(email))
    head, dash, part = blob_id.partition("-")
    email = ids.from_wire(PART, head) if dash and blob_id[:1] == PART else None
    if email is None or not part or not all(piece.isdigit() and piece.isascii() for piece in part.split("_")):
        return None
    return Place(EmailId(email), part.replace("_", "."))
