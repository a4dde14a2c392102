"""What becomes of a message that is offered: who may send to whom, and one durable step before the 250.

``Reception`` is one site's policy for MX, LMTP and submission; ``Transaction`` is one message on its way. A refusal is
raised as soon as it is known: sender, recipient, message. All local recipients are filed before the answer, shard by shard;
if one shard fails the answer is temporary and the peer's retry is harmless (DECISIONS 4). A remote recipient is taken from
authenticated users only, and goes to the queue.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from mailstead import telemetry
from mailstead.mailauth import results
from mailstead.model import limits
from mailstead.model.address import Address, domain_key, fold_local
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import SUBMISSION, AccountId, EmailId, SubmissionId, to_wire
from mailstead.model.message import Octets
from mailstead.model.question import Principal
from mailstead.model.submission import NewSubmission
from mailstead.service import expansion, postmaster, submission
from mailstead.service.confirmation import Confirmation
from mailstead.service.delivery import Delivery, Received, header_of
from mailstead.service.forwarding import Forwarding
from mailstead.service.mailbox.append import Memory, Spool
from mailstead.service.ports import Lookups
from mailstead.service.postmaster import Postmasters
from mailstead.service.proof import Came
from mailstead.service.queue.bounce import Action
from mailstead.service.queue.entrance import Entrance, Queued
from mailstead.service.reports.incoming import About, Incoming
from mailstead.service.sending import HELD_MOST_S, QUEUED_FOR_MS, Sending
from mailstead.service.signing import Signing
from mailstead.service.suppressions import Suppressions
from mailstead.store.interface import Directory, Mail, Routed

_MEMBERS_OWN: Final = frozenset({Reason.ACCOUNT_SUSPENDED, Reason.MAIL_LOOP})
"""Refusals that concern one member of a group and that no retry mends."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One accepted RCPT."""

    address: Address
    routed: Routed
    options: dict[str, str]
    is_return: bool = False
    """A reverse-path of ours under which something was forwarded."""


@dataclass(slots=True)
class Transaction:
    """One message: envelope as it grows. ``principal`` None: from a stranger (MX, LMTP)."""

    sender: Address | None
    principal: Principal | None
    declared_octets: int = 0
    options: dict[str, str] = field(default_factory=dict)
    release_at_ms: int = 0
    """Not before (RFC 4865); 0: at once."""
    came: Came | None = None
    """By whom, where it comes from outside, by the MX: nobody on the way to us could speak in our name."""
    recipients: list[Recipient] = field(default_factory=list)
    message_id: str = ""
    """Of the message that came, for the record."""
    filed: dict[AccountId, EmailId] = field(default_factory=dict)
    """What became of it here."""

    @property
    def reverse_path(self) -> str:
        return str(self.sender) if self.sender else ""


Outcome = Refusal | Unavailable | None
"""What became of one recipient; None: filed or queued."""


