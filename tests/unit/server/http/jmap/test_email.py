"""Email methods that read (RFC 8621 §4)."""

from typing import Any

import pytest
from tests.harness.jmap_mail import Jmap

from mailstead.model import limits

PLAIN = (
    b"From: =?utf-8?Q?J=C3=B6rg?= <j@x.org>\r\nTo: Team: \"B, C\" <b@x.org>, c@x.org;, d@x.org\r\nCc: \r\nSubject: =?utf-8?B?R3LDvMOfZQ==?=\r\n"
    b"Message-ID: <one@x>\r\nReferences: <a@x>\r\n <b@x>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0130\r\nList-Post: <mailto:l@x.org> (all)\r\n"
    b"X-Two: first\r\nX-Two:  second\r\n thing\r\n\r\nText of it.\r\nMore.\r\n")
MIXED = (
    b"From: a@x.org\r\nSubject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b1\r\n\r\n"
    b"--b1\r\nContent-Type: multipart/alternative; boundary=b2\r\n\r\n--b2\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n--b2\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b"<p>Hallo <b>du</b></p>\r\n--b2--\r\n--b1\r\nContent-Type: application/pdf; name=x.pdf\r\n"
    b"Content-Disposition: attachment; filename=\"report.pdf\"\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <c1@x>\r\n\r\nAAECAwQ=\r\n"
    b"--b1\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninside\r\n--b1--\r\n")


async def test_the_properties_of_a_list(jmap: Jmap) -> None:
    inbox = await jmap.box()
    ident = await jmap.import_(PLAIN, keywords={"$seen": True, "$Forwarded": True, "Work": True}, receivedAt="2026-11-24T08:30:01Z")
    email = await jmap.one(
        ident, "id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt", "from", "to", "cc", "subject", "sentAt",
        "hasAttachment", "preview", "messageId", "inReplyTo")
    assert {inbox: True} == email["mailboxIds"]
    assert {"$seen": True, "$forwarded": True, "work": True} == email["keywords"]
    assert (len(PLAIN), "2026-11-24T08:30:01Z", "2026-11-24T10:00:00+01:30") == (email["size"], email["receivedAt"], email["sentAt"])
    assert [{"name": "Jörg", "email": "j@x.org"}] == email["from"]
    assert [("B, C", "b@x.org"), (None, "c@x.org"), (None, "d@x.org")] == [(one["name"], one["email"]) for one in email["to"]]
    assert ("Grüße", ["one@x"], None, False, "Text of it. More.") == (
        email["subject"], email["messageId"], email["inReplyTo"], email["hasAttachment"], email["preview"])
    assert [email["blobId"][0], email["threadId"][0], ident[0]] == ["b", "h", "e"]


async def test_an_address_field_without_addresses_is_an_empty_list(jmap: Jmap) -> None:
    octets = b"To: undisclosed-recipients:;\r\nCc: ,\r\nBcc:\r\nSubject: () \r\n\r\n"
    email = await jmap.one(await jmap.import_(octets), "from", "to", "cc", "bcc")
    assert (None, [], [], []) == (email["from"], email["to"], email["cc"], email["bcc"])
    parsed = await jmap.call("Email/parse", blobIds=[jmap.put(octets)], properties=["from", "to", "cc", "bcc"])
    (found,) = parsed["parsed"].values()
    assert {name: email[name] for name in found} == found


