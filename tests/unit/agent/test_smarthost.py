"""The agent against real servers on loopback: our own, and one that plays a script."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from tests.harness.agent import Bringing
from tests.harness.smtp import ALICE, BOB, SmtpSite

from mailstead.agent import hop
from mailstead.agent.hop import Way
from mailstead.agent.smarthost import Smarthost, SmarthostAgent
from mailstead.model.address import Address, Envelope, ForwardPath, ReversePath
from mailstead.net import CertificateFiles, ClientTls, Endpoint, Listener, ServerTls, bind, make_self_signed
from mailstead.protocol.smtp.server import Mode
from mailstead.service.ports import Attempt, Failed, Sent, TlsMode, TlsPolicy

MESSAGE = b"From: alice@example.org\r\nMessage-ID: <1@x>\r\n\r\n.body\r\n"


def envelope(*to: str) -> Envelope:
    return Envelope(ReversePath(Address("alice", "example.org")), tuple(ForwardPath(Address(*one.split("@"))) for one in to))


@asynccontextmanager
async def listening(site: SmtpSite, tls: ServerTls | None = None) -> AsyncIterator[int]:
    listener = Listener(bind("127.0.0.1:0"), site.serve, tls, name="smtp")
    await listener.start()
    try:
        yield listener.local.port
    finally:
        await listener.drain(0.1)


@asynccontextmanager
async def scripted(script: list[bytes], *, hangs: bool = False) -> AsyncIterator[int]:
    """A server that says one line after each read, and hangs up after the last, or says nothing more."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, line in enumerate(script, 1):
            writer.write(line)
            if number < len(script) and not await reader.read(4096):
                break
        if hangs:
            await reader.read(4096)
            await reader.read(4096)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def agent(port: int, url: str = "smtp://127.0.0.1:{}", tls: ClientTls | None = None) -> AsyncIterator[Bringing]:
    made = Bringing(SmarthostAgent(Smarthost.parse(url.format(port)), Way("client.example", tls=tls)))
    try:
        yield made
    finally:
        await made.close()
        await asyncio.sleep(0.02)  # aborted transports close in the loop's next turns


def certificates(folder: Path) -> tuple[ServerTls, ClientTls]:
    path = folder / "tls.pem"
    make_self_signed(path, ["localhost"])
    return ServerTls([CertificateFiles(path, path)]), ClientTls(authorities=path)


def kinds(attempts: list[Attempt]) -> list[str]:
    return ["sent" if isinstance(one, Sent) else str(one.status) for one in attempts]


def test_the_smarthost_is_read_from_its_url() -> None:
    assert Smarthost.parse("smtp://hub") == Smarthost("hub", 25, is_implicit_tls=False)
    assert Smarthost.parse("smtps://u%40x:p%3A@hub:1465") == Smarthost("hub", 1465, is_implicit_tls=True, user="u@x", password="p:")
    for wrong in ("hub:25", "http://hub", "smtp://"):
        with pytest.raises(ValueError, match="smarthost"):
            Smarthost.parse(wrong)


async def test_recipients_have_their_own_outcomes_and_the_connection_is_kept() -> None:
    site = SmtpSite(tls=None)
    async with listening(site) as port, agent(port) as hub:
        first = await hub.deliver(envelope("alice@example.org", "nobody@example.org", "full@example.org"), MESSAGE)
        assert kinds(list(first)) == ["sent", "5.1.1", "4.2.2"]
        assert isinstance(first[0], Sent)
        assert first[0].passes_on_dsn
        assert kinds(list(await hub.deliver(envelope("bob@example.org"), MESSAGE))) == ["sent"]
        assert kinds(list(await hub.deliver(envelope("nobody@example.org"), MESSAGE))) == ["5.1.1"]
        assert kinds(list(await hub.deliver(envelope("bob@example.org"), MESSAGE + b"more\r\n"))) == ["sent"]
        assert hub.opened == 1
    assert len(site.filed(BOB)) == 2
    assert site.filed(ALICE)[0].endswith(b"\r\n\r\n.body\r\n")


@pytest.mark.parametrize("url", ["smtp://alice:secret@localhost:{}", "smtps://alice:secret@localhost:{}"])
async def test_login_over_tls(url: str, tmp_path: Path) -> None:
    server, trusting = certificates(tmp_path)
    site = SmtpSite(mode=Mode.SUBMISSION, tls=server)
    async with listening(site, server if url.startswith("smtps") else None) as port, agent(port, url, trusting) as hub:
        assert kinds(list(await hub.deliver(envelope("bob@example.org"), MESSAGE))) == ["sent"]
    (filed,) = site.filed(BOB)
    assert b"with ESMTPSA (TLSv1" in filed


async def test_a_wrong_password_and_a_wrong_certificate_are_temporary(tmp_path: Path) -> None:
    server, trusting = certificates(tmp_path)
    site = SmtpSite(mode=Mode.SUBMISSION, tls=server)
    async with listening(site) as port:
        async with agent(port, "smtp://alice:wrong@localhost:{}", trusting) as hub:
            assert kinds(list(await hub.deliver(envelope("bob@example.org"), MESSAGE))) == ["4.7.8"]
        async with agent(port, "smtp://alice:secret@localhost:{}") as hub:
            assert kinds(list(await hub.deliver(envelope("bob@example.org"), MESSAGE))) == ["4.7.5"]


async def test_without_password_any_certificate_is_better_than_none(tmp_path: Path) -> None:
    server, _ = certificates(tmp_path)
    site = SmtpSite(tls=server)
    async with listening(site) as port, agent(port) as hub:
        assert kinds(list(await hub.deliver(envelope("bob@example.org"), MESSAGE))) == ["sent"]
    assert b"with ESMTPS (TLSv1" in site.filed(BOB)[0]


