"""multipart/report: what another mail system says to ours about a message (RFC 6522).

Three kinds are read: delivery status (RFC 3464, RFC 6533 §4), abuse feedback (RFC 5965) and TLS reports (RFC 8460 §5.3). All of it is a stranger's word;
whether it is to be believed is not known here. Everything is bounded; what cannot be read is left out.
"""

import re
from dataclasses import dataclass
from typing import Final

from mailstead.mime import decode, header, scan, unitext
from mailstead.mime.parts import Part, unpack
from mailstead.model import limits
from mailstead.model.message import Octets

_REPORT: Final = re.compile(rb"^content-type[ \t]*:[ \t]*(?:\r\n[ \t]+)?multipart/report\b", re.IGNORECASE | re.MULTILINE)
_KIND: Final = re.compile(rb"/report", re.IGNORECASE)
"""What all of them have somewhere; looked for first, for it is quick."""
_STATUS: Final = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?!\d)")
_FIELD_CHARACTERS: Final = 500
_LINES: Final = re.compile(rb"\r\n(?:[ \t]*\r\n)+")


@dataclass(frozen=True, slots=True)
class Told:
    """One recipient of a delivery status notice. ``action`` lower-case; ``status`` ``5.1.1``, "" where there is none; addresses "" likewise."""

    final: str
    original: str
    action: str
    status: str
    diagnostic: str


@dataclass(frozen=True, slots=True)
class StatusNotice:
    """RFC 3464. ``message_id``: of the message that it speaks of, with brackets, "" where it does not say."""

    envelope_id: str
    reporting_mta: str
    recipients: tuple[Told, ...]
    message_id: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """RFC 5965. ``recipients`` may be empty: many senders of such reports hide them."""

    kind: str
    user_agent: str
    envelope_id: str
    mail_from: str
    recipients: tuple[str, ...]
    message_id: str


@dataclass(frozen=True, slots=True)
class TlsPart:
    """Where a TLS report lies in the message; for ``mailauth.tlsrpt.from_part``."""

    octets: bytes
    encoding: str
    subtype: str


Found = StatusNotice | Complaint | TlsPart


def is_report(head: bytes) -> bool:
    """By its header block, cheaply: whether a message may be one."""
    return _KIND.search(head) is not None and _REPORT.search(head) is not None


def read(octets: Octets) -> Found | None:
    """What a message reports; None: nothing that is known here."""
    root = unpack(scan.scan(octets).parts)
    if root.type != "multipart" or root.subtype != "report":
        return None
    leaves = list(root.children)
    for part in leaves:
        kind = f"{part.type}/{part.subtype}"
        if kind in {"message/delivery-status", "message/global-delivery-status"}:
            return _status(octets, part, leaves)
        if kind == "message/feedback-report":
            return _complaint(octets, part, leaves)
        if kind in {"application/tlsrpt+gzip", "application/tlsrpt+json"} and part.body[1] - part.body[0] <= limits.TLSRPT_REPORT:
            return TlsPart(octets[part.body[0] : part.body[1]], part.encoding, part.subtype)
    return None


# ------------------------------------------------------------------------------------------------- delivery status
def _status(octets: Octets, part: Part, leaves: list[Part]) -> StatusNotice:
    first, *groups = _groups(octets, part)
    told = []
    for group in groups[: limits.SMTP_SUBMISSION_RECIPIENTS]:
        action = _text(group.get(b"action")).lower()
        if not action:
            continue
        status = _STATUS.search(_text(group.get(b"status")))
        told.append(Told(
            _address(group.get(b"final-recipient")), _address(group.get(b"original-recipient")), action.split()[0][:20],
            status[0] if status else "", _typed(group.get(b"diagnostic-code")),
        ))
    return StatusNotice(_text(first.get(b"original-envelope-id")), _typed(first.get(b"reporting-mta")), tuple(told), returned_id(octets, leaves))


def _groups(octets: Octets, part: Part) -> list[dict[bytes, bytes]]:
    """Groups of fields with blank lines between them (RFC 3464 §2.1), the first one at least."""
    start, end = part.body
    text = decode.transfer(octets[start : min(end, start + limits.REPORT_STATUS)], part.encoding)
    if b"\r\n" not in text:
        text = text.replace(b"\n", b"\r\n")
    blocks = [block for block in _LINES.split(text.strip(b"\r\n") + b"\r\n") if block.strip()]
    groups = []
    for block in blocks[: limits.SMTP_SUBMISSION_RECIPIENTS + 1]:
        group: dict[bytes, bytes] = {}
        for name, value in header.fields(block + b"\r\n"):
            group.setdefault(name.lower(), value)
        groups.append(group)
    return groups or [{}]


def _text(value: bytes | None) -> str:
    return header.unfold(value).decode("utf-8", "replace")[:_FIELD_CHARACTERS] if value is not None else ""


def _typed(value: bytes | None) -> str:
    """What stands behind ``type;`` (RFC 3464 §2.1.2)."""
    kind, semicolon, rest = _text(value).partition(";")
    return (rest if semicolon else kind).strip()


def _address(value: bytes | None) -> str:
    """An address of the mail (``rfc822``, or ``utf-8`` in any form, RFC 6533 §3), xtext undone; "" for anything else."""
    kind, semicolon, rest = _text(value).partition(";")
    is_escaped = kind.strip().lower() == unitext.TYPE and "\\x{" in rest
    if is_escaped:
        try:
            rest = unitext.unescaped(rest)
        except ValueError:
            return ""
    if not semicolon or kind.strip().lower() not in {"rfc822", "utf-8"}:
        return ""
    rest = re.sub(r"\+([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), rest.strip()) if "+" in rest and not is_escaped and not _looks_plain(rest) else rest.strip()
    rest = rest.removeprefix("<").removesuffix(">")
    return rest if "@" in rest and not any(ord(character) <= 0x20 for character in rest) else ""


def _looks_plain(text: str) -> bool:
    """``a+b@c`` is no xtext: there a plus is followed by two hexadecimal digits in upper case."""
    return re.search(r"\+(?![0-9A-F]{2})", text) is not None


def returned_id(octets: Octets, leaves: list[Part]) -> str:
    """The Message-ID of the message that came back, whole or as its header (RFC 6522 §3)."""
    for part in reversed(leaves):
        kind = f"{part.type}/{part.subtype}"
        if kind in {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers", "text/rfc822-header"}:
            start, end = part.body
            block = decode.transfer(octets[start : min(end, start + limits.REPORT_RETURNED)], part.encoding)
            found = header.first(block, b"message-id")
            if found is not None:
                return _text(found)[:_FIELD_CHARACTERS]
    return ""


# ------------------------------------------------------------------------------------------------- complaints
def _complaint(octets: Octets, part: Part, leaves: list[Part]) -> Complaint:
    start, end = part.body
    block = decode.transfer(octets[start : min(end, start + limits.REPORT_STATUS)], part.encoding).lstrip(b"\r\n")
    values: dict[bytes, list[bytes]] = {}
    for name, value in header.fields(block):
        values.setdefault(name.lower(), []).append(value)

    def first(name: bytes) -> str:
        return _text(values.get(name, [None])[0])

    recipients = (_text(value).strip("<> ") for value in values.get(b"original-rcpt-to", ())[: limits.SMTP_SUBMISSION_RECIPIENTS])
    return Complaint(
        first(b"feedback-type").lower()[:50], first(b"user-agent"), first(b"original-envelope-id"), first(b"original-mail-from").strip("<> "),
        tuple(one for one in recipients if "@" in one), returned_id(octets, leaves),
    )  # fmt: skip
