"""The scheduler: brings what is due to its next hop. One runs in each worker, for the worker's shards of the queue.

``schedule`` decides; here is what waits. A *line task* opens a connection to a site and sends one message after the other over it; when there is
no more it keeps the line for ``KEEP_S``. What is in hand is remembered in memory only: after a crash it is due again, so a message can leave twice but
never not at all.
"""

import asyncio
import contextlib
import zlib
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

from mailstead import telemetry
from mailstead.model.address import Address, Envelope, ForwardPath, ReversePath
from mailstead.model.errors import Refusal, Unavailable
from mailstead.model.ids import SUBMISSION, to_wire
from mailstead.model.status import EnhancedStatus
from mailstead.service.forwarding import Forwarding
from mailstead.service.ports import Agent, Attempt, Failed, Line, NoSession, Place, Sent
from mailstead.service.queue import retry
from mailstead.service.queue.conclusion import SETTLED, Conclusion, settled
from mailstead.service.queue.entrance import shown
from mailstead.service.queue.results import Results
from mailstead.service.queue.schedule import Route, Schedule, Site
from mailstead.service.queue.shaping import GREYLISTED, Rules, is_displeasure
from mailstead.service.queue.warmup import DAY_MS, WarmUp
from mailstead.service.suppressions import Suppressions
from mailstead.store.interface import Mail, Queue, QueueHold, QueueJob, Submissions

POLL_S: Final = 1.0
"""How often the queue is looked at when no hint comes (STORAGE R6)."""
KEEP_S: Final = 5.0
AGE_EVERY_S: Final = 10.0
GRACE_S: Final = 5.0
"""An attempt cut off after its last octet may be made twice: a stop waits so long for those under way."""
NOWHERE_MS: Final = 1_000
"""A route that leads nowhere for good is looked for again so soon, if there is more for it."""
SOUGHT: Final = 1_000
"""Routes whose place is looked for at one time: where name servers do not answer each takes its ten seconds, and the next ones are not to wait for that."""
_STARTED: Final = 4
"""So many lines, and searches, begin at one time; then everything else of this process has its turn."""
_PAGE: Final = 500
_READ: Final = 2_000
"""Of what waits so much is taken in at one time."""
SOURCE: Final = "@source "
"""Begins the name under which it is remembered since when an address is sent from."""
Tagging = Callable[[QueueJob, Envelope], Envelope]
"""Puts into an envelope by what a later notice is known (``service.reports.tagging``)."""


