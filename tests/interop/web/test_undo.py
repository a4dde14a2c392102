"""Whatever was done is taken back by one key, in its order: also reminders, blocked senders and changes of everything, after a reload, and with a queue that waits."""

from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.interop.test_jmap_send import USING, Jmap
from tests.interop.web.conftest import PEOPLE, eventually, found, holds, put

pytestmark = pytest.mark.interop
RUEFUL = PEOPLE[45]


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
    assert says == "Errands holds 2 messages. What is in no other folder goes to the trash."
    eventually(lambda: holds(site, "Trash", "In the folder alone", RUEFUL) and not holds(site, "Errands", "In the folder alone", RUEFUL))
    assert not holds(site, "Trash", "In the folder and here", RUEFUL)
    assert holds(site, "INBOX", "In the folder and here", RUEFUL)
    browser.run("folderBack", desk, name="Errands")
    eventually(lambda: all(holds(site, "Errands", subject, RUEFUL) for subject in ("In the folder alone", "In the folder and here")))
    assert not holds(site, "Trash", "In the folder alone", RUEFUL)
    assert holds(site, "INBOX", "In the folder and here", RUEFUL)
