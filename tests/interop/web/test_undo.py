"""Whatever was done is taken back by one key, in its order: also reminders, blocked senders and changes of everything, after a reload, and with a queue that waits."""

from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.test_jmap_send import USING, Jmap
from tests.interop.web.conftest import PEOPLE, eventually, found, holds, put

pytestmark = pytest.mark.interop
RUEFUL, CHOOSER = PEOPLE[45], PEOPLE[49]


@pytest.fixture
def api(site: Server, monkeypatch: pytest.MonkeyPatch) -> Jmap:
    monkeypatch.setattr("tests.interop.test_jmap_send.USING", [*USING, "urn:mailstead:params:jmap:plus"])
    return Jmap(site, RUEFUL)


@pytest.fixture
def desk() -> dict[str, Any]:
    return {"name": "rueful", "login": RUEFUL, "password": PASSWORD}


def waits(api: Jmap) -> list[str]:
    """The states of the reminders that are not over."""
    return [one["state"] for one in api.call("Reminder/get")["list"] if one["state"] in ("armed", "fired")]


def rejected(api: Jmap) -> list[str]:
    return [one["address"] for one in api.call("SenderProfile/get")["list"] if one["screened"] == "rejected"]


@pytest.mark.parametrize("deed", ["reminder", "flag that is due", "block"])
def test_each_deed_is_taken_back_at_once_and_after_a_reload(site: Server, browser: Browser, api: Jmap, desk: dict[str, Any], deed: str) -> None:
    subject = f"To be sorry about: {deed}"
    put(site, "Stays here", to=RUEFUL)
    put(site, subject, to=RUEFUL, sender="Pusher <pusher@shop.example>")
    browser.run("undoneByKey", desk, deed=deed, subject=subject)
    eventually(lambda: holds(site, "INBOX", subject, RUEFUL) and waits(api) == [] and rejected(api) == [])
    assert r"\Flagged" not in found(site, RUEFUL, "INBOX", subject)[0][0]


def test_a_reminder_is_over_and_back_on_the_board(site: Server, browser: Browser, api: Jmap, desk: dict[str, Any]) -> None:
    put(site, "On the board", to=RUEFUL)
    browser.run("boardByKey", desk, subject="On the board")
    eventually(lambda: waits(api) == ["armed"])
    for one in api.call("Reminder/get")["list"]:
        api.call("Reminder/set", destroy=[one["id"]])


def test_another_device_takes_back_a_reminder_and_a_block(site: Server, browser: Browser, api: Jmap, desk: dict[str, Any]) -> None:
    put(site, "Reminded of at the desk", to=RUEFUL)
    put(site, "Blocked at the desk", to=RUEFUL, sender="Desk <desk@shop.example>")
    browser.run("doneHere", desk, deed="reminder", subject="Reminded of at the desk")
    browser.run("doneHere", desk, deed="block", subject="Blocked at the desk")
    eventually(lambda: waits(api) == ["armed"] and rejected(api) == ["desk@shop.example"])
    sofa = {**desk, "name": "rueful-sofa"}
    browser.run("undoElsewhere", sofa, words="Mail from desk@shop.example goes to Junk")
    browser.run("undoElsewhere", sofa, words="You will be reminded")
    eventually(lambda: waits(api) == [] and rejected(api) == [] and holds(site, "INBOX", "Blocked at the desk", RUEFUL))


def test_reminders_and_blocked_senders_wait_for_the_network(site: Server, browser: Browser, api: Jmap, desk: dict[str, Any]) -> None:
    for subject in ("Reminded of on a train", "Blocked on a train"):
        put(site, subject, to=RUEFUL, sender="Rail <rail@train.example>")
    said = browser.run("doneOffline", desk, deed="reminder", subject="Reminded of on a train", stays="Blocked on a train")
    assert "You will be reminded" in said
    assert "waiting" in said
    eventually(lambda: waits(api) == ["armed"])
    said = browser.run("doneOffline", desk, deed="block", subject="Blocked on a train", stays="Reminded of on a train")
    assert "Mail from rail@train.example goes to Junk from now on" in said
    eventually(lambda: rejected(api) == ["rail@train.example"] and holds(site, "Junk", "Blocked on a train", RUEFUL))


