"""Notices of failure in words alone, as many old servers write them: what can be made out.

They are no reports (RFC 6522): somewhere in the text stand an address, a status or a code, and the message, or its header, that came back. Vacation replies
look alike, so a notice is one only where both a permanent failure and a message that came back are in it.
"""

import re
from dataclasses import dataclass
from typing import Final

from mailstead.mime import decode, scan
from mailstead.mime.parts import Part, unpack
from mailstead.mime.report import returned_id
from mailstead.model import limits
from mailstead.model.message import Octets

_COPY: Final = re.compile(rb"^[>| \t]{0,8}(?:return-path|received|message-id|delivered-to|dkim-signature)[ \t]*:", re.IGNORECASE | re.MULTILINE)
"""In the header of the message that came back."""
_FIELD: Final = re.compile(rb"[>| \t]{0,8}(?:[A-Za-z][A-Za-z0-9-]{1,60}:|[ \t]+\S)")
"""A field, or the rest of a folded one."""
_MESSAGE_ID: Final = re.compile(rb"^[>| \t]{0,8}message-id[ \t]*:[ \t]*(?:\r?\n[>| \t]{1,16})?(<[^<>\s\x00-\x1f\x7f]{1,900}>)", re.IGNORECASE | re.MULTILINE)
_ID: Final = re.compile(r"<[^<>\s\x00-\x1f\x7f]{1,900}>")
_STATUS: Final = re.compile(r"(?<![\d.])5\.\d{1,3}\.\d{1,3}(?!\.?\d)")
_CODE: Final = re.compile(r"(?<![\d.])55[0-9](?=[ -])")
_ADDRESS: Final = re.compile(r"[^\s<>\"'():;,@\[\]\x00-\x1f\x7f]{1,64}@[A-Za-z0-9\x80-\U0010ffff.-]{1,255}")
_ADDRESSES: Final = 50
_PARTS: Final = 10
_SAID: Final = 300


@dataclass(frozen=True, slots=True)
class PlainNotice:
    """``message_id``: of the message that came back; ``status``: as the text has it, ``5.0.0`` where it has only a code; ``addresses``: those it names, lower-case;
    ``said``: the line about the failure."""

    message_id: str
    status: str
    addresses: tuple[str, ...]
    said: str


def read(octets: Octets) -> PlainNotice | None:
    """None: it tells of no permanent failure, or not of which message."""
    root = unpack(scan.scan(octets).parts)
    parts = list(root.children)[:_PARTS] if root.is_multipart else [root]
    text = b""
    for part in parts:
        if part.type == "text" and part.subtype == "plain":
            text = _decoded(octets, part)
            break
    inside = _ID.search(returned_id(octets, parts))
    found = _MESSAGE_ID.search(text)
    if inside is None and found is None:
        return None
    message_id = inside[0] if inside is not None else found[1].decode("utf-8", "replace") if found is not None else ""
    prose = text[: _copy_at(text)].decode("utf-8", "replace")
    failure = _STATUS.search(prose) or _CODE.search(prose)
    if failure is None:
        return None
    start, end = prose.rfind("\n", 0, failure.start()) + 1, prose.find("\n", failure.end())
    said = "".join(c if c.isprintable() else "?" for c in " ".join(prose[start : end if end >= 0 else len(prose)].split())[:_SAID])
    addresses = dict.fromkeys(one.strip(".").lower() for one in _ADDRESS.findall(prose)[:_ADDRESSES])
    return PlainNotice(message_id, failure[0] if "." in failure[0] else "5.0.0", tuple(addresses), said)


def _copy_at(text: bytes) -> int:
    """Where the message begins that came back: with the first of the fields that stand together with one that no prose has."""
    found = _COPY.search(text)
    if found is None:
        return len(text)
    at = found.start()
    while at:
        before = text.rfind(b"\n", 0, at - 1) + 1
        if not _FIELD.match(text, before, at):
            break
        at = before
    return at


def _decoded(octets: Octets, part: Part) -> bytes:
    start, end = part.body
    return decode.transfer(octets[start : min(end, start + limits.REPORT_RETURNED)], part.encoding)
