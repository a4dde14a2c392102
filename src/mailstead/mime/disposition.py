"""Message disposition notifications: "your message was read" (RFC 8098), written and read.

What is read is a stranger's word: bounded, and what cannot be read is left out.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from mailstead.mime import compose, decode, header, scan
from mailstead.mime.parts import Part, unpack
from mailstead.model.message import Octets

MODES: Final = frozenset({"manual-action", "automatic-action"})
SENDING: Final = frozenset({"mdn-sent-manually", "mdn-sent-automatically"})
TYPES: Final = frozenset({"deleted", "dispatched", "displayed", "processed"})
_MACHINE_OCTETS: Final = 64 << 10
_CHARACTERS: Final = 1_000
_MANY: Final = 20
_DISPOSITION: Final = re.compile(r"\s*([a-z-]+)\s*/\s*([a-z-]+)\s*;\s*([a-z-]+)", re.IGNORECASE)
_KNOWN: Final = frozenset({
    b"reporting-ua", b"mdn-gateway", b"original-recipient", b"final-recipient", b"original-message-id", b"disposition", b"error",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notification:
    """The machine's part. Addresses are ``type; address``; ``message_id`` has its brackets. "": there is none."""

    disposition: tuple[str, str, str]
    """Action mode, sending mode, type (RFC 8098 §3.2.6), in lower case."""
    final_recipient: str
    reporting_ua: str = ""
    mdn_gateway: str = ""
    original_recipient: str = ""
    message_id: str = ""
    errors: tuple[str, ...] = ()
    more: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Read:
    """A notification as it came, with what stands around it."""

    notification: Notification
    subject: str
    text: str
    has_original: bool


def fields(one: Notification) -> bytes:
    """The machine's part as fields (RFC 8098 §3.1)."""
    mode, sending, kind = one.disposition
    pairs = [
        ("Reporting-UA", one.reporting_ua), ("MDN-Gateway", one.mdn_gateway), ("Original-Recipient", one.original_recipient),
        ("Final-Recipient", one.final_recipient), ("Original-Message-ID", one.message_id), ("Disposition", f"{mode}/{sending}; {kind}"),
        *(("Error", error) for error in one.errors), *one.more.items(),
    ]
    return b"".join(compose.field(name, " ".join(value.split()).encode("utf-8", "replace")) for name, value in pairs if value)


def report(one: Notification, text: str, original: bytes | None, boundary: str) -> bytes:
    """Content-Type and body of the message: for people, for machines, and the original where it goes along (RFC 8098 §3)."""
    encoding, octets = compose.encoded_text(text if text.endswith("\n") else text + "\n")
    parts = [
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + octets,
        b"Content-Type: message/disposition-notification\r\n\r\n" + fields(one),
    ]
    if original is not None:
        parts.append(b"Content-Type: message/rfc822\r\n\r\n" + original)
    head = compose.field("Content-Type", f'multipart/report; report-type=disposition-notification;\r\n boundary="{boundary}"'.encode())
    return head + b"\r\n" + compose.multipart(parts, boundary)


def read(octets: Octets) -> Read | None:
    """None: this is no disposition notification."""
    found = scan.scan(octets)
    root = unpack(found.parts)
    if (root.type, root.subtype) != ("multipart", "report"):
        return None
    machine = next((part for part in root.children if (part.type, part.subtype) == ("message", "disposition-notification")), None)
    one = _notification(_content(octets, machine)) if machine is not None else None
    if one is None:
        return None
    people = root.children[0]
    text = decode.charset(_content(octets, people), people.charset) if people.type == "text" else ""
    subject = header.first(octets[: found.header_octets], b"subject")
    return Read(
        one, header.decode(header.unfold(subject)).strip() if subject is not None else "", text,
        any((part.type, part.subtype) in {("message", "rfc822"), ("message", "global")} for part in root.children),
    )


def _content(octets: Octets, part: Part) -> bytes:
    start, end = part.body
    return decode.transfer(octets[start : min(end, start + _MACHINE_OCTETS)], part.encoding)


def _notification(block: bytes) -> Notification | None:
    values: dict[bytes, str] = {}
    errors: list[str] = []
    more: dict[str, str] = {}
    for name, value in header.fields(block.lstrip(b"\r\n")):
        low, text = name.lower(), header.unfold(value).decode("utf-8", "replace").strip()[:_CHARACTERS]
        if low == b"error":
            if len(errors) < _MANY:
                errors.append(text)
        elif low in _KNOWN:
            values.setdefault(low, text)
        elif len(more) < _MANY:
            more.setdefault(name.decode("ascii", "replace")[:100], text)
    said = _DISPOSITION.match(values.get(b"disposition", ""))
    if said is None:
        return None
    mode, sending, kind = (piece.lower() for piece in said.groups())
    if mode not in MODES or sending not in SENDING or kind not in TYPES:
        return None
    return Notification(
        (mode, sending, kind), values.get(b"final-recipient", ""), values.get(b"reporting-ua", ""), values.get(b"mdn-gateway", ""),
        values.get(b"original-recipient", ""), values.get(b"original-message-id", ""), tuple(errors), more,
    )
