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
_LINE: Final = 72


def sign(octets: Octets, header_octets: int, keys: Sequence[SigningKey], *, now_s: int, lasts_s: int = 0) -> bytes:
    """Header lines to put in front of the message, one for each key, in their order; b"" without keys.

    ``header_octets``: the header block with its blank line. ``now_s``: seconds since 1970; ``lasts_s`` 0: no expiry.
    The canonical forms are relaxed for the header and relaxed for the body.
    """
    if not keys:
        return b""
    names, covered = covering(list(header.whole_fields(octets[:header_octets])), (*ONCE_MORE, *AS_THEY_ARE))
    body = body_hash(octets, header_octets)
    return b"".join(_line(key, names, covered, body, now_s, lasts_s) for key in keys)


def covering(fields: Sequence[tuple[bytes, bytes]], names: Sequence[bytes]) -> tuple[list[bytes], bytes]:
    """What ``h=`` lists of these names, and what of the fields is signed so (relaxed); those of ``ONCE_MORE`` once more than they are there."""
    wanted = frozenset(names)
    there: dict[bytes, list[bytes]] = {}
    for name, whole in fields:
        if name in wanted:
            there.setdefault(name, []).append(whole)
    listed: list[bytes] = []
    signed: list[bytes] = []
    for name in names:
        found = there.get(name, ())
        listed += [name] * (len(found) + (name in ONCE_MORE))
        # The last of several is signed first (§5.4.2).
        signed += [canonical.field(whole, relaxed=True) for whole in reversed(found)]
    return listed, b"".join(signed)


def body_hash(octets: Octets, header_octets: int) -> str:
    """What ``bh=`` says of the relaxed body."""
    hashing = hashlib.sha256()
    for piece in canonical.body(octets, header_octets, relaxed=True):
        hashing.update(piece)
    return base64.b64encode(hashing.digest()).decode("ascii")


def _line(key: SigningKey, names: list[bytes], covered: bytes, body: str, now_s: int, lasts_s: int) -> bytes:
    expiry = f" x={now_s + lasts_s};" if lasts_s else ""
    return signed_field(
        f"DKIM-Signature: v=1; a={key.algorithm}; c=relaxed/relaxed; d={key.domain};\r\n\ts={key.selector}; t={now_s};{expiry}"
        f"\r\n\th={listed(names)};\r\n\tbh={body};", key, covered,
    )


def listed(names: Sequence[bytes]) -> str:
    """The value of ``h=``, folded."""
    return folded(":".join(name.decode("ascii") for name in names), ":")


def signed_field(begun: str, key: SigningKey, covered: bytes) -> bytes:
    """A field that is whole but for its ``b=``, with a signature over ``covered`` and itself (RFC 6376 §3.7)."""
    field = begun.encode("ascii") + b"\r\n\tb="
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
