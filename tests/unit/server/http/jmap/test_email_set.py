"""Email methods that make and change (RFC 8621 §4.6-4.8)."""

from typing import Any

from tests.harness.jmap_mail import Jmap

from mailstead.model.ids import MailboxId, from_wire
from mailstead.model.uids import UidSet

PLAIN = b"Received: from x by y; Tue, 24 Nov 2026 09:00:00 +0000\r\nFrom: a@x.org\r\nSubject: hello\r\nMessage-ID: <1@x>\r\n\r\nText.\r\n"


async def refused(jmap: Jmap, **values: Any) -> dict[str, Any]:
    """The SetError of a creation."""
    found = await jmap.call("Email/set", create={"x": {"mailboxIds": {await jmap.box(): True}, **values}})
    assert found["created"] is None, values
    return dict(found["notCreated"]["x"])


async def source(jmap: Jmap, ident: str) -> str:
    number = from_wire("e", ident)
    assert number is not None
    return (await jmap.store.mail.octets(jmap.account, number)).decode()  # type: ignore[arg-type]


async def test_a_draft_in_parts(jmap: Jmap) -> None:
    blob = jmap.put(b"%PDF\0\1\2")
    image = jmap.put(b"\xff\xd8")
    ident = await jmap.draft(
        keywords={"$draft": True, "$seen": True}, sentAt="2026-11-25T10:00:00+02:00", subject="Grüße an alle",
        **{"from": [{"name": "Jörg, X", "email": "j@x.org"}], "to": [{"email": "b@x.org"}, {"name": "C \"D\"", "email": "c@x.org"}],
           "inReplyTo": ["a@x"], "references": ["a@x", "b@x"], "header:X-Two:asText:all": ["one", "zwei ü"], "header:List-Help:asURLs": ["mailto:h@x"]},
        textBody=[{"partId": "t", "type": "text/plain"}], htmlBody=[{"partId": "h", "type": "text/html"}],
        bodyValues={"t": {"value": "Grüße\nBis bald"}, "h": {"value": "<img src=cid:i1>"}},
        attachments=[{"blobId": blob, "type": "application/pdf", "name": "Übersicht.pdf"},
                     {"blobId": image, "type": "image/jpeg", "cid": "i1", "disposition": "inline"}])
    email = await jmap.one(
        ident, "subject", "from", "to", "sentAt", "inReplyTo", "references", "header:X-Two:asText:all", "header:List-Help:asURLs", "keywords",
        "textBody", "htmlBody", "attachments", "bodyValues", "hasAttachment", "messageId", "bodyStructure", fetchAllBodyValues=True)
    assert ("Grüße an alle", [{"name": "Jörg, X", "email": "j@x.org"}], "2026-11-25T10:00:00+02:00") == (
        email["subject"], email["from"], email["sentAt"])
    assert [(None, "b@x.org"), ('C "D"', "c@x.org")] == [(one["name"], one["email"]) for one in email["to"]]
    assert (["a@x"], ["a@x", "b@x"], ["one", "zwei ü"], ["mailto:h@x"]) == (
        email["inReplyTo"], email["references"], email["header:X-Two:asText:all"], email["header:List-Help:asURLs"])
    assert {"Grüße\nBis bald", "<img src=cid:i1>"} == {one["value"] for one in email["bodyValues"].values()}
    assert ({"$draft": True, "$seen": True}, True, 1) == (email["keywords"], email["hasAttachment"], len(email["messageId"]))
    names = {one["type"]: (one["name"], one["cid"], one["size"]) for one in email["attachments"]}
    assert {"application/pdf": ("Übersicht.pdf", None, 7), "image/jpeg": (None, "i1", 2)} == names
    assert "multipart/mixed" == email["bodyStructure"]["type"]
    text = await source(jmap, ident)
    assert all(len(line) <= 78 for line in text.split("\r\n"))
    assert text.isascii()
    assert "\n" not in text.replace("\r\n", "")


