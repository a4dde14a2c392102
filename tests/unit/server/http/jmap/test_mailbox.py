"""Mailbox methods (RFC 8621 §2)."""

from tests.harness.jmap_mail import Jmap

PLAIN = b"From: a@x.org\r\nSubject: hello\r\nMessage-ID: <1@x>\r\n\r\nText.\r\n"


async def test_get_gives_every_property(jmap: Jmap) -> None:
    found = await jmap.call("Mailbox/get")
    assert {"inbox", "drafts", "sent", "archive", "junk", "trash"} == {box["role"] for box in found["list"]}
    (inbox,) = [box for box in found["list"] if box["role"] == "inbox"]
    assert {
        "id", "name", "parentId", "role", "sortOrder", "totalEmails", "unreadEmails", "totalThreads", "unreadThreads", "myRights", "isSubscribed",
    } == set(inbox)
    assert (0, None, True) == (inbox["totalEmails"], inbox["parentId"], inbox["isSubscribed"])
    assert {
        "mayReadItems", "mayAddItems", "mayRemoveItems", "maySetSeen", "maySetKeywords", "mayCreateChild", "mayRename", "mayDelete", "maySubmit",
    } == set(inbox["myRights"])
    assert (True, False) == (inbox["myRights"]["mayAddItems"], inbox["myRights"]["mayDelete"])
    some = await jmap.call("Mailbox/get", ids=[inbox["id"], "no", "m0"], properties=["name"])
    assert ([{"id": inbox["id"], "name": "INBOX"}], ["no", "m0"]) == (some["list"], some["notFound"])
    assert "invalidArguments" == await jmap.error("Mailbox/get", properties=["size"])
    assert "requestTooLarge" == await jmap.error("Mailbox/get", ids=[str(n) for n in range(600)])


async def test_create_update_and_destroy(jmap: Jmap) -> None:
    before = await jmap.call("Mailbox/get", ids=[])
    made = await jmap.call("Mailbox/set", create={
        "child": {"name": "Child", "parentId": "#top"}, "top": {"name": "Top", "sortOrder": 7}, "bad": {"name": "a/b"},
        "none": {"parentId": None}, "strange": {"name": "x", "size": 3}, "role": {"name": "y", "role": "boss"}})
    assert {"child", "top"} == set(made["created"])
    assert {"alreadyExists": 0, "invalidProperties": 4}["invalidProperties"] == len(made["notCreated"])
    assert {"id", "parentId", "role", "isSubscribed"} <= set(made["created"]["top"])
    assert "sortOrder" not in made["created"]["top"]
    assert before["state"] == made["oldState"] != made["newState"]
    top, child = made["created"]["top"]["id"], made["created"]["child"]["id"]
    again = await jmap.call("Mailbox/set", create={"x": {"name": "Top"}}, update={
        top: {"parentId": child}, "#child": {"name": "Renamed", "isSubscribed": True}, "m5": {"name": "z"}})
    assert "alreadyExists" == again["notCreated"]["x"]["type"]
    assert {top: "invalidProperties", "m5": "notFound"} == {key: one["type"] for key, one in again["notUpdated"].items()}
    assert ["parentId"] == again["notUpdated"][top]["properties"]
    assert {child: None} == again["updated"]
    (shown,) = (await jmap.call("Mailbox/get", ids=[child]))["list"]
    assert ("Renamed", top, True) == (shown["name"], shown["parentId"], shown["isSubscribed"])
    kept = await jmap.call("Mailbox/set", destroy=[top])
    assert "mailboxHasChild" == kept["notDestroyed"][top]["type"]
    gone = await jmap.call("Mailbox/set", destroy=[top, child, "nothing"])
    assert ({top, child}, "notFound") == (set(gone["destroyed"]), gone["notDestroyed"]["nothing"]["type"])


