"""What came of attempts, on its way to the store: gathered for a moment and written together (STORAGE §4 ``finish``).

From the next hop's 250 until its result is written a crash means a second copy there; so little is gathered: ``GATHER_S``, or ``MOST`` jobs. What
cannot be written now is written later; meanwhile its jobs stay in hand, so that nothing is sent again.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from mailstead import telemetry
from mailstead.model.errors import Refusal, Unavailable
from mailstead.store.interface import Queue, QueueDeferral, QueueJob

GATHER_S: Final = 0.02
MOST: Final = 400
_RETRY_S: Final = 1.0


class Results:
    """``finished``: hears of each job once its result is durable, with the time of the next try or None."""

    def __init__(self, queue: Queue, finished: Callable[[QueueJob, int | None], None]) -> None:
        self._queue = queue
        self._finished = finished
        self._done: list[QueueJob] = []
        self._deferred: list[QueueDeferral] = []
        self._some = asyncio.Event()
        self._many = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def done(self, job: QueueJob) -> None:
        """All its recipients are settled."""
        self._done.append(job)
        self._came()

    def deferred(self, deferral: QueueDeferral) -> None:
        self._deferred.append(deferral)
        self._came()

    def _came(self) -> None:
        self._idle.clear()
        self._some.set()
        if len(self._done) + len(self._deferred) >= MOST:
            self._many.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._some.wait()
            try:
                async with asyncio.timeout(GATHER_S):
                    await self._many.wait()
            except TimeoutError:
                pass
            await self.flush()

    async def flush(self) -> None:
        """Write what waits; returns once it is written."""
        self._some.clear()
        self._many.clear()
        done, self._done = self._done, []
        deferred, self._deferred = self._deferred, []
        while done or deferred:
            try:
                await self._queue.finish(done, deferred)
                break
            except (Refusal, Unavailable) as exc:
                telemetry.event("queue.failed", reason=exc.cause or exc.public)
                await asyncio.sleep(_RETRY_S)
        for job in done:
            self._finished(job, None)
        for one in deferred:
            self._finished(one.job, one.due_at_ms)
        if not self._some.is_set():
            self._idle.set()

    async def idle(self) -> None:
        """Until everything is written."""
        await self._idle.wait()
