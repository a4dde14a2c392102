"""What an account keeps beside its mail is its owner's: who only shares mailboxes finds nothing of it, and may not look."""

from collections.abc import Sequence
from typing import Any

from mailstead.model.email import Snooze
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, EmailId
from mailstead.model.object import ObjectKind
from mailstead.service.kept import Kept


class NotShared(Kept):
    """In the place of ``Kept`` where somebody else uses an account."""

    def __init__(self) -> None:  # there is no store behind it
        pass

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__") or name in {"snoozes", "piece"}:
            return object.__getattribute__(self, name)
        raise Refusal(Reason.NOT_PERMITTED, "This belongs to the owner of the account alone")

    async def snoozes(self, account: AccountId, emails: Sequence[EmailId]) -> dict[EmailId, Snooze]:  # noqa: ARG002 - none are seen
        return {}

    async def piece(self, account: AccountId, kind: ObjectKind, ident: int, number: int) -> bytes | None:  # noqa: ARG002 - none are seen
        return None
