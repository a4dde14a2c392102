"""Writing messages: header fields folded and encoded, parts encoded, multiparts put together (RFC 5322, RFC 2045-2047, 2231).

Lines end in CRLF and are at most 78 characters where a field can be folded; what is not ASCII travels as encoded words in a
header and as quoted-printable or base64 in a body, so that every server on the way can carry it.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Final

from mailstead.mime.wire import encoded_words

_WIDTH: Final = 76
_LONGEST: Final = 998
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$&+.^_`{}~-]{1,70}")
_LOOKS_ENCODED: Final = re.compile(r"=\?[^ ]*\?[bBqQ]\?")


def field(name: str, value: bytes) -> bytes:
    """A field from a value that is folded already; its first line may begin beside the name."""
    return name.encode("ascii", "replace") + b":" + (value if value[:1] in b" \t\r" and value else b" " + value) + b"\r\n"


def text(value: str) -> bytes:
    """Unstructured text: as it is, folded at its blanks, or as encoded words (RFC 2047 §5)."""
    if value.isascii() and value.isprintable() and not _LOOKS_ENCODED.search(value):
        folded = _folded(value.split(" "), " ")
        if max(map(len, folded.split(b"\r\n"))) <= _LONGEST:
            return folded
    return encoded_words(value).replace(b" ", b"\r\n ")


def _folded(words: Sequence[str], joint: str) -> bytes:
    """Words joined, with a line end before one that would not fit. A blank run stays at the end of its line."""
    lines: list[str] = []
    line = ""
    for number, word in enumerate(words):
        piece = word if not number else joint + word
        if line.strip() and word and len(line) + len(piece) > _WIDTH:
            lines.append(line)
            line = piece if joint == " " else " " + word
        else:
            line += piece
    lines.append(line)
    return "\r\n".join(lines).encode("ascii", "replace")


def phrase(name: str) -> bytes:
    """A display name (RFC 5322 §3.2.5)."""
    if not name.isascii() or not name.isprintable() or _LOOKS_ENCODED.search(name):
        return encoded_words(name).replace(b" ", b"\r\n ")
    if _ATOMS.fullmatch(name) and name == name.strip():
        return name.encode()
    return b'"' + name.replace("\\", "\\\\").replace('"', '\\"').encode() + b'"'


def address(name: str | None, email: str) -> bytes:
    """``"Name" <local@domain>``, or the address alone. A local part beyond ASCII stays UTF-8 (RFC 6532 §3.2)."""
    octets = email.encode("utf-8", "replace")
    return phrase(name) + b" <" + octets + b">" if name else octets


def addresses(found: Sequence[tuple[str | None, str]]) -> bytes:
    """An address list, one line each."""
    return b",\r\n ".join(address(name, email) for name, email in found)


def groups(found: Sequence[tuple[str | None, Sequence[tuple[str | None, str]]]]) -> bytes:
    """Addresses by group; those of no name stand by themselves."""
    pieces = [
        phrase(name) + b": " + addresses(inner) + b";" if name is not None else addresses(inner)
        for name, inner in found if name is not None or inner
    ]
    return b",\r\n ".join(pieces)


def ids(found: Sequence[str]) -> bytes:
    """Message ids in angle brackets."""
    return b"\r\n ".join(b"<" + one.encode("utf-8", "replace") + b">" for one in found)


def parameter(name: str, value: str) -> bytes:
    """``; name=value``: a token, a quoted string, or in pieces of RFC 2231."""
    if _TOKEN.fullmatch(value):
        return f"; {name}={value}".encode()
    if value.isascii() and value.isprintable() and len(value) <= 60 and value == value.strip() and "=?" not in value:  # noqa: PLR2004
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        return f';\r\n {name}="{quoted}"'.encode()
    escaped = "".join(
        chr(octet) if (octet < 128 and chr(octet).isalnum()) or octet in b"-._~" else f"%{octet:02X}" for octet in value.encode("utf-8", "replace"))  # noqa: PLR2004
    pieces = re.findall(r"(?:%[0-9A-F]{2}|.){1,16}", escaped) or [""]
    if len(pieces) == 1:
        return f";\r\n {name}*=utf-8''{pieces[0]}".encode()
    return b"".join(
        f";\r\n {name}*{n}*={chr(39).join(('utf-8', '', '')) if not n else ''}{piece}".encode() for n, piece in enumerate(pieces))


def encoded_text(value: str) -> tuple[str, bytes]:
    """A text body: (Content-Transfer-Encoding, octets). Line ends become CRLF."""
    octets = re.sub(r"\r\n|\r|\n", "\r\n", value).encode("utf-8", "replace").replace(b"\0", b"")
    if octets.isascii() and max(map(len, octets.split(b"\r\n"))) <= _LONGEST and b"\x00" not in octets:
        return "7bit", octets
    if sum(octet > 126 for octet in octets[:4096]) * 3 > len(octets[:4096]):  # noqa: PLR2004
        return "base64", base64_lines(octets)
    return "quoted-printable", b"\r\n".join(binascii.b2a_qp(line, istext=True).replace(b"=\n", b"=\r\n") for line in octets.split(b"\r\n"))


def base64_lines(octets: bytes) -> bytes:
    """Base64 in lines of 76."""
    return base64.encodebytes(octets).replace(b"\n", b"\r\n") if octets else b""


def canonical(octets: bytes) -> bytes:
    """CRLF lines and no NUL: what is stored (DECISIONS 20)."""
    if b"\0" in octets:
        octets = octets.replace(b"\0", b"")
    if b"\r" not in octets and b"\n" not in octets:
        return octets
    if octets.count(b"\r\n") == octets.count(b"\n") == octets.count(b"\r"):
        return octets
    return re.sub(rb"\r\n|\r|\n", b"\r\n", octets)


def multipart(children: Sequence[bytes], boundary: str) -> bytes:
    """The body of a multipart: ``children`` with their headers."""
    line = b"--" + boundary.encode()
    return b"".join(line + b"\r\n" + child + (b"" if child.endswith(b"\r\n") else b"\r\n") for child in children) + line + b"--\r\n"
