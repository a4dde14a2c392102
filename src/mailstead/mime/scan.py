"""The one reading of a message, at its arrival.

``scan`` walks the octets once and leaves what every later reader needs: ENVELOPE and BODYSTRUCTURE as they go over the
wire, the offsets of every part, what threads are made from, a preview. It is byte-exact: offsets point into the octets
as they are stored, so ``BODY[1.2]`` is a slice. Lines end in CRLF (``service`` sees to that before storing); a message
that is torn, endless or too deep is read as far as it makes sense, and the rest is one opaque part (DECISIONS 35).
"""

import mmap
import re
from typing import Final

import msgspec
from msgspec.structs import replace

from mailstead.mime import date, header, parameter, parts, structure, text, thread
from mailstead.mime.envelope import empty, envelope
from mailstead.mime.parts import Part
from mailstead.mime.wire import nstring
from mailstead.model import limits
from mailstead.model.message import Octets

_WANTED_TOP: Final = frozenset(
    b"date subject from sender reply-to to cc bcc in-reply-to message-id references content-type"
    b" content-transfer-encoding content-disposition content-id content-description content-language"
    b" content-location content-md5".split()
)
_TYPE: Final = re.compile(rb"\s*([A-Za-z0-9!#$&^_.+-]+)\s*/\s*([A-Za-z0-9!#$&^_.+-]+)")
_COUNT_CHUNK: Final = 1 << 20


class Scan(msgspec.Struct, frozen=True):
    """What one reading of a message found. Wire forms are IMAP's, without the item's name. A struct, for every message makes two."""

    size_octets: int
    header_octets: int
    """The top header block, its blank line included."""
    envelope: bytes
    structure: bytes
    parts: bytes
    message_id: bytes
    """Without angle brackets; b"" where there is none."""
    references: tuple[bytes, ...]
    base_subject: str
    is_reply: bool
    sent_at_ms: int | None
    preview: str
    has_attachment: bool
    empty: tuple[str, ...] = ()
    """Address fields that are there and hold no address: ``from``, ``to``, ``cc``, ``bcc``."""


def scan(octets: Octets) -> Scan:
    """Read a message. Never fails; see the module's docstring."""
    size = len(octets)
    walk = _Walk(octets)
    root, wire, found = walk.message(0, size, 0)
    get = found.get
    message_ids = thread.message_ids(get(b"message-id", b"")[:2_000])
    base, is_reply = thread.base_subject(header.decode(get(b"subject", b"")[:4_000]))
    return Scan(
        size_octets=size,
        header_octets=root.body[0],
        envelope=envelope(found),
        structure=wire,
        parts=parts.pack(root),
        message_id=message_ids[0] if message_ids else b"",
        references=thread.references(get(b"references", b"")[:100_000], get(b"in-reply-to", b"")[:10_000]),
        base_subject=base,
        is_reply=is_reply,
        sent_at_ms=date.wall_clock_ms(header.unfold(get(b"date", b""))),
        preview=text.preview(lambda start, end: octets[start:end], root),
        has_attachment=_has_attachment(root, "", walk.named),
        empty=empty(found),
    )


def with_prefix(found: Scan, prefix: bytes) -> Scan:
    """The scan of ``prefix`` + the same octets; ``prefix`` is whole header lines that no envelope field stands in."""
    added = len(prefix)
    return replace(
        found,
        size_octets=found.size_octets + added,
        header_octets=found.header_octets + added,
        parts=parts.shift(found.parts, added),
    )


