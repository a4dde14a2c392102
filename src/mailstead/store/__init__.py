"""Durable state behind one door: ``interface.Store``.

``open_store`` gives the home on one machine (``home``). What is below ``engine`` and ``blob`` is nobody else's business.
"""

from collections.abc import Callable
from pathlib import Path

from mailstead.store.care import Send
from mailstead.store.creation import create
from mailstead.store.engine.files import Files
from mailstead.store.home import Embedded, Post, clock_ms
from mailstead.store.owning import LOCK_WAIT_S

__all__ = ["LOCK_WAIT_S", "Embedded", "Files", "create", "open_store"]


def open_store(
    data: Path, *, worker: int = 0, workers: int = 1, handover: Send | None = None, post: Post | None = None,
    now_ms: Callable[[], int] = clock_ms, files: Files | None = None, master: Path | None = None, disk_reserve: int = 0,
    lock_wait_s: float = LOCK_WAIT_S,
) -> Embedded:
    """The store in ``data`` as worker ``worker`` of ``workers`` sees it; call ``start`` before use.

    ``handover(worker, request)`` brings another worker's answer, ``post(worker, news)`` sends and forgets. ``master``: the
    file of the master key where it is not in ``data``. ``disk_reserve``: octets. ``lock_wait_s``: how long an earlier owner may
    take to go. Raises ``Unavailable`` when ``data`` is no
    data directory or the master key is missing.
    """
    return Embedded(
        data, worker=worker, workers=workers, send=handover, post=post, now_ms=now_ms, files=files, master=master,
        disk_reserve=disk_reserve, lock_wait_s=lock_wait_s,
    )
