"""Octets up and down (RFC 8620 §6): uploads, downloads in ranges, copies between accounts."""

import re
from typing import Any, Final
from urllib.parse import quote

from mailstead.server.http.jmap import blob_source
from mailstead.server.http.jmap.dispatch import Calling
from mailstead.server.http.jmap.standard import MAX_SET, MethodError, need_write, set_error, text, texts

_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")
_PARAMETER: Final = re.compile(r"""[ \t]*;[ \t]*[A-Za-z0-9!#$&^_.+-]{1,127}=(?:[A-Za-z0-9!#$%&'*+.^_`|~-]{1,127}|"[ !#-\[\]-~]{0,127}")""")
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_TOKEN: Final = re.compile(r"[^A-Za-z0-9!#$&+.^_`|~ ()\[\],-]")


_NAME: Final = 1_000
"""Characters of a name that are given back (RFC 8620 §6.2: the name that was asked for); no file system has longer ones."""


def media_type(text: str) -> str:
    """A type that is safe to send back; what is none is octets."""
    return text if _TYPE.fullmatch(text) else "application/octet-stream"


def content_type(text: str) -> str:
    """A type with its parameters (RFC 9110 §8.3) that is safe to send back; what is none is octets."""
    kind, semicolon, rest = text.strip().partition(";")
    at = 0
    while semicolon and (read := _PARAMETER.match(semicolon + rest, at)) is not None:
        at = read.end()
    return text.strip() if _TYPE.fullmatch(kind.rstrip()) and at == len(semicolon + rest) else "application/octet-stream"


def is_known(header: str, etag: str) -> bool:
    """Whether ``If-None-Match`` names this entity tag (RFC 9110 §13.1.2: ``*``, or a list of tags that are compared weakly)."""
    return header.strip() == "*" or any(one.strip().removeprefix("W/") == etag for one in header.split(","))


def disposition(name: str) -> str:
    """``attachment`` with the name in both forms (RFC 6266 §4, RFC 8187)."""
    plain = _TOKEN.sub("_", name)[:200] or "download"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name[:_NAME], safe='')}"


def span(header: str, size: int) -> tuple[int, int] | None:
    """The one range asked for, as (start, end); None: all (no, several or malformed ranges, RFC 9110 §14.2). (size, 0): it cannot be had."""
    read = _RANGE.fullmatch(header.strip())
    if read is None or read[1] == read[2] == "":
        return None
    if not read[1]:
        start = max(0, size - int(read[2]))
        return (start, size) if int(read[2]) and size else (size, 0)
    start = int(read[1])
    end = min(size, int(read[2]) + 1) if read[2] else size
    if read[2] and int(read[2]) < start:
        return None
    return (start, end) if start < size else (size, 0)


async def copy(call: Calling) -> dict[str, Any]:
    """Blob/copy (RFC 8620 §6.3)."""
    need_write(call)
    source = text(call.arguments, "fromAccountId")
    if source == call.account_id:
        raise MethodError("invalidArguments", "the accounts are the same")
    other = await call.source(source)
    if other is None:
        raise MethodError("fromAccountNotFound")
    wanted = texts(call.arguments, "blobIds")
    if wanted is None:
        raise MethodError("invalidArguments", "blobIds is a list of ids")
    if len(wanted) > MAX_SET:
        raise MethodError("requestTooLarge", f"at most {MAX_SET} blobs at once")
    copied: dict[str, str] = {}
    missing: dict[str, Any] = {}
    for ident in wanted:
        octets = await blob_source.octets(other.mailing, other.account, ident)
        if octets is None:
            missing[ident] = set_error("blobNotFound")  # docs/decisions/0079
        else:
            copied[ident] = await call.mailing.keep(call.account, octets)
    return {"fromAccountId": source, "accountId": call.account_id, "copied": copied or None, "notCopied": missing or None}
