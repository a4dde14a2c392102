"""JMAP's addresses: the session, the API, blobs, events (RFC 8620 §2, §3, §6, §7)."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from mailstead import telemetry
from mailstead.model import ids as wire
from mailstead.model import limits
from mailstead.model.ids import AccountId
from mailstead.model.question import Principal
from mailstead.protocol.jmap.errors import RequestError
from mailstead.protocol.jmap.request import too_large
from mailstead.server.http import body
from mailstead.server.http.again import MEMO
from mailstead.server.http.app import Json, Whole
from mailstead.server.http.connection import Stopping
from mailstead.server.http.identify import Identify
from mailstead.server.http.jmap import blob, blob_source, events, news
from mailstead.server.http.jmap.dispatch import Dispatcher
from mailstead.server.http.jmap.session import Sessions
from mailstead.server.http.mailing import Mailings
from mailstead.server.http.problem import Problem
from mailstead.service.push.watching import States, Watch

_JSON = "application/json"


class _FileName(Convertor[str]):
    """The rest of an address, whatever it holds: the name of an attachment may have a line break in it."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("filename", _FileName())


class Endpoints:
    """``watch`` is the store's."""

    def __init__(
        self, *, identify: Identify, dispatcher: Dispatcher, sessions: Sessions, mailings: Mailings, upload_octets: int,
        spool: Callable[[], Any], watch: Watch, stopping: Stopping, states: States,
    ) -> None:  # fmt: skip
        self._identify = identify
        self._dispatcher = dispatcher
        self._sessions = sessions
        self._mailings = mailings
        self._upload_octets = upload_octets
        self._spool = spool
        self._watch = watch
        self._stopping = stopping
        self._states = states
        self._uploading: Counter[AccountId] = Counter()
        self._listening: Counter[AccountId] = Counter()

    def routes(self) -> list[Route]:
        """Where everything is."""
        return [
            Route("/.well-known/jmap", self.well_known), Whole("/jmap/session", self.session),
            Whole("/jmap", self.api, methods=["POST"]), Route("/jmap/upload/{account}/", self.upload, methods=["POST"]),
            Route("/jmap/download/{account}/{blob}/{name:filename}", self.download), Route("/jmap/events", self.events),
        ]  # fmt: skip

    async def well_known(self, request: Request) -> Response:
        """RFC 8620 §2.2: where the session resource is."""
        return RedirectResponse(f"{_base(request)}/jmap/session", 307)

    async def session(self, request: Request) -> Response:
        """RFC 8620 §2."""
        principal = await self._identify(request)
        found = await self._sessions.resource(principal, _base(request))
        return Response(msgspec.json.encode(found), headers={"Cache-Control": "no-cache, no-store, must-revalidate"}, media_type=_JSON)

    async def api(self, request: Request) -> Response:
        """RFC 8620 §3."""
        principal = await self._identify(request)
        if not _is_json(request):
            return _request_error(RequestError("notJSON", "A request's Content-Type is application/json"))
        try:
            octets = await body.whole(request, limits.JMAP_REQUEST)
        except Problem as exc:
            if exc.status != 413:  # noqa: PLR2004 - too large has a form of its own here
                raise
            return _request_error(too_large())
        try:
            return Json(await self._dispatcher.run(octets, principal))
        except RequestError as exc:
            telemetry.event("jmap.refused", account=principal.account_id, reason=exc.detail)
            return _request_error(exc)

    # ------------------------------------------------------------------------------------------------- blobs
    async def upload(self, request: Request) -> Response:
        """RFC 8620 §6.1."""
        principal = await self._identify(request)
        account, mailings = await self._account(request, principal, writes=True)
        who = principal.account_id
        if self._uploading[who] >= limits.JMAP_CONCURRENT_UPLOADS:
            return _request_error(RequestError("limit", "Too many uploads at once", limit="maxConcurrentUpload", status=429))
        self._uploading[who] += 1
        spool = self._spool()
        try:
            async for piece in body.pieces(request, self._upload_octets):
                spool.write(piece)
            size = spool.size
            ident = await mailings.keep(account, spool.finish())
        except Problem as exc:
            if exc.status != 413:  # noqa: PLR2004 - the limit has a name
                raise
            limit = RequestError("limit", f"A file has at most {self._upload_octets} octets", limit="maxSizeUpload", status=413)
            return _request_error(limit, exc.headers)
        finally:
            spool.close()
            self._uploading[who] -= 1
        kind = blob.media_type(request.headers.get("content-type", "").partition(";")[0].strip())
        answer = {"accountId": wire.to_wire(wire.ACCOUNT, account), "blobId": ident, "type": kind, "size": size}
        return Response(msgspec.json.encode(answer), 201, media_type=_JSON)

    async def download(self, request: Request) -> Response:
        """RFC 8620 §6.2: always as an attachment, of the type that was asked for, never sniffed (DECISIONS 28)."""
        principal = await self._identify(request)
        account, mailings = await self._account(request, principal)
        ident = request.path_params["blob"]
        octets = await blob_source.octets(mailings, account, ident)
        if octets is None:
            raise Problem(404, "not-found", "There is no such blob in this account")
        headers = {
            "Content-Disposition": blob.disposition(request.path_params["name"]), "Accept-Ranges": "bytes",
            "Content-Security-Policy": "sandbox; default-src 'none'", "Cache-Control": "private, immutable, max-age=31536000",
            "ETag": f'"{ident}"',
        }  # fmt: skip
        if blob.is_known(request.headers.get("if-none-match", ""), headers["ETag"]):
            return Response(b"", 304, headers)
        headers["Content-Type"] = blob.content_type(request.query_params.get("type", ""))  # as a header: Starlette would add a charset of its own
        asked = blob.span(request.headers.get("range", ""), len(octets))
        if asked is None:
            return Response(octets, 200, headers)
        start, end = asked
        if start >= end:
            return Response(b"", 416, {**headers, "Content-Range": f"bytes */{len(octets)}"})
        return Response(octets[start:end], 206, {**headers, "Content-Range": f"bytes {start}-{end - 1}/{len(octets)}"})

    async def _account(self, request: Request, principal: Principal, *, writes: bool = False) -> tuple[AccountId, Mailings]:
        """The account that is named, and what reads it. Raises ``Problem``."""
        named = request.path_params["account"]
        if named == wire.to_wire(wire.ACCOUNT, principal.account_id):
            return principal.account_id, self._mailings
        number = wire.from_wire(wire.ACCOUNT, named)
        reach = await self._mailings.sharing.reach(principal.account_id, AccountId(number)) if number is not None else None
        if reach is None:
            raise Problem(404, "not-found", "There is no such account")
        if writes and not reach.may_write:
            raise Problem(403, "forbidden", "This account can only be read")
        return reach.owner.account_id, self._mailings.seen_by(principal.account_id)

    # ------------------------------------------------------------------------------------------------- events
    async def events(self, request: Request) -> Response:
        """RFC 8620 §7.3. ``news``: properties of emails, where what has changed is to come with the event (``jmap.news``)."""
        principal = await self._identify(request)
        account = principal.account_id
        asked = request.query_params
        types, close_after, ping = asked.get("types", "*"), asked.get("closeafter", "no"), events.interval(asked.get("ping", "0"))
        if close_after not in {"state", "no"} or ping is None or len(types) > 2_000:  # noqa: PLR2004 - more names than there are types
            raise Problem(400, "invalid", "closeafter is state or no, ping a number of seconds")
        if self._listening[account] >= limits.EVENT_SOURCES:
            raise Problem(429, "limit", "Too many listeners for this account", headers={"Retry-After": "30"})
        wanted = None if types == "*" else frozenset(types.split(","))
        told = news.properties(asked.get("news", ""))

        async def whats_new(since: dict[str, str]) -> dict[str, Any] | None:
            return await news.told(self._dispatcher, principal, since, told)

        async def listened() -> Any:
            self._listening[account] += 1
            try:
                async for octets in events.listened(
                    account, types=wanted, close_after_state=close_after == "state", ping_s=ping, states=self._states, watch=self._watch,
                    stopping=self._stopping, still=lambda: self._identify.still(request, principal),
                    last=request.headers.get("last-event-id", ""), news=whats_new if told else None,
                ):  # fmt: skip
                    yield octets
            finally:
                self._listening[account] -= 1

        return StreamingResponse(listened(), headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}, media_type="text/event-stream")


def _is_json(request: Request) -> bool:
    memo: dict[Any, Any] = request.scope.get(MEMO, {})
    found: bool | None = memo.get(_JSON)
    if found is None:
        found = memo[_JSON] = request.headers.get("content-type", "").partition(";")[0].strip().lower() == _JSON
    return found


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host') or request.url.netloc}"


def _request_error(exc: RequestError, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(exc.problem()), exc.status, headers, "application/problem+json")
