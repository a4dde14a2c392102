"""Header fields in the forms that JMAP knows (RFC 8621 §4.1.2, §4.1.3).

A property ``header:Name:asForm:all`` asks for a field in a form; a form is allowed for the fields whose grammar it reads, and for
fields that no standard of the list defines. The last field of a name counts, or all of them.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from mailstead.mime import addresses, date, decode, header, thread

_ADDRESSES: Final = frozenset(
    b"from sender reply-to to cc bcc resent-from resent-sender resent-reply-to resent-to resent-cc resent-bcc".split())
_DATES: Final = frozenset((b"date", b"resent-date"))
_IDS: Final = frozenset((b"message-id", b"in-reply-to", b"references", b"resent-message-id"))
_URLS: Final = frozenset(b"list-help list-unsubscribe list-subscribe list-post list-owner list-archive".split())
_TEXTS: Final = frozenset((b"subject", b"comments", b"keywords", b"list-id"))
_DEFINED: Final = _ADDRESSES | _DATES | _IDS | _URLS | frozenset((b"subject", b"comments", b"keywords", b"return-path", b"received"))
"""Fields of RFC 5322 and RFC 2369: only their own form reads them."""
_ALLOWED: Final = {
    "asText": _TEXTS, "asAddresses": _ADDRESSES, "asGroupedAddresses": _ADDRESSES, "asMessageIds": _IDS, "asDate": _DATES,
    "asURLs": _URLS,
}
_NAME: Final = re.compile(r"[!-9;-~]{1,200}")
_URL: Final = re.compile(rb"<([^<>]{1,2000})>")
_COMMENT: Final = re.compile(rb"\([^()]*\)")
_BLANK: Final = re.compile(rb"\s+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A field in a form. ``form`` is "asRaw" or one of ``asText`` …; ``name`` is as it was asked for."""

    name: str
    form: str = "asRaw"
    every: bool = False

    @property
    def field(self) -> bytes:
        return self.name.lower().encode()


CONVENIENT: Final = {
    "messageId": Wanted("Message-ID", "asMessageIds"),
    "inReplyTo": Wanted("In-Reply-To", "asMessageIds"),
    "references": Wanted("References", "asMessageIds"),
    "sender": Wanted("Sender", "asAddresses"),
    "from": Wanted("From", "asAddresses"),
    "to": Wanted("To", "asAddresses"),
    "cc": Wanted("Cc", "asAddresses"),
    "bcc": Wanted("Bcc", "asAddresses"),
    "replyTo": Wanted("Reply-To", "asAddresses"),
    "subject": Wanted("Subject", "asText"),
    "sentAt": Wanted("Date", "asDate"),
}
"""Properties that are a field in a form (RFC 8621 §4.1.3)."""


def wanted(name: str) -> Wanted | None:
    """What a ``header:…`` property asks for; None where it is none, or the form is not allowed for the field."""
    parts = name.split(":")
    if parts[0] != "header" or not 2 <= len(parts) <= 4 or not _NAME.fullmatch(parts[1]):  # noqa: PLR2004
        return None
    every = parts[-1] == "all" and len(parts) > 2  # noqa: PLR2004
    forms = parts[2 : -1 if every else None]
    if len(forms) > 1:
        return None
    form = forms[0] if forms else "asRaw"
    if form != "asRaw":
        allowed = _ALLOWED.get(form)
        field = parts[1].lower().encode()
        if allowed is None or (field not in allowed and field in _DEFINED):
            return None
    return Wanted(parts[1], form, every)


class Fields:
    """The fields of one header block, read once."""

    def __init__(self, block: bytes) -> None:
        self.all = [(name, _unended(value)) for name, value in header.fields(block)]
        self._by_name: dict[bytes, list[bytes]] = {}
        for name, value in self.all:
            self._by_name.setdefault(name.lower(), []).append(value)

    def get(self, asked: Wanted) -> Any:
        """The field in its form: the last one's, None where there is none; of ``every`` a list."""
        values = self._by_name.get(asked.field, [])
        if asked.every:
            return [form(value, asked.form) for value in values]
        return form(values[-1], asked.form) if values else None

    def last(self, name: bytes) -> bytes | None:
        """The raw value of the last field of this name (lower case)."""
        values = self._by_name.get(name)
        return values[-1] if values else None

    def listed(self) -> list[dict[str, str]]:
        """All fields in order, raw (RFC 8621 §4.1.3: ``headers``)."""
        return [{"name": decode.charset(name, ""), "value": raw(value)} for name, value in self.all]


def _unended(value: bytes) -> bytes:
    if value.endswith(b"\r\n"):
        return value[:-2]
    return value[:-1] if value.endswith(b"\n") else value


def form(value: bytes, kind: str) -> Any:
    """A raw value in a form. None where the form cannot read it."""
    match kind:
        case "asText":
            return text(value)
        case "asAddresses":
            return [one for group in grouped(value) for one in group["addresses"]]
        case "asGroupedAddresses":
            return grouped(value)
        case "asMessageIds":
            found = thread.message_ids(header.unfold(value))
            return [decode.charset(one, "") for one in found] or None
        case "asDate":
            return date.rfc3339(header.unfold(value))
        case "asURLs":
            bare = _COMMENT.sub(b"", header.unfold(value)) if b"<" in value else b""
            return [decode.charset(_BLANK.sub(b"", one), "") for one in _URL.findall(bare)] or None
    return raw(value)


def raw(value: bytes) -> str:
    """The octets as text; NUL is dropped (RFC 8621 §4.1.2.1)."""
    return value.decode("utf-8", "replace").replace("\0", "")


def text(value: bytes) -> str:
    """Unfolded, decoded, NFC (RFC 8621 §4.1.2.2)."""
    return unicodedata.normalize("NFC", header.decode(value))


def grouped(value: bytes) -> list[dict[str, Any]]:
    """Addresses by group; those in none are together under a null name (RFC 8621 §4.1.2.4)."""
    found: list[dict[str, Any]] = []
    is_open = False
    for one in addresses.parse(header.unfold(value)):
        if one == addresses.GROUP_END:
            is_open = False
        elif one.domain is None:
            found.append({"name": text(one.local or b""), "addresses": []})
            is_open = True
        else:
            if not is_open and (not found or found[-1]["name"] is not None):
                found.append({"name": None, "addresses": []})
            found[-1]["addresses"].append(address(one.name, one.local, one.domain))
    return found


def address(name: bytes | None, local: bytes | None, domain: bytes | None) -> dict[str, str | None]:
    """An EmailAddress (RFC 8621 §4.1.2.3)."""
    return {"name": (text(name) or None) if name else None, "email": addresses.spelled(local or b"", domain or b"")}


def flat(listed: Iterable[Any] | None) -> list[dict[str, str | None]] | None:
    """The addresses of a stored ENVELOPE's list, groups dissolved; None where the field is not there."""
    if listed is None:
        return None
    return [address(one[0], one[2], one[3]) for one in listed if len(one) == 4 and one[3] is not None]  # noqa: PLR2004
