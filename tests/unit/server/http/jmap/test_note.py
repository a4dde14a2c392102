"""Note methods, and ``note`` in filters of emails."""

from tests.harness.jmap_mail import Jmap


async def talk(jmap: Jmap, subject: str) -> tuple[str, str]:
    """An email and its conversation."""
    email = await jmap.draft(subject=subject)
    return email, str((await jmap.one(email, "threadId"))["threadId"])


async def test_it_is_made_shown_changed_and_told(jmap: Jmap) -> None:
    _, thread = await talk(jmap, "offer")
    state = (await jmap.call("Note/get"))["state"]
    done = await jmap.call("Note/set", create={"x": {"threadId": thread, "text": "Too dear, ask Bob"}})
    ident = done["created"]["x"]["id"]
    assert {"id": ident, "updatedAt": "2026-11-25T12:00:00Z"} == done["created"]["x"]
    (one,) = (await jmap.call("Note/get", ids=[ident]))["list"]
    assert {"id": ident, "threadId": thread, "text": "Too dear, ask Bob", "updatedAt": "2026-11-25T12:00:00Z"} == one
    told = await jmap.call("Note/changes", sinceState=state)
    assert ([ident], []) == (told["created"], told["updated"])
    await jmap.call("Note/set", update={ident: {"text": "Agreed"}})
    assert [ident] == (await jmap.call("Note/changes", sinceState=told["newState"]))["updated"]
    assert [ident] == (await jmap.call("Note/query", filter={"text": "AGREE"}))["ids"]
    assert [ident] == (await jmap.call("Note/query", filter={"threadId": thread}))["ids"]
    assert [] == (await jmap.call("Note/query", filter={"text": "dear"}))["ids"]
    assert [ident] == (await jmap.call("Note/set", destroy=[ident]))["destroyed"]


async def test_there_is_one_for_a_conversation(jmap: Jmap) -> None:
    _, thread = await talk(jmap, "offer")
    ident = (await jmap.call("Note/set", create={"x": {"threadId": thread, "text": "one"}}))["created"]["x"]["id"]
    refused = (await jmap.call("Note/set", create={"x": {"threadId": thread, "text": "two"}}))["notCreated"]["x"]
    assert ("alreadyExists", ident) == (refused["type"], refused["existingId"])
    await jmap.call("Note/set", destroy=[ident])
    assert ident == (await jmap.call("Note/set", create={"x": {"threadId": thread, "text": "two"}}))["created"]["x"]["id"]


async def test_what_cannot_be_is_refused(jmap: Jmap) -> None:
    _, thread = await talk(jmap, "offer")
    ident = (await jmap.call("Note/set", create={"x": {"threadId": thread, "text": "one"}}))["created"]["x"]["id"]
    for bad, name in (
        ({"threadId": "t1", "text": "x"}, "threadId"), ({"threadId": thread}, "text"), ({"threadId": thread, "text": ""}, "text"),
        ({"threadId": thread, "text": "x" * 20_001}, "text"), ({"threadId": thread, "text": "x", "updatedAt": "2026-11-25T12:00:00Z"}, "updatedAt"),
    ):
        refused = (await jmap.call("Note/set", create={"x": bad}))["notCreated"]["x"]
        assert ("invalidProperties", [name]) == (refused["type"], refused["properties"])
    refused = (await jmap.call("Note/set", update={ident: {"threadId": "t1"}}))["notUpdated"][ident]
    assert ("invalidProperties", ["threadId"]) == (refused["type"], refused["properties"])


