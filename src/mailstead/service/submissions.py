"""What JMAP's submission methods share in a process."""

from mailstead.model.email import Position
from mailstead.model.ids import AccountId
from mailstead.model.question import Principal
from mailstead.service import identities
from mailstead.service.identities import Identity
from mailstead.service.sending import Sending
from mailstead.store.interface import Directory, Mail, Submissions


class Sendings:
    """One for the process."""

    def __init__(self, sending: Sending, submissions: Submissions, directory: Directory, mail: Mail) -> None:
        self.service = sending
        self.submissions = submissions
        self.mail = mail
        self._directory = directory

    async def identities(self, principal: Principal) -> list[Identity]:
        """Under which addresses the principal writes."""
        return await identities.of(self._directory, principal)

    async def may_write_as(self, principal: Principal, address: str) -> bool:
        """Whether the principal may send from this address."""
        return "@" in address and await self._directory.owns(principal.account_id, address)

    async def state(self, account: AccountId) -> Position:
        """When a submission of the account last moved."""
        return await self.submissions.state(account)