async def test_header_forms(jmap: Jmap) -> None:
    ident = await jmap.import_(PLAIN)

    async def get(name: str) -> Any:
        return (await jmap.one(ident, name))[name]

    assert " =?utf-8?B?R3LDvMOfZQ==?=" == await get("header:Subject")
    assert "Grüße" == await get("header:SUBJECT:asText")
    assert [" first", "  second\r\n thing"] == await get("header:X-Two:asRaw:all")
    assert "second thing" == await get("header:x-two:asText")
    assert ["a@x", "b@x"] == await get("header:References:asMessageIds") == await get("references")
    assert "2026-11-24T10:00:00+01:30" == await get("header:Date:asDate")
    assert ["mailto:l@x.org"] == await get("header:List-Post:asURLs")
    groups = await get("header:To:asGroupedAddresses")
    assert [("Team", 2), (None, 1)] == [(group["name"], len(group["addresses"])) for group in groups]
    assert 3 == len(await get("header:To:asAddresses"))
    assert (None, []) == (await get("header:X-None:asDate"), await get("header:X-None:all"))
    assert (None, None) == (await get("replyTo"), await get("sender"))
    listed = await get("headers")
    assert {"name": "X-Two", "value": " first"} in listed
    for wrong in ("header:From:asText", "header:Subject:asDate", "header:X:asNothing", "header:", "header:X:all:asText", "colour", "header:Date:asURLs"):
        assert "invalidArguments" == await jmap.error("Email/get", ids=[ident], properties=[wrong]), wrong


async def test_body_parts(jmap: Jmap) -> None:
    ident = await jmap.import_(MIXED)
    email = await jmap.one(ident, "bodyStructure", "textBody", "htmlBody", "attachments", "hasAttachment")
    root = email["bodyStructure"]
    assert ("multipart/mixed", None, None) == (root["type"], root["partId"], root["blobId"])
    assert ["multipart/alternative", "application/pdf", "message/rfc822"] == [one["type"] for one in root["subParts"]]
    assert ["1.1"] == [one["partId"] for one in email["textBody"]]
    assert ["1.2"] == [one["partId"] for one in email["htmlBody"]]
    pdf, inner = email["attachments"]
    assert ("report.pdf", "attachment", 5, "c1@x", None) == (pdf["name"], pdf["disposition"], pdf["size"], pdf["cid"], pdf["charset"])
    assert ("utf-8", 7) == (email["textBody"][0]["charset"], email["textBody"][0]["size"])
    assert ("message/rfc822", True) == (inner["type"], email["hasAttachment"])
    assert {"partId", "blobId", "size", "name", "type", "charset", "disposition", "cid", "language", "location"} == set(pdf)
    part = await jmap.one(ident, "attachments", bodyProperties=["partId", "header:Content-Type:asText", "headers"])
    assert {"partId", "header:Content-Type:asText", "headers"} == set(part["attachments"][0])
    assert "invalidArguments" == await jmap.error("Email/get", ids=[ident], bodyProperties=["colour"])
    parsed = await jmap.call("Email/parse", blobIds=[inner["blobId"], pdf["blobId"], "none"], properties=["subject", "id", "bodyStructure"])
    assert ("inner", None) == (parsed["parsed"][inner["blobId"]]["subject"], parsed["parsed"][inner["blobId"]]["id"])
    assert ([pdf["blobId"]], ["none"]) == (parsed["notParsable"], parsed["notFound"])
    assert parsed["parsed"][inner["blobId"]]["bodyStructure"]["blobId"]


async def test_body_values(jmap: Jmap) -> None:
    ident = await jmap.import_(MIXED)

    async def values(**arguments: Any) -> dict[str, Any]:
        return dict((await jmap.one(ident, "bodyValues", **arguments))["bodyValues"])

    assert {} == await values()
    assert {"1.1": {"value": "Grüße", "isEncodingProblem": False, "isTruncated": False}} == await values(fetchTextBodyValues=True)
    assert {"1.2"} == set(await values(fetchHTMLBodyValues=True))
    assert {"1.1", "1.2"} == set(await values(fetchAllBodyValues=True))
    short = await values(fetchAllBodyValues=True, maxBodyValueBytes=4)
    assert ("Gr\u00fc", True) == (short["1.1"]["value"], short["1.1"]["isTruncated"])
    assert "<p>H" == short["1.2"]["value"]
    assert "<p>Hallo " == (await values(fetchAllBodyValues=True, maxBodyValueBytes=10))["1.2"]["value"]
    assert "invalidArguments" == await jmap.error("Email/get", ids=[ident], maxBodyValueBytes=-1)
    odd = await jmap.import_(b"Subject: x\r\nContent-Type: text/plain; charset=nonsense\r\n\r\ncaf\xe9\r\n")
    assert {"value": "café\n", "isEncodingProblem": True, "isTruncated": False} == (await jmap.one(odd, "bodyValues", fetchTextBodyValues=True))["bodyValues"]["1"]


