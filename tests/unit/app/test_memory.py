"""Large pieces go back to the system, whichever thread had them; rings of objects go after a while."""

import asyncio
import contextlib
import gc
import subprocess
import sys
import weakref
from collections.abc import AsyncIterator
from pathlib import Path

from mailstead.app import memory

PROGRAM = """
import hashlib, sys, threading
from mailstead.app import memory
from argon2.low_level import Type, hash_secret

def resident() -> int:
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS:")).split()[1])

assert memory.give_back()
before = resident()
def work() -> None:
    for _ in range(3):
        hash_secret(b"x", b"salt and more of it", 1, 19_456, 1, 32, Type.ID)
threads = [threading.Thread(target=work) for _ in range(4)]
[one.start() for one in threads]
[one.join() for one in threads]
print(resident() - before)
"""


def test_what_a_hash_took_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    assert int(done.stdout) < 10_000


class Ring:
    def __init__(self) -> None:
        self.me = self


@contextlib.asynccontextmanager
async def tidying(*, all_after: int) -> AsyncIterator[None]:
    before = gc.get_threshold()
    task = asyncio.create_task(memory.tidy(0.01, all_after))
    try:
        await asyncio.sleep(0)
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        gc.unfreeze()
        gc.set_threshold(*before)


async def make() -> None:
    """Something is made, and a turn passes."""
    kept: list[list[int]] = [[] for _ in range(2 * gc.get_threshold()[0])]
    await asyncio.sleep(0.01)
    del kept


async def put_aside() -> weakref.ref[Ring]:
    """A ring that was put aside, and that nobody has any more."""
    ring = Ring()
    async with asyncio.timeout(10):
        while any(one is ring for one in gc.get_objects()):
            await make()
    return weakref.ref(ring)


async def test_rings_are_found_after_a_while_and_seldom_by_count() -> None:
    before = gc.get_threshold()
    async with tidying(all_after=1_000):
        ring = Ring()
        gc.collect()  # it is old now: only a look through everything will find it
        gone = weakref.ref(ring)
        del ring
        async with asyncio.timeout(10):
            while gone() is not None:
                await make()
        assert gc.get_threshold()[0] > before[0]
        assert gc.isenabled()


async def test_what_has_been_put_aside_is_found_when_all_is_looked_at() -> None:
    async with tidying(all_after=5):
        gone = await put_aside()
        async with asyncio.timeout(10):
            while gone() is not None:
                await make()


async def test_what_has_been_put_aside_is_not_looked_at_each_time() -> None:
    async with tidying(all_after=1_000_000):
        gone = await put_aside()
        for _ in range(20):
            await make()
        assert gone() is not None
