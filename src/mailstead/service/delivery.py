"""The delivery agent: a message into the mailboxes of one account, exactly once.

What is filed is the message as it came, with trace lines in front: Return-Path, Delivered-To, Received (RFC 5321 §4.4,
RFC 9228 §3).
The delivery id is made from the octets as received, so that the peer's retry is recognised (DECISIONS 4); a message without
a Message-ID is exempt, for some programs send equal ones on purpose (DECISIONS 3).
"""

import hashlib
import os
import re
from dataclasses import dataclass, replace
from typing import Final, Protocol

from mailstead import telemetry
from mailstead.mailauth import results
from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import EMAIL, AccountId, DeliveryId, to_wire
from mailstead.model.mailbox import INBOX, Role
from mailstead.model.message import Filed, Filing, Octets
from mailstead.model.object import ObjectKind
from mailstead.service.receipts import Receipts
from mailstead.service.senders import Senders
from mailstead.store.interface import Mail

_VERSION: Final = b"mailstead delivery 1\0"
_MESSAGE_ID: Final = re.compile(rb"^message-id[ \t]*:[ \t]*(?:\r\n[ \t]+)?([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_RECEIVED: Final = re.compile(rb"^received[ \t]*:", re.MULTILINE)
_DELIVERED_TO: Final = re.compile(rb"^delivered-to[ \t]*:[ \t]*(?:\r\n[ \t]+)?([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_PLAIN: Final = re.compile(r"""(?:[^\s"(),:;<>@\[\]\\.\x00-\x1f\x7f]+(?:\.(?!@)|(?=@)))+@[^\s@<>"]+|""")
_REPORT: Final = b"delivery-status"
_HASH_CHUNK: Final = 1 << 20
_OF_DELIVERY: Final = (ObjectKind.SENDER_PROFILE, ObjectKind.VACATION)
"""What somebody keeps to have a say in deliveries; few do, so the store is asked in the step that files."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it came, read once for all its recipients."""

    octets: Octets
    digest: bytes
    message_id: str
    """The field's content; "" where there is no such field."""
    has_message_id: bool
    hops: int
    delivered_to: frozenset[str]
    """Addresses of Delivered-To, casefolded."""
    may_have_results: bool = False
    """Whether its header may say what somebody found out about it (RFC 8601)."""
    is_report: bool = False
    """Whether it is a delivery status notification (RFC 3464 §2)."""

    @staticmethod
    def of(octets: Octets) -> "Received":
        """Hash it and look at its trace."""
        if isinstance(octets, bytes):
            digest = hashlib.sha256(octets).digest()
        else:
            hashing = hashlib.sha256()
            for start in range(0, len(octets), _HASH_CHUNK):
                hashing.update(octets[start : start + _HASH_CHUNK])
            digest = hashing.digest()
        head = header_of(octets)
        # A plain search first: the expressions look at every line.
        lower = head.lower()
        found = _MESSAGE_ID.search(head, max(lower.find(b"message-id"), 0))
        return Received(
            octets, digest, found[1].decode("utf-8", "replace").strip()[:900] if found else "", found is not None,
            len(_RECEIVED.findall(lower)) if b"received" in lower else 0,
            frozenset(each.decode("utf-8", "replace").strip().casefold() for each in _DELIVERED_TO.findall(head))
            if b"delivered-to" in lower else frozenset(),
            results.NAME in lower, _REPORT in lower,
        )  # fmt: skip


def header_of(octets: Octets) -> bytes:
    """The header block of a message without its blank line, at most ``limits.MIME_HEADER_BLOCK`` octets."""
    if octets[:2] == b"\r\n":
        return b""
    end = octets.find(b"\r\n\r\n", 0, limits.MIME_HEADER_BLOCK)
    return octets[: end + 2 if end >= 0 else min(len(octets), limits.MIME_HEADER_BLOCK)]


def written(address: str) -> str:
    """An address for a header field: its local part in quotes where it must be (RFC 5322 §3.4.1)."""
    if _PLAIN.fullmatch(address):
        return address
    local, _, domain = address.rpartition("@")
    return '"' + local.replace("\\", "\\\\").replace('"', '\\"') + f'"@{domain}' if local else address


class Answering(Protocol):
    """Who answers for somebody who is away."""

    async def answer(self, account: AccountId, octets: Octets, *, address: str, reverse_path: str) -> bool:
        """Never raises for the reply's sake: what was filed is filed."""


class Delivery:
    """Files messages. Raises ``Refusal`` (OVER_QUOTA, MAIL_LOOP, ACCOUNT_SUSPENDED …) and ``Unavailable``."""

    def __init__(self, mail: Mail, senders: Senders | None = None, absence: Answering | None = None, receipts: Receipts | None = None) -> None:
        self._mail = mail
        self._senders = senders
        self._absence = absence
        self._receipts = receipts

    async def file(
        self, message: Received, account: AccountId, *, address: str, detail: str, reverse_path: str, forward_path: str, trace: bytes
    ) -> Filed:
        """File one message for one account. ``address``: the local address it was reached by; ``trace``: the Received line,
        the same for all recipients."""
        if message.delivered_to and written(address).casefold() in message.delivered_to:
            raise Refusal(Reason.MAIL_LOOP, "This message has been delivered here before", f"Delivered-To: {address}")
        mailboxes = await self._mailboxes(account, detail)
        filing = Filing(
            self._id(message, account, reverse_path, forward_path), message.octets,
            b"Return-Path: <%b>\r\nDelivered-To: %b\r\n%b" % (written(reverse_path).encode(), written(address).encode(), trace), mailboxes,
            is_notice=not reverse_path and message.is_report,
        )  # fmt: skip
        filed = await self._mail.deliver_unless(account, filing, _OF_DELIVERY)
        has_a_say, is_rejected = filed is None, False
        if filed is None:
            if self._senders is not None and await self._senders.is_rejected(account, message.octets):
                is_rejected = True
                filing = replace(filing, mailboxes=await self._junk(account), flags=frozenset(("$Junk",)))
            filed = await self._mail.deliver(account, filing)
        if self._receipts is not None:
            await self._receipts.filed(account, filed.email_id, header_of(message.octets), message.octets)
        if filed.duplicate:
            telemetry.event("message.duplicate", account=account, email=to_wire(EMAIL, filed.email_id), reverse_path=reverse_path,
                            forward_path=forward_path, message_id=message.message_id, reason="the same octets were filed before")
        else:
            telemetry.event("message.filed", account=account, email=to_wire(EMAIL, filed.email_id), mailbox=filed.mailbox_id,
                            uid=filed.uid, octets=len(message.octets), reverse_path=reverse_path, forward_path=forward_path,
                            message_id=message.message_id, reason="sender rejected" if is_rejected else "+" + detail if mailboxes[0] != INBOX else "inbox")
            if self._absence is not None and has_a_say and not is_rejected:
                await self._absence.answer(account, message.octets, address=address, reverse_path=reverse_path)
        return filed

    async def _junk(self, account: AccountId) -> tuple[tuple[str, ...], ...]:
        return (*(info.path for info in await self._mail.mailboxes(account) if info.role is Role.JUNK and not info.noselect), INBOX)

    async def _mailboxes(self, account: AccountId, detail: str) -> tuple[tuple[str, ...], ...]:
        """``+detail`` files into the mailbox of that name, when there is one and it has no role (DECISIONS 24)."""
        if detail:
            for info in await self._mail.mailboxes(account):
                if len(info.path) == 1 and info.path[0].casefold() == detail and info.role is Role.NONE and not info.noselect:
                    return (info.path, INBOX)
        return (INBOX,)

    def _id(self, message: Received, account: AccountId, reverse_path: str, forward_path: str) -> DeliveryId:
        if not message.has_message_id:
            return DeliveryId(os.urandom(16))
        envelope = b"%d\0%b\0%b\0" % (account, reverse_path.encode(), forward_path.casefold().encode())
        return DeliveryId(hashlib.sha256(_VERSION + envelope + message.digest).digest()[:16])
