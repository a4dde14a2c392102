"""The application: JMAP, what stands around it, the web UI; one set of headers, one form of errors.

Security headers go onto every answer. A request with a body from another origin is refused where it comes with a cookie (``Sec-Fetch-Site``), so
that no stranger's page acts in a user's name; tokens of the web UI are checked besides.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from inspect import isawaitable, iscoroutinefunction
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from uvicorn.protocols.http.httptools_impl import HEADER_RE as _NO_NAME
from uvicorn.protocols.http.httptools_impl import HEADER_VALUE_RE as _NO_VALUE
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from mailstead import telemetry
from mailstead.model.errors import Refusal, Unavailable
from mailstead.server.http.again import Answer, Brief
from mailstead.server.http.problem import Problem, of_refusal, of_unavailable
from mailstead.server.http.static import Static

HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"), (b"x-frame-options", b"SAMEORIGIN"),
    (b"cross-origin-opener-policy", b"same-origin"), (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
)  # fmt: skip
"""On every answer that does not say otherwise."""
STRICT: Final = (b"strict-transport-security", b"max-age=31536000")
OURS: Final = ("/jmap", "/api/", "/proxy/", "/.well-known/", "/autodiscover/", "/Autodiscover/", "/mail/config")
"""Never a page of the web UI."""
_READ: Final = ["GET", "HEAD"]
Ready = Callable[[], Awaitable[list[str]]]
_BODILESS: Final = frozenset({204, 304})
Endpoint = Callable[[Request], Awaitable[Response]]
Handler = Callable[[Request, Any], Response | Awaitable[Response]]


class Json(Response):
    """JSON that is made already."""

    def __init__(self, octets: bytes) -> None:
        self.status_code, self.background, self.body = 200, None, octets
        self.raw_headers = [(b"content-length", b"%d" % len(octets)), (b"content-type", b"application/json")]


class Whole(Route):
    """A route whose answers are made whole before they go."""


class Direct:
    """Requests for an address that a route names to the letter go to it without a search, which takes an eighth of a small request's time; the rest is
    Starlette's."""

    def __init__(self, app: Any, routes: Sequence[BaseRoute], handlers: Mapping[type[Exception], Handler]) -> None:
        self._app = app
        self._handlers = handlers
        self._exact = {
            (method, route.path): route.endpoint
            for route in routes if isinstance(route, Route) and "{" not in route.path and iscoroutinefunction(route.endpoint)
            for method in route.methods or ()
        }
        self._whole = {key for key in self._exact if any(isinstance(route, Whole) and route.path == key[1] for route in routes) and key[0] != "HEAD"}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        endpoint = self._exact.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if endpoint is None:
            await self._app(scope, receive, send)
            return
        response = await self._answer(endpoint, Request(scope, receive, send))
        await response(scope, receive, send)

    async def _answer(self, endpoint: Endpoint, request: Request) -> Response:
        try:
            return await endpoint(request)
        except Exception as exc:
            found = next(self._handlers[kind] for kind in type(exc).__mro__ if kind in self._handlers)(request, exc)
            return await found if isawaitable(found) else found

    def brief(self, method: str, path: str) -> Callable[[Request], Awaitable[Response]] | None:
        """What answers there, where all of an answer is made before it goes."""
        if (method, path) not in self._whole:
            return None
        endpoint = self._exact[method, path]

        async def answer(request: Request) -> Response:
            return await self._answer(endpoint, request)

        return answer