def test_a_folder_comes_back_under_its_name_and_with_its_mail(site: Server, browser: Browser, api: Jmap, desk: dict[str, Any]) -> None:
    for subject in ("In the folder alone", "In the folder and here"):
        put(site, subject, to=RUEFUL)
    box = api.call("Mailbox/set", create={"box": {"name": "Errands"}})["created"]["box"]["id"]
    (inbox,) = api.call("Mailbox/query", filter={"role": "inbox"})["ids"]
    for subject, where in (("In the folder alone", {box: True}), ("In the folder and here", {box: True, inbox: True})):
        (email,) = api.call("Email/query", filter={"subject": subject})["ids"]
        api.call("Email/set", update={email: {"mailboxIds": where}})
    browser.run("folderNamedBack", desk, name="Errands", fresh="Chores")
    eventually(lambda: holds(site, "Errands", "In the folder alone", RUEFUL))
    says = browser.run("removeFolder", desk, name="Errands")
    assert says == "It holds 2 messages. What is in no other folder goes to the trash."
    eventually(lambda: holds(site, "Trash", "In the folder alone", RUEFUL) and not holds(site, "Errands", "In the folder alone", RUEFUL))
    assert not holds(site, "Trash", "In the folder and here", RUEFUL)
    assert holds(site, "INBOX", "In the folder and here", RUEFUL)
    browser.run("folderBack", desk, name="Errands")
    eventually(lambda: all(holds(site, "Errands", subject, RUEFUL) for subject in ("In the folder alone", "In the folder and here")))
    assert not holds(site, "Trash", "In the folder alone", RUEFUL)
    assert holds(site, "INBOX", "In the folder and here", RUEFUL)


def folders(api: Jmap) -> list[str]:
    return [one["name"] for one in api.call("Mailbox/get")["list"] if one["role"] is None]


def test_a_folder_that_was_made_goes_and_comes_and_stays_while_mail_is_in_it(site: Server, browser: Browser, api: Jmap, desk: dict[str, Any]) -> None:
    put(site, "To be filed anew", to=RUEFUL)
    browser.run("folderMade", desk, name="Voyages")
    eventually(lambda: "Voyages" in folders(api))
    browser.run("folderMadeAgain", desk, name="Voyages", subject="To be filed anew")
    eventually(lambda: holds(site, "Voyages", "To be filed anew", RUEFUL))
    browser.run("filledFolderStays", desk, name="Voyages")
    assert "Voyages" in folders(api)
    assert holds(site, "Voyages", "To be filed anew", RUEFUL)


def chosen(api: Jmap, key: str) -> Any:
    found = api.call("ClientSettings/get", ids=[key])["list"]
    return found[0]["value"] if found else None


@pytest.fixture
def chooser(site: Server, monkeypatch: pytest.MonkeyPatch) -> Jmap:
    monkeypatch.setattr("tests.interop.test_jmap_send.USING", [*USING, "urn:mailstead:params:jmap:plus"])
    return Jmap(site, CHOOSER)


@pytest.fixture
def study() -> dict[str, Any]:
    return {"name": "chooser", "login": CHOOSER, "password": PASSWORD}


def test_a_theme_is_taken_back_at_once_after_a_reload_and_elsewhere(site: Server, browser: Browser, chooser: Jmap, study: dict[str, Any]) -> None:
    put(site, "Something to read", to=CHOOSER)
    assert ["Undone: Theme changed"] * 2 == browser.run("themeByKey", study, first="Light")
    eventually(lambda: chosen(chooser, "theme") == "light")
    browser.run("themeHere", study, theme="Dark")
    eventually(lambda: chosen(chooser, "theme") == "dark")
    sofa = {**study, "name": "chooser-sofa"}
    browser.run("undoElsewhere", sofa, words="Theme changed")
    eventually(lambda: chosen(chooser, "theme") == "light")
    assert "light" == browser.run("themeFollows", study, theme="light")


def test_a_label_comes_back_to_its_place_and_what_came_later_stays(site: Server, browser: Browser, chooser: Jmap, study: dict[str, Any]) -> None:
    assert ["Red", "Green", "Blue", "White"] == browser.run("labelsBack", study, labels=["Red", "Green", "Blue"], removed="Green", fresh="White")
    eventually(lambda: [one["name"] for one in chosen(chooser, "labels")] == ["Red", "Green", "Blue", "White"])


def test_a_template_and_a_vip_come_back(site: Server, browser: Browser, chooser: Jmap, study: dict[str, Any]) -> None:
    put(site, "Something to read as well", to=CHOOSER)
    assert ["Undone: Templates changed", "Undone: Notifications changed"] == browser.run("templateAndVipBack", study, template="Thanks", vip="boss@firm.example")
    eventually(lambda: [one["name"] for one in chosen(chooser, "templates")] == ["Thanks"] and chosen(chooser, "notifyRules")["vips"] == ["boss@firm.example"])


def tree(api: Jmap) -> list[dict[str, Any]]:
    """The smart folders, each with the name of what it stands in."""
    found = api.call("SavedSearch/get")["list"]
    names = {one["id"]: one["name"] for one in found}
    keys = ("name", "color", "sortOrder", "inheritParent", "filter", "count")
    return sorted(({**{key: one[key] for key in keys}, "in": names.get(one["parentId"])} for one in found), key=lambda one: str(one["name"]))


