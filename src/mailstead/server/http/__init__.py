"""HTTP: JMAP, what stands around it, and the web UI."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from starlette.routing import BaseRoute

from mailstead.model.question import Principal
from mailstead.server.http.app import application
from mailstead.server.http.connection import HttpServer
from mailstead.server.http.identify import Identify, Way
from mailstead.server.http.jmap import session
from mailstead.server.http.jmap.dispatch import CORE, Dispatcher
from mailstead.server.http.jmap.endpoints import Endpoints
from mailstead.server.http.jmap.events import Watch
from mailstead.server.http.jmap.methods import MAIL, METHODS, QUOTA
from mailstead.server.http.jmap.session import Sessions
from mailstead.server.http.mailing import Mailings, Uploads
from mailstead.server.http.static import Static
from mailstead.service.access import Access
from mailstead.service.emails import Emails

WEB: Final = Path(__file__).parents[2] / "web" / "dist"
"""The built web UI."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What HTTP stands on, from the assembly."""

    access: Access
    emails: Emails
    uploads: Uploads
    spool: Callable[[], Any]
    watch: Watch
    hostname: str
    message_octets: int
    ready: Callable[[], Awaitable[list[str]]]
    ways: Sequence[Way] = ()
    routes: Sequence[BaseRoute] = ()
    """Further ones, in front of the web UI's files."""
    web: Path = WEB


def http_server(parts: Parts) -> HttpServer:
    """Serves all of it; ``HttpServer.serve`` is the handler of the ``http`` and ``https`` listeners."""
    server = HttpServer(_Later())
    server_capabilities = {CORE: session.core(upload_octets=parts.message_octets), MAIL: {}, QUOTA: {}}
    account_capabilities = {CORE: {}, MAIL: session.mail(message_octets=parts.message_octets), QUOTA: {}}

    def of_account(_: Principal) -> dict[str, Any]:
        return account_capabilities

    sessions = Sessions(server_capabilities, of_account)
    mailings = Mailings(parts.emails, parts.uploads, hostname=parts.hostname)
    endpoints = Endpoints(
        identify=Identify(parts.access, parts.ways), dispatcher=Dispatcher(METHODS, mailings, server_capabilities, sessions.state),
        sessions=sessions, mailings=mailings, upload_octets=parts.message_octets, spool=parts.spool, watch=parts.watch,
        stopping=server.stopping,
    )  # fmt: skip
    server.app.app = application([*endpoints.routes(), *parts.routes], Static(parts.web), ready=parts.ready)
    return server


class _Later:
    """The application, which wants the server that serves it."""

    app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)
