"""Another's JMAP library (jmaplib) drives a real server. It checks every response against models of its own, so what it does not refuse is well formed."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jmap.auth import BasicAuth
from jmap.client import JMAPClient
from tests.harness.server import PASSWORD, Server

pytestmark = pytest.mark.interop
ALICE, BOB = "alice@example.test", "bob@example.test"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("jmap"), workers=2).init([ALICE, BOB]) as one:
        one.start()
        yield one
        assert 0 == one.stop()


@pytest.fixture
def clients(server: Server) -> Iterator[tuple[JMAPClient, JMAPClient]]:
    url = f"http://127.0.0.1:{server.ports['http']}/.well-known/jmap"
    with JMAPClient.connect(url, auth=BasicAuth(ALICE, PASSWORD)) as alice, JMAPClient.connect(url, auth=BasicAuth(BOB, PASSWORD)) as bob:
        yield alice, bob


def ask(client: JMAPClient, call: Callable[[Any], Any]) -> Any:
    """The result of one call, in a request of its own."""
    with client.batch() as batch:
        handle = call(batch)
    return handle.result


def boxes(client: JMAPClient) -> dict[str, str]:
    return {box.role: box.id for box in ask(client, lambda b: b.mail.mailbox.get(ids=None)).items if box.role}


def draft(client: JMAPClient, subject: str, **more: Any) -> str:
    made = ask(client, lambda b: b.mail.email.set(create={"d": {
        "mailboxIds": {boxes(client)["drafts"]: True}, "keywords": {"$draft": True}, "from": [{"email": ALICE}], "to": [{"email": BOB, "name": "Bob"}],
        "subject": subject, "bodyStructure": {"partId": "1", "type": "text/plain"}, "bodyValues": {"1": {"value": f"about {subject}"}}, **more,
    }}))  # fmt: skip
    return str(made.created["d"].id)


def test_a_message_from_draft_to_the_other_side(clients: tuple[JMAPClient, JMAPClient]) -> None:
    alice, bob = clients
    before = ask(bob, lambda b: b.mail.email.get(ids=[])).state
    asked = ask(bob, lambda b: b.mail.email.query(filter={"inMailbox": boxes(bob)["inbox"]}))
    email = draft(alice, "lunch")
    (who,) = ask(alice, lambda b: b.submission.identity.get(ids=None)).items
    ask(alice, lambda b: b.submission.identity.set(update={who.id: {"name": "Alice", "textSignature": "-- A"}}))
    assert "Alice" == ask(alice, lambda b: b.submission.identity.get(ids=[who.id])).items[0].name
    sent = ask(alice, lambda b: b.submission.email_submission.set(create={"s": {"identityId": who.id, "emailId": email}})).created["s"]
    end = time.monotonic() + 15
    while time.monotonic() < end and not (told := ask(bob, lambda b: b.mail.email.changes(since_state=before))).created:
        time.sleep(0.1)
    (ident,) = told.created
    found = ask(bob, lambda b: b.mail.email.get(ids=[ident], fetchTextBodyValues=True)).items[0]
    assert ("lunch", ALICE, "about lunch") == (found.subject, found.from_[0].email, next(iter(found.body_values.values())).value.strip())
    moved = ask(bob, lambda b: b.mail.email.query_changes(since_query_state=asked.query_state, filter={"inMailbox": boxes(bob)["inbox"]}))
    assert [ident] == [one.id for one in moved.added]
    assert [ident] == ask(bob, lambda b: b.mail.thread.get(ids=[found.thread_id])).items[0].email_ids
    assert "<mark>" in ask(bob, lambda b: b.mail.search_snippet.get(email_ids=[ident], filter={"text": "lunch"})).items[0].subject
    ask(bob, lambda b: b.mail.email.set(update={ident: {"keywords/$seen": True, "mailboxIds": {boxes(bob)["archive"]: True}}}))
    assert [ident] == ask(bob, lambda b: b.mail.email.query(filter={"inMailbox": boxes(bob)["archive"], "hasKeyword": "$seen"})).ids
    assert "final" == ask(alice, lambda b: b.submission.email_submission.get(ids=[sent.id])).items[0].undo_status
    assert [sent.id] == ask(alice, lambda b: b.submission.email_submission.query(filter={"emailIds": [email]})).ids


def test_a_receipt_goes_back(clients: tuple[JMAPClient, JMAPClient]) -> None:
    alice, bob = clients
    before = ask(bob, lambda b: b.mail.email.get(ids=[])).state
    email = draft(alice, "did you?", **{"header:Disposition-Notification-To:asAddresses": [{"email": ALICE}]})
    (who,) = ask(alice, lambda b: b.submission.identity.get(ids=None)).items
    sent = ask(alice, lambda b: b.submission.email_submission.set(create={"s": {"identityId": who.id, "emailId": email}})).created["s"].id
    end = time.monotonic() + 15
    while time.monotonic() < end and not (told := ask(bob, lambda b: b.mail.email.changes(since_state=before))).created:
        time.sleep(0.1)
    (me,) = ask(bob, lambda b: b.submission.identity.get(ids=None)).items
    said = {"actionMode": "manual-action", "sendingMode": "mdn-sent-manually", "type": "displayed"}
    ask(bob, lambda b: b.mdn.mdn.send(identity_id=me.id, send={"m": {"forEmailId": told.created[0], "disposition": said}}))
    while time.monotonic() < end and not (one := ask(alice, lambda b: b.submission.email_submission.get(ids=[sent])).items[0]).mdn_blob_ids:
        time.sleep(0.1)
    assert "yes" == one.delivery_status[BOB].displayed
    (blob,) = one.mdn_blob_ids
    read = ask(alice, lambda b: b.mdn.mdn.parse(blob_ids=[blob])).parsed[blob]
    assert (email, "displayed") == (read.for_email_id, read.disposition.type)


def test_mailboxes_blobs_quotas_and_the_rest(clients: tuple[JMAPClient, JMAPClient]) -> None:
    alice, _ = clients
    start = ask(alice, lambda b: b.mail.mailbox.query(calculate_total=True))
    work = ask(alice, lambda b: b.mail.mailbox.set(create={"w": {"name": "work"}})).created["w"].id
    moved = ask(alice, lambda b: b.mail.mailbox.query_changes(since_query_state=start.query_state))
    assert [work] == [one.id for one in moved.added]
    text = f"From: x@far.test\r\nSubject: raw\r\nDisposition-Notification-To: {BOB}\r\n\r\nhi\r\n"
    blob = ask(alice, lambda b: b.blob.blob.upload(create={"a": {"data": [{"data:asText": text}], "type": "message/rfc822"}})).created["a"].id
    assert len(text) == ask(alice, lambda b: b.blob.blob.get(ids=[blob], properties=["size"])).items[0].size
    assert "raw" == ask(alice, lambda b: b.mail.email.parse(blob_ids=[blob])).parsed[blob].subject
    made = ask(alice, lambda b: b.mail.email.import_(emails={"x": {"blobId": blob, "mailboxIds": {work: True}}})).created["x"].id
    assert [made] == ask(alice, lambda b: b.mail.email.query(filter={"inMailbox": work})).ids
    assert [blob] == ask(alice, lambda b: b.mdn.mdn.parse(blob_ids=[blob])).not_parsable
    ask(alice, lambda b: b.vacation.vacation_response.set(update={"singleton": {"isEnabled": True, "subject": "away"}}))
    assert "away" == ask(alice, lambda b: b.vacation.vacation_response.get(ids=None)).items[0].subject
    ask(alice, lambda b: b.quota.quota.get(ids=None))
    pushed = ask(alice, lambda b: b.core.push_subscription.set(create={"p": {"deviceClientId": "d", "url": "https://push.invalid/x"}})).created["p"].id
    assert [pushed] == [one.id for one in ask(alice, lambda b: b.core.push_subscription.get(ids=None)).items]
    ask(alice, lambda b: b.core.push_subscription.set(destroy=[pushed]))
    (book,) = ask(alice, lambda b: b.contacts.address_book.get(ids=None)).items
    card = ask(alice, lambda b: b.contacts.contact_card.set(create={"c": {
        "addressBookIds": {book.id: True}, "name": {"full": "Bob Builder"}, "emails": {"e": {"address": BOB}}}})).created["c"].id
    assert [card] == ask(alice, lambda b: b.contacts.contact_card.query(filter={"email": "bob"})).ids
    assert "Bob Builder" == ask(alice, lambda b: b.contacts.contact_card.get(ids=[card])).items[0].name.full
    assert [made] == ask(alice, lambda b: b.mail.email.set(destroy=[made])).destroyed
    assert [work] == ask(alice, lambda b: b.mail.mailbox.set(destroy=[work])).destroyed
