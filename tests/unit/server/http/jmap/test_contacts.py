"""AddressBook and ContactCard (RFC 9610)."""

from typing import Any

import pytest
from tests.harness.jmap_mail import Jmap

ADA = {
    "name": {"components": [{"kind": "given", "value": "Ada"}, {"kind": "surname", "value": "Lovelace"}], "full": "Ada Lovelace"},
    "emails": {"e1": {"address": "ada@far.test", "contexts": {"work": True}}}, "phones": {"p": {"number": "+44 20 1234"}},
    "organizations": {"o": {"name": "Analytical Engines", "units": [{"name": "Poetry"}]}}, "notes": {"n": {"note": "met at the fair"}},
    "addresses": {"a": {"components": [{"kind": "locality", "value": "London"}], "countryCode": "GB"}}, "nicknames": {"k": {"name": "Countess"}},
}  # fmt: skip


async def book(jmap: Jmap) -> str:
    (one,) = (await jmap.call("AddressBook/get"))["list"]
    return str(one["id"])


async def make(jmap: Jmap, **card: Any) -> str:
    found = await jmap.call("ContactCard/set", create={"x": {"addressBookIds": {await book(jmap): True}, **card}})
    assert found["notCreated"] is None, found["notCreated"]
    return str(found["created"]["x"]["id"])


async def test_there_is_an_address_book_from_the_start(jmap: Jmap) -> None:
    found = await jmap.call("AddressBook/get")
    (one,) = found["list"]
    assert ("Contacts", True, True, {"mayRead": True, "mayWrite": True, "mayShare": False, "mayDelete": True}) == (
        one["name"], one["isDefault"], one["isSubscribed"], one["myRights"])
    made = await jmap.call("AddressBook/set", create={"w": {"name": "Work"}}, onSuccessSetIsDefault="#w")
    work = made["created"]["w"]["id"]
    assert (True, {one["id"]: {"isDefault": False}}) == (made["created"]["w"]["isDefault"], made["updated"])
    told = await jmap.call("AddressBook/changes", sinceState=found["state"])
    assert ([work], [one["id"]]) == (told["created"], told["updated"])
    assert [False, True] == [each["isDefault"] for each in (await jmap.call("AddressBook/get", ids=[one["id"], work]))["list"]]
    done = await jmap.call("AddressBook/set", destroy=[work], create={"x": {"name": ""}}, update={one["id"]: {"isDefault": True}})
    assert ([work], ["name"], ["isDefault"]) == (
        done["destroyed"], done["notCreated"]["x"]["properties"], done["notUpdated"][one["id"]]["properties"])
    assert {one["id"]: {"isDefault": True}} == done["updated"]
    assert (await jmap.call("AddressBook/get"))["list"][0]["isDefault"]


async def test_a_card_is_made_shown_changed_and_told(jmap: Jmap) -> None:
    start = (await jmap.call("ContactCard/get"))["state"]
    ident = await make(jmap, **ADA)
    (one,) = (await jmap.call("ContactCard/get"))["list"]
    assert ADA.items() <= one.items()
    assert ("Card", "1.0", "2026-11-25T12:00:00Z") == (one["@type"], one["version"], one["updated"])
    assert one["uid"].startswith("urn:uuid:")
    assert [ident] == (await jmap.call("ContactCard/changes", sinceState=start))["created"]
    done = await jmap.call("ContactCard/set", update={ident: {"emails/e1/address": "ada@new.test", "notes": None, "x.test:own": {"a": 1}}})
    assert done["notUpdated"] is None
    (one,) = (await jmap.call("ContactCard/get", ids=[ident], properties=["emails", "notes", "x.test:own"]))["list"]
    assert {"id": ident, "emails": {"e1": {"address": "ada@new.test", "contexts": {"work": True}}}, "x.test:own": {"a": 1}} == one
    again = await jmap.call("ContactCard/set", create={"x": {"addressBookIds": {await book(jmap): True}, "uid": "u1"}, "y": {"addressBookIds": {}, "uid": "u2"}})
    assert ["addressBookIds"] == again["notCreated"]["y"]["properties"]
    twice = await jmap.call("ContactCard/set", create={"x": {"addressBookIds": {await book(jmap): True}, "uid": "u1"}})
    assert ("alreadyExists", again["created"]["x"]["id"]) == (twice["notCreated"]["x"]["type"], twice["notCreated"]["x"]["existingId"])
    assert [ident] == (await jmap.call("ContactCard/set", destroy=[ident]))["destroyed"]


