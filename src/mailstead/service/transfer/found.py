"""What readers find, in the form in which it is filed: CRLF lines, no NUL, flags by name, a date (DECISIONS 20)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mailstead.mime import date, header

Path = tuple[str, ...]

INBOX: Final[Path] = ("INBOX",)
MOST_OCTETS: Final = 256 << 20
"""A larger message is reported and left out."""
_BARE: Final = re.compile(rb"\r\n|\r|\n")
_FIELD: Final = re.compile(rb"[!-9;-~]+[ \t]*:")
_HEADER_MOST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """A message. ``mailbox`` is where its source had it, below the place of the import; () is that place."""

    octets: bytes
    mailbox: Path
    where: str
    flags: frozenset[str] = frozenset()
    received_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Bad:
    """What could not be read: one sentence each."""

    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.why}"


def canonical(octets: bytes) -> bytes:
    """Bare CR and bare LF become CRLF, NUL goes, the last line gets its end."""
    if b"\0" in octets:
        octets = octets.replace(b"\0", b"")
    if b"\r" not in octets:
        octets = octets.replace(b"\n", b"\r\n")
    else:
        pairs = octets.count(b"\r\n")
        if octets.count(b"\n") != pairs or octets.count(b"\r") != pairs:
            octets = _BARE.sub(b"\r\n", octets)
    return octets if octets.endswith(b"\r\n") or not octets else octets + b"\r\n"


def why_not(octets: bytes) -> str:
    """Why canonical octets are no message; "": they are one."""
    if not octets.strip():
        return "it is empty"
    if len(octets) > MOST_OCTETS:
        return f"it is larger than {MOST_OCTETS >> 20} MiB"
    if not _FIELD.match(octets):
        return "it does not begin with a header field"
    return ""


def header_of(octets: bytes) -> bytes:
    """The header block, blank line included."""
    end = octets.find(b"\r\n\r\n", 0, _HEADER_MOST)
    return octets[: end + 4] if end >= 0 else octets[:_HEADER_MOST]


def date_of(block: bytes) -> int | None:
    """The Date field's moment in milliseconds since 1970; None when there is none, or it is before 1970."""
    value = header.first(block, b"date")
    moment = date.instant_ms(value) if value is not None else None
    return moment if moment is not None and moment >= 0 else None


# ------------------------------------------------------------------------------------------- notes that programs leave
_STATUS: Final[Mapping[bytes, Mapping[str, str]]] = {
    b"status": {"R": "\\Seen"},
    b"x-status": {"A": "\\Answered", "F": "\\Flagged", "D": "\\Deleted", "T": "\\Draft"},
}
_MOZILLA: Final = ((0x0001, "\\Seen"), (0x0002, "\\Answered"), (0x0004, "\\Flagged"), (0x1000, "$Forwarded"))
_MOZILLA_EXPUNGED: Final = 0x0008
_NOTE: Final = re.compile(
    rb"^(status|x-status|x-keywords|x-uid|x-imap|x-imapbase|x-mozilla-status2?|x-mozilla-keys)[ \t]*:([^\n]*\n(?:[ \t][^\n]*\n)*)",
    re.IGNORECASE | re.MULTILINE,
)
_KEYWORD: Final = re.compile(r"[!#$&'+,\-./0-9:;<=>?@A-Z^_`a-z|~]{1,255}")


def is_keyword(name: str) -> bool:
    """Whether this can be a keyword (RFC 9051 §9, ``flag-keyword``)."""
    return _KEYWORD.fullmatch(name) is not None


def without_notes(octets: bytes) -> tuple[bytes, frozenset[str] | None]:
    """The message without the fields in which mbox programs keep their own notes, and the flags these tell.

    None instead of flags: the notes say that this is no message (deleted, or the program's own record).
    """
    block = header_of(octets)
    notes = _NOTE.findall(block)
    if not notes:
        return octets, frozenset()
    flags: set[str] = set()
    for name, value in notes:
        match name.lower():
            case b"status" | b"x-status" as field:
                letters = _STATUS[field]
                flags -= set(letters.values())
                flags.update(letters[letter] for letter in value.decode("latin-1") if letter in letters)
            case b"x-keywords" | b"x-mozilla-keys":
                flags.update(filter(is_keyword, value.decode("ascii", "replace").split()))
            case b"x-mozilla-status":
                bits = _hexadecimal(value)
                if bits & _MOZILLA_EXPUNGED:
                    return octets, None
                flags.update(flag for bit, flag in _MOZILLA if bits & bit)
            case b"x-imap":
                return octets, None
            case _:
                pass
    return _NOTE.sub(b"", block) + octets[len(block) :], frozenset(flags)


def _hexadecimal(value: bytes) -> int:
    try:
        return int(value.strip(), 16)
    except ValueError:
        return 0
