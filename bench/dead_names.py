"""A name server that knows many domains, each with a server of its own at an address where nobody listens."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.harness.dns import name_server


@contextmanager
def dead_names(count: int, *more: str) -> Iterator[int]:
    """The port of a name server on loopback, in a thread: ``d<n>.dead.test`` and the lines of ``more``."""
    zone = "$TTL 3600\n" + "".join(f"d{number}.dead.test. IN A 127.0.0.77\n" for number in range(count)) + "\n".join(more) + "\n"
    ready = threading.Event()
    ports: list[int] = []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with name_server(zone) as names:
            ports.append(names.port)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    ready.wait(60)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
