"""Leaving a list: whose word is taken, what is called, what is said of it."""

import asyncio

import pytest
from tests.harness.lookups import Keys

from mailstead.model.ids import AccountId
from mailstead.service.signing import Signing
from mailstead.service.unsubscribing import Left, Unsubscribing, address

NOW_MS = 1_795_600_000_000
URL = "https://lists.far.example/leave?id=7"
FIELDS = f"List-Unsubscribe: <mailto:leave@far.example>, <{URL}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode()
LETTER = b"From: news@far.example\r\nSubject: news\r\nMessage-ID: <1@far.example>\r\n" + FIELDS + b"\r\nhello\r\n"
POST = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"


@pytest.mark.parametrize(("head", "expected"), [
    (FIELDS, URL), (FIELDS.lower(), URL), (b"List-Unsubscribe: <HTTPS://a.example/x>\r\n" + POST, "HTTPS://a.example/x"),
    (b"List-Unsubscribe: (leave)\r\n <https://a.exa\r\n mple/x>\r\n" + POST, "https://a.example/x"),
    (b"List-Unsubscribe: <http://a.example/x>\r\n" + POST, ""), (b"List-Unsubscribe: https://a.example/x\r\n" + POST, ""),
    (b"List-Unsubscribe: <https://a.example/x>\r\n", ""), (POST, ""), (b"", ""), (FIELDS + POST, ""), (FIELDS + b"List-Unsubscribe: <https://b.example/>\r\n", ""),
    (FIELDS.replace(b"One-Click", b"Two"), ""), (b"List-Unsubscribe: <https:///x>\r\n" + POST, ""), (b"List-Unsubscribe: <https://[x/>\r\n" + POST, ""),
    ("List-Unsubscribe: <https://ä.example/>\r\n".encode() + POST, ""),
])  # fmt: skip
def test_where_a_post_leaves_it(head: bytes, expected: str) -> None:
    assert expected == address(head)


class World:
    """``said`` is what the list answers."""

    def __init__(self) -> None:
        self.said = ("sent", "the answer was 200")
        self.asked: list[tuple[str, bytes, str]] = []
        self.keys = Keys("far.example")
        self.table = self.keys.table()

    async def post(self, url: str, octets: bytes, kind: str) -> tuple[str, str]:
        self.asked.append((url, octets, kind))
        await asyncio.sleep(0)
        return self.said

    async def leave(self, octets: bytes) -> Left:
        return await Unsubscribing(self.table, self.post, lambda: NOW_MS).leave(AccountId(1), octets)

    async def signed(self, octets: bytes = LETTER) -> bytes:
        return await Signing(self.keys, lambda: NOW_MS).signatures(octets) + octets  # type: ignore[arg-type] # what signing asks for


async def test_what_is_signed_is_called_by_one_post() -> None:
    world = World()
    trace = b"Return-Path: <x@far.example>\r\nDelivered-To: a@here.example\r\n"
    assert Left("done", "lists.far.example", "the answer was 200") == await world.leave(trace + await world.signed())
    assert [(URL, b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded")] == world.asked


@pytest.mark.parametrize(("said", "result"), [
    (("failed", "the answer was 404"), "refused"), (("failed", "ClientConnectorError: no"), "unreachable"), (("unsure", "TimeoutError: "), "unsure"),
])  # fmt: skip
async def test_what_came_of_it_is_said(said: tuple[str, str], result: str) -> None:
    world = World()
    world.said = said
    assert (result, said[1]) == ((left := await world.leave(await world.signed())).result, left.reason)


async def test_nobody_is_called_on_a_strangers_word() -> None:
    world = World()
    signed = await world.signed()
    for octets, result in (
        (LETTER, "notSigned"), (signed.replace(b"hello", b"hallo"), "notSigned"), (signed.replace(b"id=7", b"id=8"), "notSigned"),
        (signed.replace(b"\r\n\r\n", b"\r\nList-Unsubscribe: <https://evil.example/>\r\n\r\n", 1), "notOffered"),
        (b"List-Unsubscribe: <https://evil.example/>\r\n" + POST + await world.signed(LETTER.replace(FIELDS, b"")), "notSigned"),
        (await world.signed(LETTER.replace(POST, b"")), "notOffered"), (await world.signed(LETTER.replace(FIELDS, b"")), "notOffered"),
    ):
        assert result == (await world.leave(octets)).result, octets
    world.table.broken.add("s._domainkey.far.example")
    assert "notSigned" == (await world.leave(signed)).result
    assert [] == world.asked


async def test_who_asks_while_it_is_being_asked_waits_for_the_one_answer() -> None:
    world = World()
    signed = await world.signed()
    go = asyncio.Event()

    async def post(url: str, octets: bytes, kind: str) -> tuple[str, str]:
        world.asked.append((url, octets, kind))
        await go.wait()
        return world.said

    leaving = Unsubscribing(world.table, post, lambda: NOW_MS)
    calls = [asyncio.ensure_future(leaving.leave(AccountId(account), signed)) for account in (1, 1, 1, 2)]
    async with asyncio.timeout(10):
        while len(world.asked) < 2:
            await asyncio.sleep(0)
    for _ in range(100):
        await asyncio.sleep(0)
    calls[0].cancel()  # the one that began it goes away
    await asyncio.sleep(0)
    go.set()
    assert [(await call).result for call in calls[1:]] == ["done"] * 3
    assert len(world.asked) == 2  # one of each account
    assert (await leaving.leave(AccountId(1), signed)).result == "done"
    assert len(world.asked) == 3
