"""APPEND: gathering messages as they come, and filing them (RFC 9051 §6.3.12)."""

import re
from typing import Final, Protocol

from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, OpId
from mailstead.model.mailbox import MailboxInfo
from mailstead.model.message import Appended, NewMessage, Octets
from mailstead.service.mailbox.names import Path
from mailstead.service.mailbox.store import checked
from mailstead.store.interface import Mail

__all__ = ["Gatherer", "Memory", "Spool", "append", "checked", "message", "target"]

_BARE: Final = re.compile(rb"\r\n|\r|\n")


class Spool(Protocol):
    """Where octets are gathered: ``store.interface.Spool``, or ``Memory``."""

    def write(self, octets: bytes | memoryview) -> None: ...
    def finish(self) -> Octets: ...
    def close(self) -> None: ...


class Memory:
    """A spool that holds everything: for tests and small servers."""

    def __init__(self) -> None:
        self._octets = bytearray()

    def write(self, octets: bytes | memoryview) -> None:
        self._octets += octets

    def finish(self) -> bytes:
        return bytes(self._octets)

    def close(self) -> None:
        self._octets.clear()


class Gatherer:
    """One message on its way into a spool: bare CR and bare LF become CRLF, NUL is refused (DECISIONS 20)."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._held = b""
        self.has_nul = False

    def feed(self, octets: bytes) -> None:
        """The next octets. A CR at the end is held back until what follows is known."""
        if self._held:
            octets = self._held + octets
            self._held = b""
        if octets.endswith(b"\r"):
            octets, self._held = octets[:-1], b"\r"
        if b"\0" in octets:
            self.has_nul = True
        pairs = octets.count(b"\r\n")
        if octets.count(b"\n") != pairs or octets.count(b"\r") != pairs:
            octets = _BARE.sub(b"\r\n", octets)
        self._spool.write(octets)

    def finish(self) -> Octets:
        """The message whole."""
        if self._held:
            self._spool.write(b"\r\n")
            self._held = b""
        return self._spool.finish()

    def close(self) -> None:
        """Give up the spool."""
        self._spool.close()


async def target(mail: Mail, account: AccountId, path: Path) -> MailboxInfo:
    """The mailbox to append to. Refusal NOT_FOUND."""
    info = await mail.mailbox(account, path)
    if info is None or info.noselect:
        raise Refusal(Reason.NOT_FOUND, "There is no such mailbox")
    return info


def message(octets: Octets, flags: frozenset[str], received_at_ms: int | None) -> NewMessage:
    """A message to append. Refusal INVALID for a system flag that does not exist."""
    return NewMessage(octets, checked(flags), received_at_ms)


async def append(mail: Mail, account: AccountId, op: OpId, info: MailboxInfo, messages: list[NewMessage]) -> Appended:
    """All or nothing (RFC 3502 §6.3.11). Refusal NOT_FOUND, OVER_QUOTA, LIMIT, INVALID for an empty message."""
    if not all(len(new.octets) for new in messages):
        raise Refusal(Reason.INVALID, "A message must not be empty")
    return await mail.append(account, op, info.mailbox_id, messages)
