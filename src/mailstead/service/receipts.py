"""Disposition notifications that come back: the submission they speak of knows them (RFC 8621 §7 ``mdnBlobIds``, ``displayed``).

A notice is a stranger's word. What it must know is the Message-ID of a message that this account has sent; and a recipient counts as one who was shown the
message only if it was sent to that address. Nothing else follows from it.
"""

import asyncio
from typing import Final

from mailstead import telemetry
from mailstead.mime import disposition, report
from mailstead.model.address import domain_key
from mailstead.model.errors import Refusal, Unavailable
from mailstead.model.ids import SUBMISSION, AccountId, EmailId, to_wire
from mailstead.model.message import Octets
from mailstead.store.interface import Submissions

LARGEST: Final = 30 << 20
_IN_A_THREAD: Final = 64 << 10


class Receipts:
    """One for the process."""

    def __init__(self, submissions: Submissions) -> None:
        self._submissions = submissions

    async def filed(self, account: AccountId, email: EmailId, head: bytes, octets: Octets) -> None:
        """A message with the header block ``head`` was filed for ``account``. Never raises for the notice's sake; to hear of one twice changes nothing."""
        if not report.is_report(head) or len(octets) > LARGEST:
            return
        try:
            found = disposition.read(octets) if len(octets) <= _IN_A_THREAD else await asyncio.to_thread(disposition.read, octets)
            if found is not None and found.notification.message_id:
                await self._take(account, email, found.notification)
        except (Refusal, Unavailable) as exc:
            telemetry.event("receipt.deferred", account=account, reason=exc.cause or exc.public)
        except Exception as exc:
            telemetry.defect("receipts", exc, account=account)

    async def _take(self, account: AccountId, email: EmailId, note: disposition.Notification) -> None:
        one = await self._submissions.of_message(account, note.message_id)
        if one is None:
            return
        named = {_key(typed) for typed in (note.original_recipient, note.final_recipient)}
        shown = [each.address for each in one.recipients if _key(each.address) in named] if note.disposition[2] == "displayed" else []
        await self._submissions.receive(account, one.submission_id, email, shown)
        telemetry.event(
            "receipt.received", account=account, submission=to_wire(SUBMISSION, one.submission_id), message_id=note.message_id,
            forward_path=shown[0] if shown else "", reason=note.disposition[2],
        )  # fmt: skip


def _key(typed: str) -> str:
    """``rfc822; address`` or an address, to compare."""
    local, _, domain = typed.rpartition(";")[2].strip().strip("<>").rpartition("@")
    return f"{local.casefold()}@{domain_key(domain)}" if local and domain else ""