@pytest.mark.parametrize(("where", "hit", "miss"), [
    ("text", "ada poetry", "ada babbage"), ("name", "lovelace", "byron"), ("name/given", "Ada", "Lovelace"), ("name/surname", "lovel", "ada"),
    ("nickname", "countess", "ada"), ("organization", "poetry", "ada"), ("email", "far.test", "near.test"), ("phone", '"20 1234"', "5678"),
    ("address", "london gb", "paris"), ("note", "fair", "foul"), ("uid", "u-ada", "u"), ("kind", "individual", "group"), ("onlineService", "", "x"),
])  # fmt: skip
async def test_cards_are_found(jmap: Jmap, where: str, hit: str, miss: str) -> None:
    ident = await make(jmap, **ADA, uid="u-ada")
    if hit:
        assert [ident] == (await jmap.call("ContactCard/query", filter={where: hit}))["ids"]
    assert [] == (await jmap.call("ContactCard/query", filter={where: miss}))["ids"]


async def test_quotes_keep_words_together(jmap: Jmap) -> None:
    """RFC 9610 §3.3.1: either kind of quotes; a backslash before one means the character."""
    ident = await make(jmap, notes={"n": {"note": "the \"great\" O'Brien sails at dawn"}})
    for wanted, is_found in (
        ('"sails at"', True), ("'sails at'", True), ("'at sails'", False), ("dawn sails", True), ("O'Brien", True), ("'O\\'Brien sails'", True),
        ('"\\"great\\" o"', True), ("'sails", False), ("\"great\" dawn", True), ("'the great'", False),
    ):  # fmt: skip
        assert ([ident] if is_found else []) == (await jmap.call("ContactCard/query", filter={"note": wanted}))["ids"], wanted


async def test_by_book_date_and_member_and_in_order(jmap: Jmap) -> None:
    other = (await jmap.call("AddressBook/set", create={"w": {"name": "Work"}}))["created"]["w"]["id"]
    (first,) = [one["id"] for one in (await jmap.call("AddressBook/get"))["list"] if one["id"] != other]

    async def card(given: str, *books: str, **more: Any) -> str:
        found = await jmap.call("ContactCard/set", create={"x": {
            "addressBookIds": dict.fromkeys(books, True), "name": {"components": [{"kind": "given", "value": given}]}, **more}})
        return str(found["created"]["x"]["id"])

    b, a = await card("bob", first, created="2026-01-01T00:00:00Z"), await card("Amy", first, other, uid="u-amy")
    group = await card("Group", other, kind="group", members={"u-amy": True})
    assert {a, group} == set((await jmap.call("ContactCard/query", filter={"inAddressBook": other}))["ids"])
    assert [group] == (await jmap.call("ContactCard/query", filter={"hasMember": "u-amy"}))["ids"]
    assert [b] == (await jmap.call("ContactCard/query", filter={"createdBefore": "2026-06-01T00:00:00Z"}))["ids"]
    found = await jmap.call("ContactCard/query", sort=[{"property": "name/given"}], calculateTotal=True)
    assert ([a, b, group], 3) == (found["ids"], found["total"])
    assert "addressBookHasContents" == (await jmap.call("AddressBook/set", destroy=[other]))["notDestroyed"][other]["type"]
    assert [other] == (await jmap.call("AddressBook/set", destroy=[other], onDestroyRemoveContents=True))["destroyed"]
    told = await jmap.call("ContactCard/queryChanges", sort=[{"property": "name/given"}], sinceQueryState=found["queryState"])
    assert ({a, group}, [{"id": a, "index": 0}]) == (set(told["removed"]), told["added"])
    assert [{first: True}] == [one["addressBookIds"] for one in (await jmap.call("ContactCard/get", ids=[a]))["list"]]


