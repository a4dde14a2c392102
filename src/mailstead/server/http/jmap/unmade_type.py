"""A type of objects that no client makes or changes: Foo/set refuses each such wish, saying why (RFC 8620 §5.3 ``forbidden``)."""

from typing import Any

from mailstead.server.http.jmap.kept_type import Bad, KeptType, Known, Work


class UnmadeType(KeptType):
    """``why_unmade`` and ``why_unchanged`` are told to who tries."""

    why_unmade: str
    why_unchanged: str

    async def _create(self, work: Work, creation: str, given: dict[str, Any]) -> None:
        del work, creation, given
        raise Bad("forbidden", self.why_unmade)

    async def _update(self, work: Work, before: Known, patch: dict[str, Any]) -> dict[str, Any] | None:
        del work, before, patch
        raise Bad("forbidden", self.why_unchanged)
