"""The one place that joins the parts of a worker: store → service → drivers → listeners.

Nothing else in the project knows more than its neighbours. ``Node`` is one worker's assembly; ``drivers`` maps the
services of ``[listen]`` to what serves a connection.
"""

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailstead import store, telemetry
from mailstead.agent.hop import Way
from mailstead.agent.router import Router
from mailstead.agent.smarthost import Smarthost, SmarthostAgent, proxy
from mailstead.app import control, events
from mailstead.app.certificates import certificates, signing
from mailstead.app.config import Settings
from mailstead.app.exchangers import list_leaver, mx_agent, picture_fetcher, policy_file, push_poster, report_poster
from mailstead.app.metrics import Metrics
from mailstead.app.operations import Operations
from mailstead.app.wire import Wire
from mailstead.model.errors import Refusal, Unavailable
from mailstead.model.ids import AccountId
from mailstead.model.object import DueKind
from mailstead.model.web_session import WebSession
from mailstead.net import Counts, Handler, Listener, ListenLimits, ServerTls, bind
from mailstead.net.dns import Resolver
from mailstead.net.tls import leaf
from mailstead.protocol import sasl
from mailstead.protocol.sasl import scram
from mailstead.protocol.smtp.server import Mode
from mailstead.server.http import Parts, http_server
from mailstead.server.http.mta_sts import mta_sts_route
from mailstead.server.http.setup import Site, setup_routes
from mailstead.server.imap import imap_server
from mailstead.server.pop3 import pop3_server
from mailstead.server.smtp import smtp_server
from mailstead.service import notice
from mailstead.service.absence import Absence
from mailstead.service.access import Access
from mailstead.service.admin import Admin
from mailstead.service.delivery import Delivery
from mailstead.service.domains.publish import Publishing
from mailstead.service.downgrading import Downgrading
from mailstead.service.emails import Emails
from mailstead.service.forwarding import Forwarding
from mailstead.service.jobs import Jobs
from mailstead.service.kept import Kept
from mailstead.service.ports import Agent
from mailstead.service.principals import Principals
from mailstead.service.push.encryption import Vapid
from mailstead.service.push.states import TypeStates
from mailstead.service.push.subscriptions import Pusher
from mailstead.service.queue import Scheduler
from mailstead.service.queue.control import QueueControl
from mailstead.service.queue.entrance import Entrance
from mailstead.service.queue.local import LocalAgent
from mailstead.service.queue.shaping import Rules
from mailstead.service.receipts import Receipts
from mailstead.service.reception import Reception
from mailstead.service.reminders import Reminders
from mailstead.service.reports.figures import Figures
from mailstead.service.reports.incoming import Incoming
from mailstead.service.reports.tagging import tagging
from mailstead.service.reports.tags import Tags
from mailstead.service.reports.tls import TlsReports
from mailstead.service.senders import Senders
from mailstead.service.sending import Sending
from mailstead.service.sessions import WebSessions
from mailstead.service.signing import Signing
from mailstead.service.snoozing import Snoozing
from mailstead.service.submissions import Sendings
from mailstead.service.suppressions import Suppressions
from mailstead.service.trace import Trace
from mailstead.service.transfer import Transfer
from mailstead.service.waking import Waking
from mailstead.store import Embedded
from mailstead.store.seal import Damaged
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
        self.store = mine = open_store(self.data, self.settings, worker=self.worker, workers=self.workers, wire=wire)
        await mine.start()
        opened.set_result(mine)
        tags = await tags_of(mine)
        self.access = logins = access(mine, self.settings)
        self.operations = operations(mine, self.settings, logins)
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
        self.scheduler = scheduler(mine, self.settings, tags)
        mine.watch_queue(self.scheduler.wake)
        if self.pusher is not None:
            self.sending.append(asyncio.create_task(self.pusher.start()))
        if self.waking is not None:
            self.sending.append(asyncio.create_task(self.waking.run()))
        self.sending += [asyncio.create_task(self.scheduler.run()), asyncio.create_task(self.outgoing().run()),
                        asyncio.create_task(events.keep(self.data / "events", self.worker, self.settings.log.keep_days))]
        if self.worker == 0 and self.settings.outbound.direct and self.settings.outbound.tls_reports:
            self.sending.append(asyncio.create_task(tls_reports(mine, self.settings).run()))

    def outgoing(self) -> Sending:
        """Submissions of this worker's users."""
        if self.submissions is None:
            if self.store is None:
                raise RuntimeError("the store is not open yet")
            self.submissions = sending(self.store, self.settings)
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
        limits = listen_limits(settings)
        for listener in self.listeners:
            listener.limits = limits

    # ------------------------------------------------------------------------------------------------ listeners
    def _make_listeners(self, opened: Embedded, logins: Access, tags: Tags) -> list[Listener]:
        handlers = drivers(self, opened, logins, tags)
        counts = Counts()
        limits = listen_limits(self.settings)
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


