"""IDLE (RFC 9051 §6.3.13, RFC 2177). New mail is told by ``bell``."""

from typing import TYPE_CHECKING

from mailstead.model import limits
from mailstead.model.errors import Violation
from mailstead.net.errors import Draining, Gone
from mailstead.protocol.imap.command.bare import Bare
from mailstead.protocol.imap.response import line
from mailstead.protocol.imap.server import Bad

if TYPE_CHECKING:
    from mailstead.server.imap.session import Session


async def idle(session: "Session", tag: str, _command: Bare) -> bytes:
    """Push news until DONE. A hint ends the read; only this task writes."""
    stream, machine = session.stream, session.machine
    stream.write(b"+ idling\r\n")
    if session.view is not None:
        await session.look()
    while True:
        said = machine.next_line()
        if said is not None:
            if isinstance(said, Bad) or said.strip().upper() != b"DONE":
                raise Violation("Expected DONE")
            return line.ok(tag, "IDLE completed")
        if session.has_news:
            news = await session.news(may_expunge=True)
            if news:
                stream.write(news)
                await stream.drain()
                if session.view is None:
                    return b""
            if session.has_news:
                continue
        session.idling = True
        try:
            octets = await stream.read(limits.IMAP_IDLE_TIMEOUT_S)
        except Draining:
            if stream.is_draining:
                raise
            continue
        finally:
            session.idling = False
        if not octets:
            raise Gone("the peer left")
        machine.receive(octets)
