"""Mailbox names: sealed on disk, found by a keyed hash of parent and name, so that they are unique without being legible.

INBOX alone ignores case; every other name is compared exactly, after NFC (DECISIONS 23).
"""

import re
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal
from mailstead.model.mailbox import INBOX
from mailstead.store.engine.sqlite import Database
from mailstead.store.seal import NAME, AccountKey

_ROOT: Final = 0
_KEPT: Final = 100_000
_opened: OrderedDict[bytes, str] = OrderedDict()
_UNFIT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|^\ufeff")


def normal(path: tuple[str, ...]) -> tuple[str, ...]:
    """The path as we keep it. INVALID for a name that is empty, too long, too deep, or holds what no name may (RFC 9755 §3, RFC 9051 §5.1,
    RFC 5198 §2): control characters, ends of lines and paragraphs, a byte order mark in front, half a surrogate pair."""
    if not 1 <= len(path) <= limits.MAILBOX_DEPTH:
        raise Refusal(Reason.INVALID, f"A mailbox can be at most {limits.MAILBOX_DEPTH} levels deep")
    names = [unicodedata.normalize("NFC", name) for name in path]
    if names[0].upper() == "INBOX":
        names[0] = "INBOX"
    for name in names:
        if not name or len(name) > limits.MAILBOX_NAME or _UNFIT.search(name):
            raise Refusal(Reason.INVALID, f"A mailbox name has 1 to {limits.MAILBOX_NAME} characters and no control characters")
    return tuple(names)


def possible(paths: Iterable[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Those of the paths that a mailbox can have, in normal form: a rule's odd name costs no mail."""
    found = []
    for path in paths:
        try:
            found.append(normal(path))
        except Refusal:
            continue
    return tuple(found)


def name_key(key: AccountKey, parent: int, name: str) -> bytes:
    """What makes a name unique below its parent (0: at the top)."""
    return key.hashed(NAME, parent.to_bytes(8, "big"), name.encode("utf-8", "surrogatepass"), size=16)


def find(db: Database, account: int, key: AccountKey, path: tuple[str, ...]) -> int:
    """The mailbox at ``path`` (normal form), 0: none."""
    parent = _ROOT
    for name in path:
        row = db.one(
            "SELECT mailbox_id FROM mailbox WHERE account_id=? AND name_key=?", (account, name_key(key, parent, name))
        )
        if row is None:
            return 0
        parent = row[0]
    return parent


def opened(key: AccountKey, mailbox: int, sealed: bytes) -> str:
    """The name in a row, decrypted once."""
    name = _opened.get(sealed)
    if name is None:
        name = key.open(NAME, mailbox, sealed).decode("utf-8", "surrogatepass")
        _opened[sealed] = name
        if len(_opened) > _KEPT:
            _opened.popitem(last=False)
    return name


def sealed(key: AccountKey, mailbox: int, name: str) -> bytes:
    return key.seal(NAME, mailbox, name.encode("utf-8", "surrogatepass"))


__all__ = ["INBOX", "AccountKey", "find", "name_key", "normal", "opened", "possible", "sealed"]
