"""An Email as JSON (RFC 8621 §4.1, §4.2).

Three tiers of cost: what the rows say, what the stored envelope says, and what has to be read from the message. ``Plan``
says beforehand which of them a request needs, so that a list of fifty opens no message.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from mailstead.mime import date, parts
from mailstead.mime.wire import strings
from mailstead.model import ids, limits
from mailstead.model.email import EmailRow
from mailstead.model.ids import EmailId
from mailstead.protocol.jmap.mail import blobs, body, headers
from mailstead.protocol.jmap.mail.headers import Wanted
from mailstead.protocol.jmap.mail.keywords import Names

_ROW: Final = frozenset(("id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt", "snoozed"))
"""``snoozed`` (docs/reference/jmap-extensions.md) is put in by who knows it."""
_ENVELOPE: Final = frozenset(("hasAttachment", "preview", "from", "to", "cc", "bcc", "subject", "sentAt", "messageId", "inReplyTo"))
_HEADER: Final = frozenset(("references", "sender", "replyTo", "headers"))
_BODY: Final = frozenset(("bodyStructure", "bodyValues", "textBody", "htmlBody", "attachments"))
KNOWN: Final = _ROW | _ENVELOPE | _HEADER | _BODY
DEFAULT: Final = (
    "id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt", "messageId", "inReplyTo", "references", "sender",
    "from", "to", "cc", "bcc", "replyTo", "subject", "sentAt", "hasAttachment", "preview", "bodyValues", "textBody", "htmlBody",
    "attachments",
)
"""What comes when nothing is said (RFC 8621 §4.2)."""
PARSED: Final = (
    "messageId", "inReplyTo", "references", "sender", "from", "to", "cc", "bcc", "replyTo", "subject", "sentAt", "hasAttachment",
    "preview", "bodyValues", "textBody", "htmlBody", "attachments",
)
"""The same of Email/parse (RFC 8621 §4.9)."""


class BadProperty(ValueError):
    """A property is not known, or a form is not allowed for its field."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What of an email is wanted. ``forms``: the ``header:…`` properties."""

    properties: tuple[str, ...]
    forms: dict[str, Wanted] = field(default_factory=dict)
    body_properties: tuple[tuple[str, Wanted | None], ...] = ()
    text_values: bool = False
    html_values: bool = False
    all_values: bool = False
    most_octets: int = 0
    content: bool = field(init=False)
    """Whether the stored envelope, parts or preview are needed."""
    octets: bool = field(init=False)
    """Whether the message has to be opened."""
    parts: bool = field(init=False)
    """Whether its parts are looked at."""

    def __post_init__(self) -> None:
        names, forms = frozenset(self.properties), bool(self.forms)
        object.__setattr__(self, "content", forms or not names <= _ROW)
        object.__setattr__(self, "octets", forms or not names.isdisjoint(_HEADER | _BODY))
        object.__setattr__(self, "parts", not names.isdisjoint(_BODY))


def plan(properties: tuple[str, ...] | None, arguments: dict[str, Any], *, default: tuple[str, ...] = DEFAULT) -> Plan:
    """Read the arguments of Email/get or Email/parse. Raises ``BadProperty``."""
    names = default if properties is None else tuple(dict.fromkeys(properties))
    forms: dict[str, Wanted] = {}
    for name in names:
        if name not in KNOWN:
            asked = headers.wanted(name)
            if asked is None:
                raise BadProperty(f"there is no property {name[:100]}")
            forms[name] = asked
    wanted = arguments.get("bodyProperties")
    wanted = list(body.PROPERTIES) if wanted is None else wanted
    if not isinstance(wanted, list) or not all(isinstance(name, str) for name in wanted):
        raise BadProperty("bodyProperties is a list of names")
    of_parts: list[tuple[str, Wanted | None]] = []
    for name in dict.fromkeys(wanted):
        asked = None if name in body.KNOWN else headers.wanted(name)
        if name not in body.KNOWN and asked is None:
            raise BadProperty(f"a body part has no property {name[:100]}")
        of_parts.append((name, asked))
    flags = []
    for name in ("fetchTextBodyValues", "fetchHTMLBodyValues", "fetchAllBodyValues"):
        value = arguments.get(name)
        if not isinstance(value, bool | None):
            raise BadProperty(f"{name} is true or false")
        flags.append(bool(value))
    most = arguments.get("maxBodyValueBytes")
    if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 0):
        raise BadProperty("maxBodyValueBytes is a number from 0")
    return Plan(
        names, forms, tuple(of_parts), text_values=flags[0], html_values=flags[1], all_values=flags[2], most_octets=most or 0)


