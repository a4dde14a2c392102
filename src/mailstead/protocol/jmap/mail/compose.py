"""Email/set create: an Email object becomes a message (RFC 8621 §4.6).

Everything is judged before anything is written; what is wrong names its properties. The message is written by ``mime.compose``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from mailstead.mime import compose, date
from mailstead.model import limits
from mailstead.protocol.jmap.mail import headers
from mailstead.protocol.jmap.mail.headers import Wanted

_ELSEWHERE: Final = frozenset(("mailboxIds", "keywords", "receivedAt"))
_SERVER_SET: Final = frozenset(("id", "blobId", "threadId", "size", "hasAttachment", "preview", "headers"))
_BODY: Final = frozenset(("bodyStructure", "bodyValues", "textBody", "htmlBody", "attachments"))
_PART: Final = frozenset((
    "partId", "blobId", "size", "name", "type", "charset", "disposition", "cid", "language", "location", "subParts", "headers"))
_KINDS: Final = {
    kind: re.compile(rf"{kind}\s*(?:;(?!\s*charset\b)[^;]*)*;\s*charset\s*=\s*\"?utf-8\"?\s*(?:;(?!\s*charset\b)[^;]*)*", re.IGNORECASE) for kind in ("text/plain", "text/html")
}
"""Content-Type of a text, with one charset."""
_ORDER: Final = (b"date", b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc", b"message-id", b"in-reply-to", b"references", b"subject")


class BadEmail(Exception):
    """What is wrong with an Email object: ``properties`` of it, or ``blobs`` that are not there."""

    def __init__(self, properties: tuple[str, ...], why: str = "", *, blobs: tuple[str, ...] = ()) -> None:
        super().__init__(why or ", ".join(properties))
        self.properties = properties
        self.blobs = blobs


@dataclass(slots=True)
class _Part:
    """A part to be written."""

    kind: str
    path: str
    value: str | None = None
    blob_id: str | None = None
    name: str | None = None
    charset: str | None = None
    disposition: str | None = None
    cid: str | None = None
    language: list[str] = field(default_factory=list)
    location: str | None = None
    fields: list[tuple[str, bytes]] = field(default_factory=list)
    children: list["_Part"] = field(default_factory=list)


@dataclass(slots=True)
class Draft:
    """A judged Email: its fields, and the body that is to be written. ``blobs`` are those it is made with."""

    fields: list[tuple[str, bytes]]
    body: _Part
    blobs: tuple[str, ...]


def draft(email: Mapping[str, Any]) -> Draft:
    """Judge an Email object. Raises ``BadEmail``."""
    given = {name: value for name, value in email.items() if value is not None and name not in _ELSEWHERE}
    bad = [name for name in given if name in _SERVER_SET]
    fields: dict[bytes, tuple[str, list[bytes]]] = {}
    for name, value in given.items():
        if name in _BODY or name in _SERVER_SET:
            continue
        asked = headers.CONVENIENT.get(name) or headers.wanted(name)
        try:
            if asked is None or asked.field.startswith(b"content-") or asked.field in fields:
                raise ValueError
            fields[asked.field] = (asked.name, written(asked, value))
        except (ValueError, TypeError, KeyError, AttributeError):
            bad.append(name)
    if bad:
        raise BadEmail(tuple(bad))
    judge = _Judge(given, frozenset(fields))
    body = judge.body()
    listed = sorted(fields.items(), key=lambda one: _ORDER.index(one[0]) if one[0] in _ORDER else len(_ORDER))
    return Draft([(name, value) for _, (name, values) in listed for value in values], body, tuple(judge.blobs))


def written(asked: Wanted, value: Any) -> list[bytes]:
    """The field's values as they stand in a message. Raises ``ValueError`` and the like for what does not fit the form."""
    if asked.every:
        if not isinstance(value, list):
            raise ValueError
        return [_written(asked.form, one) for one in value]
    return [_written(asked.form, value)]


