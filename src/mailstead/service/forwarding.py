"""Mail that an address of ours passes on to another server, and what comes back of it.

It leaves under a reverse-path of the address's own domain (``mailauth.srs``), so that the next server's SPF sees us and notices come back here; from here
they go on to whom the address was made of, if it was made by us and the notice has the null reverse-path. Our own notice of a forward that failed goes to the original reverse-path
only where a DKIM signature, or SPF of the host that brought it, shows that it is no forgery (no backscatter, RFC 5321 §6.2), else to the postmaster of the domain: somebody hears of it either
way. The address stands in Delivered-To, by which a loop is known.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from mailstead import telemetry
from mailstead.mailauth.dkim import Verdict
from mailstead.mailauth.srs import Rewriter
from mailstead.model.address import Address, domain_key
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import SUBMISSION, AccountId, DomainId, SubmissionId, to_wire
from mailstead.model.message import Filing
from mailstead.service import postmaster
from mailstead.service.delivery import Received, written
from mailstead.service.ports import Clock, Lookups
from mailstead.service.postmaster import Postmasters
from mailstead.service.proof import Came, is_proved
from mailstead.service.queue.entrance import Entrance, Queued
from mailstead.service.sealing import NOT_SEALED, Sealing
from mailstead.service.signers import verdicts
from mailstead.service.signing import Signing
from mailstead.store.interface import Directory, Domain, Mail, QueueEntry, Routed

LIVES_MS: Final = 5 * 24 * 3_600_000
NOTICE_LIVES_MS: Final = 2 * 24 * 3_600_000
PROVED: Final = "proved"
UNPROVED: Final = "unproved"
_MARKS: Final = ("SRS0", "SRS1")


class DomainAccounts(Protocol):
    """See ``store.interface.Outbound``."""

    async def domain_account(self, domain: DomainId) -> AccountId: ...
    async def domain_secret(self, domain: DomainId, purpose: bytes) -> bytes: ...


class Forwarding:
    """``lookups`` None: no signature is verified, so no stranger hears of a failure. ``sealing`` None: no chain is sealed; ``signing`` None: nor are our notices
    signed."""

    def __init__(
        self, *, directory: Directory, accounts: DomainAccounts, mail: Mail, entrance: Entrance, now_ms: Clock, new_id: Callable[[], int],
        lookups: Lookups | None = None, sealing: Sealing | None = None,
        signing: Signing | None = None,
    ) -> None:  # fmt: skip
        self._signing = signing
        self._sealing = sealing
        self._directory = directory
        self._accounts = accounts
        self._mail = mail
        self._entrance = entrance
        self._rewriters: dict[str, Rewriter] = {}
        self._now_ms = now_ms
        self._new_id = new_id
        self._lookups = lookups
        self._postmasters = Postmasters(directory, now_ms)

    async def _domain(self, name: str) -> Domain | None:
        key = domain_key(name)
        return next((one for one in await self._directory.domains() if one.name == key), None)

    # ------------------------------------------------------------------------------------------------- there
    async def forward(
        self, message: Received, *, through: str, targets: Sequence[str], reverse_path: str, options: Mapping[str, str], of_message: Mapping[str, str],
        trace: bytes, came: Came | None = None,
    ) -> None:  # fmt: skip
        """Queue it for ``targets``; durable when this returns, a repeat is taken once. ``through``: the address of ours; ``options`` of the recipient, ``of_message``
        of the message; ``came``: by whom, where it is from outside. MAIL_LOOP."""
        marker = written(through)
        if marker.casefold() in message.delivered_to:
            raise Refusal(Reason.MAIL_LOOP, "This message has been delivered here before", f"Delivered-To: {through}")
        domain = await self._domain(through.rpartition("@")[2])
        if domain is None:
            raise Refusal(Reason.NO_SUCH_RECIPIENT, "There is no such mailbox here", through)
        digest = hashlib.sha256(b"mailstead forward 1\0" + "\0".join([reverse_path, through, *sorted(targets)]).encode() + b"\0\0" + message.digest).digest()
        if not message.has_message_id:
            digest = hashlib.sha256(b"mailstead forward of its own\0%d" % self._new_id()).digest()
        number = SubmissionId(int.from_bytes(digest[:8]) >> 1)
        found = await self._verdicts(message) if self._sealing is not None else None
        path, proof = await self._reverse_path(reverse_path, domain, message, found, came)
        now = self._now_ms()
        octets = b"Delivered-To: " + marker.encode() + b"\r\n" + trace + message.octets[:]
        sealed = await self._sealing.seal(octets, domain.name, found or (), came=came, reverse_path=reverse_path) if self._sealing is not None else NOT_SEALED
        octets = sealed.lines + octets
        account = await self._accounts.domain_account(domain.domain_id)
        await self._entrance.put(Queued(
            digest[:16], number, account, domain.tenant_id, path, [(one, options, False) for one in targets], {**of_message, "forward": proof}, now, now + LIVES_MS,
        ), octets)
        telemetry.event(
            "message.forwarded", tenant=domain.tenant_id, submission=to_wire(SUBMISSION, number), reverse_path=reverse_path, forward_path=through,
            recipients=len(targets), octets=len(octets), message_id=message.message_id, reason=", ".join(targets[:10]), chain=sealed.story,
        )  # fmt: skip

    async def account_of(self, address: Address) -> AccountId | None:
        """In whose name it sends for an address of ours; None: the domain is not ours."""
        domain = await self._domain(address.domain)
        return await self._accounts.domain_account(domain.domain_id) if domain is not None else None

    async def _rewriter(self, domain: Domain) -> Rewriter:
        found = self._rewriters.get(domain.name)
        if found is None:
            secret = await self._accounts.domain_secret(domain.domain_id, b"srs")
            found = self._rewriters[domain.name] = Rewriter(secret, domain.name)
        return found

    async def _verdicts(self, message: Received) -> list[Verdict]:
        return await verdicts(self._lookups, message.octets, now_s=self._now_ms() // 1000) if self._lookups is not None else []

    async def _reverse_path(
        self, reverse_path: str, domain: Domain, message: Received, found: Sequence[Verdict] | None, came: Came | None
    ) -> tuple[str, str]:
        """Under which it leaves, and whether its original is proved. ``found``: what its signatures prove, where that is known."""
        if not reverse_path:
            return "", PROVED
        local, _, sender = reverse_path.rpartition("@")
        if (await self._directory.route(reverse_path)).is_local_domain:
            return reverse_path, PROVED
        path = (await self._rewriter(domain)).forward(Address(local, sender), self._now_ms() // 1000)
        is_true = path is not None and self._lookups is not None and await is_proved(
            self._lookups, await self._verdicts(message) if found is None else found, came, reverse_path
        )  # fmt: skip
        # What is too long to be carried cannot hear of a failure; the postmaster does.
        return str(path) if path is not None else f"{postmaster.NAME}@{domain.name}", PROVED if is_true else UNPROVED

    # ------------------------------------------------------------------------------------------------- and back
    async def original(self, address: Address) -> Address | None:
        """Whom a rewritten address of ours stands for; None: it is none, forged, or too old."""
        if address.local[:4].upper() not in _MARKS:
            return None
        domain = await self._domain(address.domain)
        return (await self._rewriter(domain)).reverse(address, self._now_ms() // 1000) if domain is not None else None

    async def back(self, message: Received, *, to: Address, through: Address, trace: bytes) -> None:
        """A notice that came for a rewritten address goes on to whom that stands for. Durable when this returns."""
        await self._bring(str(to), message.octets[:], trace, message.digest, through.domain, "returned to whom the forward came from", message.message_id)

    async def tell(self, entry: QueueEntry, notice: bytes, identity: bytes, *, is_failure: bool) -> bool:
        """Our own notice about a forward. What is not a failure is told to those alone who are proved."""
        local, _, domain = entry.reverse_path.rpartition("@")
        to = await self.original(Address(local, domain))
        if to is None and (await self._directory.route(entry.reverse_path)).accounts:
            to = Address(local, domain)
        if to is None or entry.options.get("forward") != PROVED:
            readers = await self._postmasters.of(domain) if is_failure else Routed(is_local_domain=True)
            await self._file(readers, notice, identity)
            telemetry.event(
                "notice.kept", tenant=entry.tenant_id, submission=to_wire(SUBMISSION, entry.submission_id), reverse_path=entry.reverse_path,
                forward_path=entry.forward_path, reason="the sender is not proved: the postmaster has it" if readers.accounts else "the sender is not proved: nobody is told",
            )  # fmt: skip
            return True
        signatures = await self._signing.signatures(notice, is_notice=True) if self._signing is not None else b""
        await self._bring(str(to), notice, signatures, identity, domain, "notice about a forward", "", is_required=bool(entry.options.get("requiretls")))
        return True

    async def _file(self, routed: Routed, notice: bytes, identity: bytes) -> None:
        for account, _ in routed.accounts:
            await self._mail.deliver(account, Filing.of_notice(identity, notice, self._now_ms()))

    async def _bring(
        self, to: str, octets: bytes, trace: bytes, identity: bytes, domain: str, why: str, message_id: str, *, is_required: bool = False
    ) -> None:
        routed = await self._directory.route(to)
        digest = hashlib.sha256(b"mailstead return 1\0" + to.encode() + b"\0" + identity).digest()
        await self._file(routed, trace + octets, digest)
        own = await self._domain(domain)
        if not routed.remote or own is None:
            return
        number = SubmissionId(int.from_bytes(digest[:8]) >> 1)
        now = self._now_ms()
        await self._entrance.put(Queued(
            digest[:16], number, await self._accounts.domain_account(own.domain_id), own.tenant_id, "",
            [(one, {"notify": "NEVER"}, False) for one in routed.remote], {"forward": PROVED, **({"requiretls": "1"} if is_required else {})}, now, now + NOTICE_LIVES_MS,
        ), trace + octets)
        telemetry.event(
            "message.queued", tenant=own.tenant_id, submission=to_wire(SUBMISSION, number), reverse_path="", forward_path=to, recipients=len(routed.remote),
            octets=len(octets), message_id=message_id, reason=why,
        )  # fmt: skip
