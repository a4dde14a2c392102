"""Dialogues of the client: a list of turns and replies."""

from collections.abc import Generator, Sequence
from typing import TypeVar

import pytest

from mailstead.model import limits
from mailstead.model.address import Address, Envelope, ForwardPath, ReversePath
from mailstead.protocol.smtp import client
from mailstead.protocol.smtp.client import Offers, Reader, Rejected, Reply, Turn

Value = TypeVar("Value")
ALL = Offers({"PIPELINING": "", "SIZE": "1000", "8BITMIME": "", "SMTPUTF8": "", "DSN": "", "AUTH": "PLAIN LOGIN", "LIMITS": "RCPTMAX=2"})
NOTHING = Offers()
OK, GO, NO, LATER = b"250 2.0.0 ok", b"354 go", b"550 5.1.1 who", b"451 later"


def replies(*lines: bytes) -> list[Reply]:
    reader, found = Reader(), []
    for line in lines:
        reader.feed(line + b"\r\n")
        reply = reader.next()
        assert reply is not None
        found.append(reply)
    return found


def play(dialogue: Generator[Turn, list[Reply], Value], *answers: Sequence[bytes]) -> tuple[list[bytes], Value]:
    """What was sent in each turn, and what came of it."""
    sent: list[bytes] = []
    left = list(answers)
    try:
        turn = next(dialogue)
        while True:
            sent.append(turn.octets)
            answer = left.pop(0)
            assert turn.replies == len(answer)
            turn = dialogue.send(replies(*answer))
    except StopIteration as end:
        assert not left
        return sent, end.value


def envelope(*to: str, sender: str = "a@b", **more: str | bool) -> Envelope:
    local, _, domain = sender.rpartition("@")
    paths = tuple(ForwardPath(Address(*address.split("@")), frozenset({"FAILURE"}), "rfc822;x y") for address in to)
    return Envelope(ReversePath(Address(local, domain) if sender else None), paths, **more)  # type: ignore[arg-type]


def test_hello_reads_the_offers() -> None:
    sent, offers = play(client.hello("me"), [b"250-mx\r\n250-size 10\r\n250-AUTH plain login\r\n250-LIMITS MAILMAX=3 RCPTMAX=7\r\n250 DSN"])
    assert sent == [b"EHLO me\r\n"]
    assert (offers.size, offers.mechanisms, offers.recipients, "DSN" in offers) == (10, frozenset({"PLAIN", "LOGIN"}), 7, True)
    assert (NOTHING.size, NOTHING.recipients) == (0, 500)


def test_hello_reads_a_long_answer() -> None:
    words = b"".join(b"250-X-%d / odd\r\n" % number + b"" for number in range(90))
    _, offers = play(client.hello("me"), [b"250-mx / x\r\n" + words + b"250-LIMITS MAILMAX=7\r\n250 SMTPUTF8"])
    assert "SMTPUTF8" in offers
    assert len(offers.words) == 92
    assert (offers.transactions, NOTHING.transactions) == (7, 0)


def test_a_message_that_is_not_taken_with_2xx_is_not_taken() -> None:
    _, outcome = play(client.send(NOTHING, envelope("c@d"), b"x"), [OK], [OK], [GO], [GO])
    assert [(reply.is_ok, reply.is_permanent) for reply in outcome] == [(False, False)]
    with pytest.raises(Rejected):
        play(client.send(NOTHING, envelope("c@d"), b"x"), [GO])
    _, outcome = play(client.send(NOTHING, envelope("c@d"), b"x"), [OK], [GO], [OK])
    assert (outcome[0].is_ok, str(outcome[0].status)) == (False, "4.0.0")


def test_hello_falls_back() -> None:
    sent, offers = play(client.hello("me"), [b"502 what"], [b"250 mx"])
    assert sent == [b"EHLO me\r\n", b"HELO me\r\n"]
    assert offers == Offers(name="mx")
    with pytest.raises(Rejected):
        play(client.hello("me"), [b"421 no"])


def test_a_pipelined_transaction() -> None:
    sent, outcome = play(
        client.send(ALL, envelope("c@d", "e@f", ret="HDRS", envid="1 2"), b"Subject: x\r\n\r\n.\xe4\r\n"), [OK, OK, NO, GO], [OK]
    )
    assert sent == [
        b"MAIL FROM:<a@b> SIZE=18 BODY=8BITMIME RET=HDRS ENVID=1+202\r\n"
        b"RCPT TO:<c@d> NOTIFY=FAILURE ORCPT=rfc822;x+20y\r\nRCPT TO:<e@f> NOTIFY=FAILURE ORCPT=rfc822;x+20y\r\nDATA\r\n",
        b"Subject: x\r\n\r\n..\xe4\r\n.\r\n",
    ]
    assert [reply.code for reply in outcome] == [250, 550]


def test_a_transaction_command_by_command() -> None:
    sent, outcome = play(client.send(NOTHING, envelope("c@d", sender=""), b"x\r\n"), [OK], [OK], [GO], [LATER])
    assert sent == [b"MAIL FROM:<>\r\n", b"RCPT TO:<c@d>\r\n", b"DATA\r\n", b"x\r\n.\r\n"]
    assert [(reply.code, str(reply.status)) for reply in outcome] == [(451, "4.0.0")]


