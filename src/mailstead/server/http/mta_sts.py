"""The MTA-STS policy of our domains: ``https://mta-sts.<domain>/.well-known/mta-sts.txt`` (RFC 8461 §3.2).

Which domain is meant says the Host field alone. Others get 404, as if nothing were here: a policy for a domain that is not ours would bind its mail.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailstead.mailauth import mtasts
from mailstead.model.address import domain_key
from mailstead.model.errors import Reason, Refusal
from mailstead.server.http.problem import Problem

_PREFIX: Final = mtasts.policy_host("")
PolicyOf = Callable[[str], Awaitable[str]]
"""The policy file of a domain. Raises ``Refusal`` NOT_FOUND where it is not ours."""


def mta_sts_route(policy_of: PolicyOf) -> Route:
    """Where it is served."""

    async def policy(request: Request) -> Response:
        host = _host(request.headers.get("host", ""))
        if not host.startswith(_PREFIX):
            raise Problem(404, "not-found", "There is no policy here")
        try:
            text = await policy_of(host.removeprefix(_PREFIX))
        except Refusal as exc:
            if exc.reason in {Reason.NOT_FOUND, Reason.INVALID}:
                raise Problem(404, "not-found", "There is no policy here") from None
            raise
        return Response(text, headers={"Cache-Control": "max-age=3600"}, media_type="text/plain")

    return Route(mtasts.PATH, policy, methods=["GET"])


def _host(value: str) -> str:
    """A Host field without its port, as A-label."""
    name, _, port = value.strip().rpartition(":")
    return domain_key(name if name and port.isdigit() else value.strip())
