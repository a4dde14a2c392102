"""SMTP, submission and LMTP over a stream: one task a connection pumps octets through the machine and its events to policy.

Replies to pipelined commands leave together, when the machine has nothing more to say (RFC 2920 §3.2). The message goes into
a spool as it comes; when it is whole, ``service.reception`` makes it durable, and only then is 250 said. What went wrong on
our side is temporary (451), and the connection lives on.
"""

from collections.abc import Awaitable, Callable

from mailstead import telemetry
from mailstead.model.errors import Refusal, Unavailable
from mailstead.net import Gone, ServerTls, Silent, Stream
from mailstead.net.errors import Draining
from mailstead.protocol.smtp.reply import reply
from mailstead.protocol.smtp.server import Mode
from mailstead.server.smtp.answers import answer
from mailstead.server.smtp.session import Session
from mailstead.server.smtp.site import Access, Site
from mailstead.service.mailbox import Spool
from mailstead.service.reception import Reception


def smtp_server(*, mode: Mode, reception: Reception, access: Access, spool: Callable[[], Spool], tls: ServerTls | None,
                now_ms: Callable[[], int]) -> Callable[[Stream], Awaitable[None]]:
    """The driver for one kind of listener. ``tls``: what STARTTLS uses; None where there is none."""
    site = Site(mode=mode, reception=reception, access=access, spool=spool, tls=tls, now_ms=now_ms)

    async def serve(stream: Stream) -> None:
        session = Session(stream, site)
        telemetry.count("smtp.connections", 1, mode=mode.value)
        try:
            await session.run()
        except Draining:
            stream.write(reply(421, "4.3.2", "The server is about to stop; connect again"))
        except Silent:
            stream.write(reply(421, "4.4.2", "Nothing was said for too long"))
        except Gone:
            pass
        except (Refusal, Unavailable) as exc:
            stream.write(answer(exc))
        except Exception as exc:
            telemetry.defect("smtp", exc, host=stream.peer.host)
            stream.write(reply(421, "4.3.0", "Something went wrong on our side; connect again"))
        finally:
            session.close()

    return serve
