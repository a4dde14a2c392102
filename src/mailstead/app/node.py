"""One worker: what it opens, in which order, what serves its connections, and how it ends."""

import asyncio
import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mailstead import telemetry
from mailstead.app import assemble, control, events, pictures
from mailstead.app.config import Settings
from mailstead.app.exchangers import list_leaver, push_poster
from mailstead.app.metrics import Metrics
from mailstead.app.operations import Operations
from mailstead.app.wire import Wire
from mailstead.model.errors import Refusal, Unavailable
from mailstead.model.ids import AccountId
from mailstead.model.object import DueKind
from mailstead.model.web_session import WebSession
from mailstead.net import Counts, Handler, Listener, ServerTls, bind
from mailstead.protocol.smtp.server import Mode
from mailstead.server.http import Parts, http_server
from mailstead.server.http.mta_sts import mta_sts_route
from mailstead.server.http.setup import setup_routes
from mailstead.server.imap import imap_server
from mailstead.server.pop3 import pop3_server
from mailstead.server.smtp import smtp_server
from mailstead.service import notice
from mailstead.service.access import Access
from mailstead.service.admin import Admin
from mailstead.service.emails import Emails
from mailstead.service.jobs import Jobs
from mailstead.service.kept import Kept
from mailstead.service.principals import Principals
from mailstead.service.push.encryption import Vapid
from mailstead.service.push.states import TypeStates
from mailstead.service.push.subscriptions import Pusher
from mailstead.service.queue import Scheduler
from mailstead.service.reminders import Reminders
from mailstead.service.reports.tags import Tags
from mailstead.service.sending import Sending
from mailstead.service.sessions import WebSessions
from mailstead.service.sharing import Sharing
from mailstead.service.snoozing import Snoozing
from mailstead.service.submissions import Sendings
from mailstead.service.waking import Waking
from mailstead.store import Embedded
from mailstead.telemetry.counters import Snapshot, merge

SWEEP_EVERY_S = 3600.0
IMPLICIT_TLS = frozenset({"submissions", "imaps", "pop3s", "https"})