def _written(form: str, value: Any) -> bytes:
    match form:
        case "asRaw":
            octets = _string(value).encode("utf-8", "strict")
            if any(line[:1] not in {b" ", b"\t"} for line in octets.split(b"\r\n")[1:]) or octets.translate(None, b"\r\n") != octets.replace(b"\r\n", b""):
                raise ValueError
            return octets
        case "asText":
            return compose.text(_line(value))
        case "asAddresses":
            return compose.addresses(_addresses(value))
        case "asGroupedAddresses":
            return compose.groups([
                (None if one["name"] is None else _line(one["name"]), _addresses(one["addresses"])) for one in _list(value)])
        case "asMessageIds":
            found = [_line(one) for one in _list(value)]
            if not found or any(character in one for one in found for character in "<> \t") or not all(found):
                raise ValueError
            return compose.ids(found)
        case "asDate":
            at = datetime.fromisoformat(_line(value))
            if at.tzinfo is None:
                raise ValueError
            return date.rfc5322(at)
        case "asURLs":
            found = [_line(one) for one in _list(value)]
            if not found or any(character in one for one in found for character in "<> ") or not all(one.isascii() and one for one in found):
                raise ValueError
            return b",\r\n ".join(b"<" + one.encode() + b">" for one in found)
    raise ValueError


def _string(value: Any) -> str:
    if not isinstance(value, str) or len(value) > limits.MIME_HEADER_FIELD or "\0" in value:
        raise ValueError
    value.encode("utf-8")
    return value


def _line(value: Any) -> str:
    found = _string(value)
    if "\r" in found or "\n" in found:
        raise ValueError
    return found


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > limits.MIME_ADDRESSES:
        raise ValueError
    return value


def _addresses(value: Any) -> list[tuple[str | None, str]]:
    found: list[tuple[str | None, str]] = []
    for one in _list(value):
        if not isinstance(one, dict) or one.keys() - {"name", "email"}:
            raise ValueError
        email = _line(one["email"])
        name = one.get("name")
        if not email or any(character in "<>," or ord(character) < 33 for character in (email if '"' not in email else "")):  # noqa: PLR2004
            raise ValueError
        found.append((None if name is None else _line(name), email))
    return found


