"""What is wrong, in one form for everything that is not JMAP itself: problem details (RFC 9457)."""

from typing import Any, Final

import msgspec
from starlette.responses import Response

from mailstead.model.errors import Reason, Refusal, Unavailable

URN: Final = "urn:mailstead:error:"
_STATUS: Final = {
    Reason.NOT_FOUND: 404, Reason.NOT_PERMITTED: 403, Reason.ALREADY_EXISTS: 409, Reason.INVALID: 422, Reason.OVER_QUOTA: 507,
    Reason.TOO_LARGE: 413, Reason.LIMIT: 429, Reason.ACCOUNT_SUSPENDED: 403,
}  # fmt: skip


class Problem(Exception):  # noqa: N818 - the field's word
    """Raised anywhere below a request; ``kind`` is the last part of its type."""

    def __init__(self, status: int, kind: str, title: str, detail: str = "", *, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(title)
        self.status = status
        self.body = {"type": URN + kind, "title": title, "status": status, **({"detail": detail} if detail else {}), **more}
        self.headers = headers or {}

    def response(self) -> Response:
        """As an answer."""
        return Response(msgspec.json.encode(self.body), self.status, self.headers, "application/problem+json")


def of_refusal(exc: Refusal) -> Problem:
    """A refusal of policy."""
    return Problem(_STATUS.get(exc.reason, 422), exc.reason.value.lower().replace("_", "-"), exc.public)


def of_unavailable(exc: Unavailable) -> Problem:
    """Something that will be better soon."""
    return Problem(503, "unavailable", exc.public or "This is not available now; try again", headers={"Retry-After": "5"})


def unauthorized(kind: str, title: str, *, basic: bool = False) -> Problem:
    """Who is asking is not known. ``basic``: whether a browser may ask for a password by itself (never for the web UI)."""
    return Problem(401, kind, title, headers={"WWW-Authenticate": 'Basic realm="mail", charset="UTF-8"'} if basic else {})