@dataclass
class Node:
    """One worker and what it is made of."""

    data: Path
    settings: Settings
    worker: int
    workers: int
    sockets: Mapping[str, Sequence[socket.socket]]
    tls: ServerTls
    wire: Wire | None = None
    store: Embedded | None = None
    access: Access | None = None
    operations: Operations | None = None
    listeners: list[Listener] = field(default_factory=list)
    is_stopping: bool = False
    sweeping: asyncio.Task[None] | None = None
    scheduler: Scheduler | None = None
    submissions: Sending | None = None
    waking: Waking | None = None
    pusher: Pusher | None = None
    sending: list[asyncio.Task[None]] = field(default_factory=list)

    # ------------------------------------------------------------------------------------------------ life
    async def start(self) -> None:
        """Open everything, in the order in which the parts need each other."""
        opened: asyncio.Future[Embedded] = asyncio.get_running_loop().create_future()

        async def handle(request: bytes) -> bytes:
            return await (await asyncio.shield(opened)).handle(request)

        def news(payload: bytes) -> None:
            if opened.done():
                opened.result().take_news(payload)

        self.wire = wire = Wire(self.data / "run", self.worker, self.workers, handle=handle, news=news, answer=self._answer)
        await wire.start()
        self.store = mine = assemble.open_store(self.data, self.settings, worker=self.worker, workers=self.workers, wire=wire)
        await mine.start()
        opened.set_result(mine)
        tags = assemble.tags_of(mine)
        self.access = logins = assemble.access(mine, self.settings)
        self.operations = assemble.operations(mine, self.settings, logins)
        self.listeners = self._make_listeners(mine, logins, tags)
        if self.worker == 0:
            path = control.socket_path(self.data)
            path.unlink(missing_ok=True)
            self.listeners.append(Listener(bind(f"unix:{path}", mode=0o600), control.Control(self.operations).serve, name="control"))
        for listener in self.listeners:
            await listener.start()
        if self.worker == 0:
            self.sweeping = asyncio.create_task(self._sweep(self.operations))
        self._begin_sending(mine, tags)

    def _begin_sending(self, mine: Embedded, tags: Tags) -> None:
        self.scheduler = assemble.scheduler(mine, self.settings, tags)
        mine.watch_queue(self.scheduler.wake)
        if self.pusher is not None:
            self.sending.append(asyncio.create_task(self.pusher.start()))
        if self.waking is not None:
            self.sending.append(asyncio.create_task(self.waking.run()))
        self.sending += [asyncio.create_task(self.scheduler.run()), asyncio.create_task(self.outgoing().run()),
                        asyncio.create_task(events.keep(self.data / "events", self.worker, self.settings.log.keep_days))]
        if self.worker == 0 and self.settings.outbound.direct and self.settings.outbound.tls_reports:
            self.sending.append(asyncio.create_task(assemble.tls_reports(mine, self.settings).run()))

    def outgoing(self) -> Sending:
        """Submissions of this worker's users."""
        if self.submissions is None:
            if self.store is None:
                raise RuntimeError("the store is not open yet")
            self.submissions = assemble.sending(self.store, self.settings)
        return self.submissions

    def jobs_of(self, emails: Emails, kept: Kept) -> Jobs:
        """Bulk changes, and what happens at a time, of this worker's shards."""
        if self.store is None:
            raise RuntimeError("the store is not open yet")
        opened = self.store
        jobs = Jobs(emails, kept, new_id=opened.ids.next, now_ms=opened.now_ms)
        reminders = Reminders(emails, kept, opened.directory, opened.now_ms)
        self.waking = Waking(kept, {
            DueKind.SNOOZE: Snoozing(emails, kept).wake, DueKind.REMINDER: reminders.look, DueKind.JOB: jobs.go_on,
            **({DueKind.PUSH: self.pusher.look} if self.pusher is not None else {}),
        }, opened.now_ms)  # fmt: skip
        jobs.soon = self.waking.wake
        return jobs

    async def _sweep(self, operations: Operations) -> None:
        """Every hour: accounts that are due are shredded."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            try:
                if self.store is not None:
                    await asyncio.to_thread(self.store.uploads.sweep)
                await operations.sweep()
            except (Refusal, Unavailable) as exc:
                telemetry.event("sweep.failed", reason=exc.cause or exc.public)

    async def drain(self, grace_s: float) -> None:
        """Take no new connections and let the present ones finish."""
        self.is_stopping = True
        await asyncio.gather(*(listener.drain(grace_s) for listener in self.listeners))

    async def close(self) -> None:
        """After every worker has drained: nobody hands over anything any more."""
        if self.sweeping is not None:
            self.sweeping.cancel()
        for task in self.sending:
            task.cancel()
        await asyncio.gather(*self.sending, return_exceptions=True)
        if self.pusher is not None:
            await self.pusher.close()
        if self.access is not None:
            self.access.close()
        if self.store is not None:
            await self.store.close()
        if self.wire is not None:
            await self.wire.close()

    def reload(self, settings: Settings) -> None:
        """New settings for new connections; certificates are the worker's own to read again."""
        self.settings = settings
        limits = assemble.listen_limits(settings)
        for listener in self.listeners:
            listener.limits = limits

    # ------------------------------------------------------------------------------------------------ listeners
    def _make_listeners(self, opened: Embedded, logins: Access, tags: Tags) -> list[Listener]:
        handlers = drivers(self, opened, logins, tags)
        counts = Counts()
        limits = assemble.listen_limits(self.settings)
        made: list[Listener] = []
        for service, sockets in self.sockets.items():
            handler = handlers.get(service)
            if handler is None:
                if self.worker == 0:
                    telemetry.event("service.skipped", service=service, reason="not built yet")
                continue
            made.extend(
                Listener(
                    sock, handler, self.tls if service in IMPLICIT_TLS else None, limits,
                    name=service, counts=counts, proxy_from=() if service == "metrics" else self.settings.listen.proxy_from,
                )
                for sock in sockets
            )  # fmt: skip
        return made

    # ------------------------------------------------------------------------------------------------ small talk
    async def missing(self) -> list[str]:
        """What keeps this server from being whole; empty: nothing."""
        _, silent = await self.snapshot()
        return [f"worker {worker} does not answer" for worker in silent] + (["this worker is about to stop"] if self.is_stopping else [])

    async def _answer(self, question: bytes) -> bytes:
        if question == b"snapshot":
            return json.dumps(telemetry.snapshot().to_rows()).encode()
        return b""

    async def snapshot(self) -> tuple[Snapshot, list[int]]:
        """The sum of all workers' counters, and who did not answer."""
        wire = self.wire
        if wire is None:
            return merge([]), list(range(self.workers))
        answers = await asyncio.gather(
            *(wire.ask(worker, b"snapshot", 2.0) for worker in range(self.workers)), return_exceptions=True
        )
        missing = [worker for worker, answer in enumerate(answers) if isinstance(answer, Unavailable)]
        found = [Snapshot.from_rows(json.loads(answer)) for answer in answers if isinstance(answer, bytes)]
        return merge(found), missing


