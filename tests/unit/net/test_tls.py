"""Names, tickets, bindings, reload."""

import asyncio
import hashlib
import ssl
from pathlib import Path

import pytest

from mailstead.net import (
    CertificateFiles,
    ClientTls,
    Listener,
    NetError,
    ServerTls,
    Stream,
    bind,
    connect,
    make_self_signed,
    run,
)
from mailstead.net.tls import end_point, failure_of, leaf

STOCK = pytest.mark.parametrize("stock", [False, True], ids=["uvloop", "asyncio"])


def pair(folder: Path, name: str) -> CertificateFiles:
    path = folder / f"{name}.pem"
    make_self_signed(path, [name])
    return CertificateFiles(path, path)


def der(files: CertificateFiles) -> bytes:
    pem = files.chain.read_text()
    return ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERTIFICATE") :])


async def answer(stream: Stream) -> None:
    assert stream.tls is not None
    tls = stream.tls
    unique = tls.tls_unique.hex() if tls.tls_unique is not None else "-"
    stream.write(f"{tls.version} {tls.server_name or '-'} {tls.tls_server_end_point.hex()} {unique}".encode())


@STOCK
def test_each_name_gets_its_certificate_and_an_unknown_one_the_first(stock: bool, tmp_path: Path) -> None:
    one, two, wild = (pair(tmp_path, name) for name in ("one.example", "two.example", "*.wild.example"))
    tls = ServerTls([one, two, wild])

    async def main() -> None:
        listener = Listener(bind("127.0.0.1:0"), answer, tls)
        await listener.start()
        client_tls = ClientTls(verify=False)
        for name, files in (("one.example", one), ("two.example", two), ("a.wild.example", wild), ("other.example", one)):
            client = await connect("127.0.0.1", listener.local.port, timeout_s=5, tls=client_tls, server_name=name)
            version, asked, bound, unique = (await client.read(5)).decode().split()
            assert (version, asked, unique) == ("TLSv1.3", name, "-")
            assert bound == hashlib.sha256(der(files)).hexdigest()
            assert client.tls is not None
            assert client.tls.tls_server_end_point.hex() == bound
            await client.close()
        await listener.drain(1)

    run(main, stock=stock)


def test_tls_1_2_has_the_unique_binding_and_1_1_is_refused(tmp_path: Path) -> None:
    tls = ServerTls([pair(tmp_path, "one.example")])

    async def main() -> None:
        listener = Listener(bind("127.0.0.1:0"), answer, tls)
        await listener.start()
        client_tls = ClientTls(verify=False)
        client_tls.context.maximum_version = ssl.TLSVersion.TLSv1_2
        client = await connect("127.0.0.1", listener.local.port, timeout_s=5, tls=client_tls, server_name="one.example")
        version, _, _, unique = (await client.read(5)).decode().split()
        assert version == "TLSv1.2"
        assert client.tls is not None
        assert client.tls.tls_unique is not None
        assert unique == client.tls.tls_unique.hex()
        await client.close()
        await listener.drain(1)

    run(main)
    assert tls.context.minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_is_resumed_also_after_a_reload(tmp_path: Path, version: ssl.TLSVersion) -> None:
    tls = ServerTls([pair(tmp_path, "one.example"), pair(tmp_path, "two.example")])
    context = ClientTls(verify=False).context
    context.maximum_version = version

    def talk(session: ssl.SSLSession | None) -> tuple[bool, ssl.SSLSession | None]:
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = tls.context.wrap_bio(to_server, to_client, server_side=True)
        client = context.wrap_bio(to_client, to_server, server_hostname="two.example", session=session)
        for _ in range(10):
            for side in (client, server):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    continue
        server.write(b"x")
        assert client.read(1) == b"x"
        return bool(client.session_reused), client.session

    was_resumed, session = talk(None)
    assert not was_resumed
    was_resumed, session = talk(session)
    assert was_resumed
    tls.reload()
    was_resumed, _ = talk(session)
    assert was_resumed


def test_a_reload_shows_the_new_certificate_and_a_failed_one_changes_nothing(tmp_path: Path) -> None:
    files = pair(tmp_path, "one.example")
    tls = ServerTls([files])
    before = tls._inner[0].end_point
    files.chain.write_text("nonsense")
    with pytest.raises(ssl.SSLError):
        tls.reload()
    assert tls._inner[0].end_point == before
    make_self_signed(files.chain, ["one.example"])
    tls.reload()
    assert tls._inner[0].end_point == end_point(der(files)) != before


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    assert pair(tmp_path, "one.example").key.stat().st_mode & 0o777 == 0o600


@STOCK
def test_garbage_at_a_tls_port_is_nobodys_defect(stock: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tls = ServerTls([pair(tmp_path, "one.example")])

    async def main() -> None:
        failures: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: failures.append(context.get("exception")))
        listener = Listener(bind("127.0.0.1:0"), answer, tls)
        await listener.start()
        for octets in (b"GET / HTTP/1.0\r\n\r\n", b"", b"\x16\x03\x01" + bytes(500)):
            client = await connect("127.0.0.1", listener.local.port, timeout_s=5)
            client.write(octets)
            await asyncio.sleep(0.05)
            client.abort()
        await asyncio.sleep(0.1)
        assert len(listener) == 0
        client = await connect("127.0.0.1", listener.local.port, timeout_s=5, tls=ClientTls(verify=False), server_name="one.example")
        assert (await client.read(5)).startswith(b"TLSv1.3")
        await client.close()
        await listener.drain(1)
        assert all(isinstance(failure, OSError) for failure in failures)

    run(main, stock=stock)
    assert [] == [record for record in caplog.records if record.levelname == "ERROR"]


async def test_the_whole_chain_that_was_shown_is_known_and_failures_have_names(tmp_path: Path) -> None:
    make_self_signed(tmp_path / "own.pem", ["mx.test"])
    server = ServerTls([CertificateFiles(tmp_path / "own.pem", tmp_path / "own.pem")])

    async def serve(stream: Stream) -> None:
        await stream.read(5)

    listener = Listener(bind("127.0.0.1:0"), serve, server, name="test")
    await listener.start()
    port = listener.local.port
    stream = await connect("127.0.0.1", port, timeout_s=5, tls=ClientTls(verify=False), server_name="mx.test")
    assert [leaf(tmp_path / "own.pem")] == stream.peer_chain()
    stream.abort()
    for name, authorities, word in (("mx.test", None, "certificate-not-trusted"), ("other.test", tmp_path / "own.pem", "certificate-host-mismatch")):
        with pytest.raises(NetError) as failure:
            await connect("127.0.0.1", port, timeout_s=5, tls=ClientTls(authorities=authorities), server_name=name)
        assert word == failure_of(failure.value)
    await listener.drain(0.1)
    assert "validation-failure" == failure_of(OSError())
