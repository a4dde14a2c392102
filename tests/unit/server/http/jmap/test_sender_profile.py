"""SenderProfile methods; who is rejected, and what is muted, is filed away at delivery."""

import pytest
from tests.harness.jmap_mail import Jmap

from mailstead.service.delivery import Delivery, Received
from mailstead.service.senders import Senders


async def arrive(jmap: Jmap, author: str, more: str = "", detail: str = "", reverse_path: str = "x@y.test") -> str:
    """What was filed: the id of the email."""
    octets = f"From: {author}\r\nTo: a@example.test\r\nSubject: hi\r\n{more}\r\nbody\r\n".encode()
    await Delivery(jmap.store.mail, Senders(jmap.store.kept)).file(
        Received.of(octets), jmap.account, address="a@example.test", detail=detail, reverse_path=reverse_path, forward_path="a@example.test",
        trace=b"Received: from x; Wed, 25 Nov 2026 12:00:00 +0000\r\n")
    return str((await jmap.call("Email/query", sort=[{"property": "receivedAt", "isAscending": False}], limit=1))["ids"][0])


async def place(jmap: Jmap, ident: str) -> tuple[list[str], list[str]]:
    one = await jmap.one(ident, "mailboxIds", "keywords")
    return list(one["mailboxIds"]), sorted(one["keywords"])


async def test_made_shown_and_one_for_an_address(jmap: Jmap) -> None:
    done = await jmap.call("SenderProfile/set", create={"x": {"address": "Bob@Other.TEST", "images": "always"}, "y": {"address": "@OTHER.test"}})
    ident = done["created"]["x"]["id"]
    assert ("bob@other.test", "@other.test") == (done["created"]["x"]["address"], done["created"]["y"]["address"])
    (one,) = (await jmap.call("SenderProfile/get", ids=[ident]))["list"]
    assert {"id": ident, "address": "bob@other.test", "screened": None, "images": "always", "darkMode": None, "receipts": None, "note": None} == one
    done = await jmap.call("SenderProfile/set", create={"x": {"address": "bob@other.test"}, "z": {"address": "bob"}})
    assert ("alreadyExists", ident) == (done["notCreated"]["x"]["type"], done["notCreated"]["x"]["existingId"])
    assert "invalidProperties" == done["notCreated"]["z"]["type"]
    assert "invalidProperties" == (await jmap.call("SenderProfile/set", update={ident: {"address": "a@b.test"}}))["notUpdated"][ident]["type"]
    assert [ident] == (await jmap.call("SenderProfile/query", filter={"address": "BOB@other.test"}))["ids"]
    await jmap.call("SenderProfile/set", destroy=[ident])
    done = await jmap.call("SenderProfile/set", create={"x": {"address": "bob@other.test"}})
    assert ident == done["created"]["x"]["id"]


async def test_rejected_mail_goes_to_junk(jmap: Jmap) -> None:
    assert ([await jmap.box()], []) == await place(jmap, await arrive(jmap, "bob@other.test"))
    await jmap.call("SenderProfile/set", create={
        "x": {"address": "@other.test", "screened": "rejected"}, "y": {"address": "friend@other.test", "screened": "accepted"}})
    assert ([await jmap.box("junk")], ["$junk"]) == await place(jmap, await arrive(jmap, '"Bob" <BOB@other.test>'))
    assert ([await jmap.box()], []) == await place(jmap, await arrive(jmap, "friend@other.test"))
    assert ([await jmap.box()], []) == await place(jmap, await arrive(jmap, "bob@sub.other.test"))
    assert ([await jmap.box()], []) == await place(jmap, await arrive(jmap, "undisclosed"))


async def test_a_muted_conversation_goes_to_the_archive(jmap: Jmap) -> None:
    first = await arrive(jmap, "bob@other.test", "Message-ID: <1@x>\r\n")
    await jmap.call("Email/set", update={first: {"keywords/$muted": True}})
    answer = await arrive(jmap, "eve@other.test", "Message-ID: <2@x>\r\nIn-Reply-To: <1@x>\r\n")
    assert ([await jmap.box("archive")], ["$muted", "$seen"]) == await place(jmap, answer)
    assert ([await jmap.box()], []) == await place(jmap, await arrive(jmap, "eve@other.test", "Message-ID: <3@x>\r\nIn-Reply-To: <9@x>\r\n"))
    await jmap.call("Email/set", update={ident: {"keywords/$muted": None} for ident in (first, answer)})
    last = await arrive(jmap, "bob@other.test", "Message-ID: <4@x>\r\nIn-Reply-To: <2@x>\r\n")
    assert ([await jmap.box()], []) == await place(jmap, last)
    await jmap.call("Email/set", update={first: {"keywords/$muted": True}})
    report = "In-Reply-To: <1@x>\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n"
    undelivered = await arrive(jmap, "mailer-daemon@other.test", "Message-ID: <6@x>\r\n" + report, reverse_path="")
    assert ([await jmap.box()], []) == await place(jmap, undelivered), "that a message of one's own did not arrive is always seen"
    feigned = await arrive(jmap, "eve@other.test", "Message-ID: <7@x>\r\n" + report)
    assert ([await jmap.box("archive")], ["$muted", "$seen"]) == await place(jmap, feigned)
    box = await jmap.make_box("lists")
    await jmap.call("Email/set", update={first: {"keywords/$muted": True}})
    filed = await arrive(jmap, "bob@other.test", "Message-ID: <5@x>\r\nIn-Reply-To: <1@x>\r\n", detail="lists")
    assert ([box], ["$muted", "$seen"]) == await place(jmap, filed)


@pytest.mark.parametrize("others", [0, 70])
async def test_a_conversation_that_is_followed_is_not_muted(jmap: Jmap, others: int) -> None:
    """RFC 9979 §7.2: where both keywords are in a thread it is followed. ``others``: keywords before, past those that have a bit of their own."""
    first = await arrive(jmap, "bob@other.test", "Message-ID: <1@x>\r\n")
    for number in range(others):
        await jmap.call("Email/set", update={first: {"keywords": {f"k{number}": True}}})
    second = await arrive(jmap, "bob@other.test", "Message-ID: <2@x>\r\nIn-Reply-To: <1@x>\r\n")
    await jmap.call("Email/set", update={first: {"keywords": {"$muted": True}}, second: {"keywords/$Followed": True}})
    assert ([await jmap.box()], []) == await place(jmap, await arrive(jmap, "eve@other.test", "Message-ID: <3@x>\r\nIn-Reply-To: <1@x>\r\n"))
    await jmap.call("Email/set", update={second: {"keywords/$followed": None}})
    last = await arrive(jmap, "eve@other.test", "Message-ID: <4@x>\r\nIn-Reply-To: <1@x>\r\n")
    assert ([await jmap.box("archive")], ["$muted", "$seen"]) == await place(jmap, last)