def test_a_smart_folder_comes_back_with_its_name_its_colour_and_those_in_it(site: Server, browser: Browser, chooser: Jmap, study: dict[str, Any]) -> None:
    put(site, "Something to find", to=CHOOSER)
    top = chooser.call("SavedSearch/set", create={"one": {"name": "Clients", "filter": {"from": "client"}, "color": "teal", "sortOrder": 4, "count": "total"}})["created"]["one"]["id"]
    inner = chooser.call("SavedSearch/set", create={"one": {"name": "Urgent", "filter": {"hasKeyword": "$flagged"}, "parentId": top, "inheritParent": True, "sortOrder": 2}})["created"]["one"]["id"]
    chooser.call("SavedSearch/set", create={"one": {"name": "Today", "filter": {"subject": "today"}, "parentId": inner, "inheritParent": True}})
    before = tree(chooser)
    assert [("Clients", None), ("Today", "Urgent"), ("Urgent", "Clients")] == [(one["name"], one["in"]) for one in before]
    said = browser.run("smartFolderBack", study, name="Clients", fresh="Customers", child="Today")
    assert ["Undone: Smart folder Customers removed", "Undone: Smart folder Customers changed"] == said
    eventually(lambda: tree(chooser) == before)
    browser.run("smartFolderGone", study, name="Clients")
    eventually(lambda: tree(chooser) == [])
    browser.run("undoElsewhere", {**study, "name": "chooser-sofa"}, words="Smart folder Clients removed")
    eventually(lambda: tree(chooser) == before)


def senders(api: Jmap) -> list[tuple[str, str]]:
    return sorted((one["name"], one["textSignature"]) for one in api.call("Identity/get")["list"])


def test_a_signature_and_a_sender_come_back(site: Server, browser: Browser, chooser: Jmap, study: dict[str, Any]) -> None:
    put(site, "Something to answer", to=CHOOSER)
    first = chooser.call("Identity/get")["list"][0]
    chooser.call("Identity/set", update={first["id"]: {"textSignature": "Best wishes"}})
    chooser.call("Identity/set", create={"one": {"email": CHOOSER, "name": "Chooser at home", "textSignature": "From home"}})
    before = senders(chooser)
    assert [("Chooser at home", "From home")] == [one for one in before if one[0] == "Chooser at home"]
    said = browser.run("sendersBack", study, signature="Worst wishes", name="Chooser at home")
    assert "Undone: Identity Chooser at home removed" == said[0]
    eventually(lambda: senders(chooser) == before)


def test_a_smart_folder_and_a_sender_that_were_made_go_again(site: Server, browser: Browser, chooser: Jmap, study: dict[str, Any]) -> None:
    put(site, "Something to collect", to=CHOOSER)
    searches, before = tree(chooser), senders(chooser)
    said = browser.run("keptMadeAndBack", study, words="collect", name="Collected")
    assert ["Undone: Smart folder Collected created", f"Undone: Identity {CHOOSER} added"] == said
    eventually(lambda: tree(chooser) == searches and senders(chooser) == before)


def test_an_automatic_reply_is_taken_back_after_a_reload_and_elsewhere_and_waits_without_a_network(site: Server, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    vacation = "urn:ietf:params:jmap:vacationresponse"
    monkeypatch.setattr("tests.interop.test_jmap_send.USING", [*USING, vacation])
    api, study = Jmap(site, CHOOSER), {"name": "away-study", "login": CHOOSER, "password": PASSWORD}

    def now() -> tuple[Any, ...]:
        one: Any = api.call("VacationResponse/get")["list"][0]
        return one["isEnabled"], one["subject"], one["textBody"]

    before = {"isEnabled": False, "subject": "Gone", "textBody": "Gone fishing."}
    api.call("VacationResponse/set", update={"singleton": before})
    sea, hills, moon = ({"on": True, "subject": f"By the {place}", "text": f"Back from the {place}."} for place in ("sea", "hills", "moon"))
    put(site, "Who is away?", to=CHOOSER)
    try:
        said = browser.run("awayChosen", study, first={**sea, "was": before["textBody"]}, second={**hills, "was": sea["text"]})
        assert ["Automatic reply changed", "Automatic reply switched on"] == said[:2]
        eventually(lambda: now() == (True, hills["subject"], hills["text"]))
        assert sea == browser.run("awayTakenBack", study, words="Automatic reply changed", text=sea["text"])
        eventually(lambda: now() == (True, sea["subject"], sea["text"]))
        browser.run("undoElsewhere", {**study, "name": "away-sofa"}, words="Automatic reply switched on")
        eventually(lambda: now() == tuple(before.values()))

        train = {**study, "name": "away-train"}
        offline = browser.run("awayOffline", train, was=before["textBody"], on=True, subject=moon["subject"], text=moon["text"])
        assert {"said": "Whoever writes gets an automatic reply, but not to every message. The server is told when it is back.", "waits": ["Automatic reply switched on"]} == offline
        assert now() == tuple(before.values())
        browser.run("awayTold", train)
        eventually(lambda: now() == (True, moon["subject"], moon["text"]))
    finally:
        api.call("VacationResponse/set", update={"singleton": {"isEnabled": False}})
