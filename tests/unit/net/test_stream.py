"""Streams over real loopback sockets, with uvloop and with the standard loop."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mailstead.net import (
    CertificateFiles,
    ClientTls,
    Draining,
    Gone,
    Listener,
    ServerTls,
    Silent,
    Stream,
    bind,
    connect,
    make_self_signed,
    run,
)

STOCK = pytest.mark.parametrize("stock", [False, True], ids=["uvloop", "asyncio"])


@asynccontextmanager
async def served(handler: Callable[[Stream], Awaitable[None]], tls: ServerTls | None = None) -> AsyncIterator[tuple[int, Listener]]:
    sock = bind("127.0.0.1:0")
    port = sock.getsockname()[1]
    listener = Listener(sock, handler, tls)
    await listener.start()
    try:
        yield port, listener
    finally:
        await listener.drain(0.0)


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "self-signed.pem"
    make_self_signed(path, ["mail.example.test"])
    return path


async def echo(stream: Stream) -> None:
    while octets := await stream.read(5.0):
        stream.write(octets)
        await stream.drain()


@STOCK
def test_octets_go_both_ways_and_the_end_is_seen(stock: bool) -> None:
    async def main() -> None:
        async with served(echo) as (port, _):
            client = await connect("127.0.0.1", port, timeout_s=5)
            assert client.peer.is_loopback
            assert client.peer.port == port
            client.write(b"hello")
            assert await client.read(5) == b"hello"
            client.unread(b"again")
            assert await client.read(5) == b"again"
            await client.close()

    run(main, stock=stock)


@STOCK
def test_a_silent_peer_ends_the_read_in_time(stock: bool) -> None:
    async def main() -> None:
        caught: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        async def handler(stream: Stream) -> None:
            stream.write(b"x")
            assert await stream.read(5) == b"y"
            started = time.monotonic()
            try:
                await stream.read(0.2)
            except Silent:
                caught.set_result(time.monotonic() - started)

        async with served(handler) as (port, _):
            client = await connect("127.0.0.1", port, timeout_s=5)
            assert await client.read(5) == b"x"
            client.write(b"y")
            assert 0.15 < await asyncio.wait_for(caught, 5) < 1.0
            await client.close()

    run(main, stock=stock)


@STOCK
def test_a_slow_reader_stops_the_writer(stock: bool) -> None:
    async def main() -> None:
        outcome: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def handler(stream: Stream) -> None:
            sent = 0
            try:
                while sent < 1 << 28:
                    stream.write(b"x" * 65536)
                    sent += 65536
                    await stream.drain(0.3)
            except Silent:
                outcome.set_result(sent)
                raise

        async with served(handler) as (port, _):
            with socket.create_connection(("127.0.0.1", port)):
                sent = await asyncio.wait_for(outcome, 10)
            assert sent < 1 << 25

    run(main, stock=stock)


@STOCK
def test_input_nobody_reads_is_bounded(stock: bool) -> None:
    async def main() -> None:
        streams: list[Stream] = []
        go = asyncio.Event()
        total: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def handler(stream: Stream) -> None:
            streams.append(stream)
            await go.wait()
            count = 0
            while octets := await stream.read(5):
                count += len(octets)
            total.set_result(count)

        async with served(handler) as (port, _):
            client = await connect("127.0.0.1", port, timeout_s=5)
            client.write(b"x" * (16 << 20))
            await asyncio.sleep(0.3)
            assert streams[0]._pending_octets <= (256 + 64) << 10
            go.set()
            await client.drain(5)
            await client.close()
            assert await asyncio.wait_for(total, 5) == 16 << 20

    run(main, stock=stock)


@STOCK
def test_what_came_before_the_handshake_is_not_taken_as_sent_in_tls(stock: bool, pem: Path) -> None:
    async def main() -> None:
        seen: list[bytes] = []

        async def handler(stream: Stream) -> None:
            assert await stream.read(5) == b"STARTTLS\r\n"
            await asyncio.sleep(0.1)  # the injected line arrives meanwhile
            stream.write(b"220 go\r\n")
            try:
                await stream.start_tls(ServerTls([CertificateFiles(pem, pem)]))
            except Gone:
                seen.append(b"gone")
                return
            assert stream.tls is not None
            seen.append(await stream.read(5))

        async with served(handler) as (port, _):
            client = await connect("127.0.0.1", port, timeout_s=5)
            client.write(b"STARTTLS\r\n")
            await asyncio.sleep(0.05)
            client.write(b"MAIL FROM:<evil@example.test>\r\n")
            assert await client.read(5) == b"220 go\r\n"
            await client.start_tls(ClientTls(verify=False), "mail.example.test")
            client.write(b"NOOP\r\n")
            await client.close()
            await asyncio.sleep(0.1)
        assert seen == [b"NOOP\r\n"]

    run(main, stock=stock)


@STOCK
def test_a_handshake_with_garbage_is_gone(stock: bool, pem: Path) -> None:
    async def main() -> None:
        seen: asyncio.Future[object] = asyncio.get_running_loop().create_future()

        async def handler(stream: Stream) -> None:
            await stream.read(5)
            try:
                await stream.start_tls(ServerTls([CertificateFiles(pem, pem)]))
            except Gone:
                seen.set_result(True)
                raise

        async with served(handler) as (port, _):
            client = await connect("127.0.0.1", port, timeout_s=5)
            client.write(b"STARTTLS\r\n")
            await asyncio.sleep(0.05)
            client.write(b"this is no hello at all\r\n" * 10)
            assert await asyncio.wait_for(seen, 5)
            client.abort()

    run(main, stock=stock)


@STOCK
def test_large_octets_pass_tls_whole(stock: bool, pem: Path) -> None:
    async def main() -> None:
        async def handler(stream: Stream) -> None:
            got = 0
            while got < 3_000_000:
                got += len(await stream.read(5))
            stream.write(b"z" * 3_000_000)
            await stream.drain()

        async with served(handler, ServerTls([CertificateFiles(pem, pem)])) as (port, _):
            client = await connect(
                "127.0.0.1", port, timeout_s=5, tls=ClientTls(authorities=pem), server_name="mail.example.test"
            )
            client.write(b"a" * 3_000_000)
            got = 0
            while octets := await client.read(5):
                got += len(octets)
            assert got == 3_000_000
            await client.close()

    run(main, stock=stock)


@STOCK
def test_the_last_reply_survives_input_nobody_read(stock: bool) -> None:
    async def main() -> None:
        async def handler(stream: Stream) -> None:
            await stream.read(5)
            stream.write(b"550 no\r\n")

        async with served(handler) as (port, _):
            for _ in range(20):
                client = await connect("127.0.0.1", port, timeout_s=5)
                client.write(b"x" * 200_000)
                assert await client.read(5) == b"550 no\r\n"
                assert await client.read(5) == b""
                client.abort()

    run(main, stock=stock)


@STOCK
def test_an_idle_stream_is_told_of_the_end(stock: bool) -> None:
    async def main() -> None:
        async def handler(stream: Stream) -> None:
            try:
                await stream.read(60)
            except Draining:
                stream.write(b"* BYE\r\n")

        async with served(handler) as (port, listener):
            client = await connect("127.0.0.1", port, timeout_s=5)
            await asyncio.sleep(0.05)
            drained = asyncio.create_task(listener.drain(5))
            assert await client.read(5) == b"* BYE\r\n"
            await client.close()
            await asyncio.wait_for(drained, 3)

    run(main, stock=stock)


@STOCK
def test_a_reset_is_gone(stock: bool) -> None:
    async def main() -> None:
        seen: asyncio.Future[object] = asyncio.get_running_loop().create_future()

        async def handler(stream: Stream) -> None:
            try:
                seen.set_result(await stream.read(5))
            except Gone as exc:
                seen.set_result(exc)

        async with served(handler) as (port, _):
            raw = socket.create_connection(("127.0.0.1", port))
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            await asyncio.sleep(0.05)
            raw.close()
            assert isinstance(await asyncio.wait_for(seen, 5), Gone)

    run(main, stock=stock)


def test_a_small_exchange_costs_little() -> None:
    """The bound is ten times what it takes, for slow and busy machines; both ends and the kernel are in it."""

    async def main() -> float:
        async with served(echo) as (port, _):
            client = await connect("127.0.0.1", port, timeout_s=5)
            started = time.process_time()
            for _ in range(2000):
                client.write(b"NOOP\r\n")
                await client.read(5)
            spent = (time.process_time() - started) / 2000
            await client.close()
            return spent

    spent = run(main)
    print(f"{spent * 1e6:.1f} µs for both ends")
    assert spent < 400e-6
