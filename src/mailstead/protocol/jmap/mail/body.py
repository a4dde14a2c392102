"""The parts of a message as JMAP shows them (RFC 8621 §4.1.4).

From the stored offsets and the octets: each part's own header is read where one of its properties is asked for. A part's id is
its IMAP section number, so that both protocols speak of the same part.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mailstead.mime import decode, parameter
from mailstead.mime.parts import Part
from mailstead.protocol.jmap.mail.headers import Fields, Wanted, text

PROPERTIES: Final = (
    "partId", "blobId", "size", "name", "type", "charset", "disposition", "cid", "language", "location")
"""What comes when nothing is said (RFC 8621 §4.2)."""
KNOWN: Final = frozenset((*PROPERTIES, "headers", "subParts"))
_MEDIA: Final = frozenset(("image", "audio", "video"))
_ENCODINGS: Final = frozenset(("", "7bit", "8bit", "binary", "base64", "quoted-printable"))
_ID: Final = re.compile(rb"<([^<>]*)>")

OctetsOf = Callable[[int, int], bytes]
"""``(start, end)`` gives stored octets."""


@dataclass(frozen=True, slots=True)
class BodyPart:
    """A part with its number: "1.2"; a multipart has ""."""

    part: Part
    part_id: str
    fields: Fields
    children: tuple["BodyPart", ...]
    size: int | None = None
    """Octets when decoded, where that is known beforehand."""

    @property
    def kind(self) -> str:
        return f"{self.part.type}/{self.part.subtype}"

    @property
    def is_multipart(self) -> bool:
        return self.part.is_multipart

    @property
    def name(self) -> str | None:
        """The file's name: of Content-Disposition, else of Content-Type."""
        return parameter.decoded(self.fields.last(b"content-disposition"), b"filename") or parameter.decoded(
            self.fields.last(b"content-type"), b"name")

    def leaves(self) -> Iterator["BodyPart"]:
        """The parts that are no multipart, in order."""
        if not self.is_multipart:
            yield self
        for child in self.children:
            yield from child.leaves()


def tree(root: Part, octets_of: OctetsOf, sizes: Mapping[tuple[int, int], int] | None = None) -> BodyPart:
    """The body of a message. ``sizes``: decoded octets of parts by where their body lies, for those that are not to be opened."""
    return _tree(root, octets_of, "", sizes or {}, is_root=True)


def _tree(part: Part, octets_of: OctetsOf, number: str, sizes: Mapping[tuple[int, int], int], *, is_root: bool = False) -> BodyPart:
    start, end = part.header
    fields = Fields(octets_of(start, end))
    if part.is_multipart:
        prefix = "" if is_root else number + "."
        children = tuple(_tree(child, octets_of, f"{prefix}{n}", sizes) for n, child in enumerate(part.children, 1))
        return BodyPart(part, "", fields, children)
    return BodyPart(part, "1" if is_root else number, fields, (), sizes.get(part.body))


def find(root: Part, part_id: str) -> Part | None:
    """The part with this id."""
    numbers = part_id.split(".")
    if len(numbers) > 60 or not all(number.isascii() and number.isdigit() and len(number) < 5 for number in numbers):  # noqa: PLR2004
        return None
    if not root.is_multipart:
        return root if part_id == "1" else None
    part = root
    for number in numbers:
        if not part.is_multipart or not 1 <= int(number) <= len(part.children):
            return None
        part = part.children[int(number) - 1]
    return None if part.is_multipart else part


def content(part: Part, octets_of: OctetsOf) -> bytes:
    """A part's octets with the transfer encoding undone."""
    return decode.transfer(octets_of(*part.body), part.encoding)


# ----------------------------------------------------------------------------------------------------------- lists
@dataclass(slots=True)
class Lists:
    """Which parts are shown as text, as HTML, and which are attachments."""

    text: list[BodyPart]
    html: list[BodyPart]
    attachments: list[BodyPart]


def lists(root: BodyPart) -> Lists:
    """The algorithm of RFC 8621 §4.1.4."""
    found = Lists([], [], [])
    _sort(((root),), "mixed", found.text, found.html, found.attachments, in_alternative=False)
    return found


