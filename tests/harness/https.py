"""An HTTPS server on loopback with a certificate of its own, for what the server asks of others."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from mailstead.net import make_self_signed


@asynccontextmanager
async def https_server(folder: Path, path: str, take: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[tuple[int, ssl.SSLContext]]:
    """``take`` answers a POST to ``path``. Gives the port at 127.0.0.1 and a context that trusts the certificate, which is of ``localhost``."""
    make_self_signed(folder / "own.pem", ["localhost"])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "own.pem")
    app = web.Application()
    app.router.add_post(path, take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        yield runner.addresses[0][1], ssl.create_default_context(cafile=str(folder / "own.pem"))
    finally:
        await runner.cleanup()