async def test_nobody_there() -> None:
    async with scripted([]) as port:
        pass
    async with agent(port) as hub:
        (failed,) = await hub.deliver(envelope("a@b"), MESSAGE)
    assert isinstance(failed, Failed)
    assert (str(failed.status), failed.code) == ("4.4.1", 0)


OPEN = [b"220 hub\r\n", b"250-hub\r\n250 PIPELINING\r\n"]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ([], "4.4.1"), ([b"554 no\r\n"], "4.0.0"), ([b"220 hub\r\n", b"550 5.7.1 no\r\n", b"550 5.7.1 no\r\n"], "4.7.1"), ([b"hello\r\n"], "4.4.2"), ([*OPEN, b"250 ok\r\n"], "4.4.2"), ([*OPEN, b"550 5.7.1 no\r\n503 no\r\n503 no\r\n", b"250 ok\r\n"], "5.7.1"),
        ([*OPEN, b"250 ok\r\n250 ok\r\n354 go\r\n"], "4.4.2"), ([*OPEN, b"250 ok\r\n250 ok\r\n354 go\r\n", b"452 4.3.1 full\r\n"], "4.3.1"),
        ([*OPEN, b"421 4.3.2 bye\r\n"], "4.4.2"), ([b"220 hub\r\n", b"250 hub\r\n", b"250 ok\r\n", b"550 4.1.1 odd\r\n", b"250 ok\r\n"], "5.0.0"),
    ],
)  # fmt: skip
async def test_servers_that_fail_on_the_way(script: list[bytes], expected: str) -> None:
    async with scripted(script) as port, agent(port) as hub:
        assert kinds(list(await hub.deliver(envelope("a@b"), MESSAGE))) == [expected]


async def test_a_server_that_falls_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    play: Callable[..., object] = hop.HopLine._reply

    async def impatient(self: hop.HopLine, timeout_s: float) -> object:
        assert timeout_s >= 10
        return await play(self, 0.05)  # type: ignore[misc]

    monkeypatch.setattr(hop.HopLine, "_reply", impatient)
    async with scripted(OPEN, hangs=True) as port, agent(port) as hub:
        assert kinds(list(await hub.deliver(envelope("a@b"), MESSAGE))) == ["4.4.2"]


async def test_more_recipients_than_the_server_takes_go_in_turns() -> None:
    site = SmtpSite(tls=None)
    async with listening(site) as port, agent(port) as hub:
        done = await hub.deliver(envelope(*["alice@example.org"] * 150), MESSAGE)
        assert kinds(list(done)) == ["sent"] * 150


async def test_a_password_stays_here_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    site = SmtpSite(mode=Mode.SUBMISSION, tls=None)
    monkeypatch.setattr("mailstead.net.stream.endpoint_of", lambda _: Endpoint("192.0.2.1", 25, is_loopback=False))
    async with listening(site) as port, agent(port, "smtp://alice:secret@127.0.0.1:{}") as hub:
        assert kinds(list(await hub.deliver(envelope("bob@example.org"), MESSAGE))) == ["4.7.11"]


async def test_after_what_is_no_reply_the_connection_is_not_used_again() -> None:
    async with scripted([*OPEN, b"250 ok\r\n250 ok\r\nwhat?\r\n", b"x"]) as port, agent(port) as hub:
        assert kinds(list(await hub.deliver(envelope("a@b"), MESSAGE))) == ["4.4.2"]
        assert hub.line is not None
        assert not hub.line.is_open


async def test_a_connection_is_used_as_often_as_the_server_allows() -> None:
    script = [OPEN[0], b"250-hub\r\n250-PIPELINING\r\n250 LIMITS MAILMAX=1\r\n", b"250 ok\r\n250 ok\r\n354 go\r\n", b"250 ok\r\n"]
    async with scripted(script) as port, agent(port) as hub:
        assert kinds(list(await hub.deliver(envelope("a@b"), MESSAGE))) == ["sent"]
        assert hub.line is not None
        assert not hub.line.is_open


async def test_words_of_ours_are_not_put_into_the_servers_mouth() -> None:
    async with scripted([b"220 hub\r\n", b"250 hub\r\n"]) as port, agent(port) as hub:
        (failed,) = await hub.deliver(envelope("a@b"), MESSAGE + b"\xe4")
    assert isinstance(failed, Failed)
    assert (str(failed.status), failed.code) == ("5.6.3", 0)


async def test_the_hello_asks_for_the_name_at_which_the_records_stand(tmp_path: Path) -> None:
    """RFC 7671 §3: the server may have a certificate for each of its names."""
    files = []
    for name in ("localhost", "real.example"):
        make_self_signed(tmp_path / f"{name}.pem", [name])
        files.append(CertificateFiles(tmp_path / f"{name}.pem", tmp_path / f"{name}.pem"))
    server, shown = ServerTls(files), []

    def check(_policy: TlsPolicy, chain: Sequence[bytes]) -> tuple[str, str]:
        names = x509.load_der_x509_certificate(chain[0]).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        shown.extend(names.get_values_for_type(x509.DNSName))
        return "", ""

    async with listening(SmtpSite(tls=server)) as port:
        for name in ("real.example", ""):
            line = await hop.open_line("localhost", "127.0.0.1", Way("client.example", port, check=check), TlsPolicy(TlsMode.DANE, server_name=name))
            await line.close()
        await asyncio.sleep(0.02)
    assert ["real.example", "localhost"] == shown