def listen_limits(settings: Settings) -> ListenLimits:
    """What ``[limits]`` says about connections."""
    return ListenLimits(connections_per_address=settings.limits.connections_per_address)


def open_store(
    data: Path, settings: Settings, *, worker: int = 0, workers: int = 1, wire: Wire | None = None
) -> Embedded:
    """The store of a process; without ``wire`` it is the only one. Raises ``Unavailable``."""
    return store.open_store(
        data, worker=worker, workers=workers, master=master_key(data, settings), disk_reserve=settings.limits.disk_reserve,
        handover=wire.handover if wire else None, post=wire.post if wire else None,
    )  # fmt: skip


def master_key(data: Path, settings: Settings) -> Path | None:
    """Where ``[keys] master`` says the key is; None: in the data directory. Raises ``Unavailable``."""
    kind, _, name = settings.keys.master.partition(":")
    if kind == "file":
        return data / name
    if kind == "credential":
        folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
        if not folder:
            raise Unavailable("", f"[keys] master names the credential {name}, but systemd gave none: see LoadCredential=")
        return Path(folder) / name
    return None


def access(opened: Embedded, settings: Settings) -> Access:
    """Logins, with the SASL mechanisms put in."""
    return Access(
        opened.directory, begin=sasl.begin, verifier=scram.verifier, mechanisms=tuple(sasl.MECHANISMS),
        secret=opened.secret(b"scram salts"), cleartext_on_loopback=settings.auth.cleartext_on_loopback,
        keeps_scram=settings.auth.scram,
    )  # fmt: skip


def operations(opened: Embedded, settings: Settings, logins: Access | None = None) -> Operations:
    """The administrator's verbs on a store."""
    published = publishing(opened, settings)
    admin = Admin(opened, logins or access(opened, settings), make_keys=published.keys.make)
    return Operations(opened, admin, Transfer(opened), QueueControl(opened.queue, opened.words(b"named servers").seal), published, tracing(opened), suppressions(opened, settings), figures(opened))


