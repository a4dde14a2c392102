"""FETCH, by number or UID (RFC 9051 §6.4.5, RFC 3501 §6.4.5, RFC 3516 §4.1-4.3, RFC 7162 §3.1.4, RFC 8474 §5)."""

from dataclasses import dataclass
from typing import Final

from mailstead.model import limits
from mailstead.model.errors import Violation
from mailstead.protocol.imap.tokens import Reader, Sequence

_MACROS: Final = {
    "FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "ALL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "FULL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}
_PLAIN: Final = frozenset({
    "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODYSTRUCTURE", "UID", "MODSEQ", "EMAILID", "THREADID",
    "SAVEDATE", "PREVIEW",
})  # fmt: skip
_ITEMS: Final = 200
_TEXTS: Final = frozenset({"HEADER", "TEXT", "MIME", "HEADER.FIELDS", "HEADER.FIELDS.NOT"})


@dataclass(frozen=True, slots=True)
class Section:
    """Octets of a message that are asked for.

    ``label`` is the item's name in the response. ``kind``: ``body``, ``binary`` or ``size`` (of what is binary).
    ``text``: "" (the part whole), ``HEADER``, ``TEXT``, ``MIME``, ``HEADER.FIELDS`` or ``HEADER.FIELDS.NOT`` with
    ``fields``. ``start`` None: no partial; ``length`` then means nothing.
    """

    label: bytes
    kind: str
    part: tuple[int, ...]
    text: str
    fields: tuple[bytes, ...]
    start: int | None
    length: int
    peek: bool


Item = str | Section


@dataclass(frozen=True, slots=True)
class Fetch:
    """``items`` in the order asked for: names, or sections. ``changed_since`` 0: not asked (RFC 7162 §3.1.4.1)."""

    messages: Sequence
    uid: bool
    items: tuple[Item, ...]
    changed_since: int = 0
    vanished: bool = False


def parse(reader: Reader, name: str) -> Fetch:
    """``FETCH set item|(item …) [(CHANGEDSINCE n [VANISHED])]``."""
    reader.space()
    messages = reader.sequence()
    reader.space()
    items: list[Item] = []
    if reader.peek() == ord("("):
        for _ in reader.listed():
            _item(reader, items)
            if len(items) > _ITEMS:
                raise Violation("Too many items")
        if not items:
            raise Violation("An item is missing")
    else:
        _item(reader, items)
    uid = name.startswith("UID ")
    changed_since, vanished = 0, False
    if reader.more():
        changed_since, vanished = _modifiers(reader)
        reader.end()
    if vanished and (not uid or not changed_since):
        # RFC 7162 §3.2.6
        raise Violation("VANISHED needs UID FETCH and CHANGEDSINCE")
    return Fetch(messages, uid, tuple(dict.fromkeys(items)), changed_since, vanished)


def _modifiers(reader: Reader) -> tuple[int, bool]:
    changed_since, vanished = 0, False
    for _ in reader.listed():
        match reader.word():
            case "CHANGEDSINCE":
                reader.space()
                changed_since = reader.modseq(least=1)
            case "VANISHED":
                vanished = True
            case _:
                raise Violation("That modifier is not known here")
    return changed_since, vanished


def _item(reader: Reader, items: list[Item]) -> None:
    # An atom here ends before "[": the atom's own grammar would take it.
    start = reader.at
    octets = reader.octets
    end = start
    while end < len(octets) and octets[end] not in b" ()[]<":
        end += 1
    word = octets[start:end].decode("ascii", "replace").upper()
    reader.at = end
    if word in _PLAIN:
        items.append(word)
        if word == "PREVIEW" and reader.take(b" ("):
            # RFC 8970 §3.1: LAZY is the only modifier, and our previews are always ready.
            if reader.word() != "LAZY" or not reader.take(b")"):
                raise Violation("That preview modifier is not known here")
    elif word in {"BODY", "BODY.PEEK", "BINARY", "BINARY.PEEK", "BINARY.SIZE"} and reader.take(b"["):
        items.append(_section(reader, word))
    elif word == "BODY":
        items.append("BODY")
    elif word == "RFC822":
        items.append(Section(b"RFC822", "body", (), "", (), None, 0, peek=False))
    elif word == "RFC822.HEADER":
        items.append(Section(b"RFC822.HEADER", "body", (), "HEADER", (), None, 0, peek=True))
    elif word == "RFC822.TEXT":
        items.append(Section(b"RFC822.TEXT", "body", (), "TEXT", (), None, 0, peek=False))
    elif word in _MACROS:
        # The grammar has macros alone only; clients put them in lists.
        items.extend(_MACROS[word])
    else:
        raise Violation("That item is not known here")


def _section(reader: Reader, word: str) -> Section:
    numbers: list[int] = []
    text = ""
    fields: tuple[bytes, ...] = ()
    is_body = word.startswith("BODY")
    while reader.peek() != ord("]"):
        if chr(reader.peek()).isdigit() if reader.peek() >= 0 else False:
            numbers.append(reader.number(least=1))
            if len(numbers) > limits.MIME_DEPTH * 2:
                raise Violation("The section is too deep")
            if reader.take(b"."):
                if reader.peek() == ord("]"):
                    raise Violation("The section ends in a dot")
                continue
            break
        if not is_body:
            raise Violation("BINARY takes part numbers only")
        text, fields = _text(reader)
        break
    reader.expect(b"]")
    if text == "MIME" and not numbers:
        raise Violation("MIME needs a part number")
    start, length, partial = None, 0, b""
    if word != "BINARY.SIZE" and reader.take(b"<"):
        start = reader.number(most=(1 << 63) - 1)
        reader.expect(b".")
        length = reader.number(least=1, most=(1 << 63) - 1)
        reader.expect(b">")
        partial = b"<%d>" % start
    inner = ".".join([*map(str, numbers), *([text] if text else [])]).encode("ascii")
    if fields:
        inner += b" (" + b" ".join(map(_field, fields)) + b")"
    name = word.removesuffix(".PEEK").encode("ascii")
    kind = "body" if is_body else "size" if word == "BINARY.SIZE" else "binary"
    peek = word.endswith(".PEEK") or kind == "size"
    return Section(name + b"[" + inner + b"]" + partial, kind, tuple(numbers), text, fields, start, length, peek)


def _text(reader: Reader) -> tuple[str, tuple[bytes, ...]]:
    start = reader.at
    while reader.peek() >= 0 and reader.peek() not in b" ]":
        reader.at += 1
    text = reader.octets[start : reader.at].decode("ascii", "replace").upper()
    if text not in _TEXTS:
        raise Violation("That section is not known here")
    if not text.startswith("HEADER.FIELDS"):
        return text, ()
    reader.space()
    fields: list[bytes] = []
    for _ in reader.listed():
        fields.append(reader.astring())
        if len(fields) > _ITEMS:
            raise Violation("Too many header fields")
    if not fields:
        raise Violation("A header field is missing")
    return text, tuple(fields)


def _field(name: bytes) -> bytes:
    if name and not any(octet <= 0x20 or octet >= 0x7F or octet in b'(){%*"\\]' for octet in name):  # noqa: PLR2004 - CTL, SP
        return name
    return b'"' + name.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