async def test_a_body_structure_as_it_is_given(jmap: Jmap) -> None:
    ident = await jmap.draft(
        subject="x", bodyStructure={"type": "multipart/alternative", "subParts": [
            {"type": "text/plain", "partId": "1", "header:X-Part": " yes", "language": ["de"], "location": "http://x/"}, {"type": "text/html", "partId": "2"}]},
        bodyValues={"1": {"value": "one"}, "2": {"value": "<p>two"}})
    email = await jmap.one(ident, "bodyStructure", bodyProperties=["type", "partId", "header:X-Part", "language", "location"])
    first, second = email["bodyStructure"]["subParts"]
    assert ("text/plain", " yes", ["de"], "http://x/", "text/html") == (
        first["type"], first["header:X-Part"], first["language"], first["location"], second["type"])
    empty = await jmap.draft(subject="nothing in it")
    assert "" == (await jmap.one(empty, "bodyValues", fetchTextBodyValues=True))["bodyValues"]["1"]["value"]


async def test_what_is_wrong_with_an_email_is_named(jmap: Jmap) -> None:
    text = {"textBody": [{"partId": "1"}], "bodyValues": {"1": {"value": "x"}}}
    for values, names in (
        ({"mailboxIds": {}}, ["mailboxIds"]), ({"mailboxIds": {"m0": False}}, ["mailboxIds"]), ({"keywords": {"a b": True}}, ["keywords"]),
        ({"keywords": {"x": False}}, ["keywords"]), ({"receivedAt": "now"}, ["receivedAt"]), ({"size": 3}, ["size"]), ({"headers": []}, ["headers"]),
        ({"subject": "a\r\nBcc: x@y"}, ["subject"]), ({"header:X-A": " a\r\nBcc: x@y"}, ["header:X-A"]), ({"header:Content-Type": "x/y"}, ["header:Content-Type"]),
        ({"from": [{"name": "x"}]}, ["from"]), ({"from": [{"email": "a@b\r\n"}]}, ["from"]), ({"from": "a@b"}, ["from"]), ({"sentAt": "soon"}, ["sentAt"]),
        ({"subject": "x", "header:Subject:asText": "y"}, ["header:Subject:asText"]), ({"header:From:asText": "x"}, ["header:From:asText"]),
        ({"messageId": ["a b"]}, ["messageId"]), ({"colour": 1}, ["colour"]), ({"textBody": [{"partId": "1"}]}, ["textBody/0/partId"]),
        ({**text, "bodyStructure": {"partId": "1"}}, ["bodyStructure", "textBody"]), ({**text, "textBody": [{"partId": "1", "type": "text/html"}]}, ["textBody"]),
        ({**text, "textBody": [{"partId": "1"}, {"partId": "1"}]}, ["textBody"]), ({**text, "textBody": [{"partId": "1", "charset": "x"}]}, ["textBody/0/charset"]),
        ({**text, "textBody": [{"partId": "1", "blobId": "b"}]}, ["textBody/0/partId", "textBody/0/blobId"]),
        ({**text, "textBody": [{"partId": "1", "header:Content-Transfer-Encoding": "8bit"}]}, ["textBody/0/header:Content-Transfer-Encoding"]),
        ({**text, "bodyValues": {"1": {"value": "x", "isTruncated": True}}}, ["bodyValues"]),
        ({"bodyStructure": {"type": "multipart/mixed", "subParts": []}}, ["bodyStructure/subParts"]),
        ({"attachments": [{"blobId": "x", "type": "not a type"}]}, ["attachments/0/type"]),
    ):
        error = await refused(jmap, **values)
        assert ("invalidProperties", names) == (error["type"], error.get("properties")), values
    error = await refused(jmap, attachments=[{"blobId": "gone", "type": "image/png"}])
    assert ("blobNotFound", ["gone"]) == (error["type"], error["notFound"])
    deep: dict[str, Any] = {"partId": "1", "type": "text/plain"}
    for _ in range(60):
        deep = {"type": "multipart/mixed", "subParts": [deep]}
    assert "invalidProperties" == (await refused(jmap, bodyStructure=deep, bodyValues={"1": {"value": ""}}))["type"]