class Scheduler:
    """See the module's docstring. ``hostname`` names us in notices. ``warm_up``: the addresses from which mail leaves, by their pool ("":
    the ordinary way), and for how many days each is warmed up."""

    def __init__(
        self, *, queue: Queue, mail: Mail, submissions: Submissions, agent: Agent, rules: Rules, hostname: str, now_ms: Callable[[], int],
        keep_s: float = KEEP_S, suppressions: Suppressions | None = None, tagging: Tagging | None = None,
        forwarding: Forwarding | None = None, warm_up: tuple[Mapping[str, Sequence[str]], int] | None = None,
    ) -> None:  # fmt: skip
        self._queue = queue
        self._agent = agent
        self._rules = rules
        self._now_ms = now_ms
        self._keep_s = keep_s
        self._tagging = tagging
        self._warm_up = warm_up
        self.schedule = Schedule(
            rules, load=queue.jobs, workers=queue.workers, stretch=lambda name, count: retry.stretch(zlib.crc32(name.encode()), count),
        )
        self._results = Results(queue, self._finished)
        self._conclusion = Conclusion(
            mail=mail, submissions=submissions, results=self._results, rules=rules, hostname=hostname, now_ms=now_ms,
            suppressions=suppressions, forwarding=forwarding,
        )
        self._woken = asyncio.Event()
        self._is_steered = False
        self._is_told = False
        self._read_at = 0.0
        self._aged_at = 0.0
        self._seeking = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._lines: set[Line] = set()
        self._is_stopping = False

    def wake(self, steered: bool = False) -> None:
        """There is something new; ``steered``: somebody has changed what was there."""
        self._is_steered = self._is_steered or steered
        self._is_told = True
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled; then what is in hand has ``GRACE_S`` to end, and is given up (it will be due again)."""
        writing = asyncio.get_running_loop().create_task(self._results.run())
        try:
            await self._begin()
            while True:
                self._woken.clear()
                try:
                    self.look()
                except (Refusal, Unavailable) as exc:
                    telemetry.event("queue.failed", reason=exc.cause or exc.public)
                except Exception as exc:
                    telemetry.defect("queue", exc)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._patience_s()):
                        await asyncio.sleep(0)
                        await self._woken.wait()
        finally:
            await self._end(writing)

    async def _begin(self) -> None:
        while True:
            try:
                await self._queue.own()
                await self._begin_warm_up()
                self._reload()
            except (Refusal, Unavailable) as exc:
                telemetry.event("queue.failed", reason=exc.cause or exc.public)
                await asyncio.sleep(POLL_S)
            else:
                return

    async def _begin_warm_up(self) -> None:
        """Since when each address is sent from is remembered in a row of its own; one that is new begins now. A pool is as old as its youngest address."""
        if self._warm_up is None or self.schedule.warm_ups:
            return
        pools, days = self._warm_up
        known = {hold.site: int.from_bytes(hold.shaping, "big") for hold in self._queue.holds() if hold.site.startswith(SOURCE)}
        now = self._now_ms()
        found = {}
        for pool, sources in pools.items():
            for source in sources:
                name = f"{SOURCE}{source}"
                if name not in known:
                    known[name] = now
                    await self._queue.hold(QueueHold(name, 0, 0, f"first sent from at this time; warms up for {days} days", now.to_bytes(8, "big")))
                ramp = WarmUp(known[name], days)
                if not ramp.is_over(now):
                    telemetry.event("source.warming", source=source, until_ms=ramp.begun_at_ms + days * DAY_MS, reason=f"first sent from {(now - ramp.begun_at_ms) // DAY_MS} days ago")
            found[pool] = WarmUp(max(known[f"{SOURCE}{source}"] for source in sources), days)
        self.schedule.warm_ups = found

    def _reload(self) -> None:
        self.schedule.begin(self._queue.holds())

    async def _end(self, writing: asyncio.Task[None]) -> None:
        self._is_stopping = True
        for site in self.schedule.sites.values():
            while site.idle:
                site.idle.pop()()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S):
                await self._results.idle()
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

    async def idle(self) -> None:
        """Until nothing is in hand (tests)."""
        while self._tasks or self.schedule.in_hand:
            await asyncio.sleep(0.001)
            await self._results.idle()

    def _patience_s(self) -> float:
        at = self.schedule.next_ms()
        return POLL_S if at is None else min(POLL_S, max(0.001, (at - self._now_ms()) / 1000))

    # ------------------------------------------------------------------------------------------------- looking
    def look(self) -> None:
        """Take in what is new and start whatever may start."""
        now = self._now_ms()
        if self._is_steered:
            self._is_steered = False
            self._reload()
            self._is_told = True
        loop_now = asyncio.get_running_loop().time()
        if self._is_told or loop_now - self._read_at >= POLL_S:
            self._is_told, self._read_at = False, loop_now
            before = self.schedule.seen
            found, seen = self._queue.newer(before, _READ)
            if seen != before:
                self.schedule.came(found, seen, now)
                if seen - before >= _READ:
                    self.wake()  # there may be more; others have their turn first
        self.schedule.turn(now)
        sought = self.schedule.sought(min(_STARTED, SOUGHT - self._seeking))
        for route in sought:
            self._seeking += 1
            self._start(self._seek(route))
        begun = self.schedule.startable(now, _STARTED)
        for site in begun:
            self._start(self._line(site, site.kind))
        if len(sought) >= _STARTED or len(begun) >= _STARTED:
            self._woken.set()
        if loop_now - self._aged_at >= AGE_EVERY_S:
            self._aged_at = loop_now
            self._start(self._age())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as exc:
            telemetry.defect("queue", exc)

    def _finished(self, job: QueueJob, due_ms: int | None) -> None:
        self.schedule.finished(job, due_ms)

    async def _seek(self, route: Route) -> None:
        try:
            found = await self._agent.locate(route.name)
        except Exception as exc:
            telemetry.defect("queue", exc, route=shown(route.name))
            found = Failed("", 0, EnhancedStatus(4, 3, 0), "Something went wrong on our side")
        finally:
            self._seeking -= 1
        now = self._now_ms()
        if not isinstance(found, Failed):
            self.schedule.located(route, found, found.hosts, now)
            self._woken.set()
            return
        # What cannot be delivered anywhere is told to those who wait, one after the other; what cannot be found out now waits as a whole.
        site = self.schedule.lost(route, found, now)
        if found.is_permanent:
            site.hold_until_ms = 0
            while (job := self.schedule.take(site, self._now_ms())) is not None:
                await self._conclude(job, [found] * len(job.recipients), None)
            self.schedule.hold(site, self._now_ms() + NOWHERE_MS, found.text)
        else:
            await self._write_hold(self.schedule.hold(site, site.hold_until_ms, found.text))
        self._woken.set()

    async def _write_learnt(self, site: Site) -> None:
        try:
            await self._queue.hold(QueueHold(site.name, site.hold_until_ms, site.failures, "", site.shaping.learnt()))
        except (Refusal, Unavailable) as exc:
            telemetry.event("queue.failed", reason=exc.cause or exc.public)

    async def _write_hold(self, hold: QueueHold) -> None:
        telemetry.event("site.deferred", site=hold.site, failures=hold.failures, until_ms=hold.until_ms, reason=hold.reason)
        try:
            await self._queue.hold(hold)
        except (Refusal, Unavailable) as exc:
            telemetry.event("queue.failed", reason=exc.cause or exc.public)

    # ------------------------------------------------------------------------------------------------- a line
    async def _line(self, site: Site, kind: str) -> None:
        line: Line | None = None
        messages = 0
        try:
            while not self._is_stopping:
                if line is not None and (not line.is_open or (site.shaping.rule.messages and messages >= site.shaping.rule.messages)):
                    await line.close()
                    line, messages = None, 0
                if line is not None and site.active > site.shaping.connections:
                    break
                job = self.schedule.take(site, self._now_ms())
                if job is None:
                    if line is None or not await self._rest(site):
                        break
                    continue
                try:
                    if job.recipients[0].last_error.startswith(SETTLED):
                        await self._settle(job)
                        continue
                    if line is None:
                        line = await self._open(site, job)
                        if line is None:
                            break
                    messages += 1
                    await self._send(site, line, job)
                except Exception as exc:
                    telemetry.defect("queue", exc, submission=to_wire(SUBMISSION, job.message.submission_id))
                    self._conclusion.put_off(job, "something went wrong on our side")
        except Exception as exc:
            telemetry.defect("queue", exc, site=site.name)
        finally:
            if line is not None:
                await line.close()
            self.schedule.ended(site, kind, self._now_ms())
            self._woken.set()

    async def _rest(self, site: Site) -> bool:
        """Keep the line for a while; True: there is work again."""
        woken = asyncio.Event()
        site.idle.append(woken.set)
        try:
            async with asyncio.timeout(self._keep_s):
                await woken.wait()
        except TimeoutError:
            if woken.set in site.idle:
                site.idle.remove(woken.set)
            return woken.is_set()
        return not self._is_stopping

    async def _open(self, site: Site, job: QueueJob) -> Line | None:
        place = await self._place(site, job)
        if place is None:
            return None
        try:
            return await self._agent.open(place, job.attempts)
        except NoSession as exc:
            failed = exc.failed
            if failed.is_permanent:  # a way that leads back to us
                await self._conclude(job, [failed] * len(job.recipients), None, provider=site.shaping.rule.name)
                return None
            hold = self.schedule.failed(site, failed, self._now_ms())
            # The one that was to be sent stands for all: it shows why, and it alone is written.
            await self._conclude(job, [failed] * len(job.recipients), None, provider=site.shaping.rule.name)
            await self._write_hold(hold)
            return None
        except asyncio.CancelledError:
            raise
        except Exception as exc:
            telemetry.defect("queue", exc, site=site.name)
            self._conclusion.put_off(job, "something went wrong on our side")
            return None

    async def _place(self, site: Site, job: QueueJob) -> Place | None:
        """Where the site is now. None: the job's route leads elsewhere by now; it was put back."""
        now = self._now_ms()
        place, route = site.place, self.schedule.routes.get(job.route)
        if place is not None and (place.until_ms > now or route is None):
            return place
        found = await self._agent.locate(job.route)
        if route is not None and not isinstance(found, Failed):
            if found.site != site.name:
                self.schedule.put_back(job, now)
            if self.schedule.located(route, found, found.hosts, now) is site:
                return found
            return None
        if isinstance(found, Failed) and found.is_permanent:
            await self._conclude(job, [found] * len(job.recipients), None)
            return None
        self.schedule.put_back(job, now)
        if route is not None and isinstance(found, Failed):
            await self._write_hold(self.schedule.hold(self.schedule.lost(route, found, now), now + 60_000, found.text))
        return None

    async def _send(self, site: Site, line: Line, job: QueueJob) -> None:
        try:
            octets = await self._queue.octets(job.message)
        except (Refusal, Unavailable) as exc:
            await self._unreadable(job, exc)
            return
        try:
            envelope = envelope_of(job)
            attempts = await line.deliver(self._tagging(job, envelope) if self._tagging else envelope, octets)
        except asyncio.CancelledError:
            raise
        except Exception as exc:
            telemetry.defect("queue", exc, submission=to_wire(SUBMISSION, job.message.submission_id))
            self._conclusion.put_off(job, "something went wrong on our side")
            return
        await self._learn(site, attempts)
        await self._conclude(job, attempts, octets, provider=site.shaping.rule.name)

    async def _learn(self, site: Site, attempts: Sequence[Attempt]) -> None:
        first = attempts[0]
        if isinstance(first, Sent):
            if self.schedule.succeeded(site):
                await self._write_hold(QueueHold(site.name, 0, 0, "", site.shaping.learnt()))
            return
        meaning = self._rules.meaning(site.shaping.rule.name, first)
        now = self._now_ms()
        # Who is greylisted is new there, not too fast.
        is_angry = meaning.is_slower or (is_displeasure(first) and meaning.word != GREYLISTED)
        if is_angry and site.shaping.displeased(now):
            telemetry.event("site.slowed", site=site.name, connections=site.shaping.connections, reason=first.text)
            if site.shaping.warm_up is not None and not meaning.hold_s:
                await self._write_learnt(site)
        if meaning.hold_s and not first.is_permanent:
            await self._write_hold(self.schedule.hold(site, now + meaning.hold_s * 1000, first.text))

    async def _conclude(self, job: QueueJob, attempts: Sequence[Attempt], octets: bytes | None, *, provider: str = "") -> None:
        try:
            if octets is None:
                octets = await self._octets_for_notice(job, attempts)
            await self._conclusion.conclude(job, attempts, octets, provider=provider)
        except (Refusal, Unavailable) as exc:
            self._conclusion.put_off(job, exc.cause or exc.public)
        except Exception as exc:
            telemetry.defect("queue", exc, submission=to_wire(SUBMISSION, job.message.submission_id))
            self._conclusion.put_off(job, "something went wrong on our side")

    async def _octets_for_notice(self, job: QueueJob, attempts: Sequence[Attempt]) -> bytes:
        """The message, where the author may hear of it now."""
        now = self._now_ms()
        for recipient, attempt in zip(job.recipients, attempts, strict=True):
            decision = retry.decide(job.entry(recipient), attempt, now)
            if isinstance(decision, retry.GiveUp) or (isinstance(decision, retry.Again) and decision.tells):
                return await self._queue.octets(job.message)
        return b""

    async def _unreadable(self, job: QueueJob, exc: Refusal | Unavailable) -> None:
        reason = exc.cause or exc.public
        telemetry.event("queue.failed", submission=to_wire(SUBMISSION, job.message.submission_id), reason=reason)
        if self._now_ms() < job.message.expires_at_ms:
            self._conclusion.put_off(job, reason)
            return
        lost = Failed("", 0, EnhancedStatus(5, 3, 0), "The message could not be read back from our queue")
        await self._conclude(job, [lost] * len(job.recipients), b"")

    async def _settle(self, job: QueueJob) -> None:
        """Only a notice is still to be filed."""
        attempts: list[Attempt] = [
            settled(one.last_error) if one.last_error.startswith(SETTLED) else Failed("", 0, EnhancedStatus(4, 3, 0), one.last_error)
            for one in job.recipients
        ]
        try:
            octets = await self._queue.octets(job.message)
        except (Refusal, Unavailable) as exc:
            await self._unreadable(job, exc)
            return
        await self._conclude(job, attempts, octets)

    # ------------------------------------------------------------------------------------------------- age
    async def _age(self) -> None:
        """Tell the authors of what waits long, give up what is too old; also of what rests with its site."""
        while True:
            found = [job.job_id for job in self._queue.aged(self._now_ms(), _PAGE) if job.job_id not in self.schedule.in_hand]
            for number in found:
                job = self._still_aged(number)
                if job is None:
                    continue
                route = self.schedule.routes.get(job.route)
                site = route.site if route else None
                self.schedule.seize(job)
                try:
                    octets = await self._queue.octets(job.message)
                    await self._conclusion.came_of_age(job, octets, site.failure if site else None)
                except (Refusal, Unavailable) as exc:
                    await self._unreadable(job, exc)
                except Exception as exc:
                    telemetry.defect("queue", exc, submission=to_wire(SUBMISSION, job.message.submission_id))
                    self._conclusion.put_off(job, "something went wrong on our side")
            await self._results.idle()
            if len(found) < _PAGE:
                return

    def _still_aged(self, number: int) -> QueueJob | None:
        """The job as it is now, if nobody has it in hand: while others were looked at, it may have been tried, for some of its recipients with success."""
        job = None if number in self.schedule.in_hand else next(iter(self._queue.jobs([number])), None)
        return job if job is not None and not job.held and job.check_at_ms <= self._now_ms() else None


def envelope_of(job: QueueJob) -> Envelope:
    """The envelope of a job."""
    message = job.message
    options = message.options
    return Envelope(
        ReversePath(_address(message.reverse_path) if message.reverse_path else None),
        tuple(
            ForwardPath(_address(one.address), frozenset(filter(None, str(one.options.get("notify", "")).split(","))),
                        str(one.options.get("orcpt", "")))
            for one in job.recipients
        ),
        envid=options.get("envid", ""), ret=options.get("ret", ""), smtputf8=bool(options.get("smtputf8")), body=options.get("body", "7BIT"), deliver_by=_deliver_by(options.get("by", "")), priority=int(options.get("priority", "0")), requiretls=bool(options.get("requiretls")),
    )  # fmt: skip


def _deliver_by(text: str) -> tuple[int, str] | None:
    at, _, mode = text.partition(";")
    return (int(at), mode) if at else None


def _address(text: str) -> Address:
    local, _, domain = text.rpartition("@")
    return Address(local, domain)
