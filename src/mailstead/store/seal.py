"""Keys and sealing: what is on disk of a person's mail cannot be read without the account's key.

Each account has a data key of 256 bits; from it come the sealing key (AES-256-GCM), the hash key (thread references,
names) and the key of its search index. The data key itself lies in ``keys.db``, sealed by the master key, which lies
apart from the data (STORAGE §13). To destroy the row is to shred the account in every copy that exists.

A sealed piece is ``nonce(12) ‖ ciphertext ‖ tag(16)``. Its associated data names what it is, whose it is, and which
object, so that a piece put in another's place does not open. A nonce is random; a key seals far fewer than 2^32 pieces.
Compressed before sealing (zstd), bodies in frames of 64 KiB so that a range is read without the rest (DECISIONS 12).
"""

import base64
import hashlib
import os
import struct
import threading
from typing import Final

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FRAME_OCTETS: Final = 64 << 10
KEY_OCTETS: Final = 32
_NONCE: Final = 12
_AAD: Final = struct.Struct(">4sQQI")
_LEVEL: Final = 1

BODY: Final = b"body"
META: Final = b"meta"
NAME: Final = b"name"
WORD: Final = b"word"
PLACE: Final = b"plac"
QUEUE: Final = b"queu"
OUTBOX: Final = b"outb"
KEPT: Final = b"kept"
PIECE: Final = b"piec"
DUE: Final = b"due "
SECRET: Final = b"secr"
_MOST: Final = 16 << 20


class _Zstd(threading.local):
    """Contexts are made once a thread: to make one costs many times what it does to a message."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=_LEVEL).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_zstd = _Zstd()
_nonces: list[bytes] = []


def _nonce() -> bytes:
    """A random nonce; random octets are fetched many at a time, for the system call costs more than the sealing."""
    if not _nonces:
        octets = os.urandom(_NONCE * 256)
        _nonces.extend(octets[at : at + _NONCE] for at in range(0, len(octets), _NONCE))
    return _nonces.pop()


os.register_at_fork(after_in_child=_nonces.clear)


class Damaged(Exception):  # noqa: N818 - a fact about octets, not an error of ours
    """The octets are not what was sealed."""


class AccountKey:
    """One account's key: seals and opens, hashes. ``number`` says which of the account's keys it is."""

    __slots__ = ("_aead", "_hash", "account", "index_key", "number")

    def __init__(self, account: int, number: int, data_key: bytes) -> None:
        self.account = account
        self.number = number
        self._aead = AESGCM(_derived(data_key, b"seal"))
        self._hash = _derived(data_key, b"hash")
        self.index_key = _derived(data_key, b"index")

    def seal(self, kind: bytes, obj: int, octets: bytes, part: int = 0) -> bytes:
        """``octets`` compressed and sealed as ``part`` of object ``obj``."""
        nonce = _nonce()
        return nonce + self._aead.encrypt(nonce, _zstd.compress(octets), _AAD.pack(kind, self.account, obj, part))

    def open(self, kind: bytes, obj: int, sealed: bytes, part: int = 0) -> bytes:
        """What ``seal`` was given. Raises ``Damaged``."""
        try:
            packed = self._aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], _AAD.pack(kind, self.account, obj, part))
            return _zstd.decompress(packed, _MOST)
        except (InvalidTag, zstandard.ZstdError, ValueError, struct.error, TypeError) as exc:  # the last two: a row's damaged numbers
            raise Damaged(f"{kind.decode()} {obj} part {part} of account {self.account}") from exc

    def hashed(self, kind: bytes, *pieces: bytes, size: int = 12) -> bytes:
        """A keyed hash: equal pieces give equal octets, and tell nobody else anything."""
        digest = hashlib.blake2b(digest_size=size, key=self._hash, person=kind)
        for piece in pieces:
            digest.update(struct.pack(">I", len(piece)))
            digest.update(piece)
        return digest.digest()


def _derived(data_key: bytes, purpose: bytes) -> bytes:
    return hashlib.blake2b(b"", digest_size=KEY_OCTETS, key=data_key, person=purpose).digest()


class Words:
    """Short secrets of the site at rest, as text that fits into an address. ``key``: 32 octets."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def seal(self, text: str) -> str:
        nonce = _nonce()
        return base64.urlsafe_b64encode(nonce + self._aead.encrypt(nonce, text.encode(), b"word")).decode("ascii").rstrip("=")

    def open(self, sealed: str) -> str:
        """Raises ``Damaged``, also for what was sealed under another key."""
        try:
            octets = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
            return self._aead.decrypt(octets[:_NONCE], octets[_NONCE:], b"word").decode()
        except (InvalidTag, ValueError) as exc:
            raise Damaged("a word that was sealed under another key") from exc


class MasterKey:
    """Seals data keys. ``ident`` names it in every row, so that several may be in use while one is replaced."""

    def __init__(self, octets: bytes) -> None:
        if len(octets) != KEY_OCTETS:
            raise ValueError("a master key is 32 octets, written as 64 hexadecimal digits")
        self.ident = hashlib.blake2b(octets, digest_size=6, person=b"ident").hexdigest()
        self._aead = AESGCM(octets)
        self._secrets = _derived(octets, b"secrets")

    def secret(self, purpose: bytes) -> bytes:
        """32 octets for this purpose (at most 16 octets of name): they change with the master key, and only ``keys.Keys.adopt`` still asks for them."""
        return _derived(self._secrets, purpose)

    def wrap(self, account: int, number: int, data_key: bytes) -> bytes:
        nonce = _nonce()
        return nonce + self._aead.encrypt(nonce, data_key, _AAD.pack(b"wrap", account, number, 0))

    def unwrap(self, account: int, number: int, wrapped: bytes) -> bytes:
        """Raises ``Damaged`` for a key that another master sealed."""
        try:
            return self._aead.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], _AAD.pack(b"wrap", account, number, 0))
        except InvalidTag as exc:
            raise Damaged(f"key {number} of account {account} under master key {self.ident}") from exc
