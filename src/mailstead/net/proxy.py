"""The PROXY header, read from a bare socket before anything else touches it (``protocol.proxy`` knows the format).

It comes before TLS, so it is read octet-exact: not one octet of what follows is taken. Only peers of ``[listen] proxy_from``
are asked for one, and they must send one.
"""

import asyncio
import socket

from mailstead.model.errors import Violation
from mailstead.net.endpoint import Endpoint, endpoint_of
from mailstead.net.errors import Gone
from mailstead.protocol.proxy import Reader


async def read_proxy(connection: socket.socket) -> Endpoint | None:
    """The caller the proxy speaks for; None: the proxy itself (health checks). Raises ``Gone`` for anything else."""
    loop = asyncio.get_running_loop()
    reader = Reader()
    source = None
    try:
        while source is None:
            octets = await loop.sock_recv(connection, reader.wanted)
            if not octets:
                raise Gone("the proxy left")
            source = reader.feed(octets)
    except Violation as exc:
        raise Gone(exc.text) from None
    except OSError as exc:
        raise Gone(str(exc)) from exc
    return endpoint_of((source.host, source.port)) if source.host else None