def _sort(parts: tuple[BodyPart, ...], within: str, as_text: list[BodyPart] | None, as_html: list[BodyPart] | None,
          attachments: list[BodyPart], *, in_alternative: bool) -> None:
    texts = len(as_text) if as_text is not None else -1
    htmls = len(as_html) if as_html is not None else -1
    for number, one in enumerate(parts):
        kind, is_media = one.kind, one.part.type in _MEDIA
        is_inline = (
            one.part.disposition != "attachment" and (kind in {"text/plain", "text/html"} or is_media)
            and (number == 0 or (within != "related" and (is_media or not one.name)))
        )
        if one.is_multipart:
            inner = one.part.subtype
            _sort(one.children, inner, as_text, as_html, attachments, in_alternative=in_alternative or inner == "alternative")
        elif not is_inline:
            attachments.append(one)
        elif within == "alternative":
            into = as_text if kind == "text/plain" else as_html if kind == "text/html" else attachments
            if into is not None:
                into.append(one)
        else:
            if in_alternative:
                as_html = None if kind == "text/plain" else as_html
                as_text = None if kind == "text/html" else as_text
            if as_text is not None:
                as_text.append(one)
            if as_html is not None:
                as_html.append(one)
            if (as_text is None or as_html is None) and is_media:
                attachments.append(one)
    if within == "alternative" and as_text is not None and as_html is not None:
        if len(as_text) == texts and len(as_html) != htmls:
            as_text.extend(as_html[htmls:])
        elif len(as_html) == htmls and len(as_text) != texts:
            as_html.extend(as_text[texts:])


# ----------------------------------------------------------------------------------------------------------- one part
def shown(one: BodyPart, properties: tuple[tuple[str, Wanted | None], ...], octets_of: OctetsOf,
          blob_id: Callable[[str], str], *, with_children: bool) -> dict[str, Any]:
    """An EmailBodyPart. ``properties``: names, with what a ``header:…`` among them asks for. ``blob_id`` of a part id."""
    found: dict[str, Any] = {}
    for name, asked in properties:
        found[name] = one.fields.get(asked) if asked is not None else _property(one, name, octets_of, blob_id)
    if with_children and one.is_multipart:
        found["subParts"] = [shown(child, properties, octets_of, blob_id, with_children=True) for child in one.children]
    elif "subParts" in found:
        found["subParts"] = None
    return found


def _property(one: BodyPart, name: str, octets_of: OctetsOf, blob_id: Callable[[str], str]) -> Any:
    match name:
        case "partId":
            return one.part_id or None
        case "blobId":
            return blob_id(one.part_id) if one.part_id else None
        case "size":
            return _size(one, octets_of)
        case "name":
            return one.name
        case "type":
            return one.kind
        case "charset":
            return (one.part.charset or "us-ascii") if one.part.type == "text" else None
        case "disposition":
            return one.part.disposition or None
        case "cid":
            value = one.fields.last(b"content-id")
            match_ = _ID.search(value) if value is not None else None
            return decode.charset(match_[1].strip(), "") if match_ else text(value) or None if value is not None else None
        case "language":
            value = one.fields.last(b"content-language")
            return [tag.strip() for tag in text(parameter.COMMENT.sub(b"", value)).split(",") if tag.strip()] or None if value is not None else None
        case "location":
            value = one.fields.last(b"content-location")
            return "".join(text(value).split()) or None if value is not None else None  # RFC 2557 §4.4.2: blanks are of the folding
        case "headers":
            return one.fields.listed()
    return None


def _size(one: BodyPart, octets_of: OctetsOf) -> int:
    start, end = one.part.body
    if one.is_multipart:
        return 0
    if one.size is not None:
        return one.size
    return len(content(one.part, octets_of)) if one.part.encoding in {"base64", "quoted-printable"} else end - start


# ----------------------------------------------------------------------------------------------------------- values
def value(part: Part, octets_of: OctetsOf, most: int) -> dict[str, Any]:
    """An EmailBodyValue: text with LF lines, at most ``most`` octets of UTF-8 (0: all)."""
    octets = content(part, octets_of)
    found, is_broken = decoded(octets, part.charset)
    is_broken = is_broken or part.encoding not in _ENCODINGS
    found = found.replace("\r\n", "\n").replace("\0", "\ufffd")
    cut = truncated(found, most, is_html=part.subtype == "html") if most else found
    return {"value": cut, "isEncodingProblem": is_broken, "isTruncated": len(cut) < len(found)}


def decoded(octets: bytes, label: str) -> tuple[str, bool]:
    """The text, and whether its label was unknown or untrue."""
    name = decode.codec(label)
    found = decode.charset(octets, label)
    if name is None:
        return found, True
    try:
        octets.decode(name or "ascii")
    except (UnicodeError, ValueError):
        return found, True
    return found, False


def truncated(found: str, most: int, *, is_html: bool) -> str:
    """At most ``most`` octets of UTF-8, no character torn, and no tag (RFC 8621 §4.2)."""
    if len(found) <= most and (found.isascii() or len(found.encode("utf-8", "surrogatepass")) <= most):
        return found
    cut = found[:most].encode("utf-8", "surrogatepass")[:most].decode("utf-8", "ignore")
    if is_html:
        opened = cut.rfind("<")
        if opened > cut.rfind(">"):
            cut = cut[:opened]
    return cut
