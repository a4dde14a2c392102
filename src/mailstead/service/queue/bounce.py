"""What the author hears: a delivery status notification (RFC 3464 in RFC 6522, internationalized by RFC 6533).

``wanted`` says whether one is due (RFC 3461 §4.1); ``compose`` writes it. Text is for people first, the machine's part
follows, then the message or its header. The octets depend on the arguments alone.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mailstead.mime import header, thread, unitext
from mailstead.mime.compose import encoded_text, field
from mailstead.mime.compose import text as unstructured
from mailstead.model.ids import SUBMISSION, to_wire
from mailstead.model.status import EnhancedStatus
from mailstead.service.delivery import header_of, written
from mailstead.service.queue import retry
from mailstead.service.submission import date
from mailstead.store.interface import QueueEntry

RETURNED_OCTETS: Final = 256 << 10
"""A longer message comes back as its header only, whatever RET asked for (RFC 3461 §6.2 allows it)."""
_SUBJECT_MOST: Final = 150
_PARENT_MOST: Final = 900
_LINE: Final = 76
_LINE_OCTETS: Final = 980


class Action(enum.Enum):
    """RFC 3464 §2.3.3."""

    FAILED = "failed"
    DELAYED = "delayed"
    RELAYED = "relayed"
    DELIVERED = "delivered"
    EXPANDED = "expanded"


@dataclass(frozen=True, slots=True)
class Told:
    """One recipient of a notice. ``hop`` and ``text`` are the next server's; ``code`` 0: it said nothing."""

    entry: QueueEntry
    status: EnhancedStatus
    hop: str
    code: int
    text: str


def wanted(entry: QueueEntry, action: Action) -> bool:
    """Whether this recipient's author asked for, or did not forbid, such a notice. Nobody hears of a message with the
    null reverse-path (RFC 5321 §4.5.5)."""
    if not entry.reverse_path:
        return False
    notify = entry.options.get("notify", "")
    if not notify:
        return action in {Action.FAILED, Action.DELAYED}
    return _ASKED_BY[action] in notify.split(",")


def is_traced(entry: QueueEntry, *, keeps_time: bool) -> bool:
    """Whether the author hears that the message was passed on because it is to be delivered by a time (RFC 2852 §4): where he asked for each step
    (``T``), or where the next server does not keep the time (``keeps_time``)."""
    _, semicolon, mode = str(entry.options.get("by", "")).partition(";")
    return bool(semicolon and entry.reverse_path) and ("T" in mode or not keeps_time) and "NEVER" not in entry.options.get("notify", "")


