"""Sending by JMAP on a real server with two workers: held, called back, delivered, and told how far each recipient is."""

import base64
import imaplib
import json
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.harness.server import PASSWORD, Server

pytestmark = pytest.mark.interop
USING = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "urn:ietf:params:jmap:submission"]


class Jmap:
    def __init__(self, server: Server, who: str) -> None:
        self._base = f"http://127.0.0.1:{server.ports['http']}"
        self._headers = {"Authorization": "Basic " + base64.b64encode(f"{who}:{PASSWORD}".encode()).decode(), "Content-Type": "application/json"}
        self.account = next(iter(self._get("/jmap/session")["accounts"]))

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(urllib.request.Request(self._base + path, headers=self._headers)) as answer:
            return json.load(answer)

    def call(self, name: str, **arguments: Any) -> Any:
        body = json.dumps({"using": USING, "methodCalls": [[name, {"accountId": self.account, **arguments}, "0"]]}).encode()
        with urllib.request.urlopen(urllib.request.Request(self._base + "/jmap", body, self._headers)) as answer:
            found: Any = json.load(answer)["methodResponses"][0][1]
            return found

    def draft(self, to: list[str]) -> str:
        boxes = {one["role"]: one["id"] for one in self.call("Mailbox/get")["list"]}
        made = self.call("Email/set", create={"d": {
            "mailboxIds": {boxes["drafts"]: True}, "from": [{"email": "alice@example.test"}], "to": [{"email": one} for one in to], "subject": "by JMAP",
            "bodyStructure": {"partId": "1", "type": "text/plain"}, "bodyValues": {"1": {"value": "hello"}},
        }})  # fmt: skip
        return str(made["created"]["d"]["id"])

    def send(self, email: str, hold_s: int, to: list[str]) -> str:
        identity = self.call("Identity/get")["list"][0]["id"]
        envelope = {"mailFrom": {"email": "alice@example.test", "parameters": {"HOLDFOR": str(hold_s)}}, "rcptTo": [{"email": one} for one in to]}
        made = self.call("EmailSubmission/set", create={"s": {"emailId": email, "identityId": identity, "envelope": envelope}})
        return str(made["created"]["s"]["id"])

    def submission(self, ident: str) -> Any:
        return self.call("EmailSubmission/get", ids=[ident])["list"][0]


def count(server: Server, who: str) -> int:
    imap = imaplib.IMAP4("127.0.0.1", server.ports["imap"])
    imap.login(who, PASSWORD)
    found = int(imap.select("INBOX")[1][0] or b"0")
    imap.logout()
    return found


def test_undo_and_delivery(tmp_path: Path) -> None:
    people = ["alice@example.test", "bob@example.test", "carol@example.test"]
    with Server(tmp_path, workers=2).init(people) as server:
        server.start()
        alice = Jmap(server, people[0])
        kept = alice.send(alice.draft(people[1:2]), 3, people[1:2])
        gone = alice.send(alice.draft(people[1:]), 1, people[1:])
        assert "pending" == alice.submission(kept)["undoStatus"]
        assert {kept: None} == alice.call("EmailSubmission/set", update={kept: {"undoStatus": "canceled"}})["updated"]
        end = time.monotonic() + 30
        while time.monotonic() < end and {"yes"} != {one["delivered"] for one in alice.submission(gone)["deliveryStatus"].values()}:
            time.sleep(0.2)
        done = alice.submission(gone)
        assert ("final", {"yes"}) == (done["undoStatus"], {one["delivered"] for one in done["deliveryStatus"].values()})
        assert "cannotUnsend" == alice.call("EmailSubmission/set", update={gone: {"undoStatus": "canceled"}})["notUpdated"][gone]["type"]
        time.sleep(3)
        assert (1, 1) == (count(server, people[1]), count(server, people[2])), "what was called back must not arrive"
        assert "canceled" == alice.submission(kept)["undoStatus"]
        assert [] == server.verify()
        assert 0 == server.stop()
