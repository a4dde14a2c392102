"""What a method call that fails answers with (RFC 8620 §3.6.2), and calls that a method makes at its end, which fail for themselves."""

from collections.abc import Awaitable
from typing import Any, Final

from mailstead import telemetry
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.server.http.jmap.standard import Call, MethodError

_ERRORS: Final = {
    Reason.NOT_FOUND: "notFound", Reason.NOT_PERMITTED: "forbidden", Reason.OVER_QUOTA: "overQuota", Reason.INVALID: "invalidArguments",
    Reason.TOO_LARGE: "requestTooLarge", Reason.LIMIT: "limit", Reason.ACCOUNT_SUSPENDED: "accountReadOnly",
}  # fmt: skip
_SENTENCE: Final = 500
"""Characters of a description: it may quote what was asked for, of any length."""


def error(exc: Exception, method: str, account: int) -> dict[str, Any]:
    """The arguments of the error response. What is no refusal is reported as a defect."""
    match exc:
        case MethodError():
            return {"type": exc.kind, **exc.more, **({"description": exc.description[:_SENTENCE]} if exc.description else {})}
        case Refusal():
            return {"type": _ERRORS.get(exc.reason, "forbidden"), "description": exc.public}
        case Unavailable():
            telemetry.event("jmap.unavailable", account=account, method=method, reason=exc.cause or exc.public)
            return {"type": "serverUnavailable", "description": exc.public}
    telemetry.defect("jmap", exc, account=account, method=method)
    return {"type": "serverFail", "description": "Something went wrong on our side; try again"}


async def follow(call: Call, method: str, response: Awaitable[dict[str, Any]]) -> None:
    """A call that ``call`` makes when it has done its own (RFC 8620 §5.4, RFC 8621 §7.5). Where it fails, that is its response and nothing else: what was
    sent or copied before is told as sent or copied, or the client would do it once more."""
    try:
        found = (method, await response)
    except Exception as exc:
        found = ("error", error(exc, method, call.account))
    call.implicit.append(found)