async def test_large_messages_are_read_in_pieces(jmap: Jmap) -> None:
    import base64

    blob = bytes(range(256)) * 2_000
    octets = (
        b"Subject: large\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nwords\r\n--b\r\n"
        b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(blob).replace(b"\n", b"\r\n") + b"\r\n--b--\r\n")
    ident = await jmap.import_(octets)
    email = await jmap.one(ident, "attachments", "textBody", "bodyValues", fetchAllBodyValues=True)
    image = next(one for one in email["attachments"] + email["textBody"] if one["type"] == "image/png")
    assert (len(blob), "words") == (image["size"], email["bodyValues"]["1"]["value"])


async def test_the_default_properties(jmap: Jmap) -> None:
    ident = await jmap.import_(PLAIN)
    email = await jmap.one(ident)
    assert "bodyStructure" not in email
    assert {"id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt", "messageId", "inReplyTo", "references", "sender",
            "from", "to", "cc", "bcc", "replyTo", "subject", "sentAt", "hasAttachment", "preview", "bodyValues", "textBody", "htmlBody",
            "attachments"} == set(email)
    everything = await jmap.call("Email/get", properties=["id"])
    assert [{"id": ident}] == everything["list"]
    nothing = await jmap.call("Email/get", ids=[])
    assert ([], []) == (nothing["list"], nothing["notFound"])


async def test_changes(jmap: Jmap) -> None:
    state = (await jmap.call("Email/get", ids=[]))["state"]
    first, second = await jmap.import_(PLAIN), await jmap.import_(MIXED)
    told = await jmap.call("Email/changes", sinceState=state)
    assert ([first, second], [], [], False) == (told["created"], told["updated"], told["destroyed"], told["hasMoreChanges"])
    page = await jmap.call("Email/changes", sinceState=state, maxChanges=1)
    assert ([first], True) == (page["created"], page["hasMoreChanges"])
    rest = await jmap.call("Email/changes", sinceState=page["newState"], maxChanges=1)
    assert ([second], False, told["newState"]) == (rest["created"], rest["hasMoreChanges"], rest["newState"])
    await jmap.call("Email/set", update={first: {"keywords/$flagged": True}}, destroy=[second])
    told = await jmap.call("Email/changes", sinceState=rest["newState"])
    assert ([first], [second]) == (told["updated"], told["destroyed"])
    threads = await jmap.call("Thread/changes", sinceState=state)
    assert 1 == len(threads["created"])
    for wrong in ("", "x", "1", "9-9", "1-99999999"):
        assert "cannotCalculateChanges" == await jmap.error("Email/changes", sinceState=wrong), wrong


async def test_threads(jmap: Jmap) -> None:
    first = await jmap.import_(PLAIN, receivedAt="2026-01-02T00:00:00Z")
    reply = await jmap.import_(
        b"Subject: Re: =?utf-8?B?R3LDvMOfZQ==?=\r\nMessage-ID: <two@x>\r\nIn-Reply-To: <one@x>\r\n\r\nyes\r\n", receivedAt="2026-01-01T00:00:00Z")
    thread = (await jmap.one(first, "threadId"))["threadId"]
    assert thread == (await jmap.one(reply, "threadId"))["threadId"]
    found = await jmap.call("Thread/get", ids=[thread, "h0"])
    assert ([{"id": thread, "emailIds": [reply, first]}], ["h0"]) == (found["list"], found["notFound"])
    assert [{"id": thread}] == (await jmap.call("Thread/get", properties=["id"]))["list"]


