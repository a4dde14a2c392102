"""What a path holds: an mbox, a Maildir, one message, or a folder of any of these."""

from collections.abc import Iterator
from pathlib import Path as File
from typing import Final

from mailstead.model.errors import Reason, Refusal
from mailstead.service.transfer import found, maildir, mbox
from mailstead.service.transfer.found import Bad, Found, Path

_MESSAGES: Final = frozenset({".eml", ".msg", ".txt", ".email", ".mail", ".emlx", ""})
_MBOXES: Final = frozenset({".mbox", ".mbx"})
_IGNORED: Final = frozenset({".msf", ".dat", ".db", ".sqlite", ".json", ".lock", ".html", ".log", ".cache", ".index"})
"""What mail programs keep beside their mail."""


def read(root: File) -> Iterator[Found | Bad]:
    """Everything at and below ``root``. Raises ``Refusal`` when nothing is there."""
    if not root.exists():
        raise Refusal(Reason.NOT_FOUND, f"There is nothing at {root}; check the path")
    if root.is_dir():
        yield from _folder(root, ())
    else:
        yield from _file(root, ())


def size_octets(root: File) -> int:
    """About how much there is to read: for progress."""
    if not root.is_dir():
        return root.stat().st_size if root.exists() else 0
    return sum(file.stat().st_size for file in root.rglob("*") if file.is_file())


def _folder(folder: File, mailbox: Path) -> Iterator[Found | Bad]:
    if maildir.is_maildir(folder):
        yield from maildir.read(folder, mailbox)
        for below, path in maildir.folders(folder):
            yield from maildir.read(below, mailbox if path == found.INBOX else mailbox + path)
        return
    subfolders = [entry for entry in sorted(folder.iterdir()) if entry.is_dir()]
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or entry.suffix.lower() in _IGNORED or not entry.is_file():
            continue
        if _is_mbox(entry):
            name = entry.stem if entry.suffix.lower() in _MBOXES else entry.name
            yield from _file(entry, _below(mailbox, name))
        elif entry.suffix.lower() in _MESSAGES:
            yield from _file(entry, mailbox)
    for entry in subfolders:
        # Thunderbird keeps the children of the mbox “X” in “X.sbd”; Apple's Mail makes a folder “X.mbox”.
        name = entry.name.removesuffix(".sbd").removesuffix(".mbox")
        if maildir.is_maildir(entry) or not name.startswith("."):
            yield from _folder(entry, _below(mailbox, maildir.decoded(name.lstrip("."))))


def _below(mailbox: Path, name: str) -> Path:
    """The mailbox of this name in a folder; INBOX of the top folder is the place itself."""
    return mailbox if not mailbox and name.upper() == "INBOX" else (*mailbox, name)


def _is_mbox(file: File) -> bool:
    try:
        with file.open("rb") as opened:
            head = opened.read(64).lstrip(b"\r\n")
    except OSError:
        return False
    return head.startswith(b"From ") or (not head and file.suffix.lower() in _MBOXES)


def _file(file: File, mailbox: Path) -> Iterator[Found | Bad]:
    try:
        if _is_mbox(file):
            with file.open("rb") as opened:
                yield from mbox.read(opened, str(file), mailbox)
            return
        if file.stat().st_size > found.MOST_OCTETS:
            yield Bad(str(file), f"it is larger than {found.MOST_OCTETS >> 20} MiB")
            return
        octets = found.canonical(_without_wrapping(file, file.read_bytes()))
        changed_at_ms = int(file.stat().st_mtime * 1000)
    except OSError as exc:
        yield Bad(str(file), exc.strerror or "it cannot be read")
        return
    why = found.why_not(octets)
    if why:
        yield Bad(str(file), why)
        return
    received = found.date_of(found.header_of(octets))
    yield Found(octets, mailbox, str(file), frozenset(), changed_at_ms if received is None else received)


def _without_wrapping(file: File, octets: bytes) -> bytes:
    """Apple's .emlx: a line with the length, the message, a property list."""
    if file.suffix.lower() != ".emlx":
        return octets
    length, _, rest = octets.partition(b"\n")
    return rest[: int(length)] if length.strip().isdigit() else octets
