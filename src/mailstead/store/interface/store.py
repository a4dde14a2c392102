"""The whole store of one process."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from mailstead.model.change import Changes
from mailstead.model.ids import AccountId
from mailstead.model.message import Octets
from mailstead.store.interface.directory import Directory
from mailstead.store.interface.emails import Emails
from mailstead.store.interface.mail import Mail
from mailstead.store.interface.objects import KeptObjects
from mailstead.store.interface.outbound import Outbound
from mailstead.store.interface.queue import Queue
from mailstead.store.interface.shares import Shares
from mailstead.store.interface.submissions import Submissions
from mailstead.store.interface.web_logins import WebLogins


class Spool(Protocol):
    """Where a message is gathered as it arrives: memory up to 1 MiB, then an unlinked file."""

    size: int

    def write(self, octets: bytes | memoryview) -> None:
        """Raises ``Unavailable`` when the disk is full."""

    def finish(self) -> Octets: ...
    def close(self) -> None: ...


News = Callable[[AccountId, int], None]
"""Called on the loop's thread after a commit that raised the account's modseq to the second argument; a hint only."""


class Store(Protocol):
    """The whole store of one process."""

    @property
    def directory(self) -> Directory: ...
    @property
    def web_logins(self) -> WebLogins: ...
    @property
    def outbound(self) -> Outbound: ...
    @property
    def mail(self) -> Mail: ...
    @property
    def emails(self) -> Emails: ...
    @property
    def kept(self) -> KeptObjects: ...
    @property
    def shares(self) -> Shares: ...
    @property
    def submissions(self) -> Submissions: ...
    @property
    def queue(self) -> Queue: ...
    def watch_queue(self, news: Callable[[bool], None]) -> None:
        """Calls ``news`` after new jobs came (False), and after somebody changed what waits (True), anywhere. A hint only."""

    def spool(self) -> Spool: ...
    def watch(self, account: AccountId, news: News) -> Callable[[], None]:
        """Calls ``news`` for this account until the returned function is called. Hints come at once after the commit,
        also from other processes."""

    def shard_owner_is_here(self, account_shard: int) -> bool: ...
    async def start(self) -> None: ...
    async def close(self) -> None: ...
    async def backup(self, target: str, *, with_keys: bool, progress: Callable[[str, int, int], None]) -> None: ...
    async def verify(self, *, repair: bool, progress: Callable[[str, int, int], None]) -> list[str]:
        """Findings, one sentence each; empty: nothing wrong."""


Handover = Callable[[int, bytes], Awaitable[bytes]]
"""How a store sends a request to worker n and awaits its answer; given by ``app`` (net opens the sockets)."""


Feed = AsyncIterator[Changes]
