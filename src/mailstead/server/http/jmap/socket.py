"""JMAP over WebSocket (RFC 8887): requests and responses as messages, and push on the same connection.

Messages are answered one after the other; what is pushed comes between them. A frame that is not text ends the connection, one that is far too large
(``connection.MESSAGE``) does so in ``connection.Socket``.
"""

import asyncio
from typing import Any, Final

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from mailstead import telemetry
from mailstead.model import limits
from mailstead.model.email import Position
from mailstead.model.question import Principal
from mailstead.protocol.jmap import request
from mailstead.protocol.jmap.errors import RequestError
from mailstead.server.http.connection import Stopping
from mailstead.server.http.identify import Identify
from mailstead.server.http.jmap.dispatch import Dispatcher
from mailstead.server.http.problem import Problem
from mailstead.service.push.states import TypeStates
from mailstead.service.push.watching import CAUGHT_UP_S, AccountStates, Watch, Watcher, wired

PROTOCOL: Final = "jmap"
CAPABILITY: Final = "urn:ietf:params:jmap:websocket"
_GOING_AWAY: Final = 1001
_NOT_TEXT: Final = 1003
_POLICY: Final = 1008
LOOK_S: Final = 5.0
"""A request is answered so long after the last look whether its author still may ask."""
_NEVER: Final = Position(-1, 0)
"""Where no account ever stood."""


class Sockets:
    """One for the process."""

    def __init__(self, identify: Identify, dispatcher: Dispatcher, states: TypeStates, watch: Watch, stopping: Stopping, most: int) -> None:
        self._identify = identify
        self._dispatcher = dispatcher
        self._states = states
        self._watch = watch
        self._stopping = stopping
        self._most = most
        self._open: dict[int, int] = {}

    async def endpoint(self, socket: WebSocket) -> None:
        """One connection to its end."""
        try:
            principal = await self._identify(socket)
        except Problem as exc:
            await socket.send_denial_response(exc.response())
            return
        if PROTOCOL not in socket.scope.get("subprotocols", ()):
            await socket.send_denial_response(Problem(400, "subprotocol", "A JMAP WebSocket asks for the subprotocol jmap").response())
            return
        account = principal.account_id
        if self._open.get(account, 0) >= self._most:
            await socket.send_denial_response(Problem(429, "limit", "Too many connections for this account", headers={"Retry-After": "30"}).response())
            return
        self._open[account] = self._open.get(account, 0) + 1
        try:
            await socket.accept(subprotocol=PROTOCOL)
            await _Connection(socket, principal, self._dispatcher, self._states, self._watch, self._stopping, self._identify).run()
        finally:
            self._open[account] -= 1
            if not self._open[account]:
                del self._open[account]