def drivers(node: Node, opened: Embedded, logins: Access, tags: Tags) -> dict[str, Handler]:
    """What serves a connection, by service."""
    settings, tls = node.settings, node.tls
    receiving = assemble.reception(opened, settings, node.outgoing(), tags)

    def smtp(mode: Mode) -> Handler:
        return smtp_server(
            mode=mode, reception=receiving, access=logins, spool=opened.spool, tls=tls, now_ms=opened.now_ms
        )

    submission = smtp(Mode.SUBMISSION)
    sharing = Sharing(opened, now_ms=opened.now_ms, new_id=opened.ids.next)
    imap = imap_server(
        sharing=sharing,
        mail=opened.mail, access=logins, watch=opened.watch, settings=settings, tls=tls, spool=opened.spool,
        jmap_url=f"https://{settings.hostname}/jmap/session" if settings.listen.https else "",
    )
    async def tell_owner(account: AccountId, address: str, session: WebSession) -> None:
        await notice.new_device(opened.mail, settings.hostname, account, address, session)

    web_sessions = WebSessions(
        opened.web_logins, opened.directory, logins, secret=opened.secret(b"web sessions"), now_ms=opened.now_ms, new_id=opened.ids.next,
        notify=tell_owner,
    )  # fmt: skip
    emails, kept = Emails(opened), Kept(opened)
    sendings = Sendings(node.outgoing(), opened.submissions, opened.directory, opened.mail)
    principals = Principals(opened.directory, are_shown=settings.jmap.people)
    states = TypeStates(emails, kept, sendings, sharing)
    vapid = Vapid(opened.secret(b"web push"), f"mailto:postmaster@{settings.hostname}")
    node.pusher = Pusher(kept, states.of, opened.watch, push_poster(settings), vapid, opened.now_ms, assemble.credentials_of(opened))
    http = http_server(Parts(
        fetch_image=pictures.of_settings(settings.dns.servers).fetch, unsubscribing=list_leaver(settings, opened.now_ms), secret=opened.secret(b"image proxy"), web_sessions=web_sessions, owner=Admin(opened, logins),
        principals=principals, sharing=sharing, sendings=sendings, states=states, push_key=vapid.public,
        access=logins, emails=emails, kept=kept, jobs=node.jobs_of(emails, kept), uploads=opened.uploads, new_id=opened.ids.next, spool=opened.spool, watch=opened.watch, hostname=settings.hostname,
        message_octets=settings.limits.message_size, ready=node.missing, routes=(mta_sts_route(assemble.publishing(opened, settings).sts_policy), *setup_routes(assemble.site_of(opened, settings))),
    )).serve
    pop3 = pop3_server(mail=opened.mail, access=logins, tls=tls)
    return {
        "smtp": smtp(Mode.MX), "submission": submission, "submissions": submission, "lmtp": smtp(Mode.LMTP),
        "imap": imap, "imaps": imap, "pop3": pop3, "pop3s": pop3, "metrics": Metrics(node.snapshot).serve,
        "http": http, "https": http,
    }  # fmt: skip
