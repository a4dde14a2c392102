"""A request: what it uses and the calls it makes (RFC 8620 §3.3).

Read by msgspec into plain values; that it is I-JSON (RFC 7493) is seen afterwards; size is bounded before (``limits.JMAP_REQUEST``), depth by the reader itself, calls here.
"""

import re
from collections.abc import Collection
from typing import Any, Final

import msgspec

from mailstead.model import limits
from mailstead.protocol.jmap.errors import RequestError


class Request(msgspec.Struct):
    """``calls``: name, arguments, client's id of each."""

    using: list[str]
    method_calls: list[tuple[str, dict[str, Any], str]] = msgspec.field(name="methodCalls")
    created_ids: dict[str, str] | None = msgspec.field(default=None, name="createdIds")


_read = msgspec.json.Decoder().decode
_write = msgspec.json.Encoder().encode
_TEXT: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"')


def repeats(octets: bytes, value: Any) -> bool:
    """Whether an object in this JSON has a name twice: readers take one value or the other, so it says two things (RFC 7493 §2.3). ``value``: what was
    read, in which each name stands once; outside of texts a colon is a member, here and where it is written out again."""
    return _members(octets) != _members(_write(value))


def _members(octets: bytes) -> int:
    return _TEXT.sub(b"", octets).count(b":")


_NONCHARACTERS: Final = "\ufdd0-\ufdef" + "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
_NONCHARACTER: Final = re.compile(f"[{_NONCHARACTERS}]")
_ENCODED: Final = re.compile(rb"\xef\xb7[\x90-\xaf]|(?:\xef|[\xf0-\xf4][\x8f\x9f\xaf\xbf])\xbf[\xbe\xbf]")
"""Noncharacters in UTF-8."""


def holds_noncharacter(octets: bytes, value: Any) -> bool:
    """Whether a text in this JSON holds a code point that is no character (RFC 7493 §2.1). ``value``: what was read."""
    if not octets.isascii() and _ENCODED.search(octets):
        return True
    if b"\\u" not in octets:
        return False
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if _NONCHARACTER.search(one):
                return True
        elif isinstance(one, dict):
            waiting += one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return False


def with_characters_only(octets: bytes) -> bytes:
    """JSON of ours in which noncharacters are U+FFFD: mail may hold anything, an answer may not (RFC 7493 §2.1)."""
    if b"\xbf\xbe" in octets or b"\xbf\xbf" in octets or b"\xef\xb7" in octets:
        return _ENCODED.sub(b"\xef\xbf\xbd", octets)
    return octets


def too_large() -> RequestError:
    """What a request of more than ``limits.JMAP_REQUEST`` octets is answered with."""
    return RequestError("limit", f"A request has at most {limits.JMAP_REQUEST} octets", limit="maxSizeRequest")


def check(octets: bytes, value: Any) -> None:
    """Whether what was read is I-JSON (RFC 7493). Raises ``RequestError``."""
    if repeats(octets, value):
        raise RequestError("notJSON", "An object in the body has a name twice (RFC 7493)")
    if holds_noncharacter(octets, value):
        raise RequestError("notJSON", "A text in the body holds a code point that is no character (RFC 7493)")


def read(octets: bytes, capabilities: Collection[str]) -> Request:
    """The request in a body. Raises ``RequestError``."""
    try:
        value = _read(octets)
        check(octets, value)
        found = msgspec.convert(value, Request)
    except msgspec.ValidationError as exc:
        raise RequestError("notRequest", f"The request is not of the form that RFC 8620 gives: {exc}") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise RequestError("notJSON", "The body is not JSON that can be read") from None
    for capability in found.using:
        if capability not in capabilities:
            raise RequestError("unknownCapability", f"This server does not know {capability[:200]}")
    if len(found.method_calls) > limits.JMAP_CALLS:
        raise RequestError("limit", f"A request makes at most {limits.JMAP_CALLS} calls", limit="maxCallsInRequest")
    return found
