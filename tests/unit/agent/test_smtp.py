"""Mail exchangers on loopback, each on an address of its own, behind a scripted resolver."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.harness.agent import Bringing
from tests.harness.smtp import ALICE, BOB, SmtpSite
from tests.unit.agent.test_smarthost import MESSAGE, certificates, envelope, kinds, scripted

from mailstead import telemetry
from mailstead.agent.hop import Way
from mailstead.agent.smtp import MxAgent
from mailstead.model.dns import Answer, Mx
from mailstead.model.errors import Unavailable
from mailstead.net import Listener, ServerTls, Stream, bind
from mailstead.service.ports import Failed, NoSession, Place, Sent
from mailstead.service.queue.pools import Pool


class Names:
    """Domains to exchangers, exchangers to addresses."""

    def __init__(self, **mx: Sequence[str]) -> None:
        self.mx_of = mx
        self.addresses_of: dict[str, tuple[str, ...]] = {}

    async def mx(self, name: str) -> Answer[Mx]:
        if name == "down.example":
            raise Unavailable("", "no answer")
        hosts = self.mx_of.get(name.replace(".", "_"))
        return Answer(name, tuple(Mx(10 * number, host) for number, host in enumerate(hosts or (), 1)), exists=hosts is not None)

    async def addresses(self, name: str) -> Answer[str]:
        return Answer(name, self.addresses_of.get(name, ()))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class World:
    """Sites by name. A name without a site is an address on which nobody listens."""

    def __init__(self, names: Names, port: int, stack: AsyncExitStack) -> None:
        self.names = names
        self.port = port
        self._stack = stack
        self.sites: dict[str, SmtpSite] = {}
        self._agent: Bringing | None = None
        self.us = "us.example"

    @property
    def agent(self) -> Bringing:
        if self._agent is None:
            self._agent = Bringing(MxAgent(self.names, Way(self.us, self.port), now_ms=lambda: 0))
        return self._agent

    async def site(self, name: str, tls: ServerTls | None = None, seen: list[str] | None = None, **how: object) -> SmtpSite:
        """``seen`` gets the addresses from which it is called."""
        site = self.sites[name] = SmtpSite(tls=tls, **how)  # type: ignore[arg-type]

        async def serve(stream: Stream) -> None:
            if seen is not None:
                seen.append(stream.peer.host)
            await site.serve(stream)

        listener = Listener(bind(f"{self.address(name)}:{self.port}"), serve, None, name="smtp")
        await listener.start()
        self._stack.push_async_callback(listener.drain, 0.1)
        return site

    async def greets(self, name: str, greeting: bytes) -> None:
        """A server that says no more than that."""

        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(greeting)
            writer.close()

        server = await asyncio.start_server(serve, self.address(name), self.port)
        self._stack.callback(server.close)

    def address(self, name: str) -> str:
        given = self.names.addresses_of
        if name not in given:
            given[name] = (f"127.0.0.{10 + len(given)}",)
        return given[name][0]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    names = Names(example_org=["mx1.test", "mx2.test"], elsewhere_test=["mx3.test"], null_example=[""], down_example=["mx1.test"])
    async with AsyncExitStack() as stack:
        made = World(names, free_port(), stack)
        yield made
        await made.agent.close()
        await asyncio.sleep(0.02)


async def test_the_nearest_host_takes_it(world: World) -> None:
    first, second = await world.site("mx1.test"), await world.site("mx2.test")
    (sent,) = await world.agent.deliver(envelope("bob@example.org"), MESSAGE)
    assert isinstance(sent, Sent)
    assert sent.hop == "mx1.test"
    assert (len(first.filed(BOB)), len(second.filed(BOB))) == (1, 0)


async def test_the_next_host_is_called_when_one_is_dead(world: World) -> None:
    world.address("mx1.test")
    second = await world.site("mx2.test")
    assert kinds(list(await world.agent.deliver(envelope("bob@example.org", "nobody@example.org"), MESSAGE))) == ["sent", "5.1.1"]
    assert len(second.filed(BOB)) == 1


async def test_every_address_of_a_host_is_tried(world: World) -> None:
    await world.site("mx1.test")
    world.names.addresses_of["mx1.test"] = ("127.0.0.200", *world.names.addresses_of["mx1.test"])
    assert kinds(list(await world.agent.deliver(envelope("bob@example.org"), MESSAGE))) == ["sent"]


async def test_a_pool_calls_from_its_addresses_by_its_name(world: World) -> None:
    came: list[str] = []
    site = await world.site("mx1.test", seen=came)
    pool = Pool("news", ("127.0.9.1", "127.0.9.2"), "news.example", ("a.example",))
    agent = MxAgent(world.names, Way(world.us, world.port), now_ms=lambda: 0, pools=[pool])
    usual, news = await agent.locate("example.org"), await agent.locate("example.org from news")
    assert isinstance(usual, Place)
    assert isinstance(news, Place)
    assert usual.site + " from news" == news.site, "they share no connection"
    for _ in range(2):
        line = await agent.open(news, 0)
        (sent,) = await line.deliver(envelope("bob@example.org"), MESSAGE)
        await line.close()
        assert isinstance(sent, Sent)
    line = await agent.open(usual, 0)
    await line.close()
    assert {"127.0.9.1", "127.0.9.2"} == set(came[:2])
    assert "127.0.9" not in came[2]
    assert all(b"from news.example" in filed for filed in site.filed(BOB))
    world.names.addresses_of["mx1.test"] = world.names.addresses_of["mx2.test"] = ("::1",)
    place = await agent.locate("example.org from news")
    assert isinstance(place, Place)
    with pytest.raises(NoSession) as caught:
        await agent.open(place, 0)
    assert "no address from which ::1 can be called" in caught.value.failed.text


async def test_all_hosts_dead_is_temporary(world: World) -> None:
    world.address("mx1.test")
    world.address("mx2.test")
    assert kinds(list(await world.agent.deliver(envelope("bob@example.org"), MESSAGE))) == ["4.4.1"]


async def test_the_next_attempt_begins_with_another_host(world: World) -> None:
    first, second = await world.site("mx1.test"), await world.site("mx2.test")
    found = await world.agent.deliver(envelope("alice@example.org", "nobody@example.org", "full@example.org"), MESSAGE)
    assert kinds(list(found)) == ["sent", "5.1.1", "4.2.2"]
    await world.agent.close()
    (failed,) = await world.agent.deliver(envelope("full@example.org"), MESSAGE, turn=1)
    assert isinstance(failed, Failed)
    assert failed.hop == "mx2.test"
    assert (len(first.filed(ALICE)), len(second.filed(ALICE)), len(second.filed(BOB))) == (1, 0, 0)


@pytest.mark.parametrize(
    ("address", "status"), [("y@null.example", "5.1.10"), ("z@down.example", "4.4.3"), ("w@unknown.example", "5.1.2"), ("x@elsewhere.test", "4.4.1")]
)
async def test_domains_without_a_way(world: World, address: str, status: str) -> None:
    world.address("mx3.test")
    assert kinds(await world.agent.deliver(envelope(address), MESSAGE)) == [status]


async def test_domains_with_the_same_exchangers_are_one_site(world: World) -> None:
    world.names.mx_of = {**world.names.mx_of, "other_test": ["mx2.test", "mx1.test"]}
    world.address("mx1.test")
    world.address("mx2.test")
    one, two = await world.agent.agent.locate("example.org"), await world.agent.agent.locate("other.test")
    assert isinstance(one, Place)
    assert isinstance(two, Place)
    assert (one.site, one.hosts) == (two.site, two.hosts) == ("mx1.test,mx2.test", ("mx1.test", "mx2.test"))


async def test_a_connection_serves_the_next_message(world: World) -> None:
    await world.site("mx1.test")
    for _ in range(3):
        assert kinds(list(await world.agent.deliver(envelope("bob@example.org"), MESSAGE))) == ["sent"]
    assert world.agent.opened == 1
    assert len(world.sites["mx1.test"].filed(BOB)) >= 1


async def test_tls_is_taken_where_it_is_offered(world: World, tmp_path: Path) -> None:
    server, _ = certificates(tmp_path)
    site = await world.site("mx1.test", server)
    assert kinds(list(await world.agent.deliver(envelope("bob@example.org"), MESSAGE))) == ["sent"]
    assert b"with ESMTPS (TLSv1" in site.filed(BOB)[0]


@pytest.mark.parametrize("greeting", [b"554 No SMTP service here\r\n", b"421 too busy\r\n", b"nonsense\r\n", b""])
async def test_a_host_that_will_not_speak_with_us_is_passed_over(world: World, greeting: bytes) -> None:
    async with scripted([greeting]) as port:
        world.names.addresses_of["mx1.test"] = ("127.0.0.1",)
        world.port = port
        assert kinds(list(await world.agent.deliver(envelope("bob@example.org"), MESSAGE)))[0].startswith("4.")


@pytest.mark.parametrize("broken", [[b"220 go\r\n", b"garbage\r\n"], [b"454 4.7.0 TLS is not available\r\n"], [b"502 5.5.1 what\r\n"], []])
async def test_broken_tls_goes_in_the_clear(world: World, broken: list[bytes]) -> None:
    script = [b"220 x\r\n", b"250-x\r\n250 STARTTLS\r\n", *broken]
    plain = [b"220 x\r\n", b"250 x\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 taken\r\n"]
    calls = iter([script, plain])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in next(calls):
            writer.write(line)
            if not await reader.read(65536):
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    world.port = server.sockets[0].getsockname()[1]
    world.names.addresses_of["mx1.test"] = ("127.0.0.1",)
    assert kinds(list(await world.agent.deliver(envelope("bob@example.org"), MESSAGE))) == ["sent"]
    server.close()


async def test_a_server_that_closes_in_place_of_tls_is_called_again_later_and_not_in_the_clear(world: World) -> None:
    async with scripted([b"220 x\r\n", b"250-x\r\n250 STARTTLS\r\n", b"421 4.3.2 closing\r\n"]) as port:
        world.names.addresses_of["mx1.test"] = ("127.0.0.1",)
        world.port = port
        with telemetry.capture() as events:
            assert kinds(list(await world.agent.deliver(envelope("bob@example.org"), MESSAGE)))[0].startswith("4.")
    assert "tls.refused" not in [name for name, _ in events]


async def test_mail_that_would_come_back_to_us_is_refused(world: World) -> None:
    world.us = "mx.example.org"  # what the sites of the harness call themselves
    await world.site("mx1.test")
    await world.site("mx2.test")
    (failed,) = await world.agent.deliver(envelope("bob@example.org"), MESSAGE)
    assert isinstance(failed, Failed)
    assert str(failed.status) == "5.4.6"
    assert "this server itself" in failed.text


NEVER, NOT_NOW, REFUSED = b"521 mx accepts no mail\r\n", b"421 not now\r\n", b"554 no service for you\r\n"


@pytest.mark.parametrize(
    ("first", "second", "is_over"), [(NEVER, NEVER, True), (NEVER, NOT_NOW, False), (NOT_NOW, NEVER, False), (NEVER, REFUSED, False), (NEVER, b"", False)],
)
async def test_who_never_accepts_mail_is_not_asked_again_where_all_say_so(world: World, first: bytes, second: bytes, is_over: bool) -> None:
    """RFC 7504 §3."""
    await world.greets("mx1.test", first)
    if second:
        await world.greets("mx2.test", second)
    else:
        world.address("mx2.test")
    (failed,) = await world.agent.deliver(envelope("bob@example.org"), MESSAGE)
    assert isinstance(failed, Failed)
    assert failed.is_permanent == is_over
    assert (str(failed.status) == "5.3.2") == is_over


async def test_another_host_may_accept_what_the_first_never_does(world: World) -> None:
    await world.greets("mx1.test", NEVER)
    await world.site("mx2.test")
    (sent,) = await world.agent.deliver(envelope("bob@example.org"), MESSAGE)
    assert isinstance(sent, Sent)