class _Walk:
    """The recursion over one message's parts, with its budget."""

    def __init__(self, octets: Octets) -> None:
        self._octets = octets
        self._left = limits.MIME_PARTS
        self.named: set[int] = set()
        """Where the bodies of texts begin that have the name of a file."""

    def message(self, start: int, end: int, depth: int) -> tuple[Part, bytes, dict[bytes, bytes]]:
        """A message between two places: its root part, BODYSTRUCTURE and wanted fields."""
        return self._part(start, end, depth, b"text/plain")

    def _part(self, start: int, end: int, depth: int, default: bytes) -> tuple[Part, bytes, dict[bytes, bytes]]:
        self._left -= 1
        body, found = self._header(start, end)
        kind, subtype, pairs = _content_type(found.get(b"content-type"), default)
        encoding = _token(found.get(b"content-transfer-encoding")) or b"7bit"
        disposed, disposed_pairs = _disposition(found.get(b"content-disposition"))
        extension = b"%b %b %b" % (
            structure.disposition(disposed, disposed_pairs),
            structure.language(_unfolded(found, b"content-language")),
            nstring(_unfolded(found, b"content-location")),
        )
        may_open = depth < limits.MIME_DEPTH and self._left > 0
        if kind == b"multipart":
            boundary = next((value for name, value in pairs if name == b"boundary"), b"")
            if boundary and may_open:
                default = b"message/rfc822" if subtype == b"digest" else b"text/plain"
                opened = self._multipart(body, end, boundary, depth, default)
                if opened:
                    children = tuple(part for part, _ in opened)
                    wire = structure.multipart([inner for _, inner in opened], subtype, pairs, extension)
                    return _made(kind, subtype, b"", encoding, disposed, start, body, end, children), wire, found
            # No part inside: what is there is shown as text (it says it is a multipart and is not).
            kind, subtype, pairs = b"text", b"plain", []
        elif kind == b"message" and subtype in {b"rfc822", b"global"}:
            if may_open and encoding in {b"7bit", b"8bit", b"binary"}:
                inner, inner_wire, inner_found = self._part(body, end, depth + 1, b"text/plain")
                extra = b" %b %b %d" % (envelope(inner_found), inner_wire, self._lines(body, end))
                wire = self._leaf(kind, subtype, pairs, found, encoding, end - body, extra, extension)
                return _made(kind, subtype, b"", encoding, disposed, start, body, end, (inner,)), wire, found
            # RFC 2046 §5.2.1 allows no other encoding here; too deep is opaque too.
            kind, subtype = b"application", b"octet-stream"
        charset = b""
        extra = b""
        if kind == b"text":
            charset = next((value for name, value in pairs if name == b"charset"), b"")
            if not charset:
                pairs = [(b"charset", b"us-ascii"), *pairs]
            extra = b" %d" % self._lines(body, end)
            if _is_named(pairs, b"name") or _is_named(disposed_pairs, b"filename"):
                self.named.add(body)
        wire = self._leaf(kind, subtype, pairs, found, encoding, end - body, extra, extension)
        return _made(kind, subtype, charset, encoding, disposed, start, body, end, ()), wire, found

    def _leaf(self, kind: bytes, subtype: bytes, pairs: structure.Parameters, found: dict[bytes, bytes], encoding: bytes,
              size: int, extra: bytes, extension: bytes) -> bytes:  # fmt: skip
        md5 = nstring(_unfolded(found, b"content-md5"))
        return structure.leaf(
            kind, subtype, pairs, _unfolded(found, b"content-id"), _unfolded(found, b"content-description"), encoding,
            size, extra, md5 + b" " + extension,
        )  # fmt: skip

    def _header(self, start: int, end: int) -> tuple[int, dict[bytes, bytes]]:
        """Where the body begins, and the wanted fields (see ``_wanted``; raw values)."""
        octets = self._octets
        if octets[start : min(start + 2, end)] == b"\r\n":
            return start + 2, {}
        stop = octets.find(b"\r\n\r\n", start, min(end, start + limits.MIME_HEADER_BLOCK))
        if stop >= 0:
            body = stop + 4
            stop += 2
        elif end - start <= limits.MIME_HEADER_BLOCK:
            body = stop = end
        else:
            # Longer than the bound: the last whole line inside the bound ends the header.
            cut = octets.rfind(b"\r\n", start, start + limits.MIME_HEADER_BLOCK)
            body = stop = cut + 2 if cut >= 0 else start + limits.MIME_HEADER_BLOCK
        block = octets[start:stop]
        return body, _wanted(block)

    def _multipart(self, start: int, end: int, boundary: bytes, depth: int, default: bytes) -> list[tuple[Part, bytes]]:
        """The parts between the boundary lines of [start, end). RFC 2046 §5.1.1."""
        opened: list[tuple[Part, bytes]] = []
        delimiter = b"\r\n--" + boundary
        line = self._delimiter(start, end, delimiter, at_start=True)
        while line is not None:
            _, behind, is_last = line
            if is_last:
                break
            following = self._delimiter(behind - 2, end, delimiter, at_start=False)
            stop = end if following is None else max(behind, following[0])
            if self._left <= 1:
                # The budget ends: all that is left is one opaque part, which must not be opened.
                opened.append(self._opaque(behind, end))
                break
            part, wire, _ = self._part(behind, stop, depth + 1, default)
            opened.append((part, wire))
            line = following
        return opened

    def _delimiter(self, start: int, end: int, delimiter: bytes, *, at_start: bool) -> tuple[int, int, bool] | None:
        """The next boundary line: where the CRLF before it begins, where its own ends, whether it is the closing one."""
        octets = self._octets
        at = start
        if at_start and octets[start : min(end, start + len(delimiter) - 2)] == delimiter[2:]:
            at = start - 2
        else:
            at = octets.find(delimiter, max(start, 0), end)
        while at >= 0:
            after = at + len(delimiter)
            line_end = octets.find(b"\r\n", after, end)
            stop = end if line_end < 0 else line_end
            if stop - after <= 200:  # noqa: PLR2004 - transport padding is blanks, a few at most
                rest = octets[after:stop].rstrip(b" \t")
                if rest in {b"", b"--"}:
                    return at, end if line_end < 0 else line_end + 2, rest == b"--"
            at = octets.find(delimiter, after, end)
        return None

    def _opaque(self, start: int, end: int) -> tuple[Part, bytes]:
        body, _ = self._header(start, end)
        wire = structure.leaf(
            b"application", b"octet-stream", [], None, None, b"binary", end - body, b"", b"NIL NIL NIL NIL"
        )
        return _made(b"application", b"octet-stream", b"", b"binary", b"", start, body, end, ()), wire

    def _lines(self, start: int, end: int) -> int:
        octets = self._octets
        if isinstance(octets, mmap.mmap):
            return sum(
                octets[at : min(at + _COUNT_CHUNK, end)].count(b"\n") for at in range(start, end, _COUNT_CHUNK)
            )
        return octets.count(b"\n", start, end)