async def test_values_that_are_not_changed_may_be_sent_back(jmap: Jmap) -> None:
    inbox = await jmap.box()
    (shown,) = (await jmap.call("Mailbox/get", ids=[inbox]))["list"]
    done = await jmap.call("Mailbox/set", update={inbox: {**shown, "sortOrder": 3}})
    assert {inbox: None} == done["updated"]
    done = await jmap.call("Mailbox/set", update={inbox: {**shown, "totalEmails": 3}})
    assert ["totalEmails"] == done["notUpdated"][inbox]["properties"]


async def test_roles_belong_to_one_mailbox(jmap: Jmap) -> None:
    made = await jmap.call("Mailbox/set", create={"x": {"name": "Second", "role": "trash"}})
    assert ("invalidProperties", ["role"]) == (made["notCreated"]["x"]["type"], made["notCreated"]["x"]["properties"])
    other = await jmap.make_box("Other")
    done = await jmap.call("Mailbox/set", update={other: {"role": "inbox"}})
    assert ["role"] == done["notUpdated"][other]["properties"]
    trash = await jmap.box("trash")
    done = await jmap.call("Mailbox/set", update={trash: {"role": None}})
    assert {trash: None} == done["updated"]
    assert await jmap.make_box("Second", role="trash")
    inbox = await jmap.box()
    done = await jmap.call("Mailbox/set", update={inbox: {"name": "Mine"}}, destroy=[inbox])
    assert "willDestroy" == done["notUpdated"][inbox]["type"]
    assert "forbidden" == done["notDestroyed"][inbox]["type"]


async def test_who_has_the_name_already_is_told(jmap: Jmap) -> None:
    """RFC 8620 §5.4: ``alreadyExists`` comes with ``existingId``."""
    inbox, top = await jmap.box(), await jmap.make_box("Top")
    below, other = await jmap.make_box("Top", parentId=top), await jmap.make_box("Other")
    made = await jmap.call("Mailbox/set", create={"a": {"name": "Top"}, "b": {"name": "Top", "parentId": top}, "c": {"name": "inbox"}})
    assert {"a": top, "b": below, "c": inbox} == {key: one["existingId"] for key, one in made["notCreated"].items()}
    done = await jmap.call("Mailbox/set", update={other: {"name": "Top"}, below: {"parentId": None}})
    assert {other: ("alreadyExists", top), below: ("alreadyExists", top)} == {
        key: (one["type"], one["existingId"]) for key, one in done["notUpdated"].items()}


async def test_how_things_are_at_the_end_counts(jmap: Jmap) -> None:
    """RFC 8620 §5.3: names and roles may be exchanged, and taken over from what goes, in one call."""
    a, b, c = [await jmap.make_box(name) for name in "ABC"]
    drafts, trash = await jmap.box("drafts"), await jmap.box("trash")

    async def now(what: str, *idents: str) -> list[str]:
        found = {one["id"]: one[what] for one in (await jmap.call("Mailbox/get"))["list"]}
        return [found[ident] for ident in idents]

    done = await jmap.call("Mailbox/set", update={a: {"name": "B"}, b: {"name": "C"}, c: {"name": "A"}, drafts: {"role": "trash"}, trash: {"role": "drafts"}})
    assert (None, {a, b, c, drafts, trash}) == (done["notUpdated"], set(done["updated"]))
    assert (["B", "C", "A"], ["trash", "drafts"]) == (await now("name", a, b, c), await now("role", drafts, trash))
    done = await jmap.call("Mailbox/set", create={"x": {"name": "B"}, "y": {"name": "inner", "parentId": "#x"}}, update={b: {"name": "A"}, c: {"name": "D"}}, destroy=[a])
    assert ([a], None, {b, c}) == (done["destroyed"], done["notUpdated"], set(done["updated"]))
    assert "x" in done["created"]
    assert ["A", "D", "B"] == await now("name", b, c, done["created"]["x"]["id"])
    done = await jmap.call("Mailbox/set", update={b: {"name": "INBOX"}, c: {"name": "A"}})
    assert {b: "alreadyExists", c: "alreadyExists"} == {ident: one["type"] for ident, one in done["notUpdated"].items()}
    assert ["A", "D"] == await now("name", b, c), "as they were"


