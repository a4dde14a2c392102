"""The web UI's cookies: a session that scripts cannot read, a device that is known again.

Over HTTPS their names begin with ``__Host-``, so that no other host of the domain can set them (RFC 6265bis §4.1.3.2); over plain HTTP, which
is for loopback, they are plain. A request that changes something shows the token that only our own pages know.
"""

import hmac
from typing import Any, Final

from starlette.requests import HTTPConnection
from starlette.responses import Response

from mailstead.model.question import Principal
from mailstead.model.web_session import WebSession
from mailstead.server.http.again import MEMO
from mailstead.server.http.identify import origin
from mailstead.server.http.problem import Problem
from mailstead.service.sessions import LASTS_MS, WebSessions

_SESSION: Final = "mailstead"
_DEVICE: Final = "mailstead-device"
_DEVICE_S: Final = 400 * 86_400
CSRF_HEADER: Final = "x-csrf-token"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def _name(request: HTTPConnection, name: str) -> str:
    return f"__Host-{name}" if request.scope["scheme"] in {"https", "wss"} else name


def token_of(request: HTTPConnection) -> str:
    """The session's token; "" where there is none."""
    return request.cookies.get(_name(request, _SESSION), "")[:100]


def device_of(request: HTTPConnection) -> str:
    return request.cookies.get(_name(request, _DEVICE), "")[:100]


def give(request: HTTPConnection, response: Response, token: str, device: str) -> None:
    """Both cookies."""
    secure = request.scope["scheme"] == "https"
    response.set_cookie(_name(request, _SESSION), token, max_age=LASTS_MS // 1000, path="/", secure=secure, httponly=True, samesite="strict")
    response.set_cookie(_name(request, _DEVICE), device, max_age=_DEVICE_S, path="/", secure=secure, httponly=True, samesite="strict")


def take(request: HTTPConnection, response: Response) -> None:
    """The session's goes."""
    response.delete_cookie(_name(request, _SESSION), path="/", secure=request.scope["scheme"] == "https", httponly=True, samesite="strict")


class ByCookie:
    """``identify.Way``: who holds the session that the cookie names."""

    def __init__(self, sessions: WebSessions) -> None:
        self._sessions = sessions

    async def __call__(self, request: HTTPConnection) -> Principal | None:
        found = await self.session(request)
        return found[0] if found is not None else None

    async def session(self, request: HTTPConnection) -> tuple[Principal, WebSession] | None:
        """Raises ``Problem`` 403 for a request that changes something and does not prove where it comes from."""
        memo: dict[Any, Any] = request.scope.get(MEMO, {})
        proven: str = memo.get(ByCookie, "")
        token = proven or token_of(request)
        found = await self._sessions.of(token, origin(request)) if token else None
        if found is None:
            return None
        if not proven and request.scope["type"] == "http" and request.scope["method"] not in _SAFE:
            shown = request.headers.get(CSRF_HEADER, "")
            if not hmac.compare_digest(shown.encode(), self._sessions.csrf(token).encode()):
                raise Problem(403, "csrf", "The page is too old or not ours; load it again")
        memo[ByCookie] = token  # a header that is the same proves the same
        return found