def figures(opened: Embedded) -> Figures:
    """What the events say in figures."""
    async def run(work: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
        return await asyncio.get_running_loop().run_in_executor(opened.pool, work)

    return Figures(opened.data / "events", run=run, flush=telemetry.flush, now_ms=opened.now_ms)


def tracing(opened: Embedded) -> Trace:
    """What the events say about messages."""
    loop = asyncio.get_running_loop

    async def run(work: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
        return await loop().run_in_executor(opened.pool, work)

    return Trace(opened.data / "events", opened.directory, run=run, flush=telemetry.flush)


def publishing(opened: Embedded, settings: Settings) -> Publishing:
    """What our domains publish, and the keys that sign for them."""
    resolver = Resolver(settings.dns.servers)
    return Publishing(
        opened.directory, hostname=settings.hostname, now_ms=opened.now_ms, lookups=resolver, fetch=policy_file(resolver),
        certificates=lambda: [leaf(pair.chain) for pair in certificates(opened.data, settings)], is_trusted=bool(settings.tls.certificate),
    )  # fmt: skip


def can_send_out(settings: Settings) -> bool:
    """Whether there is a way to other servers."""
    return bool(settings.outbound.smarthost) or settings.outbound.direct


def scheduler(opened: Embedded, settings: Settings, tags: Tags) -> Scheduler:
    """What brings the queue to the smarthost, to the mail exchangers of the world, or into our own mailboxes."""
    out = settings.outbound
    base = Way(
        settings.hostname, out.port, source=out.source, socks=proxy(out.socks), downgrade=Downgrading(Signing(opened.directory, opened.now_ms))
    )
    way_out: Agent | None = None
    if out.smarthost:
        way_out = SmarthostAgent(Smarthost.parse(out.smarthost), base)
    elif out.direct:
        way_out = mx_agent(opened, settings, base)
    passing = forwarding(opened, settings) if can_send_out(settings) else None
    here = LocalAgent(directory=opened.directory, delivery=delivery(opened, settings), hostname=settings.hostname, forwarding=passing)
    return Scheduler(
        queue=opened.queue, mail=opened.mail, submissions=opened.submissions, agent=Router(here=here, out=way_out, base=base, reveal=revealed(opened)),
        rules=rules(opened.data, settings), hostname=settings.hostname, now_ms=opened.now_ms, suppressions=suppressions(opened, settings),
        tagging=tagging(tags, in_path=out.return_path == "tagged", now_ms=opened.now_ms), forwarding=passing,
        warm_up=(source_name(settings), out.warm_up_days) if out.direct and not out.smarthost and out.warm_up_days else None,
    )  # fmt: skip


def forwarding(opened: Embedded, settings: Settings) -> Forwarding:
    """Mail that goes on to other servers."""
    return Forwarding(
        directory=opened.directory, accounts=opened.outbound, mail=opened.mail, entrance=entrance(opened, settings),
        now_ms=opened.now_ms, new_id=opened.ids.next, lookups=Resolver(settings.dns.servers),
    )  # fmt: skip


def delivery(opened: Embedded, settings: Settings) -> Delivery:
    """Into mailboxes here, with what their owners have decided about it."""
    absence = Absence(
        opened.kept, opened.directory, entrance(opened, settings), hostname=settings.hostname, can_send_out=can_send_out(settings), now_ms=opened.now_ms,
        new_id=opened.ids.next,
    )  # fmt: skip
    return Delivery(opened.mail, Senders(opened.kept), absence, Receipts(opened.submissions))


def revealed(opened: Embedded) -> Callable[[str], str]:
    """Opens passwords of servers to which mail was rerouted."""
    words = opened.words(b"named servers")

    def reveal(sealed: str) -> str:
        try:
            return words.open(sealed)
        except Damaged as exc:
            raise ValueError("The password of this way cannot be read any more, for the master key was changed; reroute the mail again") from exc

    return reveal


def source_name(settings: Settings) -> str:
    """The address that other servers see, as far as it is known."""
    by = proxy(settings.outbound.socks)
    return " by ".join(filter(None, [settings.outbound.source or ("" if by else settings.hostname), f"{by.host}:{by.port}" if by else ""]))


def suppressions(opened: Embedded, settings: Settings) -> Suppressions:
    """Addresses to which nothing is sent."""
    return Suppressions(opened.outbound, now_ms=opened.now_ms, lasts_days=settings.outbound.suppress_days)


async def tags_of(opened: Embedded) -> Tags:
    """What proves notices, whichever worker they come to and whatever has become of the master key meanwhile."""
    return Tags(await opened.outbound.site_secret(b"return tags"))


def incoming(opened: Embedded, settings: Settings, tags: Tags) -> Incoming:
    """What others tell us about our mail."""
    return Incoming(
        directory=opened.directory, submissions=opened.submissions, suppressions=suppressions(opened, settings), tags=tags,
        events=opened.data / "events", now_ms=opened.now_ms, lookups=Resolver(settings.dns.servers), feedback_from=settings.outbound.feedback_from,
    )  # fmt: skip


def rules(data: Path, settings: Settings) -> Rules:
    """What is known about large providers, with the site's own on top. Raises ``Unavailable``."""
    name = settings.outbound.rules.removeprefix("file:")
    try:
        return Rules((data / name).read_text("utf-8") if name else "")
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise Unavailable("", f"[outbound] rules: {name}: {exc}") from exc


def entrance(opened: Embedded, settings: Settings) -> Entrance:
    """How messages come into the queue."""
    return Entrance(opened.queue, is_direct=not settings.outbound.smarthost)


def sending(opened: Embedded, settings: Settings) -> Sending:
    """Submissions: held, cancelled, handed over to the queue."""
    return Sending(
        directory=opened.directory, submissions=opened.submissions, entrance=entrance(opened, settings), hostname=settings.hostname,
        can_send_out=can_send_out(settings), new_id=opened.ids.next, now_ms=opened.now_ms, signing=Signing(opened.directory, opened.now_ms),
        suppressions=suppressions(opened, settings),
    )  # fmt: skip


def tls_reports(opened: Embedded, settings: Settings) -> TlsReports:
    """The daily reports about TLS with other servers."""
    return TlsReports(
        folder=opened.data / "events", states=opened.outbound, domains=opened.directory, lookups=Resolver(settings.dns.servers),
        entrance=entrance(opened, settings), signing=Signing(opened.directory, opened.now_ms), post=report_poster(settings), hostname=settings.hostname,
        now_ms=opened.now_ms, sender=settings.outbound.tls_reports_from, source=settings.outbound.source,
    )  # fmt: skip


def reception(opened: Embedded, settings: Settings, outgoing: Sending, tags: Tags) -> Reception:
    """Policy of what comes in by SMTP."""
    return Reception(
        directory=opened.directory, mail=opened.mail, entrance=entrance(opened, settings), sending=outgoing,
        delivery=delivery(opened, settings), hostname=settings.hostname, message_octets=settings.limits.message_size,
        can_send_out=can_send_out(settings), new_id=opened.ids.next, now_ms=opened.now_ms,
        signing=Signing(opened.directory, opened.now_ms), suppressions=suppressions(opened, settings), incoming=incoming(opened, settings, tags),
        forwarding=forwarding(opened, settings) if can_send_out(settings) else None,
    )  # fmt: skip


def credentials_of(opened: Embedded) -> Callable[[AccountId, int, int], Awaitable[bool]]:
    """Whether an account is active, has a credential and, unless that is 0, a web session."""

    async def holds(account: AccountId, credential: int, session: int) -> bool:
        who = await opened.directory.account(account)
        record = await opened.directory.login(who.address) if who is not None and who.state == "active" else None
        if record is None or not any(one.credential_id == credential for one in record.credentials):
            return False
        if not session:
            return True
        return any(one.session_id == session and one.expires_at_ms > opened.now_ms() for one in await opened.web_logins.sessions(account))

    return holds


def site_of(opened: Embedded, settings: Settings) -> Site:
    """What mail programs are told about this server."""

    async def is_ours(domain: str) -> bool:
        return any(one.name == domain for one in await opened.directory.domains())

    return Site(settings.hostname, is_ours, bool(settings.listen.pop3s), signing(opened.data, settings))


def drivers(node: Node, opened: Embedded, logins: Access, tags: Tags) -> dict[str, Handler]:
    """What serves a connection, by service."""
    settings, tls = node.settings, node.tls
    receiving = reception(opened, settings, node.outgoing(), tags)

    def smtp(mode: Mode) -> Handler:
        return smtp_server(
            mode=mode, reception=receiving, access=logins, spool=opened.spool, tls=tls, now_ms=opened.now_ms
        )

    submission = smtp(Mode.SUBMISSION)
    imap = imap_server(
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
    states = TypeStates(emails, kept, sendings)
    vapid = Vapid(opened.secret(b"web push"), f"mailto:postmaster@{settings.hostname}")
    node.pusher = Pusher(kept, states.of, opened.watch, push_poster(settings), vapid, opened.now_ms, credentials_of(opened))
    http = http_server(Parts(
        fetch_image=picture_fetcher(settings), unsubscribing=list_leaver(settings, opened.now_ms), secret=opened.secret(b"image proxy"), web_sessions=web_sessions, owner=Admin(opened, logins),
        principals=principals, sendings=sendings, states=states, push_key=vapid.public,
        access=logins, emails=emails, kept=kept, jobs=node.jobs_of(emails, kept), uploads=opened.uploads, new_id=opened.ids.next, spool=opened.spool, watch=opened.watch, hostname=settings.hostname,
        message_octets=settings.limits.message_size, ready=node.missing, routes=(mta_sts_route(publishing(opened, settings).sts_policy), *setup_routes(site_of(opened, settings))),
    )).serve
    pop3 = pop3_server(mail=opened.mail, access=logins, tls=tls)
    return {
        "smtp": smtp(Mode.MX), "submission": submission, "submissions": submission, "lmtp": smtp(Mode.LMTP),
        "imap": imap, "imaps": imap, "pop3": pop3, "pop3s": pop3, "metrics": Metrics(node.snapshot).serve,
        "http": http, "https": http,
    }  # fmt: skip
