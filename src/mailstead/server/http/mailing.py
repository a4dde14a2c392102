"""What JMAP's methods share in a process: see ``jmap.standard.Mailing``."""

import os
import time
from collections.abc import Callable
from copy import copy
from datetime import UTC, datetime
from typing import Any, Protocol

from mailstead.model.ids import AccountId
from mailstead.model.message import Octets
from mailstead.protocol.jmap.mail.email import Envelopes
from mailstead.service.emails import Emails
from mailstead.service.jobs import Jobs
from mailstead.service.kept import Kept
from mailstead.service.not_shared import NotShared
from mailstead.service.principals import Principals
from mailstead.service.sharing import Reach, Sharing
from mailstead.service.unsubscribing import Unsubscribing

NewId = Callable[[], int]
CapabilitiesOf = Callable[[AccountId, Reach | None], dict[str, Any]]


class Uploads(Protocol):
    """Where uploads are kept."""

    async def put(self, account: AccountId, octets: Octets) -> str: ...
    async def get(self, account: AccountId, ident: str) -> bytes | None: ...


class Mailings:
    """One for the process. ``hostname``: what Message-IDs end in."""

    def __init__(
        self, emails: Emails, uploads: Uploads, kept: Kept, jobs: Jobs, principals: Principals, sharing: Sharing, *, hostname: str, new_id: NewId,
        message_octets: int, capabilities_of: CapabilitiesOf, unsubscribing: Unsubscribing | None = None,
    ) -> None:  # fmt: skip
        self.sharing = sharing
        self._keeper: AccountId | None = None
        self.new_id = new_id
        self.message_octets = message_octets
        self.unsubscribing = unsubscribing
        self.emails = emails
        self.kept = kept
        self.jobs = jobs
        self.principals = principals
        self.envelopes = Envelopes()
        self._uploads = uploads
        self._hostname = hostname
        self.capabilities_of = capabilities_of

    def seen_by(self, viewer: AccountId) -> "Mailings":
        """The same for accounts of others that somebody uses: emails by grant, and nothing of what their owners keep beside them."""
        found = copy(self)
        found.emails, found.kept, found._keeper = self.sharing.emails(viewer), NotShared(), viewer
        return found

    async def upload(self, account: AccountId, blob_id: str) -> bytes | None:
        """The octets of an upload; None: there is none of this account's. What somebody uploads to another's account stays theirs (RFC 8620 §6.1)."""
        return await self._uploads.get(self._keeper or account, blob_id)

    async def keep(self, account: AccountId, octets: Octets) -> str:
        """Keep octets as an upload; gives its id."""
        return await self._uploads.put(self._keeper or account, octets)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def soon(self) -> None:
        """See ``jmap.standard.Mailing.soon``."""
        self.jobs.soon()

    def message_id(self) -> str:
        return f"{time.time_ns():x}.{os.urandom(6).hex()}@{self._hostname}"

    def boundary(self) -> str:
        return f"=_{os.urandom(12).hex()}"
