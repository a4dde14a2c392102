"""Signing in and out, sessions, password, second factor, app passwords, the cache's key share: ``/api/…``.

See docs/reference/http.md. Every answer with something personal in it is never stored.
"""

import base64
from typing import Any, Protocol, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailstead.model import ids as wire
from mailstead.model.errors import Reason, Refusal
from mailstead.model.question import Principal
from mailstead.model.web_session import WebSession
from mailstead.server.http import body
from mailstead.server.http.api import cookies
from mailstead.server.http.api.cookies import ByCookie
from mailstead.server.http.identify import origin
from mailstead.server.http.problem import Problem, unauthorized
from mailstead.service.sessions import SecondFactorNeeded, WebSessions

_BODY = 16_384
T = TypeVar("T")


class Owner(Protocol):
    """What somebody may do with their own account (``service.admin``)."""

    async def account_show(self, address: str) -> dict[str, Any]: ...
    async def app_password_add(self, address: str, label: str) -> dict[str, Any]: ...
    async def app_password_list(self, address: str) -> list[dict[str, Any]]: ...
    async def app_password_delete(self, address: str, label: str) -> dict[str, Any]: ...


# ------------------------------------------------------------------------------------------------- what is sent
class SignIn(msgspec.Struct):
    """``code``: of the authenticator, or a recovery code; asked for by ``urn:mailstead:error:totp-required``."""

    login: str
    password: str
    code: str = ""


class Password(msgspec.Struct):
    current: str
    new: str


class Code(msgspec.Struct):
    code: str


class Proof(msgspec.Struct):
    password: str


class Label(msgspec.Struct):
    label: str


# ------------------------------------------------------------------------------------------------- what comes back
class Me(msgspec.Struct, rename="camel"):
    """Who is signed in; ``csrf`` goes into ``X-CSRF-Token`` of every request that changes something."""

    account_id: str
    address: str
    name: str
    csrf: str
    is_admin: bool
    has_totp: bool


class Session(msgspec.Struct, rename="camel"):
    """Times in milliseconds since 1970."""

    id: str
    created_at: int
    seen_at: int
    expires_at: int
    address: str
    agent: str
    is_current: bool


class Second(msgspec.Struct):
    """Shown once. ``uri`` is what a QR code holds."""

    secret: str
    uri: str
    recovery: list[str]


class Totp(msgspec.Struct, rename="camel"):
    """Whether there is a second factor."""

    has_totp: bool


class AppPassword(msgspec.Struct, rename="camel"):
    """``password`` only in the answer that makes it."""

    id: str
    label: str
    created_at: int
    password: str | None = None


class Share(msgspec.Struct):
    """Base64; the server's half of the key of the cache on the device."""

    share: str


