"""The scheduler: takes what is due from the outbox, hands it to the delivery agent, writes down what came of it.

One runs beside the owner of the queue file; elsewhere ``due`` is always empty. Entries of one message go out together. What
is in the agent's hands is remembered in memory only: after a crash it is due again, so a message can leave twice but never
not at all. A notice to the author is filed before the entry goes; its delivery id comes from the entries, so that a
crash between the two files it once. When a notice cannot be filed now (over quota), the entry waits with its
verdict (``_SETTLED``) and only the notice is tried again.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from typing import Final

from mailstead import telemetry
from mailstead.model.address import Address, Envelope, ForwardPath, ReversePath
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import SUBMISSION, DeliveryId, to_wire
from mailstead.model.message import Filing
from mailstead.model.status import EnhancedStatus
from mailstead.service.ports import Attempt, DeliveryAgent, Failed
from mailstead.service.queue import bounce, retry
from mailstead.service.queue.bounce import Action, Told
from mailstead.store.interface import Mail, Outbox, QueueEntry

POLL_S: Final = 1.0
"""How often the outbox is asked when nobody wakes us: another worker's submissions are found in this time."""
AT_ONCE: Final = 20
"""Messages in the agent's hands at one time."""
GRACE_S: Final = 5.0
"""An attempt cut off after its last octet may be made twice: a stop waits so long for those under way."""
_BATCH: Final = 200
_SETTLED: Final = "undeliverable "
"""Begins ``last_error`` of an entry of which only the notice is still to be filed: status, code, hop, text follow."""


class Scheduler:
    """``hostname`` names us in notices."""

    def __init__(self, *, outbox: Outbox, mail: Mail, agent: DeliveryAgent, hostname: str, now_ms: Callable[[], int]) -> None:
        self._outbox = outbox
        self._mail = mail
        self._agent = agent
        self._hostname = hostname
        self._now_ms = now_ms
        self._woken = asyncio.Event()
        self._in_hand: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._free = asyncio.Semaphore(AT_ONCE)

    def wake(self) -> None:
        """Something was queued here: look now."""
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled; then what is in hand has ``GRACE_S`` to end, and is given up (it will be due again)."""
        try:
            while True:
                self._woken.clear()
                try:
                    found = await self.once()
                except (Refusal, Unavailable) as exc:
                    telemetry.event("queue.failed", reason=exc.cause or exc.public)
                    found = 0
                except Exception as exc:
                    telemetry.defect("queue", exc)
                    found = 0
                if not found:
                    try:
                        async with asyncio.timeout(POLL_S):
                            await self._woken.wait()
                    except TimeoutError:
                        pass
        finally:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=GRACE_S)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._agent.close()

    async def once(self) -> int:
        """Start whatever is due; how many messages that was. Waits while too many are in hand."""
        due = await self._outbox.due(self._now_ms(), _BATCH + len(self._in_hand))
        groups: dict[tuple[int, bool], list[QueueEntry]] = {}
        for entry in due:
            if entry.entry_id not in self._in_hand:
                groups.setdefault((entry.submission_id, entry.last_error.startswith(_SETTLED)), []).append(entry)
        for entries in groups.values():
            self._in_hand.update(entry.entry_id for entry in entries)
        left = list(groups.values())
        try:
            while left:
                await self._free.acquire()
                self._start(left.pop(0))
        finally:
            for entries in left:
                self._in_hand.difference_update(entry.entry_id for entry in entries)
        return len(groups)

    async def idle(self) -> None:
        """Until nothing is in hand (tests, and a clean stop)."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, entries: list[QueueEntry]) -> None:
        task = asyncio.get_running_loop().create_task(self._attempt(entries))
        self._tasks.add(task)

        def ended(done: asyncio.Task[None]) -> None:
            self._tasks.discard(done)
            self._free.release()
            self._in_hand.difference_update(entry.entry_id for entry in entries)

        task.add_done_callback(ended)

    # ------------------------------------------------------------------------------------------------- one message
    async def _attempt(self, entries: list[QueueEntry]) -> None:
        try:
            attempts: Sequence[Attempt]
            try:
                octets = await self._outbox.octets(entries[0])
            except Unavailable as exc:
                if self._now_ms() < entries[0].expires_at_ms:
                    raise
                lost = Failed("", 0, EnhancedStatus(5, 3, 0), "The message could not be read back from our queue")
                telemetry.event("queue.failed", submission=to_wire(SUBMISSION, entries[0].submission_id), reason=exc.cause or exc.public)
                await self._conclude(entries, [lost] * len(entries), b"")
                return
            if entries[0].last_error.startswith(_SETTLED):
                attempts = [_settled(entry.last_error) for entry in entries]
            else:
                attempts = await self._agent.deliver(envelope_of(entries), octets)
            await self._conclude(entries, attempts, octets)
        except (Refusal, Unavailable) as exc:
            await self._put_off(entries, exc.cause or exc.public)
        except Exception as exc:
            telemetry.defect("queue", exc, submission=to_wire(SUBMISSION, entries[0].submission_id))
            await self._put_off(entries, "something went wrong on our side")

    async def _put_off(self, entries: list[QueueEntry], reason: str) -> None:
        """The fault is ours: try again as after a temporary failure, and never give up for it."""
        now = self._now_ms()
        try:
            await self._outbox.finish(
                (),
                [
                    (
                        entry.entry_id, now + retry.wait_ms(entry.entry_id, entry.attempts),
                        entry.last_error if entry.last_error.startswith(_SETTLED) else reason,
                    )
                    for entry in entries
                ],
            )
        except (Refusal, Unavailable) as exc:
            # The queue cannot be written: hold the entries back so that they do not come again at once.
            telemetry.event("queue.failed", reason=exc.cause or exc.public)
            await asyncio.sleep(retry.WAITS_MS[0] / 1000)

    async def _conclude(self, entries: list[QueueEntry], attempts: Sequence[Attempt], octets: bytes) -> None:
        now = self._now_ms()
        done: list[int] = []
        deferred: list[tuple[int, int, str]] = []
        told: dict[Action, list[Told]] = {}
        for entry, attempt in zip(entries, attempts, strict=True):
            match retry.decide(entry, attempt, now):
                case retry.Done(sent):
                    done.append(entry.entry_id)
                    self._tell("message.sent", entry, attempt)
                    if not sent.passes_on_dsn and bounce.wanted(entry, Action.RELAYED):
                        told.setdefault(Action.RELAYED, []).append(Told(entry, EnhancedStatus(2, 0, 0), sent.hop, 0, ""))
                case retry.Again(due, failed, tells):
                    deferred.append((entry.entry_id, due, f"{failed.code or failed.status} {failed.text}"))
                    self._tell("message.deferred", entry, attempt)
                    if tells and bounce.wanted(entry, Action.DELAYED):
                        told.setdefault(Action.DELAYED, []).append(_told(entry, failed))
                case retry.GiveUp(failed, is_late):
                    done.append(entry.entry_id)
                    self._tell("message.bounced", entry, attempt)
                    if bounce.wanted(entry, Action.FAILED):
                        told.setdefault(Action.FAILED, []).append(_late(entry, failed) if is_late else _told(entry, failed))
        for action, recipients in told.items():
            if not await self._file(recipients, action, octets) and action is Action.FAILED:
                unfiled = {one.entry.entry_id: one for one in recipients}
                done = [number for number in done if number not in unfiled]
                deferred += [
                    (number, now + retry.wait_ms(number, one.entry.attempts), _settle(one)) for number, one in unfiled.items()
                ]
        await self._outbox.finish(done, deferred)

    def _tell(self, name: str, entry: QueueEntry, attempt: Attempt) -> None:
        status = str(attempt.status) if isinstance(attempt, Failed) else "2.0.0"
        telemetry.event(
            name, account=entry.account_id, submission=to_wire(SUBMISSION, entry.submission_id), reverse_path=entry.reverse_path,
            forward_path=entry.forward_path, hop=attempt.hop, status=status, attempts=entry.attempts + 1, reason=attempt.text,
        )

    async def _file(self, told: list[Told], action: Action, octets: bytes) -> bool:
        """A notice into the author's INBOX, from the null reverse-path. False: it must be tried again."""
        entry = told[0].entry
        notice = bounce.compose(told, action, octets, hostname=self._hostname, now_ms=self._now_ms())
        numbers = ",".join(str(one.entry.entry_id) for one in told)
        digest = hashlib.sha256(f"mailstead notice 1\0{entry.submission_id}\0{action.value}\0{numbers}".encode()).digest()
        try:
            filed = await self._mail.deliver(
                entry.account_id, Filing(DeliveryId(digest[:16]), notice, b"Return-Path: <>\r\n", received_at_ms=self._now_ms())
            )
        except Unavailable as exc:
            telemetry.event("notice.deferred", account=entry.account_id, reason=exc.cause or exc.public)
            return False
        except Refusal as exc:
            telemetry.event("notice.refused", account=entry.account_id, reason=exc.cause or exc.public)
            # Nobody is there to hear it; a full mailbox may be emptied.
            return exc.reason is not Reason.OVER_QUOTA
        telemetry.event(
            "message.filed", account=entry.account_id, mailbox=filed.mailbox_id, uid=filed.uid, octets=len(notice),
            reverse_path="", forward_path=entry.reverse_path, reason=f"notice: {action.value}",
        )
        return True