class Guard:
    """Security headers, and no cookies from other people's pages."""

    def __init__(self, app: Direct) -> None:
        self._app = app

    def brief(self, scope: dict[str, Any]) -> Brief | None:
        """See ``connection.App``. What is refused here is left to ``__call__``."""
        endpoint = self._app.brief(scope["method"], scope["path"])
        if endpoint is None or _is_forged(scope):
            return None
        is_secure = scope["scheme"] == "https"

        async def answer(scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]]) -> Answer:
            return octets_of(await endpoint(Request(scope, receive)), is_secure=is_secure)

        return answer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] not in {"http", "websocket"}:
            return
        if _is_forged(scope):
            telemetry.event("http.refused", path=scope["path"][:200], reason="another origin's page sent a cookie")
            if scope["type"] == "http":
                await Problem(403, "cross-site", "Another site may not act here in your name").response()(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008})
            return
        is_secure = scope["scheme"] in {"https", "wss"}

        async def out(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                there = {name for name, _ in headers}
                headers += [pair for pair in HEADERS if pair[0] not in there]
                if is_secure:
                    headers.append(STRICT)
            await send(message)

        try:
            await self._app(scope, receive, out)
        except Exception as exc:
            if scope["type"] == "websocket":
                telemetry.defect("http", exc, path=scope["path"][:200])
            # An answer to an ordinary request has been given and the defect told (``_defect``).


def _is_forged(scope: Any) -> bool:
    """A request that changes something, with a cookie, from another site's page."""
    headers = dict(scope["headers"])
    if b"cookie" not in headers or (scope["type"] == "http" and scope["method"] in {"GET", "HEAD", "OPTIONS"}):
        return False
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in {b"same-origin", b"none"}
    origin = headers.get(b"origin")
    return origin is not None and origin.partition(b"://")[2] != headers.get(b"host", b"")


Headers = tuple[tuple[bytes, bytes], ...]
_leads: dict[tuple[int, bool, Headers], tuple[bytes, bool]] = {}
_LEADS: Final = 200


def octets_of(response: Response, *, is_secure: bool) -> Answer:
    """An answer as it goes over the wire, with the headers that are on every answer. What stands before its length is mostly the same, and kept."""
    headers = tuple([pair for pair in response.raw_headers if pair[0] != b"content-length"])
    key = response.status_code, is_secure, headers
    found = _leads.get(key)
    if found is None:
        found = _lead(response.status_code, headers, is_secure=is_secure)
        if not any(name == b"set-cookie" for name, _ in headers):  # what somebody is known by is not kept
            if len(_leads) >= _LEADS:
                _leads.clear()
            _leads[key] = found
    lead, is_last = found
    body = bytes(response.body)
    if response.status_code in _BODILESS:
        return lead + b"\r\n", is_last
    return b"%bcontent-length: %d\r\n\r\n%b" % (lead, len(body), body), is_last


def _lead(status: int, headers: Headers, *, is_secure: bool) -> tuple[bytes, bool]:
    there = {name for name, _ in headers}
    sent = [*headers, *(pair for pair in HEADERS if pair[0] not in there), *((STRICT,) if is_secure else ())]
    for name, value in sent:
        if _NO_NAME.search(name) or _NO_VALUE.search(value):
            raise ValueError("this is no header")
    is_last = any(name == b"connection" and b"close" in value.lower() for name, value in headers)
    return STATUS_LINE[status] + b"".join(b"%b: %b\r\n" % pair for pair in sent), is_last


def application(routes: Sequence[BaseRoute], static: Static, *, ready: Ready) -> Guard:
    """The ASGI application. ``ready`` gives what is missing, empty when all is well."""

    async def health(_: Request) -> Response:
        return Response(b"ok\n", media_type="text/plain")

    async def readiness(_: Request) -> Response:
        missing = await ready()
        return Response("\n".join(missing or ["ready"]) + "\n", 503 if missing else 200, media_type="text/plain")

    async def files(request: Request) -> Response:
        is_ours = request.url.path.startswith(OURS)
        methods = _methods(routes, request) if is_ours else sorted({*_READ, *_methods(routes, request)})
        if methods and (is_ours or request.method not in _READ):  # RFC 9110 §15.5.6
            raise Problem(405, "method-not-allowed", "This is not done by this method", headers={"Allow": ", ".join(methods)})
        if is_ours:
            raise Problem(404, "not-found", "There is nothing here")
        return static.answer(request)

    handlers: dict[type[Exception], Handler] = {
        Problem: lambda _, exc: exc.response(),
        Refusal: lambda _, exc: of_refusal(exc).response(),
        Unavailable: _unavailable,
        HTTPException: _plain,
        Exception: _defect,
    }
    starlette = Starlette(
        routes=[*routes, Route("/healthz", health), Route("/readyz", readiness), Route("/{path:path}", files, methods=[*_READ, "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])],
        exception_handlers=handlers,
    )
    starlette.router.redirect_slashes = False
    return Guard(Direct(starlette, routes, handlers))


def _methods(routes: Sequence[BaseRoute], request: Request) -> list[str]:
    """By which methods something would be done at this address."""
    there = [route for route in routes if isinstance(route, Route) and route.matches(request.scope)[0] is Match.PARTIAL]
    return sorted({method for route in there for method in route.methods or ()})


async def _unavailable(request: Request, exc: Any) -> Response:
    telemetry.event("http.unavailable", path=request.url.path[:200], reason=exc.cause or exc.public)
    return of_unavailable(exc).response()


async def _plain(_: Request, exc: Any) -> Response:
    kind = {404: "not-found", 405: "method-not-allowed"}.get(exc.status_code, "refused")
    return Problem(exc.status_code, kind, str(exc.detail), headers=dict(exc.headers or {})).response()


async def _defect(request: Request, exc: Exception) -> Response:
    telemetry.defect("http", exc, path=request.url.path[:200])
    return Problem(500, "defect", "Something went wrong on our side; try again").response()