async def test_query(jmap: Jmap) -> None:
    inbox, other = await jmap.box(), await jmap.make_box("Other")
    idents = [
        await jmap.import_(
            f"From: {name}@x.org\r\nTo: z{name}@y.org\r\nSubject: {subject}\r\nMessage-ID: <{name}@x>\r\n\r\n{'word ' * (n * 40)}\r\n".encode(),
            inbox if n < 2 else other, receivedAt=f"2026-01-0{n + 1}T00:00:00Z", keywords={"$flagged": True} if n == 1 else {})
        for n, (name, subject) in enumerate([("carol", "Beta"), ("alice", "Gamma"), ("bob", "Re: Alpha")])]

    async def ids(**arguments: Any) -> list[int]:
        found = await jmap.call("Email/query", **arguments)
        assert found["canCalculateChanges"]
        return [idents.index(one) for one in found["ids"]]

    assert [2, 1, 0] == await ids() == await ids(filter=None, sort=None) == await ids(filter={})
    assert [0, 1, 2] == await ids(sort=[{"property": "receivedAt"}]) == await ids(sort=[{"property": "size", "collation": "i;ascii-casemap"}])
    assert [1, 2, 0] == await ids(sort=[{"property": "from"}]) == await ids(sort=[{"property": "to"}])
    assert [2, 0, 1] == await ids(sort=[{"property": "subject"}])
    assert [1, 2, 0] == await ids(sort=[{"property": "hasKeyword", "keyword": "$flagged", "isAscending": False}])
    assert [1, 0] == await ids(filter={"inMailbox": inbox})
    assert [2] == await ids(filter={"inMailboxOtherThan": [inbox]}) == await ids(filter={"after": "2026-01-03T00:00:00Z"})
    assert [0] == await ids(filter={"before": "2026-01-02T00:00:00Z"}) == await ids(filter={"maxSize": 120}) == await ids(filter={"from": "carol@x.org"})
    assert [1] == await ids(filter={"hasKeyword": "$FLAGGED"}) == await ids(filter={"to": "zalice"})
    assert [2, 0] == await ids(filter={"notKeyword": "$flagged"}) == await ids(filter={"operator": "NOT", "conditions": [{"hasKeyword": "$flagged"}]})
    assert [2, 1] == await ids(filter={"body": "word"}) == await ids(filter={"operator": "OR", "conditions": [{"subject": "gamma"}, {"header": ["subject", "alpha"]}]})
    assert [2, 1, 0] == await ids(filter={"hasAttachment": False})
    assert [] == await ids(filter={"attachmentName": "pdf"})
    found = await jmap.call("Email/query", position=-2, limit=1, calculateTotal=True)
    assert ([idents[1]], 1, 3) == (found["ids"], found["position"], found["total"])
    found = await jmap.call("Email/query", anchor=idents[1], anchorOffset=-1, limit=2)
    assert ([idents[2], idents[1]], 0) == (found["ids"], found["position"])
    assert [] == await ids(limit=0) == await ids(position=100) == await ids(filter={"inMailbox": "m0"})
    for kind, arguments in (
        ("anchorNotFound", {"anchor": "nothing"}), ("anchorNotFound", {"anchor": "e0"}), ("unsupportedFilter", {"filter": {"colour": 1}}),
        ("unsupportedSort", {"sort": [{"property": "colour"}]}), ("invalidArguments", {"limit": -1}), ("invalidArguments", {"filter": {"minSize": "x"}}),
        ("invalidArguments", {"filter": {"operator": "XOR", "conditions": []}}), ("invalidArguments", {"filter": []}),
        ("invalidArguments", {"filter": {"before": "yesterday"}}), ("invalidArguments", {"sort": [{"property": "hasKeyword"}]}),
        ("unsupportedSort", {"sort": [{"property": "from", "collation": "i;klingon"}]}), ("invalidArguments", {"position": "x"}),
    ):
        assert kind == await jmap.error("Email/query", **arguments), arguments
    deep: dict[str, Any] = {"hasKeyword": "$seen"}
    for _ in range(50):
        deep = {"operator": "NOT", "conditions": [deep]}
    assert "unsupportedFilter" == await jmap.error("Email/query", filter=deep)
    assert "unsupportedFilter" == await jmap.error("Email/query", filter={"operator": "OR", "conditions": [{"hasKeyword": "a"}] * 501})