class Reception:
    """``can_send_out``: whether there is a way to remote hosts. ``new_id`` makes submission ids. ``signing`` None: nothing is signed; ``incoming`` None: nobody
    reads notices about our mail; ``forwarding`` None: nothing is passed on to other servers for strangers. ``spool`` holds a message that was changed on its way in. ``lookups`` None: whoever asks
    to hear of success does."""

    def __init__(
        self, *, directory: Directory, mail: Mail, entrance: Entrance, sending: Sending, delivery: Delivery, hostname: str,
        message_octets: int, can_send_out: bool, new_id: Callable[[], int], now_ms: Callable[[], int], signing: Signing | None = None,
        suppressions: Suppressions | None = None, incoming: Incoming | None = None, forwarding: Forwarding | None = None,
        spool: Callable[[], Spool] = Memory, lookups: Lookups | None = None,
    ) -> None:
        self._spool = spool
        self._forwarding = forwarding
        self._suppressions = suppressions
        self._incoming = incoming
        self._signing = signing
        self.hostname = hostname
        self.can_send_out = can_send_out
        self.message_octets = message_octets
        self._directory = directory
        self._mail = mail
        self._entrance = entrance
        self._sending = sending
        self._delivery = delivery
        self._confirmation = Confirmation(
            directory=directory, mail=mail, entrance=entrance, hostname=hostname, can_send_out=can_send_out, now_ms=now_ms,
            signing=signing, lookups=lookups,
        )  # fmt: skip
        self._new_id = new_id
        self._now_ms = now_ms
        self._postmasters = Postmasters(directory, now_ms)

    # ------------------------------------------------------------------------------------------------- envelope
    async def begin(self, sender: Address | None, principal: Principal | None, *, declared_octets: int,
                    options: dict[str, str], release_at_ms: int = 0, came: Came | None = None) -> Transaction:
        """MAIL. TOO_LARGE by what SIZE declares (RFC 1870 §6.1); SENDER_NOT_OWNED for users (RFC 6409 §6.1); INVALID where it would be held too
        long (RFC 4865 §4.1)."""
        if release_at_ms > self._now_ms() + HELD_MOST_S * 1000:
            raise Refusal(Reason.INVALID, "A message cannot be held for so long")
        if declared_octets > self.message_octets:
            raise Refusal(Reason.TOO_LARGE, f"A message may have at most {self.message_octets} octets")
        if principal is not None and sender is not None and not await self._directory.owns(principal.account_id, str(sender)):
            raise Refusal(Reason.SENDER_NOT_OWNED, "You may not send from this address", f"{sender} is not {principal.address}'s")
        return Transaction(sender, principal, declared_octets, options, release_at_ms, came)

    async def add(self, transaction: Transaction, address: Address, options: dict[str, str]) -> None:
        """RCPT. NO_SUCH_RECIPIENT, RELAY_DENIED, OVER_QUOTA (as far as is known now), TOO_MANY."""
        most = limits.SMTP_SUBMISSION_RECIPIENTS if transaction.principal else limits.SMTP_RECIPIENTS
        if len(transaction.recipients) >= most:
            raise Refusal(Reason.TOO_MANY, "Too many recipients; send the rest in another transaction")
        if not address.domain:
            address = await self._postmaster()
        if await self._is_return(transaction, address):
            transaction.recipients.append(Recipient(address, Routed(is_local_domain=True), options, is_return=True))
            return
        routed = await self._directory.route(str(address))
        if not routed.accounts and fold_local(address.local) == postmaster.NAME and (
            (routed.is_local_domain and not routed.remote) or domain_key(address.domain) == domain_key(self.hostname)
        ):
            routed = await self._postmasters.administrator(address.domain)
        if routed.remote:
            self._check_remote(transaction, routed)
            if transaction.principal is not None and self._suppressions is not None and not routed.is_local_domain:
                await self._suppressions.check(transaction.principal.tenant_id, str(address))
        if not routed.accounts and not routed.remote:
            raise Refusal(Reason.NO_SUCH_RECIPIENT, "There is no such mailbox here")
        if len(routed.accounts) == 1:
            await self._check_room(routed.accounts[0][0], transaction.declared_octets)
        transaction.recipients.append(Recipient(address, routed, options))

    async def _postmaster(self) -> Address:
        """``<postmaster>`` without a domain is the first domain's (RFC 5321 §4.5.1)."""
        domains = await self._directory.domains()
        return Address(postmaster.NAME, domains[0].name if domains else self.hostname)

    async def _is_return(self, transaction: Transaction, address: Address) -> bool:
        """Whether it is a reverse-path under which we have forwarded something: for notices alone, which have the null reverse-path."""
        if self._forwarding is None or not self.can_send_out or await self._forwarding.original(address) is None:
            return False
        if transaction.sender is not None:
            raise Refusal(Reason.RELAY_DENIED, "This address takes notices about mail that was forwarded, and nothing else")
        return True

    def _check_remote(self, transaction: Transaction, routed: Routed) -> None:
        if transaction.principal is None and not routed.is_local_domain:
            raise Refusal(Reason.RELAY_DENIED, "We do not relay; log in to send")
        if transaction.principal is None and self._forwarding is None:
            raise Refusal(Reason.RELAY_DENIED, "This address leads to another server, and there is no way from here")
        if not self.can_send_out:
            raise Refusal(
                Reason.RELAY_DENIED, "This server cannot send to other servers: no [outbound] smarthost is set"
            )

    async def _check_room(self, account: AccountId, octets: int) -> None:
        found = await self._directory.account(account)
        if found is not None and found.state != "active":
            raise Refusal(Reason.ACCOUNT_SUSPENDED, "This mailbox is not in use at present")
        if found is None or not (found.max_octets or found.max_messages):
            return
        quota = await self._mail.quota(account)
        if (quota.max_octets and quota.used_octets + octets > quota.max_octets) or (
            quota.max_messages and quota.used_messages >= quota.max_messages
        ):
            raise Refusal(Reason.OVER_QUOTA, "The mailbox is full")

    # ------------------------------------------------------------------------------------------------- message
    async def take(self, transaction: Transaction, octets: Octets, trace: bytes) -> list[Outcome]:
        """The message is whole: file it for every local recipient, queue it for every remote one; durable when this
        returns. One outcome for each recipient, in order. Raises ``Refusal`` where the message itself is refused."""
        principal = transaction.principal
        if principal is not None and transaction.release_at_ms > self._now_ms():
            return await self._hold(transaction, principal, octets, trace)
        message = Received.of(octets)
        transaction.message_id = message.message_id
        if principal is not None:
            # Its digest stays that of the octets as received: a retry is recognised (DECISIONS 4).
            message = replace(message, octets=await submission.prepared(
                octets, principal, self._directory, hostname=self.hostname, now_ms=self._now_ms(), new_id=self._new_id
            ))
        elif transaction.came is not None and message.may_have_results:
            message = self._without_our_name(message, transaction)
        if message.hops > limits.SMTP_RECEIVED_HOPS:
            raise Refusal(Reason.MAIL_LOOP, "This message has been through too many servers", f"{message.hops} Received lines")
        about: list[About] = []
        if principal is None and self._incoming is not None:
            about = await self._incoming.heard(
                message.octets, [(one.address, one.routed.accounts[0][0] if one.routed.accounts else None) for one in transaction.recipients],
                is_notice=transaction.sender is None,
            )
        if len(transaction.recipients) == 1 and len(transaction.recipients[0].routed.accounts) == 1:
            recipient = transaction.recipients[0]
            outcomes = [await self._file(message, transaction, recipient, *recipient.routed.accounts[0], trace)]
        else:
            outcomes = await self._file_all(message, transaction, trace)
        remote = {
            address: expansion.onward(recipient.options, recipient.routed) for recipient in transaction.recipients for address in recipient.routed.remote
        }
        if not any(outcomes):
            # Only when all else is done: whoever is told of a failure may send the whole again.
            if principal is None:
                await self._pass_on(message, transaction, trace, outcomes)
            elif remote:
                await self._enqueue(message, transaction, remote, trace)
        if about and self._incoming is not None:
            await self._incoming.filed(about, transaction.filed)
        self._tell(transaction, outcomes, len(octets))
        await self._confirm(message, transaction, outcomes)
        return outcomes

    def _without_our_name(self, message: Received, transaction: Transaction) -> Received:
        """What a stranger says in our name of how the message was authenticated goes (RFC 8601 §5); its digest stays that of the octets as received."""
        gone = results.claims(header_of(message.octets), self.hostname)
        if not gone:
            return message
        spool = self._spool()
        try:
            for piece in results.kept(message.octets, gone):
                spool.write(piece)
            octets = spool.finish()
        finally:
            spool.close()
        telemetry.event(
            "results.removed", reverse_path=transaction.reverse_path, message_id=message.message_id, fields=len(gone),
            reason="Authentication-Results in our name, from outside",
        )  # fmt: skip
        return replace(message, octets=octets)

    async def _pass_on(self, message: Received, transaction: Transaction, trace: bytes, outcomes: list[Outcome]) -> None:
        """A stranger's message to addresses of ours that lead elsewhere, and notices that go back."""
        for number, recipient in enumerate(transaction.recipients):
            if self._forwarding is None or not (recipient.routed.remote or recipient.is_return):
                continue
            try:
                if recipient.is_return:
                    original = await self._forwarding.original(recipient.address)
                    if original is not None:
                        await self._forwarding.back(message, to=original, through=recipient.address, trace=trace)
                else:
                    await self._forwarding.forward(
                        message, through=str(recipient.address), targets=recipient.routed.remote, reverse_path=transaction.reverse_path,
                        options=expansion.onward(recipient.options, recipient.routed), of_message=transaction.options, trace=trace, came=transaction.came,
                    )
            except (Refusal, Unavailable) as exc:
                if not recipient.routed.accounts or isinstance(exc, Unavailable):
                    outcomes[number] = exc

    async def _confirm(self, message: Received, transaction: Transaction, outcomes: list[Outcome]) -> None:
        """Whoever asked with NOTIFY=SUCCESS hears of what was filed, and of groups that were reached."""
        if transaction.sender is None:
            return
        happy: dict[Action, list[Recipient]] = {}
        for recipient, outcome in zip(transaction.recipients, outcomes, strict=True):
            if outcome is None and "SUCCESS" in recipient.options.get("notify", ""):
                if expansion.is_expanded(recipient.routed):
                    happy.setdefault(Action.EXPANDED, []).append(recipient)
                elif recipient.routed.accounts:
                    happy.setdefault(Action.DELIVERED, []).append(recipient)
        for action, recipients in happy.items():
            await self._confirmation.send(
                transaction.reverse_path, [(str(one.address), {**transaction.options, **one.options}) for one in recipients], message.octets[:], message.digest,
                await self._answering(transaction, recipients), action=action, came=transaction.came,
                is_ours=transaction.principal is not None,
            )

    async def _answering(self, transaction: Transaction, recipients: Sequence[Recipient]) -> AccountId:
        """On whose behalf a notice about ``recipients`` leaves: the author's, somebody's who has the message, or the domain's."""
        if transaction.principal is not None:
            return transaction.principal.account_id
        account = next((account for one in recipients for account, _ in one.routed.accounts), None)
        if account is None and self._forwarding is not None:
            account = await self._forwarding.account_of(recipients[0].address)
        return account if account is not None else AccountId(0)

    async def _file_all(self, message: Received, transaction: Transaction, trace: bytes) -> list[Outcome]:
        targets = [
            (number, recipient, account, address)
            for number, recipient in enumerate(transaction.recipients) for account, address in recipient.routed.accounts
        ]
        # The same address given twice is filed once.
        once = {(account, recipient.address.key): (recipient, address) for _, recipient, account, address in reversed(targets)}
        filing = [
            self._file(message, transaction, recipient, account, address, trace) for (account, _), (recipient, address) in once.items()
        ]  # fmt: skip
        filed = [await filing[0]] if len(filing) == 1 else await asyncio.gather(*filing)  # a task costs 15 µs, and most have one recipient
        done = dict(zip(once, filed, strict=True))
        reached = {number for number, recipient, account, _ in targets if done[account, recipient.address.key] is None}
        outcomes: list[Outcome] = [None] * len(transaction.recipients)
        for number, recipient, account, _ in targets:
            outcome = done[account, recipient.address.key]
            if number in reached and isinstance(outcome, Refusal) and outcome.reason in _MEMBERS_OWN:
                # Of a group that was reached: who is suspended, or has it already, does not send it back to the author.
                telemetry.event("message.refused", account=account, reverse_path=transaction.reverse_path,
                                forward_path=str(recipient.address), octets=len(message.octets), reason=outcome.cause or outcome.public)
                continue
            # The first failure that a retry may mend stands for a group; one that will not be mended only where nothing else.
            if outcome is not None and not isinstance(outcomes[number], Unavailable):
                outcomes[number] = outcome
        return outcomes

    async def _file(self, message: Received, transaction: Transaction, recipient: Recipient, account: AccountId, address: str,
                    trace: bytes) -> Outcome:
        try:
            filed = await self._delivery.file(
                message, account, address=address, detail=recipient.routed.detail, reverse_path=transaction.reverse_path,
                forward_path=str(recipient.address), trace=trace,
            )
        except (Refusal, Unavailable) as exc:
            return exc
        transaction.filed[account] = filed.email_id
        return None

    async def _hold(self, transaction: Transaction, principal: Principal, octets: Octets, trace: bytes) -> list[Outcome]:
        """Keep the whole message in its author's account until its time has come (RFC 4865)."""
        found = Received.of(octets)
        transaction.message_id = found.message_id
        recipients = {str(one.address): one.options for one in transaction.recipients}
        number = self._submission_id(found, principal.account_id, transaction.reverse_path, sorted(recipients))
        await self._sending.submit(principal, NewSubmission(
            number, transaction.reverse_path, tuple(recipients.items()), transaction.release_at_ms, options=transaction.options,
        ), octets, trace=trace)
        return [None] * len(transaction.recipients)

    async def _enqueue(self, message: Received, transaction: Transaction, remote: dict[str, dict[str, str]], trace: bytes) -> None:
        principal = transaction.principal
        if principal is None:
            raise Refusal(Reason.RELAY_DENIED, "We do not relay; log in to send")
        submission_id = self._submission_id(message, principal.account_id, transaction.reverse_path, sorted(remote))
        signatures = await self._signing.signatures(message.octets) if self._signing is not None else b""
        octets = trace + signatures + message.octets[:]
        if self._suppressions is not None:
            # Behind a group or an alias: the others of it are not concerned.
            for address, options in remote.items():
                if await self._suppressions.of(principal.tenant_id, address) is not None:
                    remote = {**remote, address: {**options, "suppressed": "yes"}}
        now = self._now_ms()
        identity = hashlib.sha256(b"mailstead relay 1\0%d\0%d" % (principal.account_id, submission_id)).digest()
        await self._entrance.put(Queued(
            identity[:16], submission_id, principal.account_id, principal.tenant_id, transaction.reverse_path,
            [(address, options, False) for address, options in remote.items()], transaction.options, now, now + QUEUED_FOR_MS,
        ), octets)
        telemetry.event("message.queued", account=principal.account_id, tenant=principal.tenant_id,
                        submission=to_wire(SUBMISSION, submission_id), recipients=len(remote), octets=len(octets),
                        reverse_path=transaction.reverse_path, message_id=message.message_id, reason="remote")

    def _submission_id(self, message: Received, account: AccountId, reverse_path: str, forward_paths: list[str]) -> SubmissionId:
        """Made from envelope and content, so that a retry is queued once (DECISIONS 4); without a Message-ID it is a new one."""
        if not message.has_message_id:
            return SubmissionId(self._new_id())
        envelope = "\0".join([str(account), reverse_path, *forward_paths]).encode()
        digest = hashlib.sha256(b"mailstead submission 1\0" + envelope + b"\0\0" + message.digest).digest()
        return SubmissionId(int.from_bytes(digest[:8]) >> 1)

    def _tell(self, transaction: Transaction, outcomes: list[Outcome], octets: int) -> None:
        for recipient, outcome in zip(transaction.recipients, outcomes, strict=True):
            if outcome is not None:
                telemetry.event("message.refused", reverse_path=transaction.reverse_path, forward_path=str(recipient.address),
                                message_id=transaction.message_id, octets=octets, reason=outcome.cause or outcome.public)
