"""Mail from elsewhere and back: import of mbox, Maildir and single messages, export to Maildir or mboxrd.

``tree`` finds out what a path holds and hands it to the readers (``mbox``, ``maildir``), which stream ``found.Found``
values; ``importing`` files them in batches that may be repeated; ``exporting`` writes. Paths are those of the machine on
which the store lives.
"""

from pathlib import Path as File
from typing import Any, Protocol

from mailstead.model.errors import Reason, Refusal
from mailstead.model.progress import Progress
from mailstead.service.transfer.exporting import Exporter
from mailstead.service.transfer.found import INBOX, Path
from mailstead.service.transfer.importing import Importer
from mailstead.store.interface import Account, Directory

__all__ = ["Transfer"]


class Store(Protocol):
    """The store, as far as it is needed here."""

    @property
    def directory(self) -> Directory: ...
    @property
    def mail(self) -> Any: ...


class Transfer:
    """Import and export, for the command line and the control socket."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def import_(self, address: str, path: str, mailbox: str = "", progress: Progress = lambda *_: None) -> dict[str, Any]:
        """``mailbox`` "": the source's own folders, the rest into INBOX. Gives ``imported``, ``repeated``, ``skipped``
        (sentences). Raises ``Refusal``, ``Unavailable``; a repeat skips what is there already."""
        account = await self._account(address)
        importer = Importer(self._store.mail, account.account_id, progress)
        return await importer.run(File(path), _path(mailbox) or INBOX)

    async def export(
        self, address: str, path: str, form: str = "maildir", mailbox: str = "", progress: Progress = lambda *_: None
    ) -> dict[str, Any]:
        """Into the new folder ``path``. ``form``: ``maildir`` or ``mbox``. Gives ``exported``. Raises ``Refusal``,
        ``Unavailable``."""
        account = await self._account(address)
        return await Exporter(self._store.mail, account.account_id, progress).run(File(path), form, _path(mailbox))

    async def _account(self, address: str) -> Account:
        account = await self._store.directory.account_by_address(address)
        if account is None:
            raise Refusal(Reason.NOT_FOUND, f"There is no account {address}; see: mailstead account list")
        return account


def _path(mailbox: str) -> Path:
    """``Work/2026``; INBOX in any case."""
    path = tuple(filter(None, mailbox.split("/")))
    return INBOX if len(path) == 1 and path[0].upper() == "INBOX" else path
