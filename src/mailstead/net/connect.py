"""Calling out: to a smarthost, to our own server in tests."""

import asyncio
import ssl

from mailstead.net.errors import Gone, Silent
from mailstead.net.stream import Stream
from mailstead.net.tls import ClientTls


async def connect(
    host: str, port: int, *, timeout_s: float, tls: ClientTls | None = None, server_name: str | None = None, source: str = "",
) -> Stream:
    """Open a connection, with ``tls`` from the first octet on. ``unix`` as host takes ``server_name`` as path. ``source``: the address from
    which to call.

    Raises ``Silent`` when nothing is heard within ``timeout_s``, ``Gone`` for every other failure.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            if host == "unix":
                _, stream = await loop.create_unix_connection(lambda: Stream(loop), server_name)
                return stream
            _, stream = await loop.create_connection(
                lambda: Stream(loop),
                host,
                port,
                ssl=tls.context if tls else None,
                server_hostname=(server_name or host) if tls else None,
                local_addr=(source, 0) if source else None,
            )
    except TimeoutError:
        raise Silent(f"{host}:{port} does not answer") from None
    except (OSError, ssl.SSLError) as exc:
        raise Gone(f"{host}:{port}: {exc}") from exc
    return stream