class SessionApi:
    """``site``: what authenticators show beside the address."""

    def __init__(self, sessions: WebSessions, by_cookie: ByCookie, owner: Owner, *, site: str) -> None:
        self._sessions = sessions
        self._by_cookie = by_cookie
        self._owner = owner
        self._site = site

    def routes(self) -> list[Route]:
        """Where everything is."""
        return [
            Route("/api/session", self.session, methods=["GET", "POST", "DELETE"]), Route("/api/sessions", self.list, methods=["GET"]),
            Route("/api/sessions/{id}", self.revoke, methods=["DELETE"]), Route("/api/password", self.password, methods=["PUT"]),
            Route("/api/totp", self.totp, methods=["GET", "POST", "PUT", "DELETE"]),
            Route("/api/app-passwords", self.app_passwords, methods=["GET", "POST"]),
            Route("/api/app-passwords/{id}", self.app_password, methods=["DELETE"]), Route("/api/key-share", self.share, methods=["GET"]),
        ]  # fmt: skip

    # --------------------------------------------------------------------------------------------- in and out
    async def session(self, request: Request) -> Response:
        """POST signs in, GET says who is, DELETE signs out."""
        if request.method == "POST":
            return await self._sign_in(request)
        if request.method == "GET":
            return await self._who(request)
        _, session = await self._mine(request)
        await self._sessions.sign_out(session)
        response = _json(None)
        cookies.take(request, response)
        response.headers["Clear-Site-Data"] = '"cache"'
        return response

    async def _who(self, request: Request) -> Response:
        """204 where nobody is signed in: that is an answer to the question who is, and no refusal."""
        found = await self._by_cookie.session(request)
        return _json(await self._me(found[0], cookies.token_of(request)) if found is not None else None)

    async def _sign_in(self, request: Request) -> Response:
        asked = await _read(request, SignIn)
        try:
            done = await self._sessions.sign_in(
                asked.login, asked.password, asked.code, origin(request), agent=request.headers.get("user-agent", ""),
                device=cookies.device_of(request),
            )  # fmt: skip
        except SecondFactorNeeded:
            raise unauthorized("totp-required", "Enter the code of your authenticator") from None
        except Refusal as exc:
            if exc.reason is Reason.AUTHENTICATION_FAILED:
                raise unauthorized("credentials", exc.public) from exc
            if exc.reason is Reason.AUTHENTICATION_TOO_WEAK:
                raise Problem(403, "encryption-required", "Passwords are taken over HTTPS only") from exc
            raise
        response = _json(await self._me(done.principal, done.token))
        cookies.give(request, response, done.token, done.device)
        return response

    async def _me(self, principal: Principal, token: str) -> Me:
        shown = await self._owner.account_show(principal.address)
        return Me(
            wire.to_wire(wire.ACCOUNT, principal.account_id), principal.address, str(shown.get("name") or ""), self._sessions.csrf(token),
            bool(shown.get("is_admin")), await self._sessions.has_totp(principal.account_id),
        )  # fmt: skip

    async def _mine(self, request: Request) -> tuple[Principal, WebSession]:
        found = await self._by_cookie.session(request)
        if found is None:
            raise unauthorized("unauthenticated", "Sign in first")
        return found

    # --------------------------------------------------------------------------------------------- sessions
    async def list(self, request: Request) -> Response:
        """Every session of the account."""
        principal, session = await self._mine(request)
        return _json([
            Session(_ident(one), one.created_at_ms, one.seen_at_ms, one.expires_at_ms, one.address, one.agent, one.session_id == session.session_id)
            for one in await self._sessions.list(principal.account_id)
        ])  # fmt: skip

    async def revoke(self, request: Request) -> Response:
        """One of them ends."""
        principal, _ = await self._mine(request)
        number = wire.from_wire("w", request.path_params["id"])
        if number is None:
            raise Problem(404, "not-found", "There is no such session")
        await self._sessions.revoke(principal.account_id, number)
        return _json(None)

    async def share(self, request: Request) -> Response:
        """The server's half of the key of the cache on the device."""
        _, session = await self._mine(request)
        return _json(Share(base64.b64encode(session.share).decode("ascii")))

    # --------------------------------------------------------------------------------------------- secrets
    async def password(self, request: Request) -> Response:
        """A new one; all other sessions end."""
        principal, session = await self._mine(request)
        asked = await _read(request, Password)
        await self._sessions.change_password(principal, session, asked.current, asked.new)
        return _json(None)

    async def totp(self, request: Request) -> Response:
        """GET whether there is one, POST begin, PUT confirm, DELETE end."""
        principal, _ = await self._mine(request)
        match request.method:
            case "POST":
                return _json(msgspec.convert(await self._sessions.totp_begin(principal, self._site), Second))
            case "PUT":
                await self._sessions.totp_confirm(principal, (await _read(request, Code)).code)
            case "DELETE":
                await self._sessions.totp_end(principal, (await _read(request, Proof)).password)
            case _:
                pass
        return _json(Totp(await self._sessions.has_totp(principal.account_id)))

    async def app_passwords(self, request: Request) -> Response:
        """GET lists them, POST makes one."""
        principal, _ = await self._mine(request)
        if request.method == "POST":
            made = await self._owner.app_password_add(principal.address, (await _read(request, Label)).label)
            return _json(_app_password(made), 201)
        return _json([_app_password(one) for one in await self._owner.app_password_list(principal.address)])

    async def app_password(self, request: Request) -> Response:
        """One of them goes."""
        principal, _ = await self._mine(request)
        ident = request.path_params["id"]
        if all(one["id"] != ident for one in await self._owner.app_password_list(principal.address)):
            raise Problem(404, "not-found", "There is no such app password")
        await self._owner.app_password_delete(principal.address, ident)
        return _json(None)


def _ident(session: WebSession) -> str:
    return wire.to_wire("w", session.session_id)


def _app_password(row: dict[str, Any]) -> AppPassword:
    return AppPassword(row["id"], row["label"], row["created_at_ms"], row.get("password"))


async def _read(request: Request, kind: type[T]) -> T:
    octets = await body.whole(request, _BODY)
    try:
        return msgspec.json.decode(octets, type=kind)
    except msgspec.ValidationError as exc:
        raise Problem(422, "invalid", "The request is not as it should be", str(exc)) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Problem(400, "not-json", "The body is not JSON") from None


def _json(value: Any, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store"}
    if value is None:
        return Response(b"", 204, headers)
    return Response(msgspec.json.encode(value), status, headers, "application/json")