async def test_null_takes_the_order_back(jmap: Jmap) -> None:
    box = await jmap.make_box("Box", sortOrder=7)
    assert {box: None} == (await jmap.call("Mailbox/set", update={box: {"sortOrder": None}}))["updated"]
    assert 0 == (await jmap.call("Mailbox/get", ids=[box]))["list"][0]["sortOrder"]


async def test_no_state_is_empty_and_collations_are_known(jmap: Jmap) -> None:
    for name in ("Mailbox", "Email", "SavedSearch"):
        assert "stateMismatch" == await jmap.error(f"{name}/set", ifInState="")
    for name in ("Mailbox", "SavedSearch"):
        assert "unsupportedSort" == await jmap.error(f"{name}/query", sort=[{"property": "name", "collation": "i;none"}])
        assert "invalidArguments" == await jmap.error(f"{name}/query", sort=[{"property": "name", "isAscending": "no"}])
        for wrong in (dict[str, str](), "", 0, False):
            assert "invalidArguments" == await jmap.error(f"{name}/query", sort=wrong)
        assert (await jmap.call(f"{name}/query", sort=[{"property": "name", "collation": "i;unicode-casemap"}]))["canCalculateChanges"]


async def test_emails_keep_a_mailbox_unless_they_may_go(jmap: Jmap) -> None:
    box = await jmap.make_box("Box")
    ident = await jmap.import_(PLAIN, box)
    assert "mailboxHasEmail" == (await jmap.call("Mailbox/set", destroy=[box]))["notDestroyed"][box]["type"]
    assert [box] == (await jmap.call("Mailbox/set", destroy=[box], onDestroyRemoveEmails=True))["destroyed"]
    assert [ident] == (await jmap.call("Email/get", ids=[ident]))["notFound"]


async def test_if_in_state(jmap: Jmap) -> None:
    state = (await jmap.call("Mailbox/get", ids=[]))["state"]
    await jmap.call("Mailbox/set", ifInState=state, create={"x": {"name": "One"}})
    assert "stateMismatch" == await jmap.error("Mailbox/set", ifInState=state, create={"x": {"name": "Two"}})


