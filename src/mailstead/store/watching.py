"""Who wants to hear of what was committed: in which accounts, and in the queue. News of other workers come by the post."""

from collections.abc import Callable

from mailstead.model.ids import AccountId
from mailstead.store.interface import News
from mailstead.store.queue import operations as queue


class Watching:
    """Those who listen in this process."""

    def __init__(self) -> None:
        self._accounts: dict[int, set[News]] = {}
        self._queue: list[Callable[[bool], None]] = []

    def account(self, account: AccountId, news: News) -> Callable[[], None]:
        """See ``interface.Store.watch``."""
        self._accounts.setdefault(account, set()).add(news)

        def stop() -> None:
            listening = self._accounts.get(account)
            if listening is not None:
                listening.discard(news)
                if not listening:
                    del self._accounts[account]

        return stop

    def queue(self, news: Callable[[bool], None]) -> None:
        """See ``interface.Store.watch_queue``."""
        self._queue.append(news)

    def tell(self, news: dict[int, int]) -> None:
        """``news``: accounts and their new modseq; the queue has numbers below zero."""
        for account, modseq in news.items():
            if account < 0:
                for watcher in self._queue:
                    watcher(account == queue.STEERED)
                continue
            for listener in tuple(self._accounts.get(account, ())):
                listener(AccountId(account), modseq)