@lru_cache(20_000)
def utc(at_ms: int) -> str:
    """A UTCDate; the fraction is left out (RFC 8620 §1.4 allows it to be zero only by omission)."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(50_000)
def wire(letter: str, number: int) -> str:
    """``model.ids.to_wire``, kept for the ids last seen."""
    return ids.to_wire(letter, number)


class Envelopes:
    """What the envelopes of the emails last shown say, as JSON."""

    def __init__(self, kept: int = 20_000) -> None:
        self._most = kept
        self._kept: dict[EmailId, dict[str, Any]] = {}

    def of(self, row: EmailRow) -> dict[str, Any]:
        found = self._kept.get(row.email_id)
        if found is None:
            found = _of_envelope(row)
            if len(self._kept) >= self._most:
                self._kept.pop(next(iter(self._kept)))
            self._kept[row.email_id] = found
        return found


def _of_envelope(row: EmailRow) -> dict[str, Any]:
    fields = strings(row.envelope) if row.envelope else []
    if len(fields) != 10:  # noqa: PLR2004 - RFC 9051 §7.5.2
        fields = [None] * 10
    when, subject, author, _, _, to, cc, bcc, answered, own = fields
    shown: dict[str, Any] = {
        "subject": None if subject is None else headers.text(subject),
        "sentAt": None if when is None else date.rfc3339(when),
        "from": headers.flat(author), "to": headers.flat(to), "cc": headers.flat(cc), "bcc": headers.flat(bcc),
        "inReplyTo": None if answered is None else headers.form(answered, "asMessageIds"),
        "messageId": None if own is None else headers.form(own, "asMessageIds"),
        "hasAttachment": row.has_attachment, "preview": row.preview,
    }
    for name in row.empty:  # the field is there, so it is a list (RFC 8621 §4.1.3)
        shown[name] = []
    return shown


class Rendering:
    """Makes Email objects. ``blob_id`` of a part, where the email is none of the store's (Email/parse), is given."""

    def __init__(self, names: Names, envelopes: Envelopes) -> None:
        self._names = names
        self._envelopes = envelopes

    def email(self, row: EmailRow, wanted: Plan, octets_of: body.OctetsOf, sizes: Mapping[tuple[int, int], int] | None = None) -> dict[str, Any]:
        """``octets_of`` is asked only where ``wanted.octets``."""
        found: dict[str, Any] = {"id": wire(ids.EMAIL, row.email_id)}
        late: list[str] = []
        envelope = self._envelopes.of(row) if wanted.content else {}
        for name in wanted.properties:
            match name:
                case "id":
                    pass
                case "blobId":
                    found[name] = wire(blobs.MESSAGE, row.email_id)
                case "threadId":
                    found[name] = wire(ids.THREAD, row.thread_id)
                case "mailboxIds":
                    found[name] = {wire(ids.MAILBOX, box): True for box in row.mailbox_ids}
                case "keywords":
                    found[name] = self._names.keywords(row.flags, row.more)
                case "size":
                    found[name] = row.size_octets
                case "receivedAt":
                    found[name] = utc(row.received_at_ms)
                case _:
                    if name in _ENVELOPE:
                        found[name] = envelope[name]
                    else:
                        late.append(name)
        if late:
            found.update(content(
                tuple(late), wanted, parts.unpack(row.parts) if row.parts else None, octets_of, row.header_octets,
                lambda part_id: blobs.of_part(row.email_id, part_id), sizes,
            ))
        return found


def content(names: tuple[str, ...], wanted: Plan, root: parts.Part | None, octets_of: body.OctetsOf, header_octets: int,
            blob_id: Callable[[str], str], sizes: Mapping[tuple[int, int], int] | None = None) -> dict[str, Any]:
    """The properties that are read from the message itself."""
    fields = headers.Fields(octets_of(0, header_octets))
    found: dict[str, Any] = {}
    for name in names:
        asked = wanted.forms.get(name) or headers.CONVENIENT.get(name)
        if asked is not None:
            found[name] = fields.get(asked)
        elif name == "headers":
            found[name] = fields.listed()
    if any(name in _BODY for name in names):
        found.update(_body(names, wanted, root or parts.Part("text", "plain", "", "7bit", "", (0, 0), (0, 0), ()), octets_of, blob_id, sizes))
    return found


def _body(names: tuple[str, ...], wanted: Plan, root: parts.Part, octets_of: body.OctetsOf, blob_id: Callable[[str], str],
          sizes: Mapping[tuple[int, int], int] | None) -> dict[str, Any]:
    tree = body.tree(root, octets_of, sizes)
    listed = body.lists(tree)
    found: dict[str, Any] = {}
    chosen = {"textBody": listed.text, "htmlBody": listed.html, "attachments": listed.attachments}
    for name in names:
        if name == "bodyStructure":
            found[name] = body.shown(tree, wanted.body_properties, octets_of, blob_id, with_children=True)
        elif name in chosen:
            found[name] = [
                body.shown(one, wanted.body_properties, octets_of, blob_id, with_children=False) for one in chosen[name]]
        elif name == "bodyValues":
            shown = (
                list(tree.leaves()) if wanted.all_values
                else (listed.text if wanted.text_values else []) + (listed.html if wanted.html_values else [])
            )
            found[name] = {
                one.part_id: body.value(one.part, octets_of, wanted.most_octets) for one in shown if one.part.type == "text"}
    return found


def snippet_source(row: EmailRow) -> tuple[str, str]:
    """Subject and preview of an email, for a search snippet."""
    found = _of_envelope(row)
    return found["subject"] or "", row.preview[: limits.PREVIEW_CHARACTERS]


