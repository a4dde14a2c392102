"""Automatic replies: to whom they go, to whom not, and what they say (RFC 3834)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.harness.jmap_mail import Jmap, jmap_store
from tests.harness.mailauth import answered as looked_up

from mailstead.mailauth.dkim import PrivateKey, verify
from mailstead.mime import header
from mailstead.model.errors import Unavailable
from mailstead.service.absence import Absence, Vacation, reply
from mailstead.service.queue.entrance import Queued
from mailstead.service.signing import Signing

ME = "a@example.test"
PLAIN = "From: Bob <b@example.test>\r\nTo: a@example.test\r\nSubject: lunch?\r\nMessage-ID: <1@x>\r\nReferences: <0@x>\r\n"


class Entrance:
    """Where replies would be queued."""

    def __init__(self) -> None:
        self.put_in: list[tuple[Queued, bytes]] = []

    async def put(self, message: Queued, octets: bytes) -> None:
        self.put_in.append((message, octets))


@pytest.fixture
async def jmap(tmp_path: Path) -> AsyncIterator[Jmap]:
    async with jmap_store(tmp_path) as (mine, _):
        yield mine


def absence(jmap: Jmap, entrance: Entrance, *, out: bool = False) -> Absence:
    store = jmap.store
    return Absence(
        store.kept, store.directory, entrance, hostname="mx.test", can_send_out=out, now_ms=store.now_ms, new_id=store.ids.next,  # type: ignore[arg-type]
        signing=Signing(store.directory, store.now_ms))  # fmt: skip


async def away(jmap: Jmap, **values: Any) -> None:
    done = await jmap.call("VacationResponse/set", update={"singleton": {"isEnabled": True, "textBody": "gone fishing", **values}})
    assert done["notUpdated"] is None


async def answered(jmap: Jmap, head: str = PLAIN, *, author: str = "b@example.test", out: bool = False) -> list[tuple[Queued, bytes]]:
    entrance = Entrance()
    done = await absence(jmap, entrance, out=out).answer(jmap.account, f"{head}\r\nbody\r\n".encode(), address=ME, reverse_path=author)
    assert done == bool(entrance.put_in)
    return entrance.put_in


async def test_a_person_is_answered_once(jmap: Jmap) -> None:
    assert [] == await answered(jmap)
    await away(jmap, subject="Away until May")
    ((queued, octets),) = await answered(jmap)
    assert ("", [("b@example.test", {"notify": "NEVER"}, True)]) == (queued.reverse_path, list(queued.recipients))
    said = {name.lower(): header.unfold(value).strip() for name, value in header.fields(octets)}
    assert (b"a@example.test", b"b@example.test", b"Away until May", b"<1@x>", b"<0@x> <1@x>") == (
        said[b"from"], said[b"to"], said[b"subject"], said[b"in-reply-to"], b" ".join(said[b"references"].split()))
    assert said[b"auto-submitted"].startswith(b"auto-replied")
    assert b"gone fishing\r\n" in octets
    assert [] == await answered(jmap)
    assert [] == await answered(jmap, author="B@example.test")
    await away(jmap, textBody="gone again")
    assert 1 == len(await answered(jmap))


@pytest.mark.parametrize("more", [
    "Auto-Submitted: auto-generated\r\n", "List-Id: <x>\r\n", "Precedence: bulk\r\n", "X-Auto-Response-Suppress: OOF\r\n", "List-Unsubscribe: <x:y>\r\n",
])  # fmt: skip
async def test_machines_and_lists_are_not_answered(jmap: Jmap, more: str) -> None:
    await away(jmap)
    assert [] == await answered(jmap, PLAIN + more)
    assert 1 == len(await answered(jmap))


@pytest.mark.parametrize("author", ["", "owner-list@example.test", "list-request@x.test", "MAILER-DAEMON@x.test", "no-reply@x.test", "a@example.test"])
async def test_nor_are_those_who_read_nothing(jmap: Jmap, author: str) -> None:
    await away(jmap)
    assert [] == await answered(jmap, author=author, out=True)


async def test_nor_who_did_not_write_to_them(jmap: Jmap) -> None:
    await away(jmap)
    assert [] == await answered(jmap, PLAIN.replace("To: a@", "To: all@"))
    assert 1 == len(await answered(jmap, PLAIN.replace("To: a@", "To: all@").replace("Subject", "Cc: A@Example.test\r\nSubject")))


async def test_only_while_they_are_away(jmap: Jmap) -> None:
    for dates in ({"fromDate": "2999-01-01T00:00:00Z"}, {"toDate": "2020-01-01T00:00:00Z"}, {"isEnabled": False}):
        await away(jmap, **dates)
        assert [] == await answered(jmap)
        await away(jmap, fromDate=None, toDate=None)
    assert 1 == len(await answered(jmap))


async def test_strangers_only_where_there_is_a_way_out(jmap: Jmap) -> None:
    await away(jmap)
    assert [] == await answered(jmap, author="far@other.test")
    ((queued, _),) = await answered(jmap, author="other@other.test", out=True)
    assert [("other@other.test", {"notify": "NEVER"}, False)] == list(queued.recipients)


def test_what_it_says_without_words_of_ones_own() -> None:
    octets = reply(Vacation(), b"Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n", name="", address=ME, to="b@x", ident="1@x", now_ms=0)
    assert b"Subject: =?utf-8?" in octets.replace(b"UTF-8", b"utf-8")
    both = reply(Vacation(text_body="t", html_body="<p>h</p>"), b"", name="A", address=ME, to="b@x", ident="1@x", now_ms=0)
    assert b"multipart/alternative" in both
    assert b"In-Reply-To" not in both


async def test_a_store_that_cannot_be_asked_costs_the_reply_only(jmap: Jmap, monkeypatch: pytest.MonkeyPatch) -> None:
    await away(jmap)

    async def fails(*_: object) -> bool:
        raise Unavailable("not now")

    monkeypatch.setattr(jmap.store.kept, "has", fails)
    assert [] == await answered(jmap)


async def test_what_leaves_is_signed(jmap: Jmap) -> None:
    key, store = PrivateKey.make("ed25519"), jmap.store
    await store.directory.dkim_key_add("example.test", "s", kind="ed25519", record=key.record(), secret=key.dump())
    await store.directory.dkim_key_set("example.test", "s", state="signing")
    await away(jmap)
    ((_, octets),) = await answered(jmap, PLAIN.replace("b@example.test", "b@there.example"), author="b@there.example", out=True)
    found = looked_up(verify(octets, octets.index(b"\r\n\r\n") + 4, now_s=store.now_ms() // 1000), {"s._domainkey.example.test": key.record().encode()})
    assert [("pass", "example.test")] == [(one.result, one.signature.domain) for one in found if one.signature is not None]
    ((_, inside),) = await answered(jmap)
    assert b"DKIM-Signature" not in inside
