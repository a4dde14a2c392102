"""The loop: uvloop where it is installed, else the standard one with a smaller TLS buffer.

asyncio gives every TLS connection a read buffer of 256 KiB; TLS records hold 16 KiB, and idle connections decide our
memory, so 16 KiB it is.
"""

import asyncio
from asyncio import sslproto
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_TLS_RECORD = 16 << 10


def new_loop(*, stock: bool = False) -> asyncio.AbstractEventLoop:
    """A new event loop. ``stock`` keeps to the standard library's."""
    if not stock:
        try:
            import uvloop
        except ImportError:
            pass
        else:
            return uvloop.new_event_loop()
    sslproto.SSLProtocol.max_size = _TLS_RECORD
    return asyncio.new_event_loop()


def run(main: Callable[[], Coroutine[Any, Any, T]], *, stock: bool = False) -> T:
    """Run ``main()`` on a new loop to its end."""
    with asyncio.Runner(loop_factory=lambda: new_loop(stock=stock)) as runner:
        return runner.run(main())
