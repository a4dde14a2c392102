"""Header blocks for readers that have not agreed to UTF-8 (RFC 6855 §5, RFC 6856 §3.1.2, RFC 6857)."""

import re
from typing import Final

from mailstead.mime import decode
from mailstead.mime.header import fields
from mailstead.mime.wire import encoded_words

_RUN: Final = re.compile(rb"[^\s\"(),:;<>@\[\]\\]*[\x80-\xff][^\s\"(),:;<>@\[\]\\]*")


def header_to_ascii(block: bytes) -> bytes:
    """The header block with every run of non-ASCII octets turned into encoded words; folding stays as it is.

    An address whose local part needs UTF-8 becomes unusable, but readable, as RFC 6857 §3.1 has it.
    """
    if block.isascii():
        return block
    out: list[bytes] = []
    for name, value in fields(block):
        if not value.isascii():
            value = _RUN.sub(_encode, value)
        out.append(name.decode("ascii", "replace").encode("ascii", "replace") + b":" + value)
    return b"".join(out) + b"\r\n"


def _encode(match: re.Match[bytes]) -> bytes:
    return encoded_words(decode.charset(match[0], ""))