async def test_query_changes(jmap: Jmap) -> None:
    asked = {"filter": {"inMailbox": await jmap.box()}, "sort": [{"property": "receivedAt", "isAscending": False}], "collapseThreads": True}
    first = await jmap.import_(PLAIN, receivedAt="2026-01-01T00:00:00Z")
    before = await jmap.call("Email/query", **asked)
    none = await jmap.call("Email/queryChanges", sinceQueryState=before["queryState"], **asked)
    assert ([], [], before["queryState"]) == (none["removed"], none["added"], none["newQueryState"])
    reply = await jmap.import_(
        b"Subject: Re: =?utf-8?B?R3LDvMOfZQ==?=\r\nMessage-ID: <two@x>\r\nIn-Reply-To: <one@x>\r\n\r\nyes\r\n", receivedAt="2026-01-05T00:00:00Z")
    told = await jmap.call("Email/queryChanges", sinceQueryState=before["queryState"], calculateTotal=True, **asked)
    assert ([first], [{"id": reply, "index": 0}], 1) == (told["removed"], told["added"], told["total"])
    assert "tooManyChanges" == await jmap.error("Email/queryChanges", sinceQueryState=before["queryState"], maxChanges=1, **asked)
    assert "cannotCalculateChanges" == await jmap.error("Email/queryChanges", sinceQueryState="old", **asked)
    assert "invalidArguments" == await jmap.error("Email/queryChanges", **asked)


@pytest.mark.parametrize("typed", ["creme brulee", "CRÈME", "cre\u0301me", '"crème brulee"', "kuche"])
async def test_accents_make_no_difference(jmap: Jmap, typed: str) -> None:
    written = await jmap.import_("Subject: Crème brûlée\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nAus der Küche.\r\n".encode())
    await jmap.import_(b"Subject: Cream\r\n\r\nNo kitchen.\r\n")
    for _ in range(2):  # before and after the index knows it
        assert [written] == (await jmap.call("Email/query", filter={"text": typed}))["ids"]


async def test_snippets(jmap: Jmap) -> None:
    ident = await jmap.import_(b"Subject: A <b> & deep fox\r\n\r\n" + b"x" * 300 + b" the <deep> Foxes & more\r\n")
    found = await jmap.call("SearchSnippet/get", filter={"text": "fox deep"}, emailIds=[ident, "e0"])
    (snippet,) = found["list"]
    assert "A &lt;b&gt; &amp; <mark>deep</mark> <mark>fox</mark>" == snippet["subject"]
    assert "&lt;<mark>deep</mark>&gt; <mark>Foxes</mark> &amp; more" in snippet["preview"]
    assert ([ident], ["e0"]) == ([snippet["emailId"]], found["notFound"])
    found = await jmap.call("SearchSnippet/get", filter={"operator": "AND", "conditions": [{"subject": "fox"}]}, emailIds=[ident])
    assert found["list"][0]["preview"] is None
    assert "<mark>fox</mark>" in found["list"][0]["subject"]
    found = await jmap.call("SearchSnippet/get", filter={"hasKeyword": "$seen"}, emailIds=[ident])
    assert found["notFound"] is None
    assert (None, None) == (found["list"][0]["subject"], found["list"][0]["preview"])
    assert "unsupportedFilter" == await jmap.error("SearchSnippet/get", filter={"colour": 1}, emailIds=[ident])


