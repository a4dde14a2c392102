"""Where every type of an account stands, by the names that clients know, and those of mail in accounts that others share with its owner."""

from mailstead.model.email import Kind, Position, States
from mailstead.model.errors import Refusal, Unavailable
from mailstead.model.ids import AccountId
from mailstead.model.object import ObjectKind
from mailstead.service.emails import Emails
from mailstead.service.kept import Kept
from mailstead.service.push.watching import AccountStates
from mailstead.service.sharing import Sharing
from mailstead.service.submissions import Sendings


class TypeStates:
    """One for the process. ``sendings`` None: nothing is sent here, so submissions have no state. ``sharing`` None: only one's own account is told of."""

    def __init__(self, emails: Emails, kept: Kept, sendings: Sendings | None, sharing: Sharing | None = None) -> None:
        self._emails = emails
        self._kept = kept
        self._sendings = sendings
        self._sharing = sharing

    async def of(self, account: AccountId) -> tuple[Position, AccountStates]:
        """See ``watching.States``. Push subscriptions are no type of an account (RFC 8620 §7.2)."""
        states = await self._emails.states(account)
        found = _of_mail(states)
        for kind, position in (await self._kept.states(account)).items():
            if kind is not ObjectKind.PUSH:
                found[kind.name_of_type] = str(position)
        found["Quota"] = (await self._emails.quota(account)).state
        if self._sendings is not None:
            found["EmailSubmission"] = str(await self._sendings.state(account))
        told = {account: found}
        for one in await self._sharing.stamp(account) if self._sharing is not None else ():
            shared = await self._of_shared(account, one.owner)
            if shared is not None:
                told[one.owner] = shared
        return Position(states.epoch, states.modseq), told

    async def _of_shared(self, viewer: AccountId, owner: AccountId) -> dict[str, str] | None:
        """Of what somebody shares with ``viewer``; None: nothing, or it cannot be looked at just now."""
        reach = await self._sharing.reach(viewer, owner) if self._sharing is not None else None
        if self._sharing is None or reach is None or not reach.is_wanted:  # RFC 9670 §1.4
            return None
        try:
            return _of_mail(await self._sharing.emails(viewer).states(owner))
        except (Refusal, Unavailable):
            return None


def _of_mail(states: States) -> dict[str, str]:
    return {kind.value: str(Position(states.epoch, states.of(kind))) for kind in Kind}