class _Connection:
    def __init__(
        self, socket: WebSocket, principal: Principal, dispatcher: Dispatcher, states: TypeStates, watch: Watch, stopping: Stopping,
        identify: Identify,
    ) -> None:  # fmt: skip
        self._identify = identify
        self._looked_at = asyncio.get_running_loop().time()
        self._socket = socket
        self._principal = principal
        self._dispatcher = dispatcher
        self._states = states
        self._watch = watch
        self._stopping = stopping
        self._writing = asyncio.Lock()
        self._pushing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        closing = asyncio.ensure_future(self._close_when_stopped())
        try:
            while True:
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                text = message.get("text")
                if text is None:
                    await self._socket.close(_NOT_TEXT, "JMAP is spoken in text frames")
                    return
                if not await self._may_stay(LOOK_S):
                    return
                await self._answer(text)
        except WebSocketDisconnect:
            pass
        finally:
            closing.cancel()
            await self._stop_pushing()
            await asyncio.gather(closing, return_exceptions=True)

    async def _may_stay(self, after_s: float) -> bool:
        """Whether who came is still let in, looked at every ``after_s`` at most; who is not is sent away."""
        now = asyncio.get_running_loop().time()
        if now - self._looked_at < after_s:
            return True
        self._looked_at = now
        if await self._identify.still(self._socket, self._principal):
            return True
        async with self._writing:
            await self._socket.close(_POLICY, "Sign in again")
        return False

    async def _close_when_stopped(self) -> None:
        stop = asyncio.Event()
        self._stopping.tell(stop.set)
        try:
            if not self._stopping.is_now:
                await stop.wait()
            async with self._writing:
                await self._socket.close(_GOING_AWAY)
        except (RuntimeError, WebSocketDisconnect):
            pass  # it was closed already
        finally:
            self._stopping.forget(stop.set)

    async def _send(self, octets: bytes) -> None:
        async with self._writing:
            await self._socket.send_text(octets.decode())

    # ------------------------------------------------------------------------------------------------- messages
    async def _answer(self, text: str) -> None:
        ident: str | None = None
        octets = text.encode()
        try:
            if len(octets) > limits.JMAP_REQUEST:
                raise request.too_large()
            try:
                message = msgspec.json.decode(octets)
            except (msgspec.DecodeError, RecursionError, UnicodeError):
                raise RequestError("notJSON", "A message is a JSON object") from None
            given = message.get("id") if isinstance(message, dict) else None
            ident = given if isinstance(given, str) else None
            request.check(octets, message)
            if not isinstance(message, dict) or (given is not None and ident is None):
                raise RequestError("notRequest", "A message is a JSON object, its id a text")
            message.pop("id", None)
            match message.pop("@type", None):
                case "Request":
                    found = msgspec.json.decode(await self._dispatcher.run(msgspec.json.encode(message), self._principal))
                    await self._send(msgspec.json.encode({"@type": "Response", **_answers(ident), **found}))
                case "WebSocketPushEnable":
                    await self._push(message)
                case "WebSocketPushDisable":
                    await self._stop_pushing()
                case _:
                    raise RequestError("notRequest", "@type is Request, WebSocketPushEnable or WebSocketPushDisable")
        except RequestError as exc:
            telemetry.event("jmap.refused", account=self._principal.account_id, reason=exc.detail)
            await self._send(msgspec.json.encode({"@type": "RequestError", **_answers(ident), **exc.problem()}))

    async def _push(self, message: dict[str, Any]) -> None:
        """RFC 8887 §4.3.5.2. A ``pushState`` is where the account as a whole stood: what has moved since is told at once, and everything where it
        is not known."""
        types = message.get("dataTypes")
        state = message.get("pushState")
        if not (types is None or (isinstance(types, list) and all(isinstance(one, str) for one in types))) or not isinstance(state, str | None):
            raise RequestError("notRequest", "dataTypes is a list of names or null, pushState a text")
        await self._stop_pushing()
        since = None if state is None else Position.parse(state) or _NEVER
        self._pushing = asyncio.get_running_loop().create_task(self._pushed(None if types is None else frozenset(types), since))

    async def _stop_pushing(self) -> None:
        if self._pushing is not None:
            self._pushing.cancel()
            await asyncio.gather(self._pushing, return_exceptions=True)
            self._pushing = None

    async def _pushed(self, types: frozenset[str] | None, since: Position | None) -> None:
        account = self._principal.account_id
        watcher = Watcher(account, types, self._states.of, self._watch)
        try:
            known = await watcher.start()
            if since is not None:
                moved = {}
                for owner, states in known.items():
                    # The place says nothing of other accounts: what is shared is told as it stands.
                    found = {name: state for name, state in states.items() if (types is None or name in types) and (
                        owner != account or _is_newer(state, since, watcher.at))}
                    if found:
                        moved[owner] = found
                if moved:
                    await self._change(moved, watcher.at)
            while True:
                changed = await watcher.changed()
                if not await self._may_stay(CAUGHT_UP_S):
                    return
                if changed:
                    await self._change(changed, watcher.at)
        except (RuntimeError, WebSocketDisconnect):
            pass  # the peer is gone; whoever reads hears of it
        except asyncio.CancelledError:
            raise
        except Exception as exc:
            telemetry.defect("push", exc, account=account)
        finally:
            watcher.close()

    async def _change(self, changed: AccountStates, at: Position) -> None:
        await self._send(msgspec.json.encode({"@type": "StateChange", "changed": wired(changed), "pushState": str(at)}))


def _answers(ident: str | None) -> dict[str, str]:
    return {} if ident is None else {"requestId": ident}


def _is_newer(state: str, since: Position, now: Position) -> bool:
    """A state that is no place in the account's log (quotas have such) may have moved whenever the account has."""
    found = Position.parse(state)
    return since != now if found is None else found.epoch != since.epoch or found.modseq > since.modseq
