"""Carrying out a request: its calls one after another, references resolved, errors of a call its own (RFC 8620 §3.6).

A method is a coroutine function over a ``Call``; what it returns is its response, and what it leaves in ``call.implicit`` follows it
(``Email/set`` after ``EmailSubmission/set``).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from mailstead.model import ids as wire
from mailstead.model import limits
from mailstead.model.ids import AccountId
from mailstead.model.question import Principal
from mailstead.protocol.jmap import reference, request
from mailstead.protocol.jmap.errors import RequestError
from mailstead.protocol.jmap.mail.email import wire as to_wire
from mailstead.protocol.jmap.reference import Unresolved
from mailstead.server.http.jmap import arguments as known
from mailstead.server.http.jmap import refused
from mailstead.server.http.jmap.standard import Mailing, MethodError, Source
from mailstead.server.http.mailing import Mailings
from mailstead.service.sharing import Reach
from mailstead.service.submissions import Sendings

CORE: Final = "urn:ietf:params:jmap:core"
MAIL: Final = "urn:ietf:params:jmap:mail"
Method = Callable[["Calling"], Awaitable[dict[str, Any]]]


@dataclass(slots=True)
class Calling:
    """``standard.Call``, with who makes it. ``reach`` finds other accounts."""

    principal: Principal
    mailing: Mailing
    account: AccountId
    account_id: str
    arguments: dict[str, Any]
    created: dict[str, str]
    may_write: bool = True
    implicit: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    sendings: Sendings | None = None
    viewer: AccountId | None = None
    using: frozenset[str] = frozenset()
    find: "Callable[[str, Principal], Awaitable[Source | None]] | None" = None

    @property
    def sending(self) -> Sendings:
        """Where methods of submissions are answered it is there."""
        if self.sendings is None:
            raise MethodError("unknownMethod")
        return self.sendings

    async def source(self, account_id: str) -> Source | None:
        """See ``standard.Call.source``."""
        return await self.find(account_id, self.principal) if self.find is not None else None


@dataclass(frozen=True, slots=True)
class Named:
    """A method and the capability that brings it. ``is_shared``: it is carried out in accounts of others too, as far as these are shared.
    ``no_account``: what it answers where there is no such account."""

    capability: str
    run: Method
    has_account: bool = True
    is_shared: bool = False
    no_account: str = "accountNotFound"


class Dispatcher:
    """``methods`` by name; ``state`` gives the session's state of a principal."""

    def __init__(
        self, methods: Mapping[str, Named], mailing: Mailings, capabilities: Mapping[str, Any], state: Callable[[Principal], Awaitable[str]],
        sendings: Sendings | None = None,
    ) -> None:  # fmt: skip
        self._sendings = sendings
        self._methods = methods
        self._arguments = {name: known.of(name) for name in methods}
        self._mailing = mailing
        self._capabilities = capabilities
        self._state = state
        self._under_way: dict[AccountId, int] = {}

    async def run(self, octets: bytes, principal: Principal) -> bytes:
        """The response to a request's body. Raises ``RequestError``."""
        account = principal.account_id
        under_way = self._under_way.get(account, 0)
        if under_way >= limits.JMAP_CONCURRENT_REQUESTS:
            raise RequestError("limit", "Too many requests at once", limit="maxConcurrentRequests", status=429)
        self._under_way[account] = under_way + 1
        try:
            return await self._run(request.read(octets, self._capabilities), principal)
        finally:
            under_way = self._under_way[account] - 1
            if under_way:
                self._under_way[account] = under_way
            else:
                del self._under_way[account]

    async def _run(self, asked: request.Request, principal: Principal) -> bytes:
        responses: list[tuple[str, dict[str, Any], str]] = []
        created = dict(asked.created_ids or {})
        using = frozenset(asked.using)
        budget = reference.Budget()
        for name, arguments, ident in asked.method_calls:
            try:
                arguments = reference.resolved(arguments, responses, budget)
                call = await self._call(name, arguments, created, principal, using)
                responses.append((name, await self._methods[name].run(call), ident))
                responses += [(more, result, ident) for more, result in call.implicit]
            except Unresolved as exc:
                responses.append(("error", {"type": exc.kind, "description": str(exc)}, ident))
            except Exception as exc:
                responses.append(("error", refused.error(exc, name, principal.account_id), ident))
            if len(responses) > limits.JMAP_RESPONSE_VALUES:
                raise RequestError("limit", "The response has too many parts", limit="maxCallsInRequest")
        answer: dict[str, Any] = {"methodResponses": responses, "sessionState": await self._state(principal)}
        if asked.created_ids is not None:
            answer["createdIds"] = created
        return request.with_characters_only(msgspec.json.encode(answer))

    async def _call(self, name: str, arguments: dict[str, Any], created: dict[str, str], principal: Principal, using: frozenset[str]) -> Calling:
        method = self._methods.get(name)
        if method is None or method.capability not in using:
            raise MethodError("unknownMethod")
        own = to_wire(wire.ACCOUNT, principal.account_id)
        given = arguments.get("accountId") if method.has_account else own
        if not isinstance(given, str):
            raise MethodError("invalidArguments", "accountId is missing")
        if given == own:
            known.check(name, arguments, self._arguments[name])
            return Calling(principal, self._mailing, principal.account_id, own, arguments, created, sendings=self._sendings, using=using, find=self._source)
        reach = await self._reach(given, principal)
        if reach is None:
            raise MethodError(method.no_account)
        if not method.is_shared:
            raise MethodError("accountNotSupportedByMethod", "this is its owner's matter")
        known.check(name, arguments, self._arguments[name])
        return Calling(
            principal, self._mailing.seen_by(principal.account_id), reach.owner.account_id, given, arguments, created, reach.may_write,
            viewer=principal.account_id, using=using, find=self._source)

    async def _reach(self, account_id: str, principal: Principal) -> Reach | None:
        """RFC 8620 §3.6.2: to somebody with whom nothing of it is shared there is no such account."""
        number = wire.from_wire(wire.ACCOUNT, account_id)
        return await self._mailing.sharing.reach(principal.account_id, AccountId(number)) if number is not None else None

    async def _source(self, account_id: str, principal: Principal) -> Source | None:
        if account_id == to_wire(wire.ACCOUNT, principal.account_id):
            return Source(principal.account_id, self._mailing)
        reach = await self._reach(account_id, principal)
        return Source(reach.owner.account_id, self._mailing.seen_by(principal.account_id), is_shared=True) if reach is not None else None


async def echo(call: Calling) -> dict[str, Any]:
    """Core/echo (RFC 8620 §4)."""
    return call.arguments