async def test_updates_by_patch_and_whole(jmap: Jmap) -> None:
    inbox, other = await jmap.box(), await jmap.make_box("Other")
    ident = await jmap.import_(PLAIN, keywords={"a": True})

    async def update(**patch: Any) -> Any:
        found = await jmap.call("Email/set", update={ident: patch})
        return found["notUpdated"][ident]["type"] if found["notUpdated"] else found["updated"]

    assert {ident: None} == await update(**{"keywords/$seen": True, "keywords/a": None, f"mailboxIds/{other}": True})
    email = await jmap.one(ident, "keywords", "mailboxIds")
    assert ({"$seen": True}, {inbox: True, other: True}) == (email["keywords"], email["mailboxIds"])
    assert {ident: None} == await update(keywords={"$Flagged": True}, mailboxIds={other: True})
    email = await jmap.one(ident, "keywords", "mailboxIds")
    assert ({"$flagged": True}, {other: True}) == (email["keywords"], email["mailboxIds"])
    for wrong, kind in (
        ({"subject": "new"}, "invalidProperties"), ({"keywords/x": False}, "invalidProperties"), ({"keywords/x": 1}, "invalidProperties"),
        ({"keywords": {"a": True}, "keywords/b": True}, "invalidPatch"), ({"mailboxIds": {}}, "invalidProperties"),
        ({f"mailboxIds/{other}": None}, "invalidProperties"), ({"mailboxIds/m0": True}, "invalidProperties"), ({"keywords/a b": True}, "invalidProperties"),
        ({"size": 3}, "invalidProperties"),
    ):
        assert kind == await update(**wrong), wrong
    found = await jmap.call("Email/set", update={"e0": {"keywords": {}}, "nothing": {}})
    assert {"notFound"} == {one["type"] for one in found["notUpdated"].values()}
    assert "invalidArguments" == await jmap.error("Email/set", update=[])
    assert "requestTooLarge" == await jmap.error("Email/set", destroy=[f"e{n}" for n in range(1_100)])


async def test_the_whole_email_may_be_sent_back(jmap: Jmap) -> None:
    """RFC 8620 §5.3: an update may be the whole object; what it would change that cannot change is named."""
    ident = await jmap.draft(subject="as it is", textBody=[{"partId": "t"}], bodyValues={"t": {"value": "x"}})
    whole = await jmap.one(ident)
    done = await jmap.call("Email/set", update={ident: {**whole, "keywords": {"$seen": True}}})
    assert {ident: None} == done["updated"]
    assert {"$seen": True} == (await jmap.one(ident, "keywords"))["keywords"]
    done = await jmap.call("Email/set", update={ident: {**whole, "subject": "another"}})
    assert ("invalidProperties", ["subject"]) == (done["notUpdated"][ident]["type"], done["notUpdated"][ident]["properties"])
    done = await jmap.call("Email/set", update={ident: {"id": ident, "colour": "red"}, "e1": {"id": "e1"}})
    assert "invalidProperties" == done["notUpdated"][ident]["type"]
    assert "notFound" == done["notUpdated"]["e1"]["type"]
    done = await jmap.call("Email/set", update={ident: {"keywords/a/b": True}})
    assert "invalidPatch" == done["notUpdated"][ident]["type"]


async def test_imap_sees_what_jmap_does_and_the_other_way_round(jmap: Jmap) -> None:
    ident = await jmap.import_(PLAIN)
    number = from_wire("m", await jmap.box())
    assert number is not None
    box = MailboxId(number)
    mail = jmap.store.mail
    await jmap.call("Email/set", update={ident: {"keywords/$answered": True}})
    (entry,) = await mail.entries(jmap.account, box, UidSet.all())
    assert 2 == entry.flags
    await mail.set_flags(jmap.account, jmap.op(), box, UidSet.all(), add=frozenset({"\\Deleted"}))
    assert [ident] == (await jmap.call("Email/get", ids=[ident]))["notFound"]
    assert "notFound" == (await jmap.call("Email/set", destroy=[ident]))["notDestroyed"][ident]["type"]
    await mail.set_flags(jmap.account, jmap.op(), box, UidSet.all(), remove=frozenset({"\\Deleted"}))
    assert [ident] == (await jmap.call("Email/set", destroy=[ident, ident]))["destroyed"]
    assert [] == await mail.entries(jmap.account, box, UidSet.all())


async def test_creation_ids_are_known_within_a_request(jmap: Jmap) -> None:
    await jmap.call("Mailbox/set", create={"box": {"name": "New"}})
    found = await jmap.call(
        "Email/set", create={"mail": {"mailboxIds": {"#box": True}, "subject": "x"}}, update={"#mail": {"keywords/$seen": True}})
    ident = found["created"]["mail"]["id"]
    assert {"id", "blobId", "threadId", "size"} == set(found["created"]["mail"])
    assert {ident: None} == found["updated"]
    assert {"$seen": True} == (await jmap.one(ident, "keywords"))["keywords"]
    assert [ident] == (await jmap.call("Email/set", destroy=["#mail"]))["destroyed"]