def envelope_of(entries: Sequence[QueueEntry]) -> Envelope:
    """The envelope of one message's entries."""
    first = entries[0]
    return Envelope(
        ReversePath(_address(first.reverse_path) if first.reverse_path else None),
        tuple(
            ForwardPath(_address(entry.forward_path), frozenset(filter(None, entry.options.get("notify", "").split(","))),
                        entry.options.get("orcpt", ""))
            for entry in entries
        ),
        envid=first.options.get("envid", ""), ret=first.options.get("ret", ""), smtputf8=bool(first.options.get("smtputf8")),
        body=first.options.get("body", "7BIT"),
    )  # fmt: skip


def _address(text: str) -> Address:
    local, _, domain = text.rpartition("@")
    return Address(local, domain)


def _told(entry: QueueEntry, failed: Failed) -> Told:
    return Told(entry, failed.status, failed.hop, failed.code, failed.text)


def _late(entry: QueueEntry, failed: Failed) -> Told:
    """Time has run out (RFC 3463 §3.5: 5.4.7)."""
    return Told(entry, EnhancedStatus(5, 4, 7), failed.hop, failed.code, f"It was tried until its time ran out. The last answer: {failed.text}")


def _settle(one: Told) -> str:
    return f"{_SETTLED}{one.status} {one.code} {one.hop or '-'} {one.text}"[:480]


def _settled(text: str) -> Failed:
    """The verdict that ``_settle`` wrote."""
    status, code, hop, *rest = text.removeprefix(_SETTLED).split(" ", 3)
    return Failed("" if hop == "-" else hop, int(code), EnhancedStatus.parse(status) or EnhancedStatus(5, 0, 0), rest[0] if rest else "")