async def test_changes_and_only_counts(jmap: Jmap) -> None:
    state = (await jmap.call("Mailbox/get", ids=[]))["state"]
    await jmap.deliver(PLAIN)
    told = await jmap.call("Mailbox/changes", sinceState=state)
    assert ([await jmap.box()], ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"]) == (told["updated"], told["updatedProperties"])
    box = await jmap.make_box("Box")
    told = await jmap.call("Mailbox/changes", sinceState=state)
    assert ([box], None, False) == (told["created"], told["updatedProperties"], told["hasMoreChanges"])
    assert "cannotCalculateChanges" == await jmap.error("Mailbox/changes", sinceState="what")
    assert "invalidArguments" == await jmap.error("Mailbox/changes", sinceState=state, maxChanges=0)
    assert "invalidArguments" == await jmap.error("Mailbox/changes")


async def test_query_filters_and_sorts(jmap: Jmap) -> None:
    top = await jmap.make_box("Zoo", sortOrder=1, isSubscribed=False)
    below = await jmap.make_box("Ant", parentId=top, isSubscribed=False)
    other = await jmap.make_box("Bee", sortOrder=1)  # RFC 8621 §2: who makes one wants to see it

    async def ids(**arguments: object) -> list[str]:
        return list((await jmap.call("Mailbox/query", **arguments))["ids"])

    assert [below] == await ids(filter={"parentId": top})
    assert {top, other} == set(await ids(filter={"parentId": None, "hasAnyRole": False}))
    assert [below] == await ids(filter={"name": "aNT"})
    assert [await jmap.box("trash")] == await ids(filter={"role": "trash"})
    assert [other] == await ids(filter={"operator": "AND", "conditions": [{"isSubscribed": True}, {"hasAnyRole": False}]})
    plain = {"operator": "NOT", "conditions": [{"hasAnyRole": True}]}
    assert [below, other, top] == await ids(filter=plain)
    assert [top, other, below] == await ids(filter=plain, sort=[{"property": "name", "isAscending": False}])
    assert [below, other, top] == await ids(filter=plain, sort=[{"property": "name"}])
    assert [other, top, below] == await ids(filter=plain, sort=[{"property": "name"}], sortAsTree=True)
    assert [] == await ids(filter={"name": "ant"}, filterAsTree=True)
    found = await jmap.call("Mailbox/query", filter=plain, position=1, limit=1, calculateTotal=True)
    assert ([other], 1, 3) == (found["ids"], found["position"], found["total"])
    assert "unsupportedFilter" == await jmap.error("Mailbox/query", filter={"colour": "red"})
    assert "unsupportedSort" == await jmap.error("Mailbox/query", sort=[{"property": "colour"}])
    assert "anchorNotFound" == await jmap.error("Mailbox/query", anchor="m0")
    assert "invalidArguments" == await jmap.error("Mailbox/query", filter={"name": 5})


async def test_query_changes(jmap: Jmap) -> None:
    first = await jmap.call("Mailbox/query")
    box = await jmap.make_box("Aaa")
    told = await jmap.call("Mailbox/queryChanges", sinceQueryState=first["queryState"], calculateTotal=True)
    now = await jmap.call("Mailbox/query")
    assert [{"id": box, "index": now["ids"].index(box)}] == told["added"]
    assert ([], 7) == (told["removed"], told["total"])
    await jmap.deliver(PLAIN)
    told = await jmap.call("Mailbox/queryChanges", sinceQueryState=told["newQueryState"])
    assert ([], []) == (told["added"], told["removed"])
    await jmap.call("Mailbox/set", destroy=[box])
    told = await jmap.call("Mailbox/queryChanges", sinceQueryState=now["queryState"])
    assert [box] == told["removed"]


async def test_a_reader_changes_nothing(jmap: Jmap) -> None:
    inbox = await jmap.box()
    jmap.may_write = False
    assert "accountReadOnly" == await jmap.error("Mailbox/set", destroy=[inbox])
    for method in ("Email/set", "Email/import", "Email/copy"):
        assert "accountReadOnly" == await jmap.error(method, emails={}, create={})
    (shown,) = (await jmap.call("Mailbox/get", ids=[inbox]))["list"]
    assert (True, False, False) == tuple(shown["myRights"][name] for name in ("mayReadItems", "mayAddItems", "maySubmit"))


async def test_what_is_anothers_is_not_there(two: tuple[Jmap, Jmap]) -> None:
    mine, other = two
    box, ident = await mine.make_box("Mine"), await mine.import_(PLAIN)
    thread = (await mine.one(ident, "threadId", "blobId"))
    assert [box] == (await other.call("Mailbox/get", ids=[box]))["notFound"]
    assert [ident] == (await other.call("Email/get", ids=[ident]))["notFound"]
    assert [thread["threadId"]] == (await other.call("Thread/get", ids=[thread["threadId"]]))["notFound"]
    assert [thread["blobId"]] == (await other.call("Email/parse", blobIds=[thread["blobId"]]))["notFound"]
    done = await other.call("Email/set", update={ident: {"keywords/$seen": True}}, destroy=[ident])
    assert {"willDestroy"} == {one["type"] for one in done["notUpdated"].values()}
    assert {"notFound"} == {one["type"] for one in done["notDestroyed"].values()}
    assert [] == (await other.call("Email/query", filter={"inMailbox": box}))["ids"]
    done = await other.call("Mailbox/set", update={box: {"name": "x"}}, destroy=[box])
    assert {"notFound"} == {one["type"] for one in {**done["notUpdated"], **done["notDestroyed"]}.values()} - {"willDestroy"}
    failed = await other.call("Email/import", emails={"x": {"blobId": thread["blobId"], "mailboxIds": {await other.box(): True}}})
    assert "invalidProperties" == failed["notCreated"]["x"]["type"]
    assert "fromAccountNotFound" == await other.error("Email/copy", fromAccountId=mine.account_id, create={})
    assert ident in (await mine.call("Email/query"))["ids"]