async def test_pictures_are_kept_in_the_card(jmap: Jmap) -> None:
    given = {"m": {"kind": "photo", "blobId": jmap.put(b"GIF89a"), "mediaType": "image/png"}}
    done = await jmap.call("ContactCard/set", create={"x": {"addressBookIds": {await book(jmap): True}, "media": given}})
    kept = done["created"]["x"]["media"]
    assert {"kind", "mediaType", "blobId"} == set(kept["m"]), "what became of the blob is told (RFC 8620 §6)"
    assert ("photo", "image/gif") == (kept["m"]["kind"], kept["m"]["mediaType"])
    ident = done["created"]["x"]["id"]
    assert kept == (await jmap.call("ContactCard/get", ids=[ident]))["list"][0]["media"]
    (blob,) = (await jmap.call("Blob/get", ids=[kept["m"]["blobId"]], properties=["data:asText"]))["list"]
    assert "GIF89a" == blob["data:asText"]
    (found,) = (await jmap.call("Blob/lookup", typeNames=["ContactCard", "Email"], ids=[kept["m"]["blobId"]]))["list"]
    assert {"ContactCard": [ident], "Email": []} == found["matchedIds"]
    (whole,) = (await jmap.call("ContactCard/get", ids=[ident]))["list"]
    assert None is (await jmap.call("ContactCard/set", update={ident: whole}))["notUpdated"], "a whole object is a patch as well"
    assert kept == (await jmap.call("ContactCard/get", ids=[ident]))["list"][0]["media"]
    assert ["updated"] == list((await jmap.call("ContactCard/set", update={ident: {"kind": "org"}}))["updated"][ident])
    sound = {"s": {"kind": "sound", "blobId": jmap.put(b"RIFF"), "mediaType": "audio/wav"}, "u": {"kind": "photo", "uri": "data:image/svg+xml,%3Csvg%2F%3E"}, "w": {"kind": "logo", "uri": "https://a.test/x"}}
    done = await jmap.call("ContactCard/set", update={ident: {"media": sound}})
    media = done["updated"][ident]["media"]
    assert ("audio/wav", "image/svg+xml", sound["w"]) == (media["s"]["mediaType"], media["u"]["mediaType"], media["w"])
    found = await jmap.call("Blob/get", ids=[media["s"]["blobId"], media["u"]["blobId"], kept["m"]["blobId"]], properties=["data:asText"])
    assert (["RIFF", "<svg/>"], [kept["m"]["blobId"]]) == ([one["data:asText"] for one in found["list"]], found["notFound"])
    assert None is (await jmap.call("ContactCard/set", update={ident: {"media/s/blobId": jmap.put(b"OggS")}}))["notUpdated"]
    (one,) = (await jmap.call("ContactCard/get", ids=[ident], properties=["media"]))["list"]
    assert ["OggS"] == [one["data:asText"] for one in (await jmap.call("Blob/get", ids=[one["media"]["s"]["blobId"]], properties=["data:asText"]))["list"]]
    for kind, media in (
        ("blobNotFound", {"blobId": "nope"}), ("tooLarge", {"blobId": jmap.put(bytes(50_000))}), ("invalidProperties", {}),
        ("invalidProperties", {"kind": "photo", "blobId": jmap.put(b"<script>"), "mediaType": "image/png"}), ("invalidProperties", {"kind": "logo", "uri": "data:text/html,x"}),
    ):
        done = await jmap.call("ContactCard/set", create={"x": {"addressBookIds": {await book(jmap): True}, "media": {"m": media}}})
        assert kind == done["notCreated"]["x"]["type"]


async def test_what_is_no_card_is_refused(jmap: Jmap) -> None:
    deep: Any = {}
    for _ in range(20):
        deep = {"x": deep}
    for bad, name in (
        ({"emails": []}, "emails"), ({"emails": {"e": {}}}, "emails"), ({"emails": {"a b": {"address": "x"}}}, "emails"), ({"kind": "cat"}, "kind"),
        ({"members": {"u": True}}, "members"), ({"keywords": {"a": 1}}, "keywords"), ({"@type": "Other"}, "@type"), ({"version": "2.0"}, "version"),
        ({"created": "now"}, "created"), ({"name": "Ada"}, "name"), ({"x": deep}, "x"), ({"addressBookIds": {"o1": True}}, "addressBookIds"), ({"id": "x"}, "id"),
    ):
        done = await jmap.call("ContactCard/set", create={"x": {"addressBookIds": {await book(jmap): True}, **bad}})
        assert [name] == done["notCreated"]["x"]["properties"], bad
    ident = await make(jmap)
    done = await jmap.call("ContactCard/set", update={ident: {"uid": "other"}})
    assert "invalidProperties" == done["notUpdated"][ident]["type"]


async def test_cards_are_copied_between_accounts(two: tuple[Jmap, Jmap]) -> None:
    mine, other = two
    mine.others[other.account_id] = other.account
    ident = await make(other, **ADA)
    wish = {"x": {"id": ident, "addressBookIds": {await book(mine): True}}, "y": {"id": "o1", "addressBookIds": {}}}
    done = await mine.call("ContactCard/copy", fromAccountId=other.account_id, create=wish)
    assert "notFound" == done["notCreated"]["y"]["type"]
    (one,) = (await mine.call("ContactCard/get", ids=[done["created"]["x"]["id"]]))["list"]
    assert ADA.items() <= one.items()
    assert "invalidArguments" == await mine.error("ContactCard/copy", fromAccountId=mine.account_id, create={})
    assert "fromAccountNotFound" == await mine.error("ContactCard/copy", fromAccountId="a1", create={})
