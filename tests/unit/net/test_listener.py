"""Limits, Unix sockets, PROXY headers."""

import asyncio
import ipaddress
import socket
from pathlib import Path

import pytest

from mailstead import telemetry
from mailstead.net import Counts, Endpoint, Gone, Listener, ListenLimits, Stream, bind, connect, run, split_address
from mailstead.net.endpoint import endpoint_of


def test_addresses_are_split_or_refused_with_a_word() -> None:
    assert split_address("127.0.0.1:25") == ("127.0.0.1", 25)
    assert split_address("[::1]:25") == ("::1", 25)
    assert split_address("*:25") == ("0.0.0.0", 25)
    for wrong in ("25", "host:25", "127.0.0.1:x", "127.0.0.1:99999"):
        with pytest.raises(ValueError):
            split_address(wrong)


def test_endpoints() -> None:
    assert endpoint_of(("::ffff:127.0.0.1", 9, 0, 0)).is_loopback
    assert endpoint_of(("::ffff:10.0.0.1", 9, 0, 0)).host == "10.0.0.1"
    assert str(endpoint_of(("::1", 9, 0, 0))) == "[::1]:9"
    assert endpoint_of("").host == "unix"
    assert endpoint_of(("2001:db8:1:2:3::4", 9, 0, 0)).limit_key == "2001:db8:1:2::/64"


def test_an_address_has_so_many_connections_and_loopback_has_no_bound() -> None:
    counts = Counts()
    limits = ListenLimits(connections_per_address=2)
    stranger = endpoint_of(("192.0.2.1", 1))
    here = endpoint_of(("127.0.0.1", 1))
    assert [counts.take(stranger, limits) for _ in range(3)] == [True, True, False]
    assert all(counts.take(here, limits) for _ in range(10))
    counts.give(stranger)
    assert counts.take(stranger, limits)
    counts.give(stranger)
    counts.give(stranger)
    assert counts.by_address == {}


def test_asyncio_is_told_that_it_is_tcp() -> None:
    """It takes Nagle's algorithm off only where the socket says so."""
    with bind("127.0.0.1:0") as sock, socket.create_connection(sock.getsockname()):
        accepted, _ = sock.accept()
        with accepted:
            assert [socket.IPPROTO_TCP] * 2 == [sock.proto, accepted.proto]


def test_a_failing_handler_is_told_once_and_costs_only_its_connection() -> None:
    async def main() -> None:
        async def handler(stream: Stream) -> None:
            if await stream.read(5) == b"bad":
                raise ZeroDivisionError
            stream.write(b"ok")

        sock = bind("127.0.0.1:0")
        listener = Listener(sock, handler, name="test")
        await listener.start()
        port = listener.local.port
        with telemetry.capture() as seen:
            bad = await connect("127.0.0.1", port, timeout_s=5)
            bad.write(b"bad")
            try:
                assert await bad.read(5) == b""
            except Gone:
                pass
            bad.abort()
            good = await connect("127.0.0.1", port, timeout_s=5)
            good.write(b"good")
            assert await good.read(5) == b"ok"
            await good.close()
        assert [name for name, _ in seen].count("defect.found") == 1
        await listener.drain(1)

    run(main)


def test_a_unix_socket_counts_as_loopback_and_a_dead_one_is_replaced(tmp_path: Path) -> None:
    async def main() -> None:
        seen: list[Endpoint] = []

        async def handler(stream: Stream) -> None:
            seen.append(stream.peer)
            stream.write(b"hi")

        for _ in range(2):
            listener = Listener(bind(f"unix:{tmp_path}/s"), handler)
            await listener.start()
            client = await connect("unix", 0, timeout_s=5, server_name=f"{tmp_path}/s")
            assert await client.read(5) == b"hi"
            await client.close()
            await listener.drain(1)
        assert seen[0].is_loopback
        assert str(seen[0]) == "unix"

    run(main)


V2 = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.mark.parametrize(
    ("header", "host"),
    [
        (b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 25\r\n", "192.0.2.7"),
        (b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 25\r\n", "2001:db8::7"),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
        (V2 + b"\x21\x11\x00\x0c" + bytes([192, 0, 2, 9, 1, 2, 3, 4, 0, 99, 0, 25]), "192.0.2.9"),
        (V2 + b"\x20\x00\x00\x00", "127.0.0.1"),
        (b"EHLO somebody.example\r\n", ""),
        (b"PROXY TCP4 nonsense 192.0.2.1 4711 25\r\n", ""),
        (V2 + b"\x21\x11\xff\xff" + bytes(20), ""),
    ],
)
def test_a_proxy_says_for_whom_it_calls(header: bytes, host: str) -> None:
    async def main() -> None:
        async def handler(stream: Stream) -> None:
            stream.write(f"{stream.peer.host} ".encode() + await stream.read(5))

        listener = Listener(bind("127.0.0.1:0"), handler, proxy_from=[ipaddress.ip_network("127.0.0.0/8")])
        await listener.start()
        client = await connect("127.0.0.1", listener.local.port, timeout_s=5)
        client.write(header + b"EHLO")
        got = b""
        try:
            while octets := await client.read(5):
                got += octets
        except Gone:
            pass
        await client.close()
        await listener.drain(1)
        assert got.decode() == (f"{host} EHLO" if host else "")

    run(main)


def test_what_is_in_flight_may_finish() -> None:
    async def main() -> None:
        async def handler(stream: Stream) -> None:
            await stream.read(5)
            await asyncio.sleep(0.3)
            stream.write(b"250 done")

        listener = Listener(bind("127.0.0.1:0"), handler)
        await listener.start()
        client = await connect("127.0.0.1", listener.local.port, timeout_s=5)
        client.write(b"data")
        await asyncio.sleep(0.05)
        drained = asyncio.create_task(listener.drain(5))
        assert await client.read(5) == b"250 done"
        await client.close()
        await drained

    run(main)