def _wanted(block: bytes) -> dict[bytes, bytes]:
    """Each wanted field, raw: of those that say what a part is the first, of the others the last (RFC 8621 §4.1.2; it is also the one that a DKIM
    signature covers, RFC 6376 §5.4.2). A tight loop: this runs for every part of every message."""
    found: dict[bytes, bytes] = {}
    find = block.find
    size = len(block)
    at = 0
    lines = 0
    while at < size and lines < limits.MIME_HEADER_FIELDS:
        lines += 1
        end = find(b"\r\n", at) + 2
        if end < 2:  # noqa: PLR2004 - no CRLF any more
            end = size
        colon = find(b":", at, end)
        if colon > at:
            name = block[at:colon].lower().rstrip()
            if name in _WANTED_TOP and (name not in found or name[:8] != b"content-"):
                while end < size and block[end] in b" \t":
                    end = find(b"\r\n", end) + 2
                    if end < 2:  # noqa: PLR2004
                        end = size
                if end - at <= limits.MIME_HEADER_FIELD:
                    found[name] = block[colon + 1 : end]
        at = end
    return found


def _content_type(value: bytes | None, default: bytes) -> tuple[bytes, bytes, structure.Parameters]:
    """Type and subtype in lower case, and the parameters in order. RFC 2045 §5.1; nonsense is text/plain (§5.2)."""
    if value is None:
        kind, _, subtype = default.partition(b"/")
        return kind, subtype, []
    value = header.unfold(value)
    match = _TYPE.match(value)
    if match is None:
        bare = value.split(b";")[0].strip().lower()
        return (b"text", b"plain", parameter.pairs(value, value.find(b";"))) if bare in {b"text", b""} else (
            b"application", b"octet-stream", [])  # fmt: skip
    return match[1].lower(), match[2].lower(), parameter.pairs(value, match.end())


def _disposition(value: bytes | None) -> tuple[bytes, structure.Parameters]:
    """RFC 2183 §2."""
    if value is None:
        return b"", []
    value = header.unfold(value)
    word = parameter.COMMENT.sub(b"", value.split(b";", 1)[0]).strip().lower()
    return word[:100], parameter.pairs(value, len(value.split(b";", 1)[0]))


def _token(value: bytes | None) -> bytes:
    if value is None:
        return b""
    return header.unfold(parameter.COMMENT.sub(b"", value)).split(b";")[0].strip(b' \t"').lower()[:100]


def _unfolded(found: dict[bytes, bytes], name: bytes) -> bytes | None:
    value = found.get(name)
    return None if value is None else header.unfold(value)


def _made(kind: bytes, subtype: bytes, charset: bytes, encoding: bytes, disposed: bytes, start: int, body: int, end: int,
          children: tuple[Part, ...]) -> Part:  # fmt: skip
    return Part(
        _name(kind), _name(subtype), _name(charset.lower()), _name(encoding), _name(disposed), (start, body), (body, end), children
    )


def _name(octets: bytes) -> str:
    return octets.decode("ascii", "replace").replace("\t", " ").replace("\n", " ")


def _is_named(pairs: structure.Parameters, name: bytes) -> bool:
    return any(key.partition(b"*")[0] == name and value for key, value in pairs)


def _has_attachment(part: Part, parent: str, named: set[int], *, is_first: bool = True) -> bool:
    """RFC 8621 §4.1.4: something that a reader would call an attachment. A text that has a file's name and does not come first is one."""
    if part.is_multipart:
        return any(_has_attachment(child, part.subtype, named, is_first=number == 0) for number, child in enumerate(part.children))
    if part.disposition == "attachment" or part.type == "message":
        return part.disposition != "inline" or part.type == "message"
    if parent in {"related", "report", "signed", "encrypted", "alternative"}:
        return False
    if part.type == "text" and part.subtype in {"plain", "html", "enriched", "x-amp-html"}:
        return not is_first and part.body[0] in named and part.disposition != "inline"
    return not (part.disposition == "inline" and part.type == "image")
