"""A message leaves, a notice about it comes back: what the author, the tenant's list and the trace learn of it. Real store, queue and scheduler; the next
server is scripted."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.harness.real_mail import real_store
from tests.harness.tasks import running

from mailstead import telemetry
from mailstead.app import assemble
from mailstead.app.config import Settings, parse
from mailstead.mailauth.dkim import PrivateKey
from mailstead.mailauth.tlsrpt import Failure, PolicyKey, Report, Tally
from mailstead.model import limits
from mailstead.model.address import Address, Envelope
from mailstead.model.dns import Answer
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, SubmissionId, TenantId, to_wire
from mailstead.model.question import Principal
from mailstead.model.status import EnhancedStatus
from mailstead.model.submission import NewSubmission, Progress, RecipientStatus
from mailstead.server.http.jmap.submission import shown
from mailstead.service.ports import Attempt, Failed, Peer, Place, Sent
from mailstead.service.queue import bounce
from mailstead.service.queue.bounce import Action, Told
from mailstead.service.queue.entrance import SUPPRESSED
from mailstead.service.queue.refusing import RefusingAgent
from mailstead.service.reports.incoming import Incoming
from mailstead.service.reports.tags import Tags
from mailstead.service.signing import Signing
from mailstead.store import Embedded
from mailstead.store.interface import DkimKey, QueueEntry

SETTINGS = 'hostname = "mx.example.org"\n[outbound]\ndirect = true\nfeedback_from = ["fbl.example"]\n'
MESSAGE = b"From: alice@example.org\r\nTo: bob@there.example\r\nMessage-ID: <%d@example.org>\r\n\r\nhello\r\n"
ALICE = Address("alice", "example.org")


class Next:
    """The next server: takes all, or says what it was told to."""

    peer = Peer("mx.there.example", "192.0.2.1", tls="TLSv1.3")
    is_open = True

    def __init__(self) -> None:
        self.seen: list[Envelope] = []
        self.answers: dict[str, Attempt] = {}
        self.refusing = RefusingAgent()

    async def locate(self, route: str) -> Place | Failed:
        return Place(route, route, 1 << 60, hosts=(route,))

    async def open(self, place: Place, turn: int) -> "Next | RefusingAgent":
        return self.refusing if place.site == SUPPRESSED else self

    async def deliver(self, envelope: Envelope, octets: bytes) -> Sequence[Attempt]:
        self.seen.append(envelope)
        return [self.answers.get(str(to.address), Sent("mx.there.example", "2.0.0 ok", passes_on_dsn=True, peer=self.peer)) for to in envelope.forward_paths]

    async def close(self) -> None:
        pass


class World:
    def __init__(self, store: Embedded, accounts: dict[str, AccountId], settings: Settings, tags: Tags) -> None:
        self.store = store
        self.alice = accounts["alice"]
        self.principal = Principal(self.alice, TenantId(1), "alice", "alice@example.org")
        self.next = Next()
        self.sending = assemble.sending(store, settings)
        self.tags = tags
        self.scheduler = assemble.scheduler(store, settings, tags)
        self.scheduler._agent = self.next
        self.scheduler._keep_s = 0.01
        store.watch_queue(self.scheduler.wake)
        self.incoming: Incoming = assemble.incoming(store, settings, tags)
        self.count = 0

    async def send(self, *to: str, **options: str) -> SubmissionId:
        self.count += 1
        number = self.sending.new_submission_id()
        await self.sending.submit(self.principal, NewSubmission(number, "alice@example.org", tuple((one, {}) for one in to), options=options), MESSAGE % self.count)
        async with asyncio.timeout(30):
            while any(one.progress is Progress.QUEUED for one in await self.status(number)):
                await asyncio.sleep(0.01)
        await self.scheduler.idle()
        return number

    async def status(self, number: SubmissionId) -> Sequence[RecipientStatus]:
        (found,) = await self.store.submissions.find(self.alice, ids=[number])
        return found.recipients

    async def hear(self, octets: bytes, to: Address = ALICE) -> list[str]:
        """Names of the events."""
        with telemetry.capture() as events:
            await self.incoming.heard(octets, [(to, self.alice)], is_notice=True)
        return [name for name, _ in events]

    async def suppressed(self) -> list[tuple[str, str]]:
        return [(one.address, one.reason) for one in await self.store.outbound.suppressions(TenantId(1))]

    def notice(self, about: str, *, envid: str = "", status: str = "5.1.1", action: Action = Action.FAILED, orcpt: str = "") -> bytes:
        """As our own kind writes it."""
        found = EnhancedStatus.parse(status)
        assert found is not None
        options = {"envid": envid, "orcpt": orcpt} if orcpt else {"envid": envid}
        entry = QueueEntry(0, 1, SubmissionId(1), AccountId(0), TenantId(0), "alice@example.org", about, options, 0, 1, 0, 0, "", 10)
        return bounce.compose([Told(entry, found, "inner.there.example", 550, f"{status} No such user")], action, MESSAGE % self.count, hostname="mx.there.example", now_ms=1_795_600_000_000)


@asynccontextmanager
async def opened(folder: Path, more: str = "") -> AsyncIterator[World]:
    async with real_store(folder, ["alice"]) as (store, accounts):
        world = World(store, accounts, parse(SETTINGS + more, {}), assemble.tags_of(store))
        async with running(world.scheduler.run(), world.sending.run()):
            yield world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with opened(tmp_path) as found:
        yield found


async def test_a_late_bounce_reaches_the_submission_and_the_list(world: World) -> None:
    number = await world.send("bob@there.example", "carol@there.example")
    (envelope,) = world.next.seen
    assert "rfc822;bob@there.example" == envelope.forward_paths[0].orcpt
    notice = world.notice("bob@inner.example", envid=envelope.envid, orcpt="rfc822;bob@there.example")
    assert "notice.received" in await world.hear(notice)
    await world.hear(notice)
    bob, carol = await world.status(number)
    assert (Progress.FAILED, "550 5.1.1 No such user") == (bob.progress, bob.reply)
    assert Progress.RELAYED is carol.progress
    assert [("bob@there.example", "bounce")] == await world.suppressed()


async def test_a_message_that_is_too_large_is_not_read_as_a_report(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.send("bob@there.example")
    notice = world.notice("bob@inner.example", envid=world.next.seen[0].envid, orcpt="rfc822;bob@there.example")
    monkeypatch.setattr(limits, "REPORT", len(notice) - 1)
    assert [] == await world.hear(notice)
    monkeypatch.setattr(limits, "REPORT", len(notice))
    assert "notice.received" in await world.hear(notice)


async def test_a_bounce_proves_itself_after_a_change_of_the_master_key(world: World) -> None:
    number = await world.send("bob@there.example")
    await world.store.rotate_master(lambda *_: None)
    restarted = assemble.tags_of(world.store)
    world.incoming = assemble.incoming(world.store, parse(SETTINGS, {}), restarted)
    notice = world.notice("bob@inner.example", envid=world.next.seen[0].envid, orcpt="rfc822;bob@there.example")
    assert "notice.received" in await world.hear(notice)
    assert [Progress.FAILED] == [one.progress for one in await world.status(number)]


async def test_the_submission_knows_its_notices(world: World) -> None:
    world.next.answers["gone@there.example"] = Failed("mx.there.example", 550, EnhancedStatus(5, 1, 1), "5.1.1 No such user", Next.peer)
    number = await world.send("gone@there.example", "bob@there.example")
    reception = assemble.reception(world.store, parse(SETTINGS, {}), world.sending, world.tags)
    notice = world.notice("bob@there.example", envid=world.next.seen[0].envid)
    for _ in range(2):  # as after a lost answer
        transaction = await reception.begin(None, None, declared_octets=0, options={})
        await reception.add(transaction, ALICE, {})
        assert [None] == await reception.take(transaction, notice, b"Received: x\r\n")
    (found,) = await world.store.submissions.find(world.alice, ids=[number])
    ours, theirs = [bytes(await world.store.mail.octets(world.alice, email)) for email in found.notices]
    assert b"gone@there.example" in ours
    assert theirs.endswith(notice)
    assert [f"b{to_wire('b', email)[1:]}" for email in found.notices] == shown(found)["dsnBlobIds"]


async def test_nothing_is_sent_to_a_suppressed_address(world: World) -> None:
    world.next.answers["gone@there.example"] = Failed("mx.there.example", 550, EnhancedStatus(5, 1, 1), "5.1.1 No such user", Next.peer)
    world.next.answers["full@there.example"] = Failed("mx.there.example", 552, EnhancedStatus(5, 2, 2), "5.2.2 Mailbox full", Next.peer)
    world.next.answers["spam@there.example"] = Failed("mx.there.example", 550, EnhancedStatus(5, 7, 1), "5.7.1 recipient rejected: spam", Next.peer)
    await world.send("gone@there.example", "full@there.example", "spam@there.example")
    assert [("gone@there.example", "bounce")] == await world.suppressed(), "the others are not gone for good"
    world.next.seen.clear()
    number = await world.send("Gone@There.example", "bob@there.example")
    gone, bob = await world.status(number)
    assert (Progress.FAILED, Progress.RELAYED) == (gone.progress, bob.progress)
    assert "550 5.1.1 Nothing is sent to this address (suppressed)" in gone.reply
    assert [["bob@there.example"]] == [[str(to.address) for to in envelope.forward_paths] for envelope in world.next.seen]
    await world.store.outbound.unsuppress(TenantId(1), "gone@there.example")
    del world.next.answers["gone@there.example"]
    (again,) = await world.status(await world.send("gone@there.example"))
    assert Progress.RELAYED is again.progress


async def test_at_the_door_a_suppressed_recipient_is_refused_and_others_are_not(world: World) -> None:
    listed = assemble.suppressions(world.store, parse(SETTINGS, {}))
    await listed.suppression_add("bob@there.example", reason="by telephone")
    with pytest.raises(Refusal) as caught:
        await listed.check(TenantId(1), "BOB@there.example")
    assert Reason.SUPPRESSED is caught.value.reason
    assert "suppressed" in caught.value.public
    await listed.check(TenantId(2), "bob@there.example")


@pytest.mark.parametrize("how", ["none", "another's domain", "changed", "another secret", "message id alone"])
async def test_a_forged_bounce_suppresses_nobody(world: World, how: str) -> None:
    number = await world.send("bob@there.example")
    (envelope,) = world.next.seen
    envid = envelope.envid
    victim = "bob@there.example"
    match how:
        case "none" | "message id alone":
            envid = ""
        case "another's domain":
            victim = "victim@else.example"
        case "changed":
            envid = envid[:-1] + ("a" if envid[-1] != "a" else "b")
        case "another secret":
            from mailstead.service.reports.tags import Tags

            envid = Tags(b"guess").make(number, world.alice, "there.example", world.store.now_ms() // 1000)
    assert ["notice.unproved"] == [name for name in await world.hear(world.notice(victim, envid=envid)) if name.startswith("notice")]
    assert [] == await world.suppressed()
    assert Progress.RELAYED is (await world.status(number))[0].progress


async def test_a_forged_notice_about_thousands_is_a_few_events(world: World) -> None:
    lines = "".join(f"\r\nFinal-Recipient: rfc822;u{n}@there.example\r\nAction: failed\r\nStatus: 5.1.1\r\n" for n in range(900))
    octets = (
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns;x\r\n{lines}\r\n--b--\r\n"
    ).encode()
    assert 20 == len(await world.hear(octets))


@pytest.mark.parametrize(("status", "action", "progress"), [
    ("4.4.1", Action.DELAYED, Progress.RELAYED), ("5.2.2", Action.FAILED, Progress.FAILED), ("5.7.1", Action.FAILED, Progress.FAILED),
    ("2.1.5", Action.DELIVERED, Progress.DELIVERED),
])  # fmt: skip
async def test_what_is_no_hard_bounce_suppresses_nobody(world: World, status: str, action: Action, progress: Progress) -> None:
    number = await world.send("bob@there.example")
    await world.hear(world.notice("bob@there.example", envid=world.next.seen[0].envid, status=status, action=action))
    assert progress is (await world.status(number))[0].progress
    assert [] == await world.suppressed()


async def test_an_authors_own_envelope_id_is_left_alone(world: World) -> None:
    await world.send("bob@there.example", envid="mine")
    assert "mine" == world.next.seen[0].envid
    assert "" == world.next.seen[0].forward_paths[0].orcpt


async def test_a_tagged_reverse_path_proves_a_bounce_without_an_envelope_id(tmp_path: Path) -> None:
    async with opened(tmp_path, 'return_path = "tagged"\n') as world:
        number = await world.send("bob@there.example", envid="mine")
        path = world.next.seen[0].reverse_path.address
        assert path is not None
        assert path.local.startswith("alice+r-")
        assert (await world.store.directory.route(str(path))).accounts == ((world.alice, "alice@example.org"),), "it comes to the author"
        assert "notice.received" in await world.hear(world.notice("bob@there.example"), path)
        assert Progress.FAILED is (await world.status(number))[0].progress
        assert [("bob@there.example", "bounce")] == await world.suppressed()


PLAIN = b"Subject: failure notice\r\n\r\n<%b>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n--- Below is a copy of the message.\r\n\r\n%b"


async def test_a_tagged_reverse_path_proves_a_bounce_in_words_alone(tmp_path: Path) -> None:
    async with opened(tmp_path, 'return_path = "tagged"\n') as world:
        number = await world.send("bob@there.example", "carol@there.example", "dave@else.example")
        path = next(one.reverse_path.address for one in world.next.seen if one.forward_paths[0].address.domain == "there.example")
        assert path is not None
        for octets in (PLAIN % (b"who@there.example", MESSAGE % 1), PLAIN % (b"dave@else.example", MESSAGE % 1), PLAIN % (b"bob@there.example", MESSAGE % 7)):
            assert ["notice.unproved"] == await world.hear(octets, path)
        assert ["notice.unproved"] == await world.hear(PLAIN % (b"bob@there.example", MESSAGE % 1)), "it came to the plain address"
        assert [] == await world.suppressed()
        assert "notice.received" in await world.hear(PLAIN % (b"Bob@There.example", MESSAGE % 1), path)
        assert [Progress.FAILED, Progress.RELAYED, Progress.RELAYED] == [one.progress for one in await world.status(number)]
        assert [("bob@there.example", "bounce")] == await world.suppressed()
        assert [] == await world.hear(b"Subject: away\r\n\r\nI am away.\r\n\r\n" + MESSAGE % 1, path)


async def test_a_bounce_in_words_alone_is_seen_in_the_trace_and_no_more(world: World) -> None:
    number = await world.send("bob@there.example")
    with telemetry.capture() as events:
        await world.incoming.heard(PLAIN % (b"bob@there.example", MESSAGE % 1), [(ALICE, world.alice)], is_notice=True)
        assert [] == await world.incoming.heard(PLAIN % (b"bob@there.example", MESSAGE % 1), [(ALICE, world.alice)]), "whoever has a reverse-path sends no notices"
    ((name, about),) = events
    assert ("notice.unproved", "<1@example.org>", "5.1.1") == (name, about["message_id"], about["status"])
    assert "Sorry, no mailbox here by that name. (#5.1.1)" == about["reason"]
    assert Progress.RELAYED is (await world.status(number))[0].progress


# ------------------------------------------------------------------------------------------------- complaints
def complaint(count: int, *fields: str, kind: str = "abuse") -> bytes:
    lines = "".join(f"{field}\r\n" for field in fields)
    return (
        b"From: <reports@fbl.example>\r\nTo: abuse@example.org\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nA complaint.\r\n"
        + f"--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {kind}\r\nUser-Agent: x/1\r\nVersion: 1\r\n{lines}\r\n".encode()
        + b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + MESSAGE % count + b"--b--\r\n"
    )


async def test_a_complaint_with_a_tag_counts(world: World) -> None:
    await world.send("bob@there.example")
    envid = world.next.seen[0].envid
    assert "complaint.unproved" in await world.hear(complaint(1, "Original-Rcpt-To: bob@there.example"))
    assert [] == await world.suppressed()
    assert "complaint.received" in await world.hear(complaint(1, "Original-Rcpt-To: bob@there.example", f"Original-Envelope-Id: {envid}"))
    assert [("bob@there.example", "complaint")] == await world.suppressed()


async def test_not_spam_is_no_complaint(world: World) -> None:
    await world.send("bob@there.example")
    await world.hear(complaint(1, "Original-Rcpt-To: bob@there.example", f"Original-Envelope-Id: {world.next.seen[0].envid}", kind="not-spam"))
    assert [] == await world.suppressed()


@pytest.mark.parametrize(("signer", "to", "hidden", "expected"), [
    ("fbl.example", ["bob@there.example"], True, [("bob@there.example", "complaint")]),
    ("fbl.example", ["bob@there.example", "carol@there.example"], False, [("bob@there.example", "complaint")]),
    ("fbl.example", ["bob@there.example", "carol@there.example"], True, []),
    ("fbl.example", ["carol@there.example"], False, []), ("stranger.example", ["bob@there.example"], True, []),
])  # fmt: skip
async def test_a_complaint_that_a_named_domain_has_signed_counts(
    tmp_path: Path, signer: str, to: list[str], hidden: bool, expected: list[tuple[str, str]]
) -> None:
    telemetry.start(folder=tmp_path / "data/events", level="error")
    key = PrivateKey.make("ed25519")

    class Keys:
        async def dkim_keys(self, domain: str) -> tuple[DkimKey, ...]:
            return (DkimKey(signer, "s", "ed25519", "signing", 0, key.record(), key.dump()),)

    class Names:
        async def ask(self, name: str, kind: object) -> Answer[bytes]:
            return Answer(name, (key.record().encode(),) if name == f"s._domainkey.{signer}" else ())

    try:
        async with opened(tmp_path) as world:
            world.incoming._lookups = Names()
            await world.send(*to)
            telemetry.flush()
            octets = complaint(1, *([] if hidden else ["Original-Rcpt-To: bob@there.example"]))
            octets = octets.replace(b"reports@fbl.example", b"reports@" + signer.encode())
            octets = await Signing(Keys(), world.store.now_ms).signatures(octets) + octets  # type: ignore[arg-type] # what signing asks for
            await world.hear(octets)
            assert expected == await world.suppressed()
            await world.hear(octets.replace(b"A complaint", b"A change"))
            assert expected == await world.suppressed()
    finally:
        telemetry.stop()


# ------------------------------------------------------------------------------------------------- TLS reports
async def test_tls_reports_about_our_domains_are_events(world: World) -> None:
    tally = Tally()
    ours, theirs = PolicyKey("sts", "example.org"), PolicyKey("sts", "there.example")
    tally.add(ours, None, 9)
    tally.add(ours, Failure("certificate-expired", "192.0.2.9", "mx.example.org", "192.0.2.1", "it ended"), 3)
    tally.add(theirs, None, 5)
    report = Report.of(tally, organization="There", contact="x@there.example", report_id="r1", starts="2026-11-25T00:00:00Z", ends="2026-11-25T23:59:59Z")
    octets = report.message(sender="tls@there.example", to=["postmaster@example.org"], domain="example.org", submitter="there.example", date="Thu, 26 Nov 2026 01:00:00 +0000", message_id="1@there", name="x.json.gz")
    with telemetry.capture() as events:
        await world.incoming.heard(octets, [(Address("postmaster", "example.org"), world.alice)])
    assert [("tlsrpt.received", 9, 3)] == [(name, fields["good"], fields["bad"]) for name, fields in events if name == "tlsrpt.received"]
    ((failure),) = [fields for name, fields in events if name == "tlsrpt.failure_received"]
    assert ("certificate-expired", 3, "example.org", "mx.example.org") == (failure["result"], failure["count"], failure["domain"], failure["hop"])
    packed = octets.index(b"H4sI")
    assert "tlsrpt.unreadable" in await world.hear(octets[:packed] + b"AAAA" + octets[packed + 4 :])


async def test_ordinary_mail_is_not_looked_into(world: World) -> None:
    assert [] == await world.hear(MESSAGE % 7)
    assert [] == await world.hear(b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n\r\nnothing\r\n--x--\r\n")


async def test_a_group_with_a_suppressed_member_reaches_the_others(world: World) -> None:
    await world.store.directory.group_set("team@example.org", ["gone@there.example", "bob@there.example"])
    settings = parse(SETTINGS, {})
    await assemble.suppressions(world.store, settings).suppression_add("gone@there.example")
    reception = assemble.reception(world.store, settings, world.sending, world.tags)
    transaction = await reception.begin(ALICE, world.principal, declared_octets=0, options={})
    with pytest.raises(Refusal):
        await reception.add(transaction, Address("gone", "there.example"), {})
    await reception.add(transaction, Address("team", "example.org"), {})
    assert [None] == await reception.take(transaction, MESSAGE % 9, b"")
    async with asyncio.timeout(30):
        while not world.next.seen or world.store.queue.counts()[1]:
            await asyncio.sleep(0.01)
    assert [["bob@there.example"]] == [[str(to.address) for to in envelope.forward_paths] for envelope in world.next.seen]