def compose(told: Sequence[Told], action: Action, octets: bytes, *, hostname: str, now_ms: int) -> bytes:
    """The notice for recipients of one message, all with the same action. What was to go over TLS alone is not sent back whole (RFC 8689 §5)."""
    entry = told[0].entry
    subject, parent = _about(octets)
    boundary = f"=_{to_wire(SUBMISSION, entry.submission_id)}_{action.value}_{entry.number}"
    utf8 = not all(_is_ascii(one) for one in told)
    returned, kind = _returned(octets, full=action is Action.FAILED and entry.options.get("ret") != "HDRS" and not entry.options.get("requiretls"), utf8=utf8)
    while boundary.encode() in returned:
        boundary += "_"
    encoding = "8bit" if utf8 or not returned.isascii() else "7bit"
    head = [
        f"From: Mail delivery <postmaster@{hostname}>",
        f"To: <{written(entry.reverse_path)}>",
        _field("Subject", f"[{_MARKS[action]}] {subject}" if subject else _SUBJECTS[action]),
        *([f"In-Reply-To: <{parent}>", f"References: <{parent}>"] if parent else []),
        f"Date: {date(now_ms)}",
        f"Message-ID: <{to_wire(SUBMISSION, entry.submission_id)}.{entry.number}.{action.value}@{hostname}>",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="{boundary}"',
        f"Content-Transfer-Encoding: {encoding}",
    ]
    prose = _prose(told, action, subject)
    transfer, text = ("8bit", prose.encode()) if utf8 else encoded_text(prose)
    parts = [
        (f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {transfer}", text.decode()),
        (
            f"Content-Type: message/{'global-delivery-status' if utf8 else 'delivery-status'}"
            f"\r\nContent-Transfer-Encoding: {'8bit' if utf8 else '7bit'}",
            _status(told, action, hostname, utf8=utf8),
        ),
    ]
    out = "\r\n".join(head) + "\r\n"
    for fields, body in parts:
        out += f"\r\n--{boundary}\r\n{fields}\r\n\r\n{body}"
    last = f"\r\n--{boundary}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {'7bit' if returned.isascii() else '8bit'}\r\n\r\n"
    return out.encode() + last.encode() + returned + f"\r\n--{boundary}--\r\n".encode()


_ASKED_BY: Final = {Action.FAILED: "FAILURE", Action.DELAYED: "DELAY", Action.RELAYED: "SUCCESS", Action.DELIVERED: "SUCCESS", Action.EXPANDED: "SUCCESS"}
_MARKS: Final = {
    Action.DELIVERED: "Delivered", Action.FAILED: "Not delivered", Action.DELAYED: "Not delivered yet", Action.RELAYED: "Passed on", Action.EXPANDED: "Gone to all members",
}
"""In brackets before the message's own subject: that makes it the same base subject (RFC 5256 §2.1), so that a notice stands in the conversation it is about."""
_SUBJECTS: Final = {
    Action.DELIVERED: "Your message has been delivered",
    Action.FAILED: "Your message could not be delivered",
    Action.DELAYED: "Your message has not been delivered yet",
    Action.RELAYED: "Your message has been passed on",
    Action.EXPANDED: "Your message has gone to all members of a group",
}
_OPENINGS: Final = {
    Action.DELIVERED: "{} was delivered to the mailbox of:",
    Action.FAILED: "{} could not be delivered to:",
    Action.DELAYED: "{} has not been delivered yet. We keep trying; you need not send it again. It waits for:",
    Action.RELAYED: "{} was passed on to another server, from which you may hear no more, for:",
    Action.EXPANDED: "{} was taken, and went on to everybody behind this address; of their mailboxes you will hear only if something fails:",
}


def _about(octets: bytes) -> tuple[str, str]:
    """The message's subject, decoded and cut, and its Message-ID without brackets; "" where it has none."""
    head = header_of(octets)
    subject = " ".join(header.decode(header.first(head, b"subject") or b"").split())
    ids = thread.message_ids(header.unfold(header.first(head, b"message-id") or b""))
    parent = ids[0].decode("ascii", "ignore") if ids and ids[0].isascii() and len(ids[0]) <= _PARENT_MOST else ""
    return subject if len(subject) <= _SUBJECT_MOST else subject[:_SUBJECT_MOST].rstrip() + " …", parent


def _field(name: str, value: str) -> str:
    """A field without its last line end."""
    return field(name, unstructured(value)).decode("ascii").removesuffix("\r\n")


def _prose(told: Sequence[Told], action: Action, subject: str) -> str:
    lines = [*_folded(_OPENINGS[action].format(f'Your message "{subject}"' if subject else "Your message"), ""), ""]
    for one in told:
        lines.append(f"  {written(one.entry.forward_path)}")
        if one.text:
            said = f"{one.hop} said: " if one.hop and one.code else ""
            lines += _folded(f"{said}{one.text}", "    ")
        lines.append("")
    return "\r\n".join(lines)


def _folded(text: str, indent: str) -> list[str]:
    """Lines of up to about 76 characters, broken at spaces where there are any."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > _LINE - len(indent):
            lines.append(indent + line)
            line = ""
        line = f"{line} {word}" if line else _cut(word)
    return [*lines, indent + line]


def _status(told: Sequence[Told], action: Action, hostname: str, *, utf8: bool) -> str:
    first = told[0].entry
    lines = [f"Reporting-MTA: dns; {hostname}"]
    if first.options.get("envid"):
        lines.append(f"Original-Envelope-Id: {_value(first.options['envid'])}")
    lines.append(f"Arrival-Date: {date(first.created_at_ms)}")
    by = str(first.options.get("by", "")).partition(";")[0]
    if by:
        lines.append(f"Deliver-By-Date: {date(int(by))}")  # of RFC 2852
    kind = "utf-8" if utf8 else "rfc822"
    for one in told:
        lines.append("")
        if one.entry.options.get("orcpt"):
            lines.append(f"Original-Recipient: {_value(_original(one.entry.options['orcpt'], utf8=utf8))}")
        lines += [f"Final-Recipient: {kind}; {written(one.entry.forward_path)}", f"Action: {action.value}", f"Status: {one.status}"]
        if one.hop:
            lines.append(f"Remote-MTA: dns; {_value(one.hop)}")
        if one.code:
            lines.append(f"Diagnostic-Code: smtp; {one.code} {_value(one.text)[:800]}")
        if action is Action.DELAYED:
            lines.append(f"Will-Retry-Until: {date(retry.ends_ms(one.entry))}")
    return "\r\n".join(map(_cut, lines)) + "\r\n"


def _original(typed: str, *, utf8: bool) -> str:
    """An original recipient as a notice may name it: where that is bound to ASCII, so is an address of the type ``utf-8`` (RFC 6533 §3)."""
    kind, _, address = typed.partition(";")
    return typed if utf8 or kind.lower() != unitext.TYPE else f"{kind};{unitext.escaped(address, is_ascii=True)}"


def _cut(text: str) -> str:
    """As much of it as a line may have (RFC 5322 §2.1.1: 998 octets; RFC 6532 §3.4 counts them so)."""
    return text if len(text) <= _LINE_OCTETS // 4 else text.encode()[:_LINE_OCTETS].decode("utf-8", "ignore")


def _value(text: str) -> str:
    return " ".join(text.split())


def _is_ascii(one: Told) -> bool:
    entry = one.entry
    return all(
        text.isascii()
        for text in (entry.forward_path, entry.reverse_path, one.text, one.hop, entry.options.get("orcpt", ""), entry.options.get("envid", ""))
    )


def _returned(octets: bytes, *, full: bool, utf8: bool) -> tuple[bytes, str]:
    """The message, or its header, and the type of that part (RFC 6522 §3, RFC 6533 §5)."""
    if full and len(octets) <= RETURNED_OCTETS:
        return octets, "message/global" if utf8 else "message/rfc822"
    end = octets.find(b"\r\n\r\n")
    head = octets[: end + 2 if end >= 0 else len(octets)][:RETURNED_OCTETS]
    return head, "message/global-headers" if utf8 else "text/rfc822-headers"
