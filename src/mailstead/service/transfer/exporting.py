"""Taking mail out: a Maildir with flags, or mboxrd files. Nothing is written into a folder that holds something already."""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path as File
from typing import Any, Final, Protocol

from mailstead import telemetry
from mailstead.mime import header
from mailstead.model import flags as bits
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, EmailId, MailboxId
from mailstead.model.mailbox import EntryRow, MailboxInfo
from mailstead.model.uids import UidSet
from mailstead.service.transfer import found, maildir, mbox
from mailstead.service.transfer.found import INBOX, Path
from mailstead.store.interface import Selected, Want

Progress = Callable[[str, int, int], None]
_ROWS: Final = 200
_OCTETS: Final = 32 << 20
"""At most so many octets of messages are held before they are written."""
_LETTERS: Final = {flag: letter for letter, flag in maildir.LETTERS.items()}
_STATUS: Final = (("\\Answered", "A"), ("\\Flagged", "F"), ("\\Draft", "T"), ("\\Deleted", "D"))


class Mail(Protocol):
    """The store's account data, as far as it is needed here."""

    async def mailboxes(self, account: AccountId) -> list[MailboxInfo]: ...
    async def select(self, account: AccountId, mailbox_id: MailboxId, *, take_recent: bool) -> Selected: ...
    async def fetch(self, account: AccountId, mailbox_id: MailboxId, uids: UidSet, want: Want) -> list[EntryRow]: ...
    async def octets(self, account: AccountId, email_id: EmailId) -> bytes: ...
    async def keywords(self, account: AccountId) -> dict[int, str]: ...


class Folder(Protocol):
    """Where one mailbox's messages are written."""

    def write(self, row: EntryRow, flags: Sequence[str], octets: bytes) -> None: ...
    def close(self) -> None: ...


class Exporter:
    """One export of one account."""

    def __init__(self, mail: Mail, account: AccountId, progress: Progress) -> None:
        self._mail = mail
        self._account = account
        self._progress = progress
        self._exported = 0

    async def run(self, target: File, form: str, mailbox: Path) -> dict[str, Any]:
        """``mailbox`` (): all. Refusal NOT_FOUND, NOT_PERMITTED, INVALID; ``Unavailable``."""
        forms: dict[str, Callable[[File, Path], Folder]] = {"maildir": MaildirFolder, "mbox": MboxFolder}
        make = forms.get(form)
        if make is None:
            raise Refusal(Reason.INVALID, f"There is no form “{form}”; use maildir or mbox")
        wanted = [info for info in await self._mail.mailboxes(self._account) if not mailbox or info.path == mailbox]
        if not wanted:
            raise Refusal(Reason.NOT_FOUND, f"There is no mailbox {'/'.join(mailbox)}")
        try:
            await asyncio.to_thread(_new_folder, target)
            total = sum(info.total for info in wanted)
            for info in wanted:
                if not info.noselect:
                    folder = await asyncio.to_thread(make, target, info.path)
                    try:
                        await self._mailbox(info, folder, total)
                    finally:
                        await asyncio.to_thread(folder.close)
        except OSError as exc:
            raise Refusal(Reason.NOT_PERMITTED, f"{exc.filename or target} cannot be written: {exc.strerror}") from exc
        telemetry.event("mail.exported", account=self._account, exported=self._exported)
        return {"exported": self._exported, "mailboxes": len(wanted)}

    async def _mailbox(self, info: MailboxInfo, folder: Folder, total: int) -> None:
        selected = await self._mail.select(self._account, info.mailbox_id, take_recent=False)
        names = await self._mail.keywords(self._account)
        uids = list(selected.uids)
        for at in range(0, len(uids), _ROWS):
            rows = await self._mail.fetch(self._account, info.mailbox_id, UidSet.of(uids[at : at + _ROWS]), Want())
            held: list[tuple[EntryRow, list[str], bytes]] = []
            octets_held = 0
            for row in rows:
                octets = await self._octets(row)
                if octets is not None:
                    held.append((row, _flags(row, names), octets))
                    octets_held += len(octets)
                if octets_held > _OCTETS:
                    await asyncio.to_thread(_write, folder, held)
                    held, octets_held = [], 0
            await asyncio.to_thread(_write, folder, held)
            self._progress("messages exported", self._exported, total)

    async def _octets(self, row: EntryRow) -> bytes | None:
        """None: expunged meanwhile."""
        try:
            octets = await self._mail.octets(self._account, row.entry.email_id)
        except Refusal as refusal:
            if refusal.reason is Reason.EXPUNGED:
                return None
            raise
        self._exported += 1
        return octets


