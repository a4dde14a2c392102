"""Reminders fire, and those that wait for an answer end when it comes.

A reminder is a document of its own kind: ``{emailId, threadId, kind, at, repeat, keepVisible, state, firedAt}``; ids are numbers and times
milliseconds here. Whoever looks at one that is due decides: an answer has come (it is cancelled), its time has come (it fires), or neither.
"""

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from mailstead import telemetry
from mailstead.mime import addresses, header
from mailstead.model.email import EmailPatch
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, EmailId, ThreadId
from mailstead.model.mailbox import Role
from mailstead.model.object import DueKind, ObjectKind, ObjectWrite
from mailstead.service.emails import Emails
from mailstead.service.kept import Kept
from mailstead.service.snoozing import NEW, of_role
from mailstead.store.interface import Directory

_KIND: Final = ObjectKind.REMINDER
_TRIES: Final = 5
_LOOKED_AT: Final = 200
"""Emails of a thread in which an answer is looked for, the newest."""


class Reminder(msgspec.Struct, omit_defaults=True):
    """What is kept of one. ``repeat_ms``: how long after each time it fires again; ``due_ms``: when next, 0: no more."""

    email: int
    thread: int
    kind: Literal["at", "followUp", "noReply"]
    at_ms: int
    due_ms: int
    repeat_ms: tuple[int, ...] = ()
    keep_visible: bool = True
    state: Literal["armed", "fired", "done", "cancelled"] = "armed"
    fired_at_ms: int = 0
    since_ms: int = 0
    """An answer is what was received after this."""

    def write(self, ident: int) -> ObjectWrite:
        """It, with when it is due."""
        is_over = self.state in {"done", "cancelled"}
        return ObjectWrite(ident, encode(self), due_at_ms=0 if is_over else self.due_ms, thread_id=self.thread if self.kind == "noReply" else 0)

    def fire(self, now_ms: int) -> None:
        """Its time has come."""
        self.state, self.fired_at_ms = "fired", now_ms
        self.due_ms = now_ms + self.repeat_ms[0] if self.repeat_ms else 0
        self.repeat_ms = self.repeat_ms[1:]


encode: Final = msgspec.json.Encoder().encode
decode: Final = msgspec.json.Decoder(Reminder).decode


class Reminders:
    """One for the process."""

    def __init__(self, emails: Emails, kept: Kept, directory: Directory, now_ms: Callable[[], int]) -> None:
        self._emails = emails
        self._kept = kept
        self._directory = directory
        self._now_ms = now_ms

    async def look(self, account: AccountId, ident: int) -> None:
        """At one that is due."""
        for _ in range(_TRIES):
            found = await self._kept.of(account, _KIND, [ident])
            if not found.objects or found.objects[0].gone:
                await self._kept.set_due(account, DueKind.REMINDER, ident, 0)
                return
            one = decode(found.objects[0].doc)
            is_answered = one.kind == "noReply" and one.state in {"armed", "fired"} and await self._is_answered(account, one)
            if is_answered:
                one.state = "cancelled"
            elif one.due_ms > self._now_ms() or one.state in {"done", "cancelled"}:
                await self._kept.set_due(account, DueKind.REMINDER, ident, 0 if one.state in {"done", "cancelled"} else one.due_ms)
                return
            else:
                one.fire(self._now_ms())
            if await self._kept.set(account, _KIND, [one.write(ident)], at=found.state.modseq):
                if not is_answered:
                    await self._show(account, one)
                telemetry.event(
                    "reminder.cancelled" if is_answered else "reminder.fired", account=account,
                    reason="the answer has come" if is_answered else "its time has come")
                return

    async def _show(self, account: AccountId, one: Reminder) -> None:
        """Every client sees that the email wants to be seen; one that is not to stay where it is comes back to the inbox."""
        inbox = None if one.keep_visible else of_role((await self._emails.mailboxes(account))[1], Role.INBOX)
        await self._emails.set(account, update=[EmailPatch(
            EmailId(one.email), add_keywords=frozenset((NEW,)), add_mailboxes=frozenset((inbox.mailbox_id,)) if inbox else frozenset())])

    async def _is_answered(self, account: AccountId, one: Reminder) -> bool:
        """Whether somebody else, and no machine, has written in the thread since (RFC 3834 §5)."""
        _, threads = await self._emails.threads(account, [ThreadId(one.thread)])
        ids = [email for email in threads.get(ThreadId(one.thread), ())[-_LOOKED_AT:] if email != one.email]
        _, rows = await self._emails.emails(account, ids, content=True)
        for row in rows.values():
            if row.received_at_ms < one.since_ms:
                continue
            try:
                head = await self._emails.octets(account, row.email_id, 0, row.header_octets)
            except Refusal as exc:
                if exc.reason is Reason.EXPUNGED:
                    continue
                raise
            said = header.first(head, b"auto-submitted")
            if said is not None and header.unfold(said).strip().lower() not in {b"", b"no"}:
                continue
            if (header.first(head, b"return-path") or b"").strip() == b"<>":
                continue  # a notice: the mail has not even arrived
            authors = addresses.parse(header.unfold(header.first(head, b"from") or b""))
            written = [addresses.spelled(each.local, each.domain) for each in authors if each.domain and each.local]
            if written and not await self._directory.owns(account, written[0]):
                return True
        return False