async def test_what_is_opened_at_once_is_bounded(jmap: Jmap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "JMAP_GET_OCTETS", len(MIXED) + 10)
    first, second = await jmap.import_(MIXED), await jmap.import_(MIXED)
    assert await jmap.one(first, "bodyValues", fetchAllBodyValues=True)
    assert "requestTooLarge" == await jmap.error("Email/get", ids=[first, second], fetchAllBodyValues=True)
    assert 2 == len((await jmap.call("Email/get", ids=[first, second], properties=["subject"]))["list"])


async def test_up_to_an_email_changes_are_told_no_further(jmap: Jmap) -> None:
    asked: dict[str, Any] = {"sort": [{"property": "subject"}]}
    b, d = await jmap.draft(subject="b"), await jmap.draft(subject="d")
    before = (await jmap.call("Email/query", **asked))["queryState"]
    a, c = await jmap.draft(subject="a"), await jmap.draft(subject="c")
    told = await jmap.call("Email/queryChanges", sinceQueryState=before, upToId=b, maxChanges=1, **asked)
    assert [{"id": a, "index": 0}] == told["added"]
    for last in (d, "e1", "x"):
        told = await jmap.call("Email/queryChanges", sinceQueryState=before, upToId=last, **asked)
        assert [{"id": a, "index": 0}, {"id": c, "index": 2}] == told["added"], last
    await jmap.call("Email/set", update={b: {"keywords/x": True}})
    told = await jmap.call("Email/queryChanges", sinceQueryState=before, upToId=b, **asked)
    assert [a, b, c] == [one["id"] for one in told["added"]]
    assert "tooManyChanges" == await jmap.error("Email/queryChanges", sinceQueryState=before, upToId=d, maxChanges=1, **asked)


async def test_of_a_field_that_is_there_twice_every_form_shows_the_last(jmap: Jmap) -> None:
    """RFC 8621 §4.1.2 and §4.1.3: ``subject`` is ``header:Subject:asText``."""
    ident = await jmap.import_(
        b"From: a@x.test\r\nTo: one@x.test\r\nSubject: one\r\nDate: Thu, 01 Jan 2026 12:00:00 +0000\r\nMessage-ID: <1@x.test>\r\n"
        b"From: b@x.test\r\nTo: two@x.test\r\nSubject: two\r\nDate: Fri, 02 Jan 2026 12:00:00 +0000\r\nMessage-ID: <2@x.test>\r\n\r\nx")
    short = {"from": "From:asAddresses", "to": "To:asAddresses", "subject": "Subject:asText", "sentAt": "Date:asDate", "messageId": "Message-ID:asMessageIds"}
    (one,) = (await jmap.call("Email/get", ids=[ident], properties=list(short)))["list"]
    (long,) = (await jmap.call("Email/get", ids=[ident], properties=[f"header:{form}" for form in short.values()]))["list"]
    assert ("two", "2026-01-02T12:00:00Z", ["2@x.test"], "two@x.test") == (one["subject"], one["sentAt"], one["messageId"], one["to"][0]["email"])
    assert {name: long[f"header:{form}"] for name, form in short.items()} == {name: one[name] for name in short}


async def test_so_many_comparators_and_so_many_ids_in_an_answer(jmap: Jmap, monkeypatch: pytest.MonkeyPatch) -> None:
    by_size = {"property": "size"}
    assert [] == (await jmap.call("Email/query", sort=[by_size] * limits.JMAP_SORT_COMPARATORS))["ids"]
    assert "invalidArguments" == await jmap.error("Email/query", sort=[by_size] * (limits.JMAP_SORT_COMPARATORS + 1))
    monkeypatch.setattr(limits, "JMAP_QUERY_LIMIT", 2)
    for number in range(3):
        await jmap.draft(subject=str(number))
    for asked in ({}, {"limit": 3}):
        found = await jmap.call("Email/query", **asked)
        assert (2, 2) == (len(found["ids"]), found["limit"])
    assert 1 == len((await jmap.call("Email/query", position=2))["ids"])
