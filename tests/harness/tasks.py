"""Work in the background of a test."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest


@asynccontextmanager
async def running(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Each as a task until the end of the block."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def at_one_moment(patch: pytest.MonkeyPatch, owner: Any, method: str, parties: int) -> None:
    """The first ``parties`` calls of ``owner.method`` begin when all of them have come; later ones at once."""
    real = getattr(owner, method)
    barrier = asyncio.Barrier(parties)
    calls = 0

    async def together(*arguments: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls <= parties:
            async with asyncio.timeout(30):
                await barrier.wait()
        return await real(*arguments, **more)

    patch.setattr(owner, method, together)
