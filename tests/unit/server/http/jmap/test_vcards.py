"""ContactCard/parse and ContactCard/export."""

import pytest
from tests.harness.jmap_mail import Jmap
from tests.unit.server.http.jmap.test_contacts import ADA, book, make

from mailstead.model import limits

CARDS = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:One\r\nEMAIL;TYPE=HOME:one@far.test\r\nEND:VCARD\r\nBEGIN:VCARD\r\nVERSION:4.0\r\nFN:Two\r\nUID:u2\r\nEND:VCARD\r\n"


async def test_a_file_is_read_and_its_cards_made(jmap: Jmap) -> None:
    there, broken = jmap.put(CARDS), jmap.put(b"no card")
    found = await jmap.call("ContactCard/parse", blobIds=[there, broken, "u99"])
    assert ([broken], ["u99"]) == (found["notParsable"], found["notFound"])
    cards = found["parsed"][there]
    assert ["One", "Two"] == [one["name"]["full"] for one in cards]
    assert [] == (await jmap.call("ContactCard/get"))["list"]
    books = {"addressBookIds": {await book(jmap): True}}
    made = await jmap.call("ContactCard/set", create={str(number): card | books for number, card in enumerate(cards)})
    assert made["notCreated"] is None
    again = await jmap.call("ContactCard/set", create={"1": cards[1] | books})
    assert ("alreadyExists", made["created"]["1"]["id"]) == (again["notCreated"]["1"]["type"], again["notCreated"]["1"]["existingId"])


async def test_cards_go_out_and_come_back_as_they_were(jmap: Jmap) -> None:
    ident, other = await make(jmap, **ADA, **{"x.test:own": [1]}), await make(jmap, uid="u2")
    found = await jmap.call("ContactCard/export", ids=[ident, "o1", "x"])
    assert (["o1", "x"], "text/vcard") == (found["notFound"], found["type"])
    octets = await jmap.shared.upload(jmap.account, found["blobId"])
    assert octets is not None
    assert found["size"] == len(octets)
    (card,) = (await jmap.call("ContactCard/parse", blobIds=[found["blobId"]]))["parsed"][found["blobId"]]
    (before,) = (await jmap.call("ContactCard/get", ids=[ident]))["list"]
    assert {name: value for name, value in before.items() if name not in {"id", "addressBookIds"}} == card
    whole = await jmap.call("ContactCard/export")
    octets = await jmap.shared.upload(jmap.account, whole["blobId"])
    assert octets is not None
    assert (2, []) == (octets.count(b"END:VCARD"), whole["notFound"])
    await jmap.call("ContactCard/set", destroy=[ident, other])
    assert (None, 0) == ((empty := await jmap.call("ContactCard/export"))["blobId"], empty["size"])


async def test_bounds(jmap: Jmap, monkeypatch: pytest.MonkeyPatch) -> None:
    await make(jmap, **ADA)
    there = jmap.put(CARDS)
    assert "invalidArguments" == await jmap.error("ContactCard/parse")
    assert "requestTooLarge" == await jmap.error("ContactCard/parse", blobIds=[f"u{number}" for number in range(17)])
    monkeypatch.setattr(limits, "VCARD_OCTETS", 10)
    assert "requestTooLarge" == await jmap.error("ContactCard/parse", blobIds=[there])
    assert "requestTooLarge" == await jmap.error("ContactCard/export")
