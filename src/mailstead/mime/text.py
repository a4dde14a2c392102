"""Readable text of a message: for the search index, the preview and whoever wants words.

HTML is stripped by our own small scanner: it never builds a tree, runs in one pass over the text, and what it cannot
read it drops (DECISIONS 36).
"""

import html
import re
from collections.abc import Callable, Iterator
from typing import Final

from mailstead.mime import decode, header, parameter
from mailstead.mime.parts import Part
from mailstead.model import limits

_TAG_NAME: Final = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]*)")
_LABEL: Final = re.compile(r"""\s(?:alt|title)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_FIRST_LOOK_OCTETS: Final = 600
_SKIPPED: Final = frozenset({"script", "style", "head", "title", "template", "noscript", "svg"})
_INLINE: Final = frozenset({"a", "b", "i", "u", "em", "strong", "span", "font", "small", "big", "sub", "sup", "wbr", "code", "tt", "abbr"})


def texts(octets_of: Callable[[int, int], bytes], root: Part, *, limit: int) -> Iterator[str]:
    """Decoded text of every text/plain and text/html part, tags stripped; embedded messages included, each with its own header.

    ``octets_of(start, end)`` gives stored octets; at most ``limit`` octets are read from one part.
    """
    for part in root.parts():
        if part.is_message:
            start, end = part.children[0].header
            yield _fields(octets_of(start, min(end, start + limit)))
        elif part.type == "text" and not part.children and part.subtype not in {"css", "rtf", "calendar", "richtext"}:
            start, end = part.body
            text = of_part(octets_of(start, min(end, start + limit)), part, with_labels=True)
            if text:
                yield text


def labels(octets_of: Callable[[int, int], bytes], root: Part, *, limit: int) -> Iterator[str]:
    """What parts are called: the MIME header fields of those within ``root`` (RFC 9051 §6.4.4, key TEXT), and all file names undone of RFC 2231's encoding.

    Embedded messages' own headers are among the ``texts``.
    """
    inner = {id(part.children[0]) for part in root.parts() if part.is_message}
    for part in root.parts():
        start, end = part.header
        block = octets_of(start, min(end, start + limit)) if end > start else b""
        if part is not root and id(part) not in inner and block:
            yield _fields(block)
        for name, value in header.fields(block):
            key = _NAMED_IN.get(name.lower())
            if key is not None and b"*" in value and (found := parameter.decoded(value, key)):
                yield found


def file_names(octets_of: Callable[[int, int], bytes], root: Part, *, limit: int) -> Iterator[str]:
    """The names of files in a message and in those embedded in it: of Content-Disposition, else of Content-Type."""
    for part in root.parts():
        start, end = part.header
        block = octets_of(start, min(end, start + limit)) if end > start else b""
        named = {}
        for name, value in header.fields(block):
            key = _NAMED_IN.get(name.lower())
            if key is not None and (found := parameter.decoded(value, key)):
                named[key] = found
        if named:
            yield named.get(b"filename") or named[b"name"]


_NAMED_IN: Final = {b"content-disposition": b"filename", b"content-type": b"name"}


def _fields(block: bytes) -> str:
    return "\n".join(f"{decode.charset(name, '')}: {header.decode(value)}" for name, value in header.fields(block))


def of_part(octets: bytes, part: Part, *, with_labels: bool = False) -> str:
    """The text of one text part's body. ``with_labels``: see ``strip_tags``."""
    text = decode.charset(decode.transfer(octets, part.encoding), part.charset)
    return strip_tags(text, with_labels=with_labels) if part.subtype in {"html", "xhtml", "xhtml+xml"} else text


def strip_tags(source: str, *, with_labels: bool = False) -> str:
    """The words of HTML: no tags, no comments, no script or style; block ends become line ends; entities decoded.

    ``with_labels``: what ``alt`` and ``title`` say as well, for they are shown to people (RFC 8621 §4.4.1).
    """
    out: list[str] = []
    find = source.find
    lowered = source.lower()
    if len(lowered) != len(source):  # a character that grows in lower case would shift every place
        lowered = source
    at = 0
    while True:
        open_at = find("<", at)
        if open_at < 0:
            out.append(source[at:])
            break
        out.append(source[at:open_at])
        if source.startswith("<!--", open_at):
            close = find("-->", open_at + 4)
            if close < 0:
                break
            at = close + 3
            continue
        match = _TAG_NAME.match(source, open_at + 1)
        if match is None and source[open_at + 1 : open_at + 2] not in {"!", "?"}:
            out.append("<")
            at = open_at + 1
            continue
        close = find(">", open_at)
        if close < 0:
            break
        at = close + 1
        name = match[1].lower() if match else ""
        if name in _SKIPPED and source[open_at + 1] != "/" and source[close - 1] != "/":
            end = lowered.find("</" + name, at)
            if end < 0:
                break
            at = end
            continue
        if with_labels and name:
            for label in _LABEL.finditer(source, match.end() if match else open_at, close):
                out.append(f" {label[1] or label[2] or label[3] or ''} ")
        if name not in _INLINE:
            out.append("\n")
    return html.unescape("".join(out))


def preview(octets_of: Callable[[int, int], bytes], root: Part) -> str:
    """The first words of the message, on one line, at most ``limits.PREVIEW_CHARACTERS`` (RFC 8970 §3.1, RFC 8621 §4.1.4)."""
    chosen = None
    for part in root.leaves():
        if part.type == "text" and part.disposition != "attachment":
            if part.subtype == "plain":
                chosen = part
                break
            if chosen is None and part.subtype == "html":
                chosen = part
    if chosen is None:
        return ""
    start, end = chosen.body
    text = ""
    for most in (_FIRST_LOOK_OCTETS, limits.PREVIEW_SOURCE):
        octets = octets_of(start, min(end, start + most))
        is_plain = chosen.subtype == "plain"
        text = of_part(octets, chosen)
        if is_plain and ">" in text:
            text = "\n".join(line for line in text.split("\n") if not line.startswith(">"))
        text = " ".join(text.split())
        if len(text) >= limits.PREVIEW_CHARACTERS or end - start <= most:
            break
    return text[: limits.PREVIEW_CHARACTERS].strip()
