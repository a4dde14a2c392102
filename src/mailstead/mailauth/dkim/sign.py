"""Signing: one header line for each key, over the header fields that say what the message is and the whole body (RFC 6376 §5).

Fields are signed once for each time they occur and once more (§8.15), so that nobody adds another From or Subject on the way
that a reader would be shown. The body is hashed once for all keys.
"""

import base64
import hashlib
from collections.abc import Sequence
from typing import Final

from mailstead.mailauth.dkim import canonical
from mailstead.mailauth.dkim.key import SigningKey
from mailstead.mime import header
from mailstead.model.message import Octets

ONCE_MORE: Final = (
    b"from", b"sender", b"reply-to", b"to", b"cc", b"subject", b"date", b"message-id", b"in-reply-to", b"references",
    b"mime-version", b"content-type", b"content-transfer-encoding",
)  # fmt: skip
"""Signed as often as they are there and once more: what a reader sees and what makes it readable."""
AS_THEY_ARE: Final = (
    b"content-id", b"content-description", b"content-disposition", b"list-id", b"list-unsubscribe", b"list-unsubscribe-post",
    b"list-help", b"list-subscribe", b"list-post", b"list-owner", b"list-archive", b"auto-submitted", b"feedback-id",
    b"resent-date", b"resent-from", b"resent-sender", b"resent-to", b"resent-cc", b"resent-message-id", b"tls-required",
    b"disposition-notification-to", b"autocrypt", b"require-recipient-valid-since",
)  # fmt: skip
"""Signed where they are there. RFC 8058 §4 wants List-Unsubscribe and its Post signed, RFC 6376 §5.4.1 lists the rest."""
_ALL: Final = frozenset((*ONCE_MORE, *AS_THEY_ARE))
_LINE: Final = 72


def sign(octets: Octets, header_octets: int, keys: Sequence[SigningKey], *, now_s: int, lasts_s: int = 0) -> bytes:
    """Header lines to put in front of the message, one for each key, in their order; b"" without keys.

    ``header_octets``: the header block with its blank line. ``now_s``: seconds since 1970; ``lasts_s`` 0: no expiry.
    The canonical forms are relaxed for the header and relaxed for the body.
    """
    if not keys:
        return b""
    there: dict[bytes, list[bytes]] = {}
    for name, whole in header.whole_fields(octets[:header_octets]):
        if name in _ALL:
            there.setdefault(name, []).append(whole)
    names: list[bytes] = []
    signed: list[bytes] = []
    for name in (*ONCE_MORE, *AS_THEY_ARE):
        found = there.get(name, ())
        names += [name] * (len(found) + (name in _ALL and name in ONCE_MORE))
        # The last of several is signed first (§5.4.2).
        signed += [canonical.field(whole, relaxed=True) for whole in reversed(found)]
    hashing = hashlib.sha256()
    for piece in canonical.body(octets, header_octets, relaxed=True):
        hashing.update(piece)
    body_hash = base64.b64encode(hashing.digest()).decode("ascii")
    covered = b"".join(signed)
    return b"".join(_line(key, names, covered, body_hash, now_s, lasts_s) for key in keys)


def _line(key: SigningKey, names: list[bytes], covered: bytes, body_hash: str, now_s: int, lasts_s: int) -> bytes:
    expiry = f" x={now_s + lasts_s};" if lasts_s else ""
    text = (
        f"DKIM-Signature: v=1; a={key.algorithm}; c=relaxed/relaxed; d={key.domain};\r\n\ts={key.selector}; t={now_s};{expiry}"
        f"\r\n\th={folded(':'.join(name.decode('ascii') for name in names), ':')};\r\n\tbh={body_hash};\r\n\tb="
    )
    field = text.encode("ascii")
    digest = hashlib.sha256(covered + canonical.field(field + b"\r\n", relaxed=True).removesuffix(b"\r\n")).digest()
    return field + folded(base64.b64encode(key.key.sign(digest)).decode("ascii")).encode("ascii") + b"\r\n"


def folded(text: str, after: str = "") -> str:
    """The text in lines; ``after``: only behind this character, which stays at the end of its line."""
    if not after:
        return "\r\n\t".join(text[at : at + _LINE] for at in range(0, len(text), _LINE))
    lines = [""]
    for piece in text.split(after):
        if lines[-1] and len(lines[-1]) + len(piece) >= _LINE:
            lines.append("")
        lines[-1] += piece + after
    return "\r\n\t".join(lines).removesuffix(after)
