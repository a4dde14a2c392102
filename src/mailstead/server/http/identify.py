"""Who is asking: an ``Authorization`` header, or whatever other way the assembly adds (cookies of the web UI).

Basic (RFC 7617) carries a login and a password or app password; Bearer (RFC 6750) an app password in the form ``base64(login:password)``
until there are tokens of their own (DECISIONS 27). Passwords are taken over TLS, or over loopback where ``[auth] cleartext_on_loopback``
says so.
"""

import base64
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from starlette.requests import HTTPConnection

from mailstead.model.errors import Reason, Refusal
from mailstead.model.question import Origin, Principal
from mailstead.net.endpoint import endpoint_of
from mailstead.server.http.again import MEMO
from mailstead.server.http.problem import Problem, of_refusal, unauthorized
from mailstead.service.access import Access, Pass

Way = Callable[[HTTPConnection], Awaitable[Principal | None]]
"""Gives who it is, None where this way was not taken. Raises ``Problem``."""
_CREDENTIALS: Final = 2_048


class Identify:
    """``ways`` are tried where there is no ``Authorization`` header."""

    def __init__(self, access: Access, ways: Sequence[Way] = ()) -> None:
        self._access = access
        self._ways = tuple(ways)

    async def __call__(self, request: HTTPConnection) -> Principal:
        """Raises ``Problem`` 401 or 403, ``Unavailable``."""
        memo: dict[Any, Any] | None = request.scope.get(MEMO)
        shown: Pass | None = memo.get(Pass) if memo is not None else None
        if shown is not None:
            known = await self._access.again(shown, origin(request))
            if known is not None:
                return known
        header = request.headers.get("authorization", "")
        if header:
            principal = await self._by_header(request, header)
            if memo is not None:
                memo[Pass] = await self._access.pass_of(principal)
            return principal
        for way in self._ways:
            found = await way(request)
            if found is not None:
                return found
        raise unauthorized("unauthenticated", "Sign in first", basic=not is_browser(request))

    async def still(self, request: HTTPConnection, principal: Principal) -> bool:
        """Whether who came with this request long ago would be let in now. No guess is counted."""
        try:
            if request.headers.get("authorization"):
                return await self._access.holds(principal)
            for way in self._ways:
                found = await way(request)
                if found is not None:
                    return found.account_id == principal.account_id
        except Problem:
            return False
        return False

    async def _by_header(self, request: HTTPConnection, header: str) -> Principal:
        scheme, _, credentials = header.partition(" ")
        if scheme.lower() not in {"basic", "bearer"} or len(credentials) > _CREDENTIALS:
            raise unauthorized("unauthenticated", "Only Basic and Bearer are known here", basic=True)
        try:
            login, colon, password = base64.b64decode(credentials.strip(), validate=True).decode("utf-8").partition(":")
        except ValueError:
            raise unauthorized("credentials", "The credentials cannot be read", basic=True) from None
        if not colon:
            raise unauthorized("credentials", "The credentials cannot be read", basic=True)
        try:
            principal = await self._access.login(login, password, origin(request), visitor=request.headers.get("user-agent", ""))
        except Refusal as exc:
            raise _refused(exc) from exc
        if scheme.lower() == "bearer" and not principal.credential_id:
            raise unauthorized("credentials", "A bearer token is made of an app password", basic=True)
        return principal


def _refused(exc: Refusal) -> Problem:
    if exc.reason is Reason.AUTHENTICATION_FAILED:
        return unauthorized("credentials", exc.public, basic=True)
    if exc.reason is Reason.AUTHENTICATION_TOO_WEAK:
        return Problem(403, "encryption-required", "Passwords are taken over TLS only")
    return of_refusal(exc)


def origin(request: HTTPConnection) -> Origin:
    """Where the request comes from, for limits and the log."""
    return _origin((request.scope.get("client") or ("unix",))[0], request.scope["scheme"] in {"https", "wss"})


@lru_cache(maxsize=4096)
def _origin(host: str, is_encrypted: bool) -> Origin:
    peer = endpoint_of((host, 0) if host != "unix" else None)
    return Origin(peer.host, peer.is_loopback, is_encrypted, "http", {}, peer.limit_key)


def is_browser(request: HTTPConnection) -> bool:
    """Whether a page of ours asks: it shows its own sign-in, so the browser must not pop one up."""
    return "sec-fetch-mode" in request.headers or "x-csrf-token" in request.headers
