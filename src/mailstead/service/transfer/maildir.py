"""Maildir and Maildir++: one file a message, flags in its name, sub-folders as ``.Parent.Child``.

See https://cr.yp.to/proto/maildir.html and the Maildir++ extension of Courier. Dovecot's ``dovecot-keywords`` gives the
letters ``a``-``z`` their names; folder names are in modified UTF-7 (RFC 3501 §5.1.3).
"""

import binascii
import re
from collections.abc import Iterator
from pathlib import Path as File
from typing import Final

from mailstead.service.transfer import found
from mailstead.service.transfer.found import Bad, Found, Path

LETTERS: Final = {"D": "\\Draft", "F": "\\Flagged", "P": "$Forwarded", "R": "\\Answered", "S": "\\Seen", "T": "\\Deleted"}
KEYWORDS_FILE: Final = "dovecot-keywords"
_INFO: Final = re.compile(r"[:;!]2,([A-Za-z]*)")
_MADE_AT: Final = re.compile(r"(\d{9,10})\.")
_SHIFTED: Final = re.compile(r"&([^-]*)-")
_FOREIGN: Final = re.compile(r"[^ -~]+|[./]+")


def is_maildir(folder: File) -> bool:
    """Whether mail lies here."""
    return (folder / "cur").is_dir() or (folder / "new").is_dir()


def read(folder: File, mailbox: Path) -> Iterator[Found | Bad]:
    """The messages of this one folder, oldest name first."""
    keywords = _keywords(folder)
    for part in ("new", "cur"):
        here = folder / part
        if not here.is_dir():
            continue
        for file in sorted(entry for entry in here.iterdir() if not entry.name.startswith(".")):
            try:
                octets = found.canonical(file.read_bytes()) if file.stat().st_size <= found.MOST_OCTETS else None
                changed_at_ms = int(file.stat().st_mtime * 1000)
            except OSError as exc:
                yield Bad(str(file), exc.strerror or "it cannot be read")
                continue
            why = f"it is larger than {found.MOST_OCTETS >> 20} MiB" if octets is None else found.why_not(octets)
            if why or octets is None:
                yield Bad(str(file), why)
                continue
            yield Found(octets, mailbox, str(file), flags_of(file.name, keywords), received_ms(file.name, changed_at_ms))


def folders(root: File) -> Iterator[tuple[File, Path]]:
    """The Maildir++ sub-folders of ``root`` and, as Dovecot's LAYOUT=fs has them, plain ones: (folder, path)."""
    for entry in sorted(root.iterdir()):
        if not entry.is_dir() or entry.name in {"cur", "new", "tmp"}:
            continue
        if entry.name.startswith("."):
            if is_maildir(entry):
                yield entry, tuple(decoded(name) for name in entry.name[1:].split(".") if name)
            continue
        path = (decoded(entry.name),)
        if is_maildir(entry):
            yield entry, path
        for below, more in folders(entry):
            yield below, path + more


def flags_of(name: str, keywords: dict[str, str]) -> frozenset[str]:
    """The flags in a file's name."""
    match = _INFO.search(name)
    if match is None:
        return frozenset()
    known = {**LETTERS, **keywords}
    return frozenset(known[letter] for letter in match[1] if letter in known)


def received_ms(name: str, changed_at_ms: int) -> int:
    """The earlier of the file's time and the one in its name: copies are younger, messages filed by IMAP older."""
    match = _MADE_AT.match(name)
    return min(changed_at_ms, int(match[1]) * 1000) if match is not None else changed_at_ms


def _keywords(folder: File) -> dict[str, str]:
    """Letter to keyword."""
    try:
        lines = (folder / KEYWORDS_FILE).read_text("utf-8", "replace").splitlines()
    except OSError:
        return {}
    names: dict[str, str] = {}
    for line in lines:
        number, _, name = line.partition(" ")
        if number.isdigit() and int(number) < 26 and found.is_keyword(name):
            names[chr(ord("a") + int(number))] = name
    return names


def decoded(name: str) -> str:
    """A folder's name; what is not modified UTF-7 is taken as it is."""
    try:
        return _SHIFTED.sub(_unshift, name)
    except ValueError:
        return name


def _unshift(match: re.Match[str]) -> str:
    text = match[1].replace(",", "/")
    if not text:
        return "&"
    return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True).decode("utf-16-be")


def encoded(name: str) -> str:
    """The folder's name for a mailbox's; dots and slashes are encoded as well, since they separate."""
    return _FOREIGN.sub(_shift, name.replace("&", "&-"))


def _shift(match: re.Match[str]) -> str:
    octets = match[0].encode("utf-16-be", "replace")
    return "&" + binascii.b2a_base64(octets, newline=False).rstrip(b"=").replace(b"/", b",").decode("ascii") + "-"