async def test_emails_are_found_by_the_notes_on_them(jmap: Jmap) -> None:
    offer, thread = await talk(jmap, "offer")
    lunch, other = await talk(jmap, "lunch")
    await talk(jmap, "nothing")
    done = await jmap.call("Note/set", create={"x": {"threadId": thread, "text": "Too dear"}, "y": {"threadId": other, "text": "Bring Bob"}})
    assert {offer, lunch} == set((await jmap.call("Email/query", filter={"note": ""}))["ids"])
    found = await jmap.call("Email/query", filter={"note": "DEAR"})
    assert [offer] == found["ids"]
    either = {"operator": "OR", "conditions": [{"text": "lunch"}, {"note": "dear"}]}
    assert {offer, lunch} == set((await jmap.call("Email/query", filter=either))["ids"])
    told = await jmap.call("Email/queryChanges", filter={"note": "dear"}, sinceQueryState=found["queryState"])
    assert ([], []) == (told["removed"], told["added"])
    await jmap.call("Note/set", update={done["created"]["x"]["id"]: {"text": "Fine"}})
    assert "cannotCalculateChanges" == await jmap.error("Email/queryChanges", filter={"note": "dear"}, sinceQueryState=found["queryState"])
    assert [] == (await jmap.call("Email/query", filter={"note": "dear"}))["ids"]
    assert "invalidArguments" == await jmap.error("Email/query", filter={"note": 7})


async def test_a_saved_search_may_ask_for_notes(jmap: Jmap) -> None:
    offer, thread = await talk(jmap, "offer")
    await talk(jmap, "lunch")
    saved = (await jmap.call("SavedSearch/set", create={"x": {"name": "noted", "filter": {"note": ""}}}))["created"]["x"]["id"]
    assert [] == (await jmap.call("Email/query", filter={"inSavedSearch": saved}))["ids"]
    await jmap.call("Note/set", create={"x": {"threadId": thread, "text": "x"}})
    assert [offer] == (await jmap.call("Email/query", filter={"inSavedSearch": saved}))["ids"]


async def test_it_goes_with_the_last_message_of_its_conversation(jmap: Jmap) -> None:
    email, thread = await talk(jmap, "offer")
    other, kept = await talk(jmap, "lunch")
    made = (await jmap.call("Note/set", create={"x": {"threadId": thread, "text": "one"}, "y": {"threadId": kept, "text": "two"}}))["created"]
    state = (await jmap.call("Note/get"))["state"]
    trash = (await jmap.call("Mailbox/query", filter={"role": "trash"}))["ids"][0]
    await jmap.call("Email/set", update={email: {"mailboxIds": {trash: True}}})
    assert 2 == len((await jmap.call("Note/get"))["list"]), "in the trash it is not gone for good"
    await jmap.call("Email/set", destroy=[email])
    assert [made["y"]["id"]] == [one["id"] for one in (await jmap.call("Note/get"))["list"]]
    told = await jmap.call("Note/changes", sinceState=state)
    assert ([], [], [made["x"]["id"]]) == (told["created"], told["updated"], told["destroyed"])
    assert [other] == (await jmap.call("Email/query", filter={"note": ""}))["ids"]


async def test_it_stays_while_one_message_of_its_conversation_is_left(jmap: Jmap) -> None:
    email, thread = await talk(jmap, "offer")
    await jmap.call("Note/set", create={"x": {"threadId": thread, "text": "one"}})
    boxes = [await jmap.make_box("Copies")]
    await jmap.call("Email/set", update={email: {f"mailboxIds/{boxes[0]}": True}})
    await jmap.call("Mailbox/set", destroy=boxes, onDestroyRemoveEmails=True)
    assert 1 == len((await jmap.call("Note/get"))["list"])


async def test_it_goes_with_the_mailbox_that_had_the_last_message(jmap: Jmap) -> None:
    email, thread = await talk(jmap, "offer")
    await jmap.call("Note/set", create={"x": {"threadId": thread, "text": "one"}})
    box = await jmap.make_box("Old")
    await jmap.call("Email/set", update={email: {"mailboxIds": {box: True}}})
    await jmap.call("Mailbox/set", destroy=[box], onDestroyRemoveEmails=True)
    assert [] == (await jmap.call("Note/get"))["list"]
