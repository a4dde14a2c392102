"""What is wrong with a whole request, as RFC 7807 problem details (RFC 8620 §3.6.1). Errors of single methods are the drivers' own."""

from typing import Any, Final

_URN: Final = "urn:ietf:params:jmap:error:"


class RequestError(Exception):
    """``kind``: ``unknownCapability``, ``notJSON``, ``notRequest`` or ``limit``; ``limit``: the name of the limit that was passed."""

    def __init__(self, kind: str, detail: str, *, limit: str = "", status: int = 400) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.limit = limit
        self.status = status

    def problem(self) -> dict[str, Any]:
        """The response's body."""
        found: dict[str, Any] = {"type": _URN + self.kind, "status": self.status, "detail": self.detail}
        if self.limit:
            found["limit"] = self.limit
        return found
