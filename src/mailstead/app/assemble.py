"""The one place that joins the parts of a server: from the settings and an open store to each service.

Nothing else in the project knows more than its neighbours. ``node`` makes a worker of them.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from mailstead import store, telemetry
from mailstead.agent.hop import Way
from mailstead.agent.router import Router
from mailstead.agent.smarthost import Smarthost, SmarthostAgent, proxy
from mailstead.app.certificates import certificates, signing
from mailstead.app.config import Settings
from mailstead.app.exchangers import mx_agent, policy_file, report_poster
from mailstead.app.operations import Operations
from mailstead.app.wire import Wire
from mailstead.model.errors import Unavailable
from mailstead.model.ids import AccountId
from mailstead.net import ListenLimits
from mailstead.net.dns import Resolver
from mailstead.net.tls import leaf
from mailstead.protocol import sasl
from mailstead.protocol.sasl import scram
from mailstead.server.http.setup import Site
from mailstead.service.absence import Absence
from mailstead.service.access import Access
from mailstead.service.admin import Admin
from mailstead.service.delivery import Delivery
from mailstead.service.domains.publish import Publishing
from mailstead.service.downgrading import Downgrading
from mailstead.service.forwarding import Forwarding
from mailstead.service.ports import Agent
from mailstead.service.queue import Scheduler
from mailstead.service.queue.control import QueueControl
from mailstead.service.queue.entrance import Entrance
from mailstead.service.queue.local import LocalAgent
from mailstead.service.queue.pools import Pools
from mailstead.service.queue.shaping import Rules
from mailstead.service.receipts import Receipts
from mailstead.service.reception import Reception
from mailstead.service.reports.figures import Figures
from mailstead.service.reports.incoming import Incoming
from mailstead.service.reports.tagging import tagging
from mailstead.service.reports.tags import Tags
from mailstead.service.reports.tls import TlsReports
from mailstead.service.sealing import Sealing
from mailstead.service.senders import Senders
from mailstead.service.sending import Sending
from mailstead.service.signing import Signing
from mailstead.service.suppressions import Suppressions
from mailstead.service.trace import Trace
from mailstead.service.transfer import Transfer
from mailstead.store import Embedded
from mailstead.store.seal import Damaged

_ORPHANS_GO_WITHIN_S: Final = 60.0
"""A worker whose supervisor was killed drains and closes within 35 s, then the next one has what it had."""


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
        lock_wait_s=_ORPHANS_GO_WITHIN_S if wire else store.LOCK_WAIT_S,
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
        certificates=lambda: [leaf(pair.chain) for pair in certificates(opened.data, settings)], is_trusted=bool(settings.tls.certificate), pools=settings.outbound.pools,
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
        way_out = SmarthostAgent(Smarthost.parse(out.smarthost), base, out.pools)
    elif out.direct:
        way_out = mx_agent(opened, settings, base)
    passing = forwarding(opened, settings) if can_send_out(settings) else None
    here = LocalAgent(directory=opened.directory, delivery=delivery(opened, settings), hostname=settings.hostname, forwarding=passing)
    return Scheduler(
        queue=opened.queue, mail=opened.mail, submissions=opened.submissions, agent=Router(here=here, out=way_out, base=base, reveal=revealed(opened), pools=out.pools),
        rules=rules(opened.data, settings), hostname=settings.hostname, now_ms=opened.now_ms, suppressions=suppressions(opened, settings),
        tagging=tagging(tags, in_path=out.return_path == "tagged", now_ms=opened.now_ms), forwarding=passing,
        warm_up=(source_names(settings), out.warm_up_days) if out.direct and not out.smarthost and out.warm_up_days else None,
    )  # fmt: skip


def forwarding(opened: Embedded, settings: Settings) -> Forwarding:
    """Mail that goes on to other servers."""
    lookups = Resolver(settings.dns.servers)
    signing = Signing(opened.directory, opened.now_ms)
    sealing = Sealing(signing=signing, lookups=lookups, hostname=settings.hostname, now_ms=opened.now_ms)
    return Forwarding(
        directory=opened.directory, accounts=opened.outbound, mail=opened.mail, entrance=entrance(opened, settings),
        now_ms=opened.now_ms, new_id=opened.ids.next, lookups=lookups, sealing=sealing if settings.outbound.arc else None, signing=signing,
    )  # fmt: skip


def delivery(opened: Embedded, settings: Settings) -> Delivery:
    """Into mailboxes here, with what their owners have decided about it."""
    absence = Absence(
        opened.kept, opened.directory, entrance(opened, settings), hostname=settings.hostname, can_send_out=can_send_out(settings), now_ms=opened.now_ms,
        new_id=opened.ids.next, signing=Signing(opened.directory, opened.now_ms),
    )  # fmt: skip
    return Delivery(opened.mail, Senders(opened.kept), absence, Receipts(opened.submissions))


def revealed(opened: Embedded) -> Callable[[str], str]:
    """Opens passwords of servers to which mail was rerouted."""
    words = opened.words(b"named servers")

    def reveal(sealed: str) -> str:
        try:
            return words.open(sealed)
        except Damaged as exc:
            raise ValueError("The password of this way cannot be read any more; reroute the mail again") from exc

    return reveal


def source_names(settings: Settings) -> dict[str, tuple[str, ...]]:
    """The addresses that other servers see, as far as they are known, by their pool. Behind a proxy all pools have its address."""
    out = settings.outbound
    by = proxy(out.socks)
    usual = " by ".join(filter(None, [out.source or ("" if by else settings.hostname), f"{by.host}:{by.port}" if by else ""]))
    return {"": (usual,), **{pool.name: (usual,) if by else pool.sources for pool in out.pools}}


def suppressions(opened: Embedded, settings: Settings) -> Suppressions:
    """Addresses to which nothing is sent."""
    return Suppressions(opened.outbound, now_ms=opened.now_ms, lasts_days=settings.outbound.suppress_days)


def tags_of(opened: Embedded) -> Tags:
    """What proves notices, whichever worker they come to and whatever has become of the master key meanwhile."""
    return Tags(opened.secret(b"return tags"))


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
    return Entrance(opened.queue, is_direct=not settings.outbound.smarthost, pools=Pools(settings.outbound.pools))


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
        forwarding=forwarding(opened, settings) if can_send_out(settings) else None, spool=opened.spool,
        lookups=Resolver(settings.dns.servers),
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
