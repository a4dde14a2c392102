"""Where every type of an account stands, by the names that clients know."""

from mailstead.model.email import Kind, Position
from mailstead.model.ids import AccountId
from mailstead.model.object import ObjectKind
from mailstead.service.emails import Emails
from mailstead.service.kept import Kept
from mailstead.service.submissions import Sendings


class TypeStates:
    """One for the process. ``sendings`` None: nothing is sent here, so submissions have no state."""

    def __init__(self, emails: Emails, kept: Kept, sendings: Sendings | None) -> None:
        self._emails = emails
        self._kept = kept
        self._sendings = sendings

    async def of(self, account: AccountId) -> tuple[Position, dict[str, str]]:
        """See ``watching.States``. Push subscriptions are no type of an account (RFC 8620 §7.2)."""
        states = await self._emails.states(account)
        found = {kind.value: str(Position(states.epoch, states.of(kind))) for kind in Kind}
        for kind, position in (await self._kept.states(account)).items():
            if kind is not ObjectKind.PUSH:
                found[kind.name_of_type] = str(position)
        found["Quota"] = (await self._emails.quota(account)).state
        if self._sendings is not None:
            found["EmailSubmission"] = str(await self._sendings.state(account))
        return Position(states.epoch, states.modseq), found
