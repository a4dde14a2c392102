"""Automatic replies while somebody is away (RFC 8621 §8), as RFC 3834 has them.

Nobody who writes by machine, to a list or to many is answered, and nobody twice in ``AGAIN_MS``: that is noted before the reply is queued, so that
rather none goes out than two. A reply has the null reverse-path, so it is never answered and never bounces. What keeps one from being sent does
not keep the message from being filed.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec

from mailstead import telemetry
from mailstead.mime import addresses, compose, date, header
from mailstead.mime.thread import message_ids
from mailstead.model import limits
from mailstead.model.address import Address
from mailstead.model.errors import Refusal, Unavailable
from mailstead.model.ids import AccountId, SubmissionId, TenantId
from mailstead.model.message import Octets
from mailstead.model.object import ObjectKind
from mailstead.service.queue.entrance import Entrance, Queued
from mailstead.service.signing import Signing
from mailstead.store.interface import Directory, KeptObjects

AGAIN_MS: Final = 7 * 24 * 3600 * 1000
_LIVES_MS: Final = 2 * 24 * 3600 * 1000
_KIND: Final = ObjectKind.VACATION
_MACHINES: Final = re.compile(
    r"(?:owner-.*|.*-(?:request|owner|bounces?)|mailer-daemon|postmaster|majordomo|listserv|no-?reply|do-?not-?reply|bounces?|news|root)(?:\+.*)?", re.IGNORECASE)
_LISTS: Final = (b"list-id", b"list-help", b"list-post", b"list-subscribe", b"list-unsubscribe", b"list-owner", b"list-archive", b"mailing-list", b"x-loop")
_REFERENCES: Final = 20


class Vacation(msgspec.Struct, rename="camel"):
    """What is kept of a VacationResponse."""

    is_enabled: bool = False
    from_date: datetime | None = None
    to_date: datetime | None = None
    subject: str | None = None
    text_body: str | None = None
    html_body: str | None = None

    def holds(self, now_ms: int) -> bool:
        """Whether somebody is away now."""
        now = datetime.fromtimestamp(now_ms / 1000, UTC)
        return self.is_enabled and (self.from_date is None or self.from_date <= now) and (self.to_date is None or now < self.to_date)


_decode = msgspec.json.Decoder(Vacation).decode


class Absence:
    """One for the process. ``can_send_out``: whether there is a way to other servers. ``signing`` None: replies are not signed."""

    def __init__(
        self, kept: KeptObjects, directory: Directory, entrance: Entrance, *, hostname: str, can_send_out: bool, now_ms: Callable[[], int],
        new_id: Callable[[], int], signing: Signing | None = None,
    ) -> None:  # fmt: skip
        self._signing = signing
        self._kept = kept
        self._directory = directory
        self._entrance = entrance
        self._hostname = hostname
        self._can_send_out = can_send_out
        self._now_ms = now_ms
        self._new_id = new_id

    async def answer(self, account: AccountId, octets: Octets, *, address: str, reverse_path: str) -> bool:
        """Answer a message that was just filed, if it is to be answered; whether it was."""
        if not reverse_path:
            return False
        try:
            if not await self._kept.has(account, _KIND):
                return False
            found = [one for one in (await self._kept.of(account, _KIND)).objects if not one.gone]
            vacation = _decode(found[0].doc) if found else Vacation()
            if not vacation.holds(self._now_ms()):
                return False
            head = octets[: limits.MIME_HEADER_BLOCK]
            routed = await self._directory.route(reverse_path)
            why_not = await self._why_not(account, head, address, reverse_path)
            if not routed.accounts and not (routed.remote and self._can_send_out):
                why_not = "there is no way there"
            if not why_not and not await self._kept.may_answer(account, Address(*_split(reverse_path)).key, again_after_ms=AGAIN_MS):
                why_not = "was answered lately"
            if why_not:
                telemetry.event("reply.left", account=account, forward_path=reverse_path, reason=why_not)
                return False
            await self._send(account, vacation, head, address, reverse_path, is_local=not routed.remote)
        except (Refusal, Unavailable) as exc:
            telemetry.event("reply.refused", account=account, forward_path=reverse_path, reason=exc.cause or exc.public)
            return False
        return True

    async def _why_not(self, account: AccountId, head: bytes, address: str, reverse_path: str) -> str:
        """Why a message is not answered (RFC 3834 §2); "": it is."""
        local, _ = _split(reverse_path)
        if _MACHINES.fullmatch(local):
            return "from a machine"
        if await self._directory.owns(account, reverse_path):
            return "from oneself"
        said = {name.lower(): header.unfold(value).strip().lower() for name, value in header.fields(head)}
        if said.get(b"auto-submitted", b"no") not in {b"no", b""}:
            return "from a machine"
        if any(name in said for name in _LISTS) or said.get(b"precedence", b"") in {b"bulk", b"list", b"junk"}:
            return "to a list"
        if said.get(b"x-auto-response-suppress") or b"x-spam-flag" in said and said[b"x-spam-flag"].startswith(b"yes"):  # noqa: RUF021
            return "no reply is wanted"
        for name in (b"to", b"cc", b"bcc", b"resent-to", b"resent-cc", b"resent-bcc"):
            for mailbox in addresses.parse(header.unfold(header.first(head, name) or b"")):
                if mailbox.local and mailbox.domain:
                    named = addresses.spelled(mailbox.local, mailbox.domain)
                    if named.casefold() == address.casefold() or await self._directory.owns(account, named):
                        return ""
        return "not addressed to them"

    async def _send(self, account: AccountId, vacation: Vacation, head: bytes, address: str, reverse_path: str, *, is_local: bool) -> None:
        who = await self._directory.account(account)
        now = self._now_ms()
        number = SubmissionId(self._new_id())
        octets = reply(vacation, head, name=who.name if who else "", address=address, to=reverse_path, ident=f"{number:x}.reply@{self._hostname}", now_ms=now)
        if self._signing is not None and not is_local:
            # With the null reverse-path only a signature shows the next server that the author is of this domain.
            octets = await self._signing.signatures(octets) + octets
        await self._entrance.put(
            Queued(
                hashlib.sha256(b"mailstead reply 1\0%d" % number).digest()[:16], number, account, who.tenant_id if who else TenantId(0), "",
                [(reverse_path, {"notify": "NEVER"}, is_local)], {}, now, now + _LIVES_MS,
            ), octets,
        )  # fmt: skip
        telemetry.event("reply.queued", account=account, forward_path=reverse_path, reason="away")


def _split(address: str) -> tuple[str, str]:
    local, _, domain = address.rpartition("@")
    return local, domain


def reply(vacation: Vacation, head: bytes, *, name: str, address: str, to: str, ident: str, now_ms: int) -> bytes:
    """The message (RFC 3834 §3)."""
    subject = vacation.subject
    if subject is None:
        asked = header.decode(header.unfold(header.first(head, b"subject") or b"")).strip()
        subject = f"Auto: {asked}"[:500] if asked else "Automatic reply"
    own = message_ids(header.unfold(header.first(head, b"message-id") or b""))[:1]
    refs = message_ids(header.unfold(header.first(head, b"references") or b""))[-_REFERENCES:] + own
    fields = [
        ("Date", date.rfc5322(datetime.fromtimestamp(now_ms / 1000, UTC))), ("From", compose.address(name or None, address)),
        ("To", compose.address(None, to)), ("Subject", compose.text(" ".join(subject.split()))), ("Message-ID", b"<" + ident.encode() + b">"),
        ("Auto-Submitted", b"auto-replied (vacation)"), ("MIME-Version", b"1.0"),
    ]
    if own:
        fields += [("In-Reply-To", b"<" + own[0] + b">"), ("References", b"\r\n ".join(b"<" + one + b">" for one in refs))]
    text = vacation.text_body
    if text is None and vacation.html_body is None:
        text = "I am away and will read your message when I am back."
    parts = [_part(kind, value) for kind, value in (("plain", text), ("html", vacation.html_body)) if value is not None]
    lines = b"".join(compose.field(key, value) for key, value in fields)
    if len(parts) == 1:
        return lines + parts[0]
    boundary = "=_" + hashlib.sha256(b"".join(parts)).hexdigest()[:24]
    return (
        lines + compose.field("Content-Type", b'multipart/alternative; boundary="' + boundary.encode() + b'"') + b"\r\n"
        + compose.multipart(parts, boundary)
    )


def _part(kind: str, value: str) -> bytes:
    encoding, octets = compose.encoded_text(value if value.endswith("\n") else value + "\n")
    return f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + octets
