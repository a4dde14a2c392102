"""Content lines of vCards (RFC 6350 §3): read as people write them (also 2.1 and 3.0), written as 4.0 has them.

Nothing here knows what a property means. All bounds are ``limits.VCARD_*``: what goes beyond one is refused as a whole (``BadCard``).
"""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from mailstead.model import limits

_NAME: Final = re.compile(r"(?:([A-Za-z0-9-]{1,100})\.)?([A-Za-z0-9-]{1,100})(?=[;:])")
_PARAMETER: Final = re.compile(r';([A-Za-z0-9-]{1,100})(?:=((?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*))?(?=[;:])')
_PIECE: Final = re.compile(r'"[^"]*"|[^,]+')
_CARET: Final = {"^n": "\n", "^^": "^", "^'": '"'}
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_BARE_TYPES: Final = {"7BIT": "ENCODING", "8BIT": "ENCODING", "QUOTED-PRINTABLE": "ENCODING", "BASE64": "ENCODING", "INLINE": "VALUE", "URL": "VALUE"}
"""Parameters that vCard 2.1 writes without their name; all others are types."""
_STRUCTURED: Final = frozenset({"N", "ADR", "ORG", "NICKNAME"})
_LINE: Final = 75


class BadCard(ValueError):
    """The octets are no vCards, or go beyond a bound."""


@dataclass(frozen=True, slots=True)
class Line:
    """A property: ``name`` in upper case, ``parameters`` by name in upper case, ``value`` as written (escapes and all)."""

    name: str
    value: str
    parameters: dict[str, list[str]] = field(default_factory=dict)
    group: str = ""

    def first(self, name: str) -> str:
        """A parameter's first value; "" where there is none."""
        found = self.parameters.get(name)
        return found[0] if found else ""


# ------------------------------------------------------------------------------------------------------- reading
def read(octets: bytes) -> list[list[Line]]:
    """The properties of each card. Lines that are none are left out. Raises ``BadCard``."""
    if len(octets) > limits.VCARD_OCTETS:
        raise BadCard(f"a file of cards has at most {limits.VCARD_OCTETS} octets")
    found: list[list[Line]] = []
    card: list[Line] | None = None
    for text in _unfolded(_decoded(octets)):
        line = _line(text)
        if line is None:
            continue
        is_card = line.value.strip().upper() == "VCARD"
        if line.name == "BEGIN" and is_card:
            card = []
        elif line.name == "END" and is_card:
            if card is not None:
                found.append(_of_version(card))
                if len(found) > limits.VCARD_CARDS:
                    raise BadCard(f"at most {limits.VCARD_CARDS} cards at once")
            card = None
        elif card is not None:
            card.append(line)
            if len(card) > limits.VCARD_LINES:
                raise BadCard(f"a card has at most {limits.VCARD_LINES} properties")
    if not found:
        raise BadCard("there is no card in it")
    return found


def _of_version(card: list[Line]) -> list[Line]:
    """To vCard 2.1 a comma is a letter like any other; 4.0 writes it with a backslash."""
    if not any(line.name == "VERSION" and line.value.strip() == "2.1" for line in card):
        return card
    return [Line(line.name, line.value.replace(",", "\\,"), line.parameters, line.group) if line.name in _STRUCTURED else line for line in card]


def _decoded(octets: bytes) -> str:
    for mark, charset in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if octets.startswith(mark):
            return octets.decode(charset, "replace")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return octets.decode("windows-1252", "replace")  # what old programs export


def _unfolded(text: str) -> Iterator[str]:
    """RFC 6350 §3.2; of vCard 2.1, quoted-printable goes on after a soft line break."""
    pieces: list[str] = []
    is_soft = False
    for raw in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if is_soft or (raw[:1] in {" ", "\t"} and pieces):
            pieces.append(raw if is_soft else raw[1:])
        else:
            if pieces:
                yield "".join(pieces)
            pieces = [raw]
        is_soft = raw.endswith("=") and _is_quoted_printable(pieces[0])
        if is_soft:
            pieces[-1] = pieces[-1][:-1]
    if pieces:
        yield "".join(pieces)


def _is_quoted_printable(first: str) -> bool:
    return "QUOTED-PRINTABLE" in first[:200].partition(":")[0].upper()


def _line(text: str) -> Line | None:
    named = _NAME.match(text) if len(text) <= limits.VCARD_LINE else None
    if named is None:
        return None
    at = named.end()
    parameters: dict[str, list[str]] = {}
    while text[at] == ";":
        match = _PARAMETER.match(text, at)
        if match is None:
            return None
        at = match.end()
        name, values = match[1].upper(), match[2]
        if values is None:
            name, values = _BARE_TYPES.get(name, "TYPE"), name
        if len(parameters) >= limits.VCARD_PARAMETERS and name not in parameters:
            return None
        parameters.setdefault(name, []).extend(_uncareted(one.strip('"')) for one in _PIECE.findall(values))
    line = Line(named[2].upper(), text[at + 1 :], parameters, (named[1] or "").lower())
    return _transferred(line)