class _Judge:
    """Judges the body of an Email object. ``taken``: the fields that the Email has itself, in lower case."""

    def __init__(self, given: Mapping[str, Any], taken: frozenset[bytes]) -> None:
        self._given = given
        self._taken = taken
        self._left = limits.JMAP_COMPOSE_PARTS
        self.blobs: list[str] = []
        values = given.get("bodyValues", {})
        if not isinstance(values, dict) or not all(
            isinstance(one, dict) and isinstance(one.get("value"), str) and not one.get("isEncodingProblem") and not one.get("isTruncated")
            and not one.keys() - {"value", "isEncodingProblem", "isTruncated"} for one in values.values()
        ):
            raise BadEmail(("bodyValues",), "bodyValues maps part ids to values that are whole")
        self._values: dict[str, Any] = values

    def body(self) -> _Part:
        given = self._given
        if "bodyStructure" in given:
            both = tuple(name for name in ("textBody", "htmlBody", "attachments") if name in given)
            if both:
                raise BadEmail(("bodyStructure", *both), "bodyStructure stands alone")
            return self._part(given["bodyStructure"], "bodyStructure", 0, is_root=True)
        texts = self._one("textBody", "text/plain")
        htmls = self._one("htmlBody", "text/html")
        attachments = [self._part(one, f"attachments/{n}", 1) for n, one in enumerate(self._parts("attachments"))]
        root = _Part("text/plain", "textBody", value="") if texts is None and htmls is None else texts or htmls
        related = [one for one in attachments if one.disposition == "inline" and one.cid] if htmls else []
        if htmls is not None and related:
            htmls = _Part("multipart/related", "", children=[htmls, *related])
            attachments = [one for one in attachments if one not in related]
            root = texts or htmls
        if texts is not None and htmls is not None:
            root = _Part("multipart/alternative", "", children=[texts, htmls])
        assert root is not None  # noqa: S101 - one of the three above
        return _Part("multipart/mixed", "", children=[root, *attachments]) if attachments else root

    def _parts(self, name: str) -> list[Any]:
        value = self._given.get(name, [])
        if not isinstance(value, list) or len(value) > limits.JMAP_COMPOSE_PARTS:
            raise BadEmail((name,), f"{name} is a list of parts")
        return value

    def _one(self, name: str, kind: str) -> _Part | None:
        found = self._parts(name)
        if name not in self._given or not found:
            if name in self._given:
                raise BadEmail((name,), f"{name} is one part of type {kind}")
            return None
        if len(found) != 1 or not isinstance(found[0], dict) or found[0].get("type", kind) != kind:
            raise BadEmail((name,), f"{name} is one part of type {kind}")
        one = found[0]
        raw = next((given for given in one if given.lower().startswith("header:content-type")), None)
        if raw is None or "type" in one:
            return self._part({**one, "type": kind}, f"{name}/0", 1)
        # The field itself, for parameters of one's own (format=flowed): of the same type, and in the charset that values are written in.
        if not isinstance(one[raw], str) or not _KINDS[kind].fullmatch(one[raw].strip()):
            raise BadEmail((f"{name}/0/{raw}",), f"{name} is one part of type {kind} in UTF-8")
        part = self._part(one, f"{name}/0", 1)
        part.kind = kind
        return part

    def _part(self, given: Any, path: str, depth: int, *, is_root: bool = False) -> _Part:
        self._left -= 1
        if not isinstance(given, dict) or depth > limits.JMAP_COMPOSE_DEPTH or self._left < 0:
            raise BadEmail((path,), "a part is an object, and not too many or too deep")
        part = {name: value for name, value in given.items() if value is not None}
        bad = [name for name in part if name not in _PART and not name.startswith("header:")] + (["headers"] if "headers" in part else [])
        if bad:
            raise BadEmail(tuple(f"{path}/{name}" for name in bad))
        kind = part.get("type", "text/plain" if "subParts" not in part else "multipart/mixed")
        if not isinstance(kind, str) or not _is_kind(kind):
            raise BadEmail((f"{path}/type",))
        found = _Part(kind.lower(), path)
        for name in ("name", "charset", "disposition", "cid", "location"):
            if name in part:
                try:
                    setattr(found, name, _line(part[name]))
                except (ValueError, UnicodeError):
                    raise BadEmail((f"{path}/{name}",)) from None
        if found.cid is not None and any(character in found.cid for character in "<> \t"):
            raise BadEmail((f"{path}/cid",))
        language = part.get("language", [])
        if not isinstance(language, list) or not all(isinstance(one, str) and one.isascii() and one.isprintable() for one in language):
            raise BadEmail((f"{path}/language",))
        found.language = language
        self._fields(part, found, is_root=is_root)
        self._content(part, found, depth)
        return found

    def _fields(self, part: dict[str, Any], found: _Part, *, is_root: bool) -> None:
        own = {
            b"content-type": True, b"content-disposition": "disposition" in part or "name" in part, b"content-id": "cid" in part,
            b"content-language": "language" in part, b"content-location": "location" in part, b"content-transfer-encoding": True,
        }
        seen: set[bytes] = set()
        for name, value in part.items():
            if not name.startswith("header:"):
                continue
            asked = headers.wanted(name)
            try:
                is_raw_kind = asked is not None and asked.field in {b"content-type", b"content-disposition"} and "type" not in part
                if asked is None or asked.field in seen or (own.get(asked.field) and not is_raw_kind):
                    raise ValueError
                if is_root and asked.field in self._taken:  # the root's header is the message's (RFC 8621 §4.6)
                    raise ValueError
                seen.add(asked.field)
                found.fields += [(asked.name, octets) for octets in written(asked, value)]
            except (ValueError, TypeError, KeyError, AttributeError):
                raise BadEmail((f"{found.path}/{name}",)) from None

    def _content(self, part: dict[str, Any], found: _Part, depth: int) -> None:
        path = found.path
        if found.kind.startswith("multipart/"):
            bad = tuple(f"{path}/{name}" for name in ("partId", "blobId", "size", "charset") if name in part)
            inner = part.get("subParts")
            if bad or not isinstance(inner, list) or not inner:
                raise BadEmail(bad or (f"{path}/subParts",), "a multipart has parts, and nothing of its own")
            found.children = [self._part(one, f"{path}/subParts/{n}", depth + 1) for n, one in enumerate(inner)]
            return
        if part.get("subParts"):
            raise BadEmail((f"{path}/subParts",))
        part_id, blob_id = part.get("partId"), part.get("blobId")
        if (part_id is None) == (blob_id is None):
            raise BadEmail((f"{path}/partId", f"{path}/blobId"), "a part has either a partId or a blobId")
        if blob_id is not None:
            if not isinstance(blob_id, str):
                raise BadEmail((f"{path}/blobId",))
            found.blob_id = blob_id
            self.blobs.append(blob_id)
            return
        bad = tuple(f"{path}/{name}" for name in ("charset", "size") if name in part)
        if bad:
            raise BadEmail(bad, "charset and size of a partId are the server's")
        if not isinstance(part_id, str) or part_id not in self._values or not found.kind.startswith("text/"):
            raise BadEmail((f"{path}/partId",), "a partId names a value of bodyValues, and is text")
        value = self._values[part_id]["value"]
        try:
            value.encode("utf-8")
        except UnicodeError:
            raise BadEmail((f"bodyValues/{part_id}/value",)) from None
        found.value = value


