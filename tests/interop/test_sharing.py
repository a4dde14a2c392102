"""Sharing on a real server of two workers, by others' clients: imaplib's ACL commands and jmaplib's Principals, and the end of it in every open session."""

import imaplib
import json
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from jmap.auth import BasicAuth
from jmap.client import JMAPClient
from tests.harness.server import PASSWORD, Server

pytestmark = pytest.mark.interop
ALICE, BOB = "alice@example.test", "bob@example.test"
TEAM = '"Other Users/alice@example.test/Team"'
MESSAGE = b"From: x@far.test\r\nSubject: for the team\r\n\r\ntext\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("sharing"), workers=2).init([ALICE, BOB]) as one:
        one.start()
        yield one
        assert 0 == one.stop()


def imap(server: Server, who: str) -> imaplib.IMAP4:
    found = imaplib.IMAP4("127.0.0.1", server.ports["imap"], timeout=30)
    found.login(who, PASSWORD)
    return found


def jmap(server: Server, who: str, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "urn:ietf:params:jmap:mail:share"]
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.ports['http']}/jmap", json.dumps({"using": using, "methodCalls": [[*call, "0"] for call in calls]}).encode(),
        {"Content-Type": "application/json", "Authorization": "Basic " + b64encode(f"{who}:{PASSWORD}".encode()).decode()})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return [arguments for _, arguments, _ in json.load(answer)["methodResponses"]]


def heard(one: imaplib.IMAP4, word: bytes) -> bytes:
    """The next line with a word in it."""
    while True:
        line = one.readline()
        assert line, "the connection ended without a word"
        if word in line:
            return bytes(line)


def test_shared_by_imap_and_taken_back_in_every_session(server: Server) -> None:
    alice, bob = imap(server, ALICE), imap(server, BOB)
    assert {b"ACL", b"RIGHTS=texk", b"LIST-MYRIGHTS"} <= set(alice.capability()[1][0].split())
    assert "OK" == alice.create("Team")[0]
    alice.append("Team", "", None, MESSAGE)
    assert "NO" == bob.select(TEAM)[0]
    assert "OK" == alice.setacl("Team", BOB, "lrs")[0]
    assert b'"bob@example.test" lrs' in alice.getacl("Team")[1][0]
    assert b"lrs" in bob.myrights(TEAM)[1][0]
    assert b"Other Users/" in bob.namespace()[1][0]
    assert any(b"Other Users/alice@example.test/Team" in line for line in bob.list()[1] if isinstance(line, bytes))
    sessions = [imap(server, BOB) for _ in range(8)]
    for one in sessions:
        assert [b"1"] == one.select(TEAM)[1]
        one.send(b"i IDLE\r\n")
        heard(one, b"+")
    alice.append("Team", "", None, MESSAGE)
    for one in sessions:
        assert b"* 2 EXISTS\r\n" == heard(one, b"EXISTS")
    assert "OK" == alice.deleteacl("Team", BOB)[0]
    for one in sessions:
        assert heard(one, b"BYE").startswith(b"* BYE")
        one.shutdown()
    assert "NO" == bob.select(TEAM)[0]
    alice.logout()
    bob.logout()


def test_shared_by_jmap_and_found_by_a_library(server: Server) -> None:
    url = f"http://127.0.0.1:{server.ports['http']}/.well-known/jmap"
    with JMAPClient.connect(url, auth=BasicAuth(ALICE, PASSWORD)) as alice:
        (hers,) = [ident for ident, one in alice.session.accounts.items() if one.is_personal]
    with JMAPClient.connect(url, auth=BasicAuth(BOB, PASSWORD)) as bob:
        (his,) = bob.session.accounts
    (boxes,) = jmap(server, ALICE, ("Mailbox/get", {"accountId": hers}))
    inbox = next(one["id"] for one in boxes["list"] if one["role"] == "inbox")
    rights = {"mayReadItems": True, "maySetSeen": True}
    (done,) = jmap(server, ALICE, ("Mailbox/set", {"accountId": hers, "update": {inbox: {f"shareWith/p{his[1:]}": rights}}}))
    assert {inbox: None} == done["updated"]
    with JMAPClient.connect(url, auth=BasicAuth(BOB, PASSWORD)) as bob:
        shared = bob.session.accounts[hers]
        assert (ALICE, False, False) == (shared.name, shared.is_personal, shared.is_read_only)
        with bob.batch() as batch:
            seen = batch.mail.mailbox.get(ids=None, accountId=hers)
            told = batch.principals.share_notification.get(ids=None)
            people = batch.principals.principal.get(ids=["p" + hers[1:]])
        assert [(inbox, True, False)] == [(one.id, one.my_rights.may_read_items, one.my_rights.may_add_items) for one in seen.result.items]
        notice = told.result.items[-1]
        assert ("Mailbox", hers, inbox, ALICE, None) == (
            notice.object_type, notice.object_account_id, notice.object_id, notice.changed_by.email, notice.old_rights)
        assert rights == {name: True for name, value in notice.new_rights.items() if value}
        assert [hers] == list(people.result.items[0].accounts)
    (done,) = jmap(server, ALICE, ("Mailbox/set", {"accountId": hers, "update": {inbox: {"shareWith": None}}}))
    for _ in range(8):  # whichever worker is asked
        (answer,) = jmap(server, BOB, ("Mailbox/get", {"accountId": hers}))
        assert "accountNotFound" == answer.get("type")
