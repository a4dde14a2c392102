"""What JMAP's submission methods share in a process."""

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

    async def state(self, account: AccountId, epoch: int) -> str:
        """The state of the account's submissions: when one moved last and how many there are (one that goes lowers the number)."""
        found = await self.submissions.find(account, limit=100_000)
        return f"{epoch}-{max((one.modseq for one in found), default=0)}-{len(found)}"