def _is_kind(kind: str) -> bool:
    main, slash, sub = kind.partition("/")
    return bool(slash) and all(
        piece and len(piece) < 128 and piece.isascii() and not set(piece) & set("()<>@,;:\\\"/[]?= ") and piece.isprintable()  # noqa: PLR2004
        for piece in (main, sub))


# ----------------------------------------------------------------------------------------------------------- writing
def message(found: Draft, blobs: Mapping[str, bytes], *, now: datetime, message_id: str, boundary: Callable[[], str]) -> bytes:
    """The message. ``blobs`` are those of the draft; ``message_id`` and ``now`` serve where it has none of its own."""
    names = {name.lower() for name, _ in (*found.fields, *found.body.fields)}
    lines = []
    if "date" not in names:
        lines.append(compose.field("Date", date.rfc5322(now)))
    lines += [compose.field(name, value) for name, value in found.fields]
    if "message-id" not in names:
        lines.append(compose.field("Message-ID", compose.ids([message_id])))
    if "mime-version" not in names:
        lines.append(compose.field("MIME-Version", b"1.0"))
    return b"".join(lines) + _write(found.body, blobs, boundary)


def _write(part: _Part, blobs: Mapping[str, bytes], boundary: Callable[[], str]) -> bytes:
    """A part with its header."""
    kind = part.kind.encode()
    lines = [compose.field(name, value) for name, value in part.fields]
    names = {name.lower() for name, _ in part.fields}
    encoding = ""
    if part.children:
        line = boundary()
        kind += compose.parameter("boundary", line)
        octets = compose.multipart([_write(child, blobs, boundary) for child in part.children], line)
    elif part.value is not None:
        encoding, octets = compose.encoded_text(part.value)
        kind += b"; charset=utf-8"
    else:
        octets = blobs[part.blob_id or ""]
        if part.charset:
            kind += compose.parameter("charset", part.charset)
        if part.kind in {"message/rfc822", "message/global"}:
            octets = compose.canonical(octets)  # RFC 2046 §5.2.1: no encoding that hides it
            encoding = "7bit" if octets.isascii() else "8bit"
        else:
            encoding, octets = "base64", compose.base64_lines(octets)
    if part.name is not None:
        kind += compose.parameter("name", part.name) if part.name.isascii() else b""
    if "content-type" not in names:
        lines.append(compose.field("Content-Type", kind))
    if encoding and encoding != "7bit":
        lines.append(compose.field("Content-Transfer-Encoding", encoding.encode()))
    disposition = part.disposition or ("attachment" if part.name is not None else None)
    if disposition is not None and "content-disposition" not in names:
        token = disposition.encode("ascii", "replace")
        lines.append(compose.field("Content-Disposition", token + (compose.parameter("filename", part.name) if part.name is not None else b"")))
    if part.cid is not None:
        lines.append(compose.field("Content-ID", compose.ids([part.cid])))
    if part.language:
        lines.append(compose.field("Content-Language", ", ".join(part.language).encode()))
    if part.location is not None:
        lines.append(compose.field("Content-Location", compose.text(part.location)))
    return b"".join(lines) + b"\r\n" + octets
