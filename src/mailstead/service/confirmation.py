"""Notices of success for mail that was filed here, or went to a group (RFC 3461 §4.1 NOTIFY=SUCCESS, §5.2.3, §5.2.7.3).

An author of this site finds the notice in the INBOX; one elsewhere gets it through the queue, where there is a way out. A
notice that cannot be sent is an event and no more: the message itself is safe.

Unlike RFC 3461 §5.2.3 a stranger elsewhere gets one only if it is proved that the message is his: else whoever writes another's address into MAIL could have us
write to him.
"""

import hashlib
from collections.abc import Callable, Sequence

from mailstead import telemetry
from mailstead.model.errors import Refusal, Unavailable
from mailstead.model.ids import AccountId, SubmissionId, TenantId
from mailstead.model.message import Filing
from mailstead.model.status import EnhancedStatus
from mailstead.service.ports import Lookups
from mailstead.service.proof import Came, is_proved
from mailstead.service.queue import bounce
from mailstead.service.queue.bounce import Action, Told
from mailstead.service.queue.entrance import Entrance, Queued
from mailstead.service.signers import verdicts
from mailstead.service.signing import Signing
from mailstead.store.interface import Directory, Mail, QueueEntry

LIVES_MS = 2 * 24 * 3600 * 1000
_FILED = EnhancedStatus(2, 1, 5)


class Confirmation:
    """``can_send_out``, ``signing`` and ``lookups`` as in ``Reception``."""

    def __init__(self, *, directory: Directory, mail: Mail, entrance: Entrance, hostname: str, can_send_out: bool, now_ms: Callable[[], int],
                 signing: Signing | None = None, lookups: Lookups | None = None) -> None:
        self._lookups = lookups
        self._signing = signing
        self._directory = directory
        self._mail = mail
        self._entrance = entrance
        self._hostname = hostname
        self._can_send_out = can_send_out
        self._now_ms = now_ms

    async def send(
        self, reverse_path: str, recipients: Sequence[tuple[str, dict[str, str]]], octets: bytes, digest: bytes, account: AccountId, *,
        action: Action = Action.DELIVERED, came: Came | None = None, is_ours: bool = False,
    ) -> None:
        """Tell the author of ``octets`` what has become of it for ``recipients`` (address, options). ``digest`` stands for the
        message, ``account`` is on whose behalf the notice is sent; ``came``: by whom, where it is from outside; ``is_ours``: its author has logged in."""
        now = self._now_ms()
        identity = hashlib.sha256(
            b"mailstead confirmation 2\0" + action.value.encode() + digest + "\0".join([reverse_path, *(address for address, _ in recipients)]).encode()
        ).digest()
        number = SubmissionId(int.from_bytes(identity[:8]) >> 1)
        entries = [
            QueueEntry(0, position, number, account, TenantId(0), reverse_path, address, options, now, now, now, 0, "", len(octets))
            for position, (address, options) in enumerate(recipients, 1)
        ]
        told = [Told(entry, _FILED, "", 0, "") for entry in entries if bounce.wanted(entry, action)]
        if not told:
            return
        notice = bounce.compose(told, action, octets, hostname=self._hostname, now_ms=now)
        if not is_ours and not await self._may_hear(octets, came, reverse_path):
            telemetry.event("notice.kept", account=account, forward_path=reverse_path, reason="the sender is not proved: nobody is told of success")
            return
        try:
            await self._bring(reverse_path, notice, identity, number, account, {"requiretls": "1"} if recipients[0][1].get("requiretls") else {})
        except (Refusal, Unavailable) as exc:
            telemetry.event("notice.refused", forward_path=reverse_path, reason=exc.cause or exc.public)

    async def _may_hear(self, octets: bytes, came: Came | None, reverse_path: str) -> bool:
        if self._lookups is None or not (await self._directory.route(reverse_path)).remote:
            return True
        found = await verdicts(self._lookups, octets, now_s=self._now_ms() // 1000)
        return await is_proved(self._lookups, found, came, reverse_path)

    async def _bring(self, to: str, notice: bytes, identity: bytes, number: SubmissionId, account: AccountId, options: dict[str, str]) -> None:
        routed = await self._directory.route(to)
        for author, _ in routed.accounts:
            await self._mail.deliver(author, Filing.of_notice(identity, notice, self._now_ms()))
        if routed.remote and self._can_send_out:
            # NOTIFY=NEVER: nobody hears of a notice that was lost (RFC 3461 §6.2).
            now = self._now_ms()
            who = await self._directory.account(account)
            if self._signing is not None:
                notice = await self._signing.signatures(notice, is_notice=True) + notice
            await self._entrance.put(Queued(
                identity[:16], number, account, who.tenant_id if who else TenantId(0), "",
                [(address, {"notify": "NEVER"}, False) for address in routed.remote], options, now, now + LIVES_MS,
            ), notice)
