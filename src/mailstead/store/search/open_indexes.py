"""Indexes that were asked lately, kept open: whoever types asks ten times in two seconds, and the pages of the first answer are deciphered
already for the second (a word of 100,000 messages: 0.2 ms instead of 5)."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mailstead.store.engine import sqlite
from mailstead.store.engine.sqlite import file_of
from mailstead.store.keys import Keys
from mailstead.store.search.index import SearchIndex
from mailstead.store.search.indexer import path_of

KEPT: Final = 6
"""Each may hold 4 MB of pages."""
KEPT_S: Final = 60.0


class OpenIndexes:
    """Any thread may take one and gives it back; what is taken belongs to nobody else meanwhile."""

    def __init__(self, keys: Keys, folder: Path, now_s: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._folder = folder
        self._now_s = now_s
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, tuple[SearchIndex, float]] = OrderedDict()
        self._is_closed = False

    def take(self, account: int) -> SearchIndex | None:
        """As it is now; None when there is none that can be used."""
        with self._lock:
            search, _ = self._kept.pop(account, (None, 0.0))
        path = path_of(self._folder, account)
        if search is not None:
            if search.file == file_of(path):  # not another one in its place
                try:
                    search.refresh()
                    return search
                except sqlite.Failure:
                    pass
            search.close()
        return SearchIndex.open(path, self._keys.of(account).index_key)

    def give(self, account: int, search: SearchIndex) -> None:
        """What was taken, for whoever asks next."""
        now = self._now_s()
        with self._lock:
            old = [self._kept.pop(account)] if account in self._kept else []
            self._kept[account] = (search, now)
            while self._kept and (self._is_closed or len(self._kept) > KEPT or next(iter(self._kept.values()))[1] < now - KEPT_S):
                old.append(self._kept.popitem(last=False)[1])
        for one, _ in old:
            one.close()

    def forget(self, account: int) -> None:
        """The account is gone, or what was asked last has failed."""
        with self._lock:
            search, _ = self._kept.pop(account, (None, 0.0))
        if search is not None:
            search.close()

    def close(self) -> None:
        """What is still taken is closed as it is given back."""
        with self._lock:
            self._is_closed = True
            old = [*self._kept.values()]
            self._kept.clear()
        for search, _ in old:
            search.close()