def _uncareted(value: str) -> str:
    """RFC 6868."""
    return re.sub(r"\^[n^']", lambda found: _CARET[found[0]], value) if "^" in value else value


def _transferred(line: Line) -> Line:
    """A value in the encodings of vCard 2.1 and 3.0 as 4.0 writes it: text, or a data URI (RFC 6350 §A.1)."""
    encoding = line.first("ENCODING").upper()
    if encoding == "QUOTED-PRINTABLE":
        octets = quopri.decodestring(line.value.encode())
        try:
            value = octets.decode(line.first("CHARSET") or "utf-8", "replace")
        except (LookupError, ValueError):  # no name of a charset, or one whose decoder knows no “replace”
            value = octets.decode("utf-8", "replace")
        value = value.replace("\r\n", "\\n").replace("\n", "\\n")
    elif encoding in {"B", "BASE64"}:
        packed = re.sub(r"\s", "", line.value)
        try:
            base64.b64decode(packed, validate=True)
        except (binascii.Error, ValueError):
            packed = ""
        kinds = [one.lower() for one in line.parameters.get("TYPE", ()) if one.lower() not in {"home", "work", "pref"}]
        value = f"data:{_media_type(line.name, kinds[0] if kinds else '')};base64,{packed}"
    else:
        return line if "CHARSET" not in line.parameters else Line(line.name, line.value, _without(line.parameters, "CHARSET"), line.group)
    gone = ("ENCODING", "CHARSET", *(("TYPE",) if encoding in {"B", "BASE64"} else ()))
    return Line(line.name, value, _without(line.parameters, *gone), line.group)


def _without(parameters: dict[str, list[str]], *names: str) -> dict[str, list[str]]:
    return {name: values for name, values in parameters.items() if name not in names}


def _media_type(name: str, kind: str) -> str:
    if "/" in kind:
        return kind
    if name == "KEY":
        return {"pgp": "application/pgp-keys", "x509": "application/pkix-cert"}.get(kind, "application/octet-stream")
    top = "audio" if name == "SOUND" else "image"
    return f"{top}/{kind}" if re.fullmatch(r"[a-z0-9.+-]{1,60}", kind) else "application/octet-stream"


def text(value: str) -> str:
    """A text value without its escapes (RFC 6350 §3.4)."""
    if "\\" not in value:
        return value
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def split(value: str, by: str) -> list[str]:
    """The pieces of a structured value or a list, escapes left in."""
    if "\\" not in value:
        return value.split(by)
    pieces, piece, at = [], 0, 0
    while at < len(value):
        if value[at] == "\\":
            at += 1
        elif value[at] == by:
            pieces.append(value[piece:at])
            piece = at + 1
        at += 1
    return [*pieces, value[piece:]]


# ------------------------------------------------------------------------------------------------------- writing
def escaped(value: str) -> str:
    """A text as a value, or as one piece of a structured one."""
    return (value.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
            .replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n"))


def write(cards: list[list[Line]]) -> bytes:
    """Cards of version 4.0, folded at 75 octets (RFC 6350 §3.2)."""
    out: list[bytes] = []
    for card in cards:
        for line in (Line("BEGIN", "VCARD"), Line("VERSION", "4.0"), *card, Line("END", "VCARD")):
            out += _folded(_written(line).encode("utf-8", "replace"))
    return b"".join(out)


def _written(line: Line) -> str:
    parameters = "".join(f";{name}=" + ",".join(map(_parameter, values)) for name, values in line.parameters.items() if values)
    value = re.sub(r"[\r\n\0]", " ", line.value)
    return f"{line.group + '.' if line.group else ''}{line.name}{parameters}:{value}"


def _parameter(value: str) -> str:
    value = value.replace("^", "^^").replace("\r\n", "^n").replace("\n", "^n").replace("\r", "^n").replace('"', "^'").replace("\0", "")
    return value if re.fullmatch(r"[^\s;:,]+", value) else f'"{value}"'


def _folded(octets: bytes) -> Iterator[bytes]:
    most = _LINE
    while len(octets) > most:
        cut = most
        while octets[cut] & 0xC0 == 0x80:  # noqa: PLR2004 - never within a character
            cut -= 1
        yield octets[:cut] + b"\r\n "
        octets, most = octets[cut:], _LINE - 1
    yield octets + b"\r\n"