def _write(folder: Folder, held: list[tuple[EntryRow, list[str], bytes]]) -> None:
    for row, flags, octets in held:
        folder.write(row, flags, octets)


def _flags(row: EntryRow, names: dict[int, str]) -> list[str]:
    found_flags = [name for bit, name in names.items() if row.entry.flags & bit]
    return [*found_flags, *row.entry.more]


def _new_folder(target: File) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Refusal(Reason.ALREADY_EXISTS, f"{target} is there already; name a new folder")
    target.mkdir(mode=0o700, parents=True, exist_ok=True)


class MaildirFolder:
    """A Maildir, or a Maildir++ folder in it. Line ends are LF, as programs on this kind of system expect."""

    def __init__(self, root: File, path: Path) -> None:
        self._folder = root if path == INBOX else root / ("." + ".".join(map(maildir.encoded, path)))
        for part in ("", "tmp", "new", "cur"):
            (self._folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
        if path != INBOX:
            (self._folder / "maildirfolder").touch()
        self._letters: dict[str, str] = {}

    def write(self, row: EntryRow, flags: Sequence[str], octets: bytes) -> None:
        text = octets.replace(b"\r\n", b"\n")
        letters = "".join(sorted(filter(None, map(self._letter, flags))))
        name = f"{row.received_at_ms // 1000}.M{row.received_at_ms % 1000 * 1000}U{row.entry.uid}.mailstead,S={len(text)}"
        draft = self._folder / "tmp" / name
        draft.write_bytes(text)
        os.utime(draft, ns=(row.received_at_ms * 1_000_000, row.received_at_ms * 1_000_000))
        draft.rename(self._folder / "cur" / f"{name}:2,{letters}")

    def _letter(self, flag: str) -> str:
        """"": it cannot be said (more than 26 keywords)."""
        known = _LETTERS.get(flag) or self._letters.get(flag)
        if known is None and not flag.startswith("\\") and len(self._letters) < 26:
            known = self._letters[flag] = chr(ord("a") + len(self._letters))
        return known or ""

    def close(self) -> None:
        if self._letters:
            lines = [f"{number} {name}\n" for number, name in enumerate(self._letters)]
            (self._folder / maildir.KEYWORDS_FILE).write_text("".join(lines), "utf-8")


class MboxFolder:
    """One mboxrd file; ``Work/2026`` becomes ``Work/2026.mbox``. Flags are in Status, X-Status and X-Keywords."""

    def __init__(self, root: File, path: Path) -> None:
        file = root.joinpath(*map(_file_name, path[:-1]), _file_name(path[-1]) + ".mbox")
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = file.open("xb")

    def write(self, row: EntryRow, flags: Sequence[str], octets: bytes) -> None:
        sender = header.first(found.header_of(octets), b"return-path") or b""
        sender = sender.strip().strip(b"<>")
        is_plain = sender and all(0x21 <= octet <= 0x7E for octet in sender)
        keywords = [flag for flag in flags if flag not in bits.SYSTEM_BITS or not flag.startswith("\\")]
        letters = "".join(letter for flag, letter in _STATUS if flag in flags)
        notes = b"Status: " + (b"RO" if "\\Seen" in flags else b"O") + b"\n"
        if letters:
            notes += f"X-Status: {letters}\n".encode()
        if keywords:
            notes += f"X-Keywords: {' '.join(keywords)}\n".encode()
        self._file.write(mbox.written(
            octets, sender=sender if is_plain else b"MAILER-DAEMON", received_at_ms=row.received_at_ms, notes=notes
        ))  # fmt: skip

    def close(self) -> None:
        self._file.close()


def _file_name(name: str) -> str:
    """A mailbox's name as one of a file: no slash, no leading dot, no control characters."""
    safe = "".join("_" if character == "/" or ord(character) < 0x20 else character for character in name)
    return "_" + safe[1:] if safe.startswith(".") else safe
