"""A name server that knows many domains, each with a server of its own at an address where nobody listens.

A process of its own: what it has to do takes nothing from whoever measures.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness.dns import name_server


@contextmanager
def dead_names(count: int, *more: str) -> Iterator[int]:
    """The port of a name server on loopback: ``d<n>.dead.test`` and the lines of ``more``."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.dead_names", str(count), *more], cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        if process.stdout is None:
            raise AssertionError("the name server has no output")
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


async def _serve(count: int, more: list[str]) -> None:
    zone = "$TTL 3600\n" + "".join(f"d{number}.dead.test. IN A 127.0.0.77\n" for number in range(count)) + "\n".join(more) + "\n"
    async with name_server(zone) as names:
        print(names.port, flush=True)
        await asyncio.to_thread(sys.stdin.read)  # until whoever asked is gone


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2:]))
