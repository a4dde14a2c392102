"""A record: one message as it lies on disk, with all that is needed to find its place again.

::

    magic "MsR1" ‖ crc32 of all that follows ‖ length of the whole ‖ kind ‖ length of info
    info (msgpack, ``Info``) ‖ sealed metadata ‖ sealed frames of 64 KiB of the message

``info`` names account, mailbox, delivery and times in clear; what a person wrote is in the sealed pieces only. Together
with the keys a folder of records is enough to rebuild the mail of a lost shard file (DECISIONS 8). A large message is
the same record with its frames in front of it (``objects``).
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

import msgspec

from mailstead.model.message import Octets
from mailstead.store.seal import BODY, FRAME_OCTETS, META, PLACE, AccountKey, Damaged

MAGIC: Final = b"MsR1"
HEAD: Final = struct.Struct(">4sIQB3s")
_CRC_FROM: Final = 8
MESSAGE: Final = 1
MAILBOX: Final = 2
LONGEST: Final = 4 << 20
"""No record is longer; a length beyond it is damage."""


class Meta(msgspec.Struct, array_like=True):
    """What the scan found, sealed beside the row. ``place``: path of the mailbox it was meant for; ``empty`` as in
    ``mime.scan.Scan`` (not in older records)."""

    envelope: bytes
    structure: bytes
    parts: bytes
    preview: str
    message_id: bytes
    place: tuple[str, ...]
    refs: tuple[bytes, ...] = ()
    empty: tuple[str, ...] = ()


class Info(msgspec.Struct, array_like=True):
    """The clear part of a record. ``frames``: octets of each sealed frame; ``meta``: octets of the sealed metadata;
    ``also``: further mailboxes it was filed in at once (not in older records)."""

    account: int
    email: int
    key: int
    thread: int
    received_ms: int
    sent_ms: int
    size: int
    header: int
    flags: int
    attachment: bool
    delivery: bytes
    mailbox: int
    meta: int
    frames: tuple[int, ...]
    also: tuple[int, ...] = ()


class Place(msgspec.Struct, array_like=True):
    """A mailbox record: its name and role at the time, sealed in ``sealed`` (path)."""

    account: int
    mailbox: int
    key: int
    role: int
    uid_validity: int
    sealed: bytes


_encode = msgspec.msgpack.Encoder().encode
_info = msgspec.msgpack.Decoder(Info).decode
_place = msgspec.msgpack.Decoder(Place).decode
_meta = msgspec.msgpack.Decoder(Meta).decode
_path = msgspec.msgpack.Decoder(tuple[str, ...]).decode


def frames(key: AccountKey, email: int, octets: Octets) -> Iterator[bytes]:
    """The message, sealed frame by frame."""
    size = len(octets)
    if size <= FRAME_OCTETS:
        yield key.seal(BODY, email, octets[:size])
        return
    for number, start in enumerate(range(0, size, FRAME_OCTETS)):
        yield key.seal(BODY, email, octets[start : start + FRAME_OCTETS], number)


def sealed_meta(key: AccountKey, email: int, meta: Meta) -> bytes:
    return key.seal(META, email, _encode(meta))


def open_meta(key: AccountKey, email: int, sealed: bytes) -> Meta:
    """Raises ``Damaged``."""
    try:
        return _meta(key.open(META, email, sealed))
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise Damaged(f"meta {email}") from exc


def assemble(info: Info, meta: bytes, body: list[bytes]) -> list[bytes]:
    """The record's pieces, ready to be written one after another."""
    return _record(MESSAGE, _encode(info), [meta, *body])


def assemble_place(place: Place) -> list[bytes]:
    return _record(MAILBOX, _encode(place), [])


def place_of(key: AccountKey, account: int, mailbox: int, role: int, uid_validity: int, path: tuple[str, ...]) -> list[bytes]:
    """The record that remembers a mailbox's name."""
    sealed = key.seal(PLACE, mailbox, _encode(path))
    return assemble_place(Place(account, mailbox, key.number, role, uid_validity, sealed))


def path_of(key: AccountKey, place: Place) -> tuple[str, ...]:
    """Raises ``Damaged``."""
    return _path(key.open(PLACE, place.mailbox, place.sealed))


def _record(kind: int, info: bytes, rest: list[bytes]) -> list[bytes]:
    total = HEAD.size + len(info) + sum(map(len, rest))
    head = HEAD.pack(MAGIC, 0, total, kind, len(info).to_bytes(3, "big"))[_CRC_FROM:]
    crc = zlib.crc32(head + info)
    for piece in rest:
        crc = zlib.crc32(piece, crc)
    return [MAGIC + crc.to_bytes(4, "big") + head + info, *rest]


def lead(pieces: list[bytes]) -> int:
    """Octets in a message record in front of its frames."""
    return len(pieces[0]) + len(pieces[1])


def read(octets: bytes | memoryview) -> tuple[int, Info | Place, int, int]:
    """A whole record: (kind, info, where the metadata begin, where the frames begin). Raises ``Damaged``."""
    if len(octets) < HEAD.size:
        raise Damaged("record shorter than its head")
    magic, crc, total, kind, info_length = HEAD.unpack_from(octets)
    if magic != MAGIC or total != len(octets):
        raise Damaged("not a record")
    if zlib.crc32(memoryview(octets)[_CRC_FROM:]) != crc:
        raise Damaged("checksum of a record")
    at = HEAD.size + int.from_bytes(info_length, "big")
    try:
        if kind == MESSAGE:
            info = _info(octets[HEAD.size : at])
            return kind, info, at, at + info.meta
        if kind == MAILBOX:
            return kind, _place(octets[HEAD.size : at]), at, at
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise Damaged("info of a record") from exc
    raise Damaged(f"record of kind {kind}")


def length_at(head: bytes | memoryview) -> int:
    """The length of the record whose first ``HEAD.size`` octets these are; 0: it is none."""
    if len(head) < HEAD.size:
        return 0
    magic, _, total, _, _ = HEAD.unpack_from(head)
    return int(total) if magic == MAGIC and HEAD.size <= total <= LONGEST else 0
