"""The outbox: what has become of a message, receiver by receiver, with a next server that takes and refuses as it is told."""

import imaplib
from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any

import pytest
from tests.harness.browser import Browser
from tests.harness.server import PASSWORD, Server
from tests.harness.sink import Sink
from tests.interop.test_jmap_send import Jmap
from tests.interop.web.conftest import eventually, found

pytestmark = pytest.mark.interop
ALICE, SALES = "alice@example.test", "sales@example.test"
GOOD, LATER, GONE, RIGHT = "good@far.example", "full@far.example", "gone@far.example", "here@far.example"
NO_SUCH = "550 5.1.1 There is no such mailbox"
FULL = "552 5.2.2 The mailbox is full"


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory, sink: Sink) -> Iterator[Server]:
    """A site whose mail goes out through the sink; one account with a second address."""
    settings = f'[outbound]\nsmarthost = "smtp://127.0.0.1:{sink.port}"\n'
    with Server(tmp_path_factory.mktemp("outbox"), workers=1, settings=settings).init([ALICE]) as server:
        server.command("alias", "add", SALES, ALICE)
        server.start()
        yield server
        assert server.verify() == []


@pytest.fixture(scope="module")
def window(far: Server) -> Iterator[Browser]:
    with Browser(f"http://127.0.0.1:{far.ports['http']}") as running:
        yield running


@pytest.fixture(scope="module")
def desk(window: Browser) -> dict[str, Any]:
    device = {"name": "desk", "login": ALICE, "password": PASSWORD}
    window.run("signIn", device)
    window.run("shortUndo", device)
    return device


def status(server: Server) -> list[dict[str, str]]:
    """What the server says of each receiver of each submission, oldest first."""
    rows = Jmap(server, ALICE).call("EmailSubmission/get", ids=None)["list"]
    rows.sort(key=lambda one: one["sendAt"])
    return [{address: one["delivered"] for address, one in (row["deliveryStatus"] or {}).items()} for row in rows]


def subjects(sink: Sink, address: str) -> list[str]:
    return [str(message_from_bytes(octets, policy=policy.default)["Subject"]) for octets in sink.letters[address]]


def test_one_receiver_of_two_did_not_get_it(far: Server, window: Browser, desk: dict[str, Any], sink: Sink) -> None:
    sink.refused[LATER] = FULL
    said = window.run("failedForOne", desk, to=[GOOD, LATER], subject="Harbour dues", bad=LATER)
    assert "One of 2 did not get it." in said["summary"]
    assert said["each"][GOOD][0].startswith("Accepted by the next server")
    assert said["each"][LATER][0] == "Refused"
    assert "The mailbox is full" in said["each"][LATER][1]
    assert "1" in said["badge"]
    assert [{GOOD: "unknown", LATER: "no"}] == status(far)
    assert (["Harbour dues"], []) == (subjects(sink, GOOD), subjects(sink, LATER))


def test_in_a_narrow_window_it_is_as_legible(window: Browser, desk: dict[str, Any]) -> None:
    seen = window.run("narrowOutbox", desk, widths=[1440, 1000, 820, 720])
    assert {"1440", "1000", "820", "720"} == set(seen)
    assert all(one["subject"] > 150 for one in seen.values()), seen
    assert all(one["outside"] == 0 for one in seen.values()), seen


def test_many_that_wait_hide_nothing_that_has_failed(far: Server, window: Browser, desk: dict[str, Any]) -> None:
    jmap = Jmap(far, ALICE)
    email = jmap.draft([GOOD])
    held = [jmap.send(email, 86_400, [GOOD]) for _ in range(61)]
    seen = window.run("listedInOutbox", desk)
    assert ["Needs attention", "Not sent yet"] == list(seen)[:2]
    assert (1, 60) == (seen["Needs attention"], seen["Not sent yet"])
    jmap.call("EmailSubmission/set", update={one: {"undoStatus": "canceled"} for one in held})
    jmap.call("EmailSubmission/set", destroy=held)


def test_it_is_sent_again_to_that_one_alone(far: Server, window: Browser, desk: dict[str, Any], sink: Sink) -> None:
    del sink.refused[LATER]
    window.run("sendAgain", desk, subject="Harbour dues", to=LATER)
    eventually(lambda: subjects(sink, LATER) == ["Harbour dues"])
    assert ["Harbour dues"] == subjects(sink, GOOD), "the other receiver has one copy"
    assert sink.letters[LATER] == sink.letters[GOOD], "the same message, octet for octet"
    eventually(lambda: status(far) == [{GOOD: "unknown", LATER: "no"}, {LATER: "unknown"}])
    assert 1 == len(found(far, ALICE, "Sent", "Harbour dues"))


def test_its_address_is_mended_and_it_goes_there(far: Server, window: Browser, desk: dict[str, Any], sink: Sink) -> None:
    sink.refused[GONE] = NO_SUCH
    offered = window.run("mendAddress", desk, to=GONE, subject="Tide tables", right=RIGHT)
    assert {"says": "Refused: there is no such address", "again": 0, "field": GONE, "subject": "Tide tables", "text": True} == offered
    eventually(lambda: subjects(sink, RIGHT) == ["Tide tables"])
    letter = message_from_bytes(sink.letters[RIGHT][0], policy=policy.default)
    assert RIGHT == str(letter["To"])
    assert {GONE: "no"} in status(far)
    assert "Tide tables" not in window.run("dismissFailed", desk, subject="Tide tables", to=GONE)
    assert {GONE: "no"} not in status(far)[1:], "what was taken off the list is off the server's"


def put(server: Server, subject: str, to: str) -> None:
    octets = f"From: Otto <otto@partner.example>\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{subject.replace(' ', '.')}@partner.example>\r\n\r\nHow much?\r\n".encode()
    with imaplib.IMAP4("127.0.0.1", server.ports["imap"]) as imap:
        imap.login(ALICE, PASSWORD)
        imap.append("INBOX", "", "", octets)


def authors(sink: Sink, address: str) -> dict[str, str]:
    letters = [message_from_bytes(octets, policy=policy.default) for octets in sink.letters[address]]
    return {str(letter["Subject"]): letter["From"].addresses[0].addr_spec for letter in letters}


def test_an_answer_as_somebody_else_than_the_one_written_to_is_held_back(far: Server, window: Browser, desk: dict[str, Any], sink: Sink) -> None:
    put(far, "An offer please", SALES)
    window.run("secondIdentity", desk, address=SALES, name="Sales of Example")
    said = window.run("answerAsOther", desk, subject="An offer please", other=ALICE)
    assert f"The message was sent to {SALES}. Reply from that address?" in said["warning"]
    assert said["held"] == "Not sent yet: see the line above."
    assert SALES in said["from"]
    eventually(lambda: authors(sink, "otto@partner.example") == {"Re: An offer please": SALES})


def test_the_first_mail_to_somebody_as_the_odd_one_is_held_back(far: Server, window: Browser, desk: dict[str, Any], sink: Sink) -> None:
    """To a domain to which one has always written as the same."""
    for who in ("one", "two"):
        window.run("writeAs", desk, sender=SALES, to=f"{who}@mill.example", subject=f"Flour {who}", wave="")
        eventually(lambda who=who: authors(sink, f"{who}@mill.example") == {f"Flour {who}": SALES})  # type: ignore[misc]
    said = window.run("writeAs", desk, sender=ALICE, to="three@mill.example", subject="Flour three", wave="Send anyway")
    assert f"So far you wrote to mill.example as {SALES}. Use that address?" in said
    eventually(lambda: authors(sink, "three@mill.example") == {"Flour three": ALICE}, within_s=40)
