"""Addresses of ours that lead elsewhere: what leaves, what comes back, and who hears of a failure. Real store and queue; the next server is scripted."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.harness.mailauth import answered
from tests.harness.real_mail import real_store
from tests.harness.tasks import running

from mailstead import telemetry
from mailstead.app import assemble
from mailstead.app.config import parse
from mailstead.mailauth.arc import Chain, validate
from mailstead.mailauth.dkim import PrivateKey, verify
from mailstead.model.address import Address, Envelope
from mailstead.model.dns import Answer
from mailstead.model.errors import Reason, Refusal, Unavailable
from mailstead.model.ids import AccountId, TenantId
from mailstead.model.question import Principal
from mailstead.model.status import EnhancedStatus
from mailstead.model.submission import NewSubmission, Progress
from mailstead.model.uids import UidSet
from mailstead.service.ports import Attempt, Failed, Peer, Place, Sent
from mailstead.service.proof import Came
from mailstead.service.reports.tags import Tags
from mailstead.service.signing import Signing
from mailstead.store import Embedded
from mailstead.store.interface import DkimKey, Want

SETTINGS = 'hostname = "mx.example.org"\n[outbound]\ndirect = true\n'
MESSAGE = b"From: carol@far.example\r\nTo: away@example.org\r\nMessage-ID: <%d@far.example>\r\n\r\nhello\r\n"
CAROL, AWAY = Address("carol", "far.example"), Address("away", "example.org")
NEVER = Failed("mx.there.example", 550, EnhancedStatus(5, 1, 1), "5.1.1 No such user")


class Next:
    peer = Peer("mx.there.example", "192.0.2.1")
    is_open = True

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, bytes]] = []
        self.answers: dict[str, Attempt] = {}

    async def locate(self, route: str) -> Place | Failed:
        return Place(route, route, 1 << 60, hosts=(route,))

    async def open(self, place: Place, turn: int) -> "Next":
        return self

    async def deliver(self, envelope: Envelope, octets: bytes) -> Sequence[Attempt]:
        self.seen += [(str(envelope.reverse_path), str(to.address), octets) for to in envelope.forward_paths]
        return [self.answers.get(str(to.address), Sent("mx.there.example", "2.0.0 ok", passes_on_dsn=True, peer=self.peer)) for to in envelope.forward_paths]

    async def close(self) -> None:
        pass


class World:
    def __init__(self, store: Embedded, accounts: dict[str, AccountId], tags: Tags, more: str) -> None:
        settings = parse(SETTINGS + more, {})
        self.store, self.accounts = store, accounts
        self.sending = assemble.sending(store, settings)
        self.scheduler = assemble.scheduler(store, settings, tags)
        self.scheduler._keep_s = 0.01
        self.next = Next()
        self.scheduler._agent._out = self.next  # type: ignore[attr-defined] # the world, in place of which this stands
        store.watch_queue(self.scheduler.wake)
        self.reception = assemble.reception(store, settings, self.sending, tags)
        self.names: dict[str, bytes] = {}
        self.is_silent = False
        for one in (self.reception._forwarding, self.scheduler._conclusion._forwarding):
            assert one is not None
            one._lookups = self
            if one._sealing is not None:
                one._sealing._lookups = self

    async def ask(self, name: str, kind: object) -> Answer[bytes]:
        if self.is_silent:
            raise Unavailable("", "no server answers")
        return Answer(name, (self.names[name],) if name in self.names else ())

    async def come(self, octets: bytes, *to: Address, sender: Address | None = CAROL, **options: str) -> list[object]:
        transaction = await self.reception.begin(sender, None, declared_octets=0, options={})
        for one in to:
            await self.reception.add(transaction, one, dict(options))
        outcomes = await self.reception.take(transaction, octets, b"Received: from far.example\r\n")
        await self.quiet()
        return list(outcomes)

    async def quiet(self) -> None:
        async with asyncio.timeout(30):
            while self.store.queue.counts()[1] or self.scheduler.schedule.in_hand:
                await asyncio.sleep(0.01)
            await self.scheduler.idle()

    async def inbox(self, who: str) -> list[bytes]:
        account = self.accounts[who]
        info = await self.store.mail.mailbox(account, ("INBOX",))
        assert info is not None
        selected = await self.store.mail.select(account, info.mailbox_id, take_recent=False)
        return [bytes(await self.store.mail.octets(account, row.entry.email_id)) for row in await self.store.mail.fetch(account, info.mailbox_id, UidSet.of(list(selected.uids)), Want())]


@asynccontextmanager
async def opened(folder: Path, more: str = "") -> AsyncIterator[World]:
    async with real_store(folder, ["alice", "postmaster"]) as (store, accounts):
        await store.directory.alias_add("away@example.org", "someone@there.example")
        await store.directory.alias_add("both@example.org", "alice@example.org")
        await store.directory.alias_add("both@example.org", "someone@there.example")
        world = World(store, accounts, assemble.tags_of(store), more)
        async with running(world.scheduler.run(), world.sending.run()):
            yield world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with opened(tmp_path) as found:
        yield found


async def test_a_strangers_mail_goes_on_under_a_reverse_path_of_ours(world: World) -> None:
    assert [None] == await world.come(MESSAGE % 1, AWAY)
    ((path, to, octets),) = world.next.seen
    assert path.startswith("SRS0=")
    assert path.endswith("=far.example=carol@example.org")
    assert "someone@there.example" == to
    assert octets == b"Delivered-To: away@example.org\r\nReceived: from far.example\r\n" + MESSAGE % 1
    assert [None] == await world.come(MESSAGE % 1, AWAY)
    assert 1 == len(world.next.seen), "a repeat is taken once"


async def test_a_notice_finds_its_way_back_and_nothing_else_does(world: World) -> None:
    await world.come(MESSAGE % 1, AWAY)
    local, _, domain = world.next.seen.pop()[0].rpartition("@")
    notice = b"Message-ID: <n@there.example>\r\n\r\nIt failed.\r\n"
    assert [None] == await world.come(notice, Address(local.lower(), domain), sender=None)
    ((path, to, octets),) = world.next.seen
    assert ("", "carol@far.example") == (path, to)
    assert octets.endswith(notice)
    with pytest.raises(Refusal) as caught:
        await world.come(notice, Address(local, domain), sender=CAROL)
    assert Reason.RELAY_DENIED is caught.value.reason
    for forged in (local.replace("carol", "dave"), local.replace("far.example", "else.example"), "SRS0=AAAA=AA=x.example=y", "SRS1=AAAA=x.example==AAAA=AA=x=y"):
        with pytest.raises(Refusal) as caught:
            await world.come(notice, Address(forged, domain), sender=None)
        assert Reason.NO_SUCH_RECIPIENT is caught.value.reason
    with pytest.raises(Refusal):
        await world.come(notice, Address(local, "else.example"), sender=None)


async def test_an_address_may_lead_here_and_elsewhere(world: World) -> None:
    assert [None] == await world.come(MESSAGE % 1, Address("both", "example.org"))
    assert ["someone@there.example"] == [to for _, to, _ in world.next.seen]
    assert 1 == len(await world.inbox("alice"))


async def test_a_loop_ends(world: World) -> None:
    await world.come(MESSAGE % 1, AWAY)
    (outcome,) = await world.come(world.next.seen[0][2], AWAY)
    assert isinstance(outcome, Refusal)
    assert Reason.MAIL_LOOP is outcome.reason


async def test_null_stays_null_and_nobody_hears_of_it(world: World) -> None:
    world.next.answers["someone@there.example"] = NEVER
    await world.come(MESSAGE % 1, AWAY, sender=None)
    assert [""] == [path for path, _, _ in world.next.seen]
    assert [] == await world.inbox("postmaster")


async def test_a_sender_who_may_be_forged_gets_no_bounce_but_the_postmaster_knows(world: World) -> None:
    world.next.answers["someone@there.example"] = NEVER
    await world.come(MESSAGE % 1, AWAY)
    assert ["someone@there.example"] == [to for _, to, _ in world.next.seen]
    (notice,) = await world.inbox("postmaster")
    assert b"someone@there.example" in notice
    assert not await world.store.outbound.suppressions()


async def test_what_is_no_failure_is_not_the_postmasters_concern(world: World) -> None:
    world.next.answers["someone@there.example"] = Sent("mx.there.example", "2.0.0 ok", passes_on_dsn=False, peer=Next.peer)
    await world.come(MESSAGE % 1, AWAY, notify="SUCCESS")
    assert ["someone@there.example"] == [to for _, to, _ in world.next.seen]
    assert [] == await world.inbox("postmaster")


async def test_a_sender_who_has_signed_hears_of_the_failure(world: World) -> None:
    world.next.answers["someone@there.example"] = NEVER
    octets = await signed(world, 1)
    await world.come(octets, AWAY)
    await world.quiet()
    assert [("", "carol@far.example")] == [(path, to) for path, to, _ in world.next.seen[1:]]
    assert b"Final-Recipient: rfc822; someone@there.example" in world.next.seen[1][2]
    assert [] == await world.inbox("postmaster")


@pytest.mark.parametrize(("client", "readers"), [("192.0.2.1", ["carol@far.example"]), ("192.0.2.2", [])])
async def test_a_sender_whose_domain_vouches_for_the_host_hears_of_the_failure(world: World, client: str, readers: list[str]) -> None:
    world.names["far.example"] = b"v=spf1 ip4:192.0.2.1 -all"
    world.next.answers["someone@there.example"] = NEVER
    transaction = await world.reception.begin(CAROL, None, declared_octets=0, options={}, came=Came(client, "mx.far.example"))
    await world.reception.add(transaction, AWAY, {})
    assert [None] == await world.reception.take(transaction, MESSAGE % 1, b"")
    await world.quiet()
    assert readers == [to for _, to, _ in world.next.seen[1:]]
    assert bool(readers) is not bool(await world.inbox("postmaster"))


async def test_our_own_people_forward_under_their_own_name(world: World) -> None:
    alice = Principal(world.accounts["alice"], TenantId(1), "alice", "alice@example.org")
    number = world.sending.new_submission_id()
    octets = b"From: alice@example.org\r\nMessage-ID: <a@example.org>\r\n\r\nhello\r\n"
    await world.sending.submit(alice, NewSubmission(number, "alice@example.org", (("away@example.org", {}),)), octets)
    async with asyncio.timeout(30):
        while not world.next.seen:
            await asyncio.sleep(0.01)
    await world.quiet()
    assert [("alice@example.org", "someone@there.example")] == [(path, to) for path, to, _ in world.next.seen]
    (found,) = await world.store.submissions.find(alice.account_id, ids=[number])
    assert Progress.RELAYED is found.recipients[0].progress


async def test_a_way_out_is_needed(world: World) -> None:
    world.reception.can_send_out = False
    with pytest.raises(Refusal) as caught:
        await world.come(MESSAGE % 1, AWAY)
    assert Reason.RELAY_DENIED is caught.value.reason


class Keys:
    """The keys of far.example, as ``Signing`` asks for them."""

    def __init__(self, world: World) -> None:
        self.key = PrivateKey.make("ed25519")
        world.names["s._domainkey.far.example"] = self.key.record().encode()

    async def dkim_keys(self, domain: str) -> tuple[DkimKey, ...]:
        return (DkimKey("far.example", "s", "ed25519", "signing", 0, self.key.record(), self.key.dump()),)


async def signed(world: World, number: int) -> bytes:
    return await Signing(Keys(world), world.store.now_ms).signatures(MESSAGE % number) + MESSAGE % number  # type: ignore[arg-type] # what signing asks for


def chain(world: World, octets: bytes) -> Chain:
    return answered(validate(octets, octets.index(b"\r\n\r\n") + 4, now_s=world.store.now_ms() // 1000), world.names)


@pytest.fixture
async def sealing(tmp_path: Path) -> AsyncIterator[World]:
    async with opened(tmp_path, "arc = true\n") as found:
        for kind in ("ed25519", "rsa"):
            key = PrivateKey.make(kind)
            await found.store.directory.dkim_key_add("example.org", kind, kind=kind, record=key.record(), secret=key.dump())
            await found.store.directory.dkim_key_set("example.org", kind, state="signing")
            found.names[f"{kind}._domainkey.example.org"] = key.record().encode()
        yield found


async def test_our_notice_of_a_forward_is_signed(sealing: World) -> None:
    sealing.next.answers["someone@there.example"] = NEVER
    await sealing.come(await signed(sealing, 1), AWAY)
    await sealing.quiet()
    ((path, to, notice),) = sealing.next.seen[1:]
    assert ("", "carol@far.example") == (path, to)
    assert b"From: Mail delivery <postmaster@mx.example.org>\r\n" in notice
    found = answered(verify(notice, notice.index(b"\r\n\r\n") + 4, now_s=sealing.store.now_ms() // 1000), sealing.names)
    assert {("pass", "example.org")} == {(one.result, one.signature.domain) for one in found if one.signature is not None}


async def test_what_goes_on_is_sealed_with_what_was_found_out(sealing: World) -> None:
    octets = await signed(sealing, 1)
    with telemetry.capture() as events:
        assert [None] == await sealing.come(octets, AWAY)
    ((_, _, left),) = sealing.next.seen
    assert left.endswith(b"Delivered-To: away@example.org\r\nReceived: from far.example\r\n" + octets)
    found = chain(sealing, left)
    assert ("pass", 1, ("example.org",)) == (found.status, found.instance, found.sealers)
    results = next(one for one in found.fields if one.startswith(b"ARC-Authentication-Results: i=1; mx.example.org;"))
    assert b"dkim=pass (good) header.d=far.example header.s=s header.a=ed25519-sha256 header.b=" in results
    assert b"arc=none" in results
    assert b"spf" not in results
    assert ["i=1 cv=none d=example.org"] == [about["chain"] for name, about in events if name == "message.forwarded"]
    assert b"a=rsa-sha256" in left.partition(b"\r\n")[0]


async def test_a_chain_goes_on_or_is_marked_as_broken(sealing: World) -> None:
    await sealing.come(await signed(sealing, 1), AWAY)
    ((_, _, left),) = sealing.next.seen
    again = left.replace(b"Delivered-To: away@example.org\r\n", b"")
    await sealing.come(again, AWAY)
    assert ("pass", 2) == (chain(sealing, sealing.next.seen[-1][2]).status, chain(sealing, sealing.next.seen[-1][2]).instance)
    await sealing.come(again.replace(b"hello", b"hullo"), AWAY)
    broken = sealing.next.seen[-1][2]
    assert b"ARC-Seal: i=2; cv=fail;" in broken
    assert b"dkim=fail (the body was changed)" in broken
    marked = broken.replace(b"Delivered-To: away@example.org\r\n", b"")
    await sealing.come(marked, AWAY)
    assert sealing.next.seen[-1][2].endswith(b"Received: from far.example\r\n" + marked)
    assert b"i=3" not in sealing.next.seen[-1][2]


async def test_without_an_answer_or_a_key_it_goes_on_as_it_came(sealing: World) -> None:
    await sealing.come(await signed(sealing, 1), AWAY)
    again = sealing.next.seen[-1][2].replace(b"Delivered-To: away@example.org\r\n", b"")
    sealing.is_silent = True
    assert [None] == await sealing.come(again, AWAY)
    assert sealing.next.seen[-1][2] == b"Delivered-To: away@example.org\r\nReceived: from far.example\r\n" + again
    for kind in ("ed25519", "rsa"):
        await sealing.store.directory.dkim_key_set("example.org", kind, state="retired")
    assert [None] == await sealing.come(MESSAGE % 2, AWAY)
    assert b"ARC-" not in sealing.next.seen[-1][2]
