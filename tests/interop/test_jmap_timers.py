"""What happens at its time on a real server with two workers, and over a kill: snoozed mail, reminders, bulk changes, automatic replies."""

import imaplib
import smtplib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.harness.server import PASSWORD, Server
from tests.interop.test_jmap_send import USING, Jmap

pytestmark = pytest.mark.interop
PLUS = ["urn:mailstead:params:jmap:plus", "urn:ietf:params:jmap:vacationresponse"]


@pytest.fixture(autouse=True)
def _with_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.interop.test_jmap_send.USING", [*USING, *PLUS])


def soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def until(what: Callable[[], Any], within_s: float = 20.0) -> Any:
    end = time.monotonic() + within_s
    while not (found := what()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def send(server: Server, author: str, to: str, subject: str, more: str = "") -> None:
    with smtplib.SMTP("127.0.0.1", server.ports["smtp"]) as smtp:
        smtp.sendmail(author, [to], f"From: {author}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{subject.replace(' ', '')}@x>\r\n{more}\r\nbody\r\n".encode())


def test_what_is_due_happens_also_after_a_kill(tmp_path: Path) -> None:
    people = ["alice@example.test", "bob@example.test"]
    with Server(tmp_path, workers=2).init(people) as server:
        server.start()
        alice, bob = Jmap(server, people[0]), Jmap(server, people[1])
        for number in range(30):
            send(server, "stranger@far.test", people[0], f"letter {number}")
        boxes = {one["role"]: one["id"] for one in alice.call("Mailbox/get")["list"]}
        emails = alice.call("Email/query", filter={"inMailbox": boxes["inbox"]})["ids"]
        assert 30 == len(emails)

        away = emails[0]
        assert {away: None} == alice.call("Email/set", update={away: {"snoozed": {"until": soon(4)}}})["updated"]
        note = alice.call("Reminder/set", create={"x": {"emailId": emails[1], "at": soon(4)}})["created"]["x"]["id"]
        job = alice.call("Job/set", create={"x": {"filter": {"subject": "letter"}, "update": {"keywords/bulk": True}}})["created"]["x"]
        assert 30 == job["total"]
        server.kill()
        time.sleep(4)
        server.start()

        assert until(lambda: alice.call("Reminder/get", ids=[note])["list"][0]["state"] == "fired")
        one = until(lambda: next(
            (one for one in alice.call("Email/get", ids=[away], properties=["mailboxIds", "keywords", "snoozed"])["list"] if one["snoozed"] is None), None))
        assert ({boxes["inbox"]: True}, True) == (one["mailboxIds"], one["keywords"]["$new"])
        assert until(lambda: alice.call("Job/get", ids=[job["id"]])["list"][0]["state"] == "done")
        assert 30 == alice.call("Email/query", filter={"hasKeyword": "bulk"}, calculateTotal=True)["total"]
        other_device = Jmap(server, people[0])
        undone = other_device.call("Undo/apply", undoToken=job["undoToken"])["job"]["id"]
        assert until(lambda: alice.call("Job/get", ids=[undone])["list"][0]["state"] == "done")
        assert 0 == alice.call("Email/query", filter={"hasKeyword": "bulk"}, calculateTotal=True)["total"]

        waits = alice.call("Reminder/set", create={"x": {"emailId": emails[2], "at": soon(3600), "kind": "noReply"}})["created"]["x"]["id"]
        subject = alice.call("Email/get", ids=[emails[2]], properties=["subject", "messageId"])["list"][0]
        send(server, "stranger@far.test", people[0], f"Re: {subject['subject']}", f"In-Reply-To: <{subject['messageId'][0]}>\r\n")
        assert until(lambda: alice.call("Reminder/get", ids=[waits])["list"][0]["state"] == "cancelled")

        alice.call("SenderProfile/set", create={"x": {"address": "stranger@far.test", "screened": "rejected"}})
        send(server, "stranger@far.test", people[0], "junk")
        with imaplib.IMAP4("127.0.0.1", server.ports["imap"]) as imap:
            imap.login(people[0], PASSWORD)
            assert b"1" == imap.select("Junk")[1][0]

        assert alice.call("VacationResponse/set", update={"singleton": {"isEnabled": True, "textBody": "away"}})["updated"]
        for number in range(2):
            send(server, people[1], people[0], f"question {number}")
        found = until(lambda: bob.call("Email/query", filter={"subject": "Auto: question"})["ids"])
        assert 1 == len(found)
        head = bob.call("Email/get", ids=found, properties=["from", "header:Auto-Submitted:asText", "header:Return-Path"])["list"][0]
        assert ([people[0]], "auto-replied (vacation)", " <>") == (
            [one["email"] for one in head["from"]], head["header:Auto-Submitted:asText"], head["header:Return-Path"])
        assert [] == server.verify()
        assert 0 == server.stop()