async def test_if_in_state(jmap: Jmap) -> None:
    state = (await jmap.call("Email/get", ids=[]))["state"]
    done = await jmap.call("Email/set", ifInState=state, create={"x": {"mailboxIds": {await jmap.box(): True}}})
    assert (state, True) == (done["oldState"], done["newState"] != state)
    for method in ("Email/set", "Email/import"):
        assert "stateMismatch" == await jmap.error(method, ifInState=state, emails={})


async def test_import(jmap: Jmap) -> None:
    inbox = await jmap.box()
    found = await jmap.call("Email/import", emails={
        "good": {"blobId": jmap.put(PLAIN.replace(b"\r\n", b"\n")), "mailboxIds": {inbox: True}}, "none": {"blobId": "gone", "mailboxIds": {inbox: True}},
        "nowhere": {"blobId": jmap.put(PLAIN), "mailboxIds": {}}, "strange": {"blobId": jmap.put(b"\x00\x01\x02"), "mailboxIds": {inbox: True}},
        "more": {"blobId": jmap.put(PLAIN), "mailboxIds": {inbox: True}, "subject": "x"}})
    assert {"good"} == set(found["created"])
    assert {"none": "invalidProperties", "nowhere": "invalidProperties", "strange": "invalidEmail", "more": "invalidProperties"} == {
        cid: one["type"] for cid, one in found["notCreated"].items()}
    ident = found["created"]["good"]["id"]
    assert "2026-11-24T09:00:00Z" == (await jmap.one(ident, "receivedAt"))["receivedAt"]
    assert PLAIN.decode() == await source(jmap, ident)
    again = await jmap.call("Email/import", emails={"x": {"blobId": found["created"]["good"]["blobId"], "mailboxIds": {inbox: True}}})
    assert again["created"]["x"]["id"] != ident


async def test_copy_between_accounts(two: tuple[Jmap, Jmap]) -> None:
    mine, other = two
    mine.others[other.account_id] = other.account
    ident = await other.import_(PLAIN, keywords={"$seen": True, "work": True}, receivedAt="2026-01-01T00:00:00Z")
    found = await mine.call("Email/copy", fromAccountId=other.account_id, create={
        "x": {"id": ident, "mailboxIds": {await mine.box(): True}}, "y": {"id": "e0", "mailboxIds": {await mine.box(): True}},
        "z": {"id": ident, "mailboxIds": {}}})
    copied = await mine.one(found["created"]["x"]["id"], "keywords", "receivedAt", "subject")
    assert ({"$seen": True, "work": True}, "2026-01-01T00:00:00Z", "hello") == (copied["keywords"], copied["receivedAt"], copied["subject"])
    assert {"y": "notFound", "z": "invalidProperties"} == {cid: one["type"] for cid, one in found["notCreated"].items()}
    assert "invalidArguments" == await mine.error("Email/copy", fromAccountId=mine.account_id, create={})
    assert "stateMismatch" == await mine.error("Email/copy", fromAccountId=other.account_id, ifFromInState="1-1", create={})


async def test_what_was_copied_leaves_the_other_account_where_that_is_asked_for(two: tuple[Jmap, Jmap]) -> None:
    mine, other = two
    mine.others[other.account_id] = other.account
    first, second = await other.draft(subject="a"), await other.draft(subject="b")
    box = await mine.box()
    old = (await other.call("Email/get", ids=[]))["state"]
    wish = {"fromAccountId": other.account_id, "onSuccessDestroyOriginal": True}
    done = await mine.call("Email/copy", create={"x": {"id": first, "mailboxIds": {box: True}}, "y": {"id": "e1", "mailboxIds": {box: True}}}, **wish)
    assert (["x"], ["y"]) == (list(done["created"]), list(done["notCreated"]))
    ((name, more),) = mine.implicit
    assert ("Email/set", other.account_id, [first], old) == (name, more["accountId"], more["destroyed"], more["oldState"])
    await mine.call("Email/copy", create={"x": {"id": second, "mailboxIds": {box: True}}}, destroyFromIfInState=old, **wish)
    assert [("error", {"type": "stateMismatch"})] == mine.implicit
    assert [second] == (await other.call("Email/query"))["ids"]
