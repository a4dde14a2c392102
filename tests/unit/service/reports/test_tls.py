"""Daily TLS reports: to whom, when, and never twice."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.harness.lookups import Table
from tests.harness.queue import FakeQueue

from mailstead import telemetry
from mailstead.mailauth import tlsrpt
from mailstead.mailauth.dkim import PrivateKey
from mailstead.mime import scan
from mailstead.mime.parts import unpack
from mailstead.model.errors import Unavailable
from mailstead.model.ids import AccountId, DomainId, TenantId
from mailstead.service.queue.entrance import Entrance
from mailstead.service.reports.tls import SPREAD_S, TlsReports
from mailstead.service.signing import Signing
from mailstead.store.interface import DkimKey, Domain, TlsReportState
from mailstead.telemetry.record import INFO, to_json

DAY = "2026-11-25"
BEGINS_S = int(datetime(2026, 11, 25, tzinfo=UTC).timestamp())
RUA = {"there.example": b"v=TLSRPTv1; rua=mailto:tls@there.example,https://there.example/v1/tls", "far.example": b"v=TLSRPTv1; rua=mailto:x@far.example"}


class Killed(BaseException):
    pass


class States:
    """As the store: what was written is there after a crash."""

    def __init__(self) -> None:
        self.now_ms: Callable[[], int] = lambda: 0
        self.rows: dict[tuple[str, str, str], TlsReportState] = {}
        self.die: Callable[[str, str], None] = lambda *_: None

    async def tls_reports(self, day: str) -> list[TlsReportState]:
        return [state for (of, _, _), state in self.rows.items() if of == day]

    async def tls_report_set(self, day: str, domain: str, destination: str, *, state: str, attempts: int) -> None:
        self.die("before", state)
        self.rows[day, domain, destination] = TlsReportState(domain, destination, state, attempts, self.now_ms())
        self.die("after", state)

    async def domain_account(self, domain: DomainId) -> AccountId:
        return AccountId(domain)


class Directory:
    def __init__(self) -> None:
        key = PrivateKey.make("ed25519")
        self.key = DkimKey("ours.example", "s1", "ed25519", "signing", 0, key.record(), key.dump())

    async def domains(self) -> list[Domain]:
        return [Domain(DomainId(7), TenantId(1), "ours.example")]

    async def dkim_keys(self, domain: str) -> tuple[DkimKey, ...]:
        return (self.key,) if domain == "ours.example" else ()


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.states = States()
        self.queue = FakeQueue()
        self.table = Table({(tlsrpt.record_name(name), "TXT"): (record,) for name, record in RUA.items()})
        self.posts: list[tuple[str, bytes]] = []
        self.answer: Callable[[], tuple[str, str]] = lambda: ("sent", "the answer was 200")
        self.now_s = BEGINS_S + 86_400 + SPREAD_S
        self.states.now_ms = lambda: self.now_s * 1000
        day = folder / DAY
        day.mkdir()
        for worker, (domain, result) in enumerate([("there.example", ""), ("there.example", "starttls-not-supported"), ("far.example", ""), ("silent.example", "")]):
            fields: dict[str, Any] = {"domain": domain, "hop": f"mx.{domain}", "address": "192.0.2.1", "policy": "no-policy-found", "strings": "", "mx": "", "result": result, "reason": ""}
            (day / f"worker-{worker}.jsonl").write_bytes(to_json((BEGINS_S * 10**9, "tls.failed" if result else "tls.session", INFO, fields), worker))

    async def post(self, url: str, octets: bytes, kind: str) -> tuple[str, str]:
        assert "application/tlsrpt+gzip" == kind
        self.posts.append((url, octets))
        return self.answer()

    async def round(self) -> None:
        """A fresh process each time."""
        directory = Directory()
        await TlsReports(
            folder=self.folder, states=self.states, domains=directory, lookups=self.table, entrance=Entrance(self.queue, is_direct=True),
            signing=Signing(directory, lambda: self.now_s * 1000), post=self.post, hostname="mx.ours.example", now_ms=lambda: self.now_s * 1000,  # type: ignore[arg-type] # what signing asks for
        ).round()

    def mails(self) -> dict[str, bytes]:
        return {one.recipients[0].address: self.queue.messages[one.message.submission_id] for one in self.queue.waiting.values()}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_each_who_asks_hears_of_the_day(world: World) -> None:
    await world.round()
    assert {"tls@there.example", "x@far.example"} == set(world.mails())
    ((url, packed),) = world.posts
    assert "https://there.example/v1/tls" == url
    posted = json.loads(gzip.decompress(packed))
    assert {"start-datetime": "2026-11-25T00:00:00Z", "end-datetime": "2026-11-25T23:59:59Z"} == posted["date-range"]
    assert {"total-successful-session-count": 1, "total-failure-session-count": 1} == posted["policies"][0]["summary"]
    mail = world.mails()["tls@there.example"]
    assert mail.startswith(b"DKIM-Signature:")
    assert b"\r\nFrom: <postmaster@ours.example>\r\n" in mail
    assert b"d=ours.example" in mail
    (part,) = [one for one in unpack(scan.scan(mail).parts).leaves() if one.subtype == "tlsrpt+gzip"]
    found = tlsrpt.from_part(mail[part.body[0] : part.body[1]], part.encoding, part.subtype)
    assert found.report_id == posted["report-id"] == f"{DAY}.there.example@mx.ours.example"
    (job,) = {one.message.submission_id: one for one in world.queue.waiting.values() if one.domain == "there.example"}.values()
    assert ("", {"notify": "NEVER"}) == (job.message.reverse_path, dict(job.recipients[0].options))


async def test_nothing_is_sent_before_its_time_nor_twice(world: World) -> None:
    world.now_s = BEGINS_S + 86_400 - 1
    await world.round()
    assert ([], {}) == (world.posts, world.mails())
    world.now_s = BEGINS_S + 86_400 + SPREAD_S
    for _ in range(3):
        await world.round()
    assert 1 == len(world.posts)
    assert 2 == len(world.queue.waiting)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("what", ["trying", "sent"])
@pytest.mark.parametrize("nth", [1, 2, 3])
async def test_a_process_that_is_killed_sends_nothing_twice(world: World, when: str, what: str, nth: int) -> None:
    left = nth

    def die(at: str, state: str) -> None:
        nonlocal left
        if (at, state) == (when, what):
            left -= 1
            if not left:
                raise Killed

    world.states.die = die
    for _ in range(4):
        try:
            await world.round()
        except Killed:
            continue
    assert 2 == len(world.queue.waiting), "each mail once"
    counts = {url: sum(1 for at, _ in world.posts if at == url) for url, _ in world.posts}
    assert set(counts.values()) <= {1}, "at most once by HTTPS"


async def test_who_refuses_is_tried_again_until_the_day_is_over(world: World) -> None:
    world.answer = lambda: ("failed", "the answer was 503")
    for _ in range(3):  # ten minutes, then twenty
        await world.round()
        world.now_s += 600
    assert 2 == len(world.posts)
    assert 2 == len(world.queue.waiting)
    world.answer = lambda: ("unsure", "cut off")
    world.now_s += 600
    await world.round()
    await world.round()
    assert 3 == len(world.posts), "what may have arrived is not sent again"


async def test_a_name_server_that_is_silent_is_asked_again(world: World) -> None:
    world.table.broken.add(tlsrpt.record_name("far.example"))
    await world.round()
    assert {"tls@there.example"} == set(world.mails())
    world.table.broken.clear()
    await world.round()
    assert {"tls@there.example", "x@far.example"} == set(world.mails())
    world.now_s += 86_400
    await world.round()
    assert (DAY, "", "") in world.states.rows


@pytest.mark.parametrize("rua", ["mailto:a%0d%0aBcc:%20x@y.example", "mailto:", "mailto:a@b@c", "mailto:a%20b@c.example", "mailto:<a@c.example>", "http://c.example/"])
async def test_strange_destinations_get_nothing(world: World, rua: str) -> None:
    world.table.records[tlsrpt.record_name("there.example"), "TXT"] = (b"v=TLSRPTv1; rua=" + rua.encode(),)
    await world.round()
    assert {"x@far.example"} == set(world.mails())
    assert [] == world.posts


async def test_what_a_killed_process_was_handing_over_is_told_and_not_sent_again(world: World) -> None:
    world.states.rows[DAY, "there.example", "https://there.example/v1/tls"] = TlsReportState("there.example", "https://there.example/v1/tls", "trying", 1, 0)
    with telemetry.capture() as events:
        await world.round()
        await world.round()
    assert [] == world.posts
    assert ["tlsrpt.failed"] == [name for name, fields in events if fields.get("destination") == "https://there.example/v1/tls"]


async def test_a_queue_that_is_full_makes_it_later(world: World) -> None:
    world.queue.failing = Unavailable("full")
    await world.round()
    assert {} == world.mails()
    world.queue.failing = None
    world.now_s += 600
    await world.round()
    assert 2 == len(world.mails())
