"""POP3's view of an account: the INBOX as a maildrop (RFC 1939).

A maildrop is a snapshot: numbers, sizes and unique ids are fixed when it is opened, whatever other sessions do. RFC 1939 §4
asks for an exclusive lock or something as safe; with a snapshot two sessions may stand side by side, a message that went
meanwhile is refused when it is asked for, and deletions happen at QUIT only, by UID, each once.
Unique ids are ``uidvalidity.uid``: never reused, the same in every session (RFC 1939 §7).
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from mailstead.mime import parts
from mailstead.mime.downgrade import header_to_ascii
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, EmailId, MailboxId, OpId
from mailstead.model.mailbox import INBOX
from mailstead.model.uids import UidSet
from mailstead.store.interface import Mail, Want

_CHUNK_OCTETS: Final = 256 << 10
_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class Drop:
    """One message of the maildrop."""

    uid: int
    email_id: EmailId
    size_octets: int


class Maildrop:
    """An opened maildrop. Messages are numbered from 1 in the order of their UIDs."""

    def __init__(self, mail: Mail, account: AccountId, mailbox_id: MailboxId, uid_validity: int, drops: list[Drop]) -> None:
        self._mail = mail
        self._account = account
        self._mailbox_id = mailbox_id
        self._uid_validity = uid_validity
        self.drops = drops

    @staticmethod
    async def open(mail: Mail, account: AccountId) -> "Maildrop":
        """The INBOX as it is now."""
        info = await mail.mailbox(account, INBOX)
        if info is None:
            raise Refusal(Reason.NOT_FOUND, "There is no INBOX")
        selected = await mail.select(account, info.mailbox_id, take_recent=False)
        drops: list[Drop] = []
        uids = list(selected.uids)
        for at in range(0, len(uids), _ROWS):
            rows = await mail.fetch(account, info.mailbox_id, UidSet.of(uids[at : at + _ROWS]), Want())
            drops += [Drop(row.entry.uid, row.entry.email_id, row.size_octets) for row in rows]
        return Maildrop(mail, account, info.mailbox_id, info.uid_validity, drops)

    def unique_id(self, drop: Drop) -> str:
        """UIDL's word for a message."""
        return f"{self._uid_validity}.{drop.uid}"

    async def retrieve(self, drop: Drop, *, utf8: bool) -> AsyncIterator[bytes]:
        """The message in pieces. ``utf8`` False: its header is made ASCII (RFC 6856 §3.1.2). Refusal EXPUNGED."""
        header, body_at = await self._header(drop, utf8=utf8)
        yield header
        async for piece in self._pieces(drop, body_at):
            yield piece

    async def top(self, drop: Drop, lines: int, *, utf8: bool) -> AsyncIterator[bytes]:
        """The header, the blank line, and the first ``lines`` lines of the body (RFC 1939 §7)."""
        header, body_at = await self._header(drop, utf8=utf8)
        yield header
        if not lines:
            return
        async for piece in self._pieces(drop, body_at):
            found = piece.count(b"\n")
            if found < lines:
                lines -= found
                yield piece
                continue
            end = -1
            for _ in range(lines):
                end = piece.find(b"\n", end + 1)
            yield piece[: end + 1]
            return

    async def commit(self, op: Callable[[], OpId], *, deleted: set[int], seen: set[int]) -> None:
        """What QUIT does: ``deleted`` UIDs go, whatever their flags; ``seen`` ones are marked so (RFC 1939 §6)."""
        kept = seen - deleted
        if kept:
            await self._mail.set_flags(
                self._account, op(), self._mailbox_id, UidSet.of(kept), add=frozenset({"\\Seen"})
            )
        if deleted:
            await self._mail.expunge(
                self._account, op(), self._mailbox_id, UidSet.of(deleted), only_deleted=False
            )

    async def _header(self, drop: Drop, *, utf8: bool) -> tuple[bytes, int]:
        rows = await self._mail.fetch(self._account, self._mailbox_id, UidSet.of([drop.uid]), Want(parts=True))
        if not rows:
            raise Refusal(Reason.EXPUNGED, "That message has been deleted by another session")
        body_at = parts.unpack(rows[0].parts).body[0]
        header = await self._mail.octets(self._account, drop.email_id, 0, body_at)
        return (header if utf8 else header_to_ascii(header)), body_at

    async def _pieces(self, drop: Drop, at: int) -> AsyncIterator[bytes]:
        while at < drop.size_octets:
            piece = await self._mail.octets(self._account, drop.email_id, at, min(_CHUNK_OCTETS, drop.size_octets - at))
            if not piece:
                return
            at += len(piece)
            yield piece
