"""HTTP: JMAP, what stands around it, and the web UI."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from starlette.routing import BaseRoute, WebSocketRoute

from mailstead.model import limits
from mailstead.model.ids import AccountId
from mailstead.server.http.again import Brief
from mailstead.server.http.api.cookies import ByCookie
from mailstead.server.http.api.session import Owner, SessionApi
from mailstead.server.http.app import Guard, application
from mailstead.server.http.connection import HttpServer
from mailstead.server.http.identify import Identify, Way
from mailstead.server.http.images import Fetch, Images
from mailstead.server.http.jmap import blob_upload, contacts, mdn, principal, session, share_with, sieve, socket
from mailstead.server.http.jmap.dispatch import CORE, MAIL, Dispatcher
from mailstead.server.http.jmap.endpoints import Endpoints
from mailstead.server.http.jmap.methods import BLOB, METHODS, QUOTA, SUBMISSION, VACATION
from mailstead.server.http.jmap.session import Sessions
from mailstead.server.http.mailing import Mailings, Uploads
from mailstead.server.http.openapi import openapi_route
from mailstead.server.http.static import Static
from mailstead.service.access import Access
from mailstead.service.emails import Emails
from mailstead.service.jobs import Jobs
from mailstead.service.kept import Kept
from mailstead.service.principals import Principals
from mailstead.service.push.states import TypeStates
from mailstead.service.push.watching import Watch
from mailstead.service.sending import HELD_MOST_S
from mailstead.service.sessions import WebSessions
from mailstead.service.sharing import Reach, Sharing
from mailstead.service.submissions import Sendings
from mailstead.service.unsubscribing import Unsubscribing

PUSH: Final = "urn:ietf:params:jmap:webpush-vapid"
WEB: Final = Path(__file__).parents[2] / "web" / "dist"
"""The built web UI."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What HTTP stands on, from the assembly."""

    access: Access
    emails: Emails
    kept: Kept
    jobs: Jobs
    principals: Principals
    sharing: Sharing
    states: TypeStates
    uploads: Uploads
    spool: Callable[[], Any]
    watch: Watch
    hostname: str
    message_octets: int
    ready: Callable[[], Awaitable[list[str]]]
    new_id: Callable[[], int]
    web_sessions: WebSessions | None = None
    owner: Owner | None = None
    """What people may do with their own accounts; with ``web_sessions`` the web UI can be signed in to."""
    sendings: Sendings | None = None
    """Without it nothing is sent by JMAP."""
    fetch_image: Fetch | None = None
    unsubscribing: Unsubscribing | None = None
    """Without it no list is left in one step."""
    push_key: str = ""
    """By which push services know this site (RFC 9749); "": nothing is pushed there."""
    secret: bytes = b""
    """Of this site: signs the addresses of pictures."""
    ways: Sequence[Way] = ()
    routes: Sequence[BaseRoute] = ()
    """Further ones, in front of the web UI's files."""
    web: Path = WEB


def http_server(parts: Parts) -> HttpServer:
    """Serves all of it; ``HttpServer.serve`` is the handler of the ``http`` and ``https`` listeners."""
    later = _Later()
    server = HttpServer(later)
    server_capabilities = {CORE: session.core(upload_octets=parts.message_octets), MAIL: {}, QUOTA: {}, BLOB: {}, session.PLUS: {}, principal.CAPABILITY: {}, share_with.CAPABILITY: {}}
    account_capabilities = {CORE: {}, MAIL: session.mail(message_octets=parts.message_octets), QUOTA: {}, BLOB: blob_upload.capability(), session.PLUS: {}, share_with.CAPABILITY: {}}

    def of_account(account: AccountId) -> dict[str, Any]:
        return account_capabilities | principal.capabilities(account)

    def of_shared(reach: Reach) -> dict[str, Any]:
        mail = {**session.mail(message_octets=parts.message_octets), "mayCreateTopLevelMailbox": False}
        return {CORE: {}, MAIL: mail, BLOB: blob_upload.capability(), share_with.CAPABILITY: {}, **principal.owned(reach.owner.account_id)}

    if parts.sendings is not None:
        server_capabilities[SUBMISSION] = {}
        for name in (VACATION, mdn.CAPABILITY):
            server_capabilities[name] = account_capabilities[name] = {}
        account_capabilities[SUBMISSION] = {"maxDelayedSend": HELD_MOST_S, "submissionExtensions": {"FUTURERELEASE": [], "DSN": [], "REQUIRETLS": []}}
    server_capabilities[contacts.CAPABILITY], account_capabilities[contacts.CAPABILITY] = {}, contacts.capability()
    server_capabilities[sieve.CAPABILITY], account_capabilities[sieve.CAPABILITY] = sieve.server_capability(), sieve.capability()
    server_capabilities[socket.CAPABILITY] = {"supportsPush": True}
    if parts.push_key:
        server_capabilities[PUSH] = {"applicationServerKey": parts.push_key}
    ways, routes = tuple(parts.ways), tuple(parts.routes)
    if parts.web_sessions is not None and parts.owner is not None:
        by_cookie = ByCookie(parts.web_sessions)
        ways = (by_cookie, *ways)
        routes = (*SessionApi(parts.web_sessions, by_cookie, parts.owner, site=parts.hostname).routes(), *routes)
    identify = Identify(parts.access, ways)
    if parts.fetch_image is not None:
        routes = (*Images(identify, parts.fetch_image, secret=parts.secret).routes(), *routes)
    sessions = Sessions(server_capabilities, lambda who: of_account(who.account_id), parts.sharing, of_shared)
    mailings = Mailings(parts.emails, parts.uploads, parts.kept, parts.jobs, parts.principals, parts.sharing, hostname=parts.hostname,
                        new_id=parts.new_id, message_octets=parts.message_octets, capabilities_of=lambda account, reach: of_account(account) if reach is None else of_shared(reach),
                        unsubscribing=parts.unsubscribing)
    dispatcher = Dispatcher(METHODS, mailings, server_capabilities, sessions.state, parts.sendings)
    sockets = socket.Sockets(identify, dispatcher, parts.states, parts.watch, server.stopping, limits.EVENT_SOURCES)
    endpoints = Endpoints(
        identify=identify, dispatcher=dispatcher,
        sessions=sessions, mailings=mailings, upload_octets=parts.message_octets, spool=parts.spool, watch=parts.watch,
        stopping=server.stopping, states=parts.states.of,
    )  # fmt: skip
    later.app = application([*endpoints.routes(), openapi_route(), WebSocketRoute("/jmap/ws", sockets.endpoint), *routes], Static(parts.web), ready=parts.ready)
    return server


class _Later:
    """The application, which wants the server that serves it."""

    app: Guard

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)

    def brief(self, scope: dict[str, Any]) -> Brief | None:
        """See ``connection.App``."""
        return self.app.brief(scope)