def test_refusals_on_the_way() -> None:
    with pytest.raises(Rejected) as rejected:
        play(client.send(ALL, envelope("c@d"), b"x"), [NO, b"503 no", b"503 no"], [OK])
    assert rejected.value.reply.code == 550
    _, outcome = play(client.send(ALL, envelope("c@d"), b"x"), [OK, NO, b"503 no"], [OK])
    assert outcome[0].code == 550
    sent, outcome = play(client.send(ALL, envelope("c@d"), b"x"), [OK, NO, GO], [b"554 nobody"], [OK])
    assert sent[1] == b".\r\n"
    assert outcome[0].code == 550
    _, outcome = play(client.send(NOTHING, envelope("c@d", "e@f"), b"x"), [OK], [OK], [NO], [LATER], [OK])
    assert [reply.code for reply in outcome] == [451, 550]


def test_what_the_server_cannot_take() -> None:
    for offers, octets, sender, status in [
        (NOTHING, b"\xe4", "a@b", "5.6.3"), (NOTHING, b"x", "ä@b", "5.6.7"), (ALL, b"x" * 1001, "a@b", "5.3.4"),
    ]:  # fmt: skip
        with pytest.raises(Rejected) as rejected:
            play(client.send(offers, envelope("c@d", sender=sender), octets))
        assert str(rejected.value.reply.status) == status


def test_smtputf8_is_asked_for_only_where_it_is_needed() -> None:
    octets = b"Subject: x\r\n\r\n\xc3\xa4"
    sent, _ = play(client.send(ALL, envelope("c@d", smtputf8=True), octets), [OK, OK, GO], [OK])
    assert b"SMTPUTF8" not in sent[0]
    sent, _ = play(client.send(ALL, envelope("c@d", smtputf8=True), b"Subject: \xc3\xa4\r\n\r\n"), [OK, OK, GO], [OK])
    assert b"SMTPUTF8" in sent[0]


def test_replies_that_are_none_are_temporary_failures() -> None:
    for octets in (b"hello\r\n", b"199 x\r\n", b"999 x\r\n", b"x" * 3000):
        reader = Reader()
        reader.feed(octets)
        with pytest.raises(Rejected) as rejected:
            reader.next()
        assert not rejected.value.reply.is_permanent


def test_a_status_that_contradicts_its_code_is_not_believed() -> None:
    (reply,) = replies(b"550 2.0.0 odd\x07")
    assert (str(reply.status), reply.text) == ("5.0.0", "2.0.0 odd?")


def test_patience_is_that_of_the_rfc() -> None:
    """RFC 5321 §4.5.3.2: five minutes for a command, ten for the end of a message."""
    dialogue = client.send(NOTHING, envelope("c@d"), b"x")
    waits = [next(dialogue).timeout_s]
    waits += [dialogue.send(replies(answer)).timeout_s for answer in (OK, OK, GO)]
    assert waits == [limits.SMTP_COMMAND_TIMEOUT_S] * 3 + [limits.SMTP_FINAL_TIMEOUT_S]


@pytest.mark.parametrize(("to", "utf8", "expected"), [("c@d", False, b"ORCPT=utf-8;j\\x{F6}rg\\x{2B}x@d"), ("jörg@d", True, "ORCPT=utf-8;jörg\\x{2B}x@d".encode())])
def test_an_international_original_recipient_is_written_so_that_the_server_can_read_it(to: str, utf8: bool, expected: bytes) -> None:
    """RFC 6533 §3."""
    local, _, domain = to.partition("@")
    paths = (ForwardPath(Address(local, domain), frozenset(), "utf-8;jörg+x@d"),)
    sent, _ = play(client.send(ALL, Envelope(ReversePath(Address("a", "b")), paths, smtputf8=utf8), b"x\r\n"), [OK, OK, GO], [OK])
    assert expected in sent[0].split()


@pytest.mark.parametrize("offers", [NOTHING, ALL, Offers({"PIPELINING": "", "CHUNKING": ""})])
@pytest.mark.parametrize(("answers", "expected"), [
    ((OK, b"552 too many", b"552 5.2.2 full"), [(250, "2.0.0"), (452, "4.5.3"), (552, "5.2.2")]), ((b"552 who knows", OK, b"552 x"), [(552, "5.0.0"), (250, "2.0.0"), (452, "4.5.3")]),
])  # fmt: skip
def test_a_bare_552_behind_others_means_too_many(offers: Offers, answers: tuple[bytes, ...], expected: list[tuple[int, str]]) -> None:
    """RFC 5321 §4.5.3.1.10."""
    turns: list[list[bytes]] = [[OK, *answers, GO], [OK]] if offers is ALL else [[OK, *answers], [OK]] if "CHUNKING" in offers else [[OK], *([one] for one in answers), [GO], [OK]]
    _, outcome = play(client.send(offers, envelope("a@d", "b@d", "c@d"), b"x\r\n"), *turns)
    assert expected == [(reply.code, str(reply.status)) for reply in outcome]
