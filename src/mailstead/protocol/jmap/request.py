"""A request: what it uses and the calls it makes (RFC 8620 §3.3).

Read by msgspec into plain values; that no name stands twice in an object (RFC 7493 §2.3) is seen afterwards; size is bounded before (``limits.JMAP_REQUEST``), depth by the reader itself, calls here.
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
_TEXT: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"')


def repeats(octets: bytes, value: Any) -> bool:
    """Whether an object in this JSON has a name twice: readers take one value or the other, so it says two things (RFC 7493 §2.3). ``value``: what was
    read, in which each name stands once: outside of texts a colon is a member."""
    members = 0
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            members += len(one)
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return _TEXT.sub(b"", octets).count(b":") != members


def read(octets: bytes, capabilities: Collection[str]) -> Request:
    """The request in a body. Raises ``RequestError``."""
    try:
        value = _read(octets)
        if repeats(octets, value):
            raise RequestError("notJSON", "An object in the body has a name twice (RFC 7493)")
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
