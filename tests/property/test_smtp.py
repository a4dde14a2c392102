"""SMTP: however octets are cut the events are the same; no octets make two messages of one; stuffing comes back."""

import itertools
import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz import smtp as fuzz

from mailstead.model.address import Address, Envelope, ForwardPath, ReversePath
from mailstead.model.status import EnhancedStatus
from mailstead.protocol.smtp import xtext
from mailstead.protocol.smtp.client import Offers, Rejected, Reply, send
from mailstead.protocol.smtp.command import Bdat, Data, Hello, Mail, Plain, Rcpt
from mailstead.protocol.smtp.data import Dotted, is_clean, stuffed
from mailstead.protocol.smtp.reply import Replies, reply
from mailstead.protocol.smtp.server import Chunk, End, Event, Mode, Say, ServerConnection

COMMANDS = st.sampled_from(
    [b"EHLO a\r\n", b"MAIL FROM:<a@b>\r\n", b"RCPT TO:<c@d>\r\n", b"DATA\r\n", b"Subject: x\r\n\r\n", b".\r\n", b"..\r\n", b".a\r\n", b"\r\n.\r\n",
     b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\n.\n", b"BDAT 5\r\n", b"BDAT 3 LAST\r\n", b"BDAT 0 LAST\r\n", b"BDAT x\r\n", b"RSET\r\n", b"NOOP\r\n", b"QUIT\r\n",
     b"\r\n", b"\n", b"\r", b"\0", b"MAIL FROM:<a@b>\n", b"x" * 600 + b"\r\n", b"AUTH PLAIN\r\n"]
)  # fmt: skip
STREAMS = st.lists(COMMANDS | st.binary(max_size=8), max_size=16).map(b"".join)
FROM_US = Envelope(ReversePath(Address("a", "b.test")), (ForwardPath(Address("c", "d.test")),))
DIALOGUE = b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"


def play(machine: ServerConnection, pieces: list[bytes]) -> list[Event | bytes]:
    """All events up to a fatal one, as a driver that says yes would see them; a message's chunks joined."""
    found: list[Event | bytes] = []
    gathered = b""
    for piece in pieces:
        machine.receive(piece)
        while (event := machine.next_event()) is not None:
            match event:
                case Hello():
                    machine.hello_done(extended=True)
                case Mail():
                    machine.mail_taken()
                case Rcpt():
                    machine.rcpt_taken()
                case Data():
                    machine.data_begins()
                case Plain("RSET"):
                    machine.transaction_ends()
                case Chunk(octets):
                    gathered += octets
                    continue
                case End():
                    machine.transaction_ends()
                    found.append(gathered)
                    gathered = b""
                case Bdat():
                    pass
            if isinstance(event, Say) and event.is_fatal:
                return [*found, event]
            if isinstance(event, Plain) and event.verb == "RSET":
                gathered = b""
            found.append(event)
    return found


@settings(max_examples=300)
@given(st.booleans(), STREAMS, st.lists(st.integers(0, 700), max_size=12))
def test_any_cut_of_the_octets_gives_the_same_events(inside: bool, octets: bytes, cuts: list[int]) -> None:
    if inside:
        octets = DIALOGUE + octets
    at = [0, *sorted(min(cut, len(octets)) for cut in cuts), len(octets)]
    pieces = [octets[start:end] for start, end in itertools.pairwise(at)]
    whole = play(ServerConnection(Mode.MX), [octets])
    assert whole == play(ServerConnection(Mode.MX), pieces)
    assert whole == play(ServerConnection(Mode.MX), [octets[n : n + 1] for n in range(len(octets))])


LINES = st.lists(st.sampled_from([b"", b".", b"..", b".x", b"text", b"\xff", b"x" * 70_000]) | st.binary(max_size=5), max_size=8)


@given(LINES, st.integers(1, 80_000))
def test_stuffing_comes_back(lines: list[bytes], step: int) -> None:
    message = b"".join(line.replace(b"\r", b"").replace(b"\n", b"") + b"\r\n" for line in lines)
    sent = stuffed(message) + b"QUIT\r\n"
    data, came, rest = Dotted(), b"", None
    for at in range(0, len(sent), step):
        piece = sent[at : at + step]
        if rest is not None:
            rest += piece
            continue
        content, rest = data.feed(piece)
        came += content
    assert (came, rest) == (message, b"QUIT\r\n")
    assert data.is_clean == (b"\0" not in message)


@given(st.binary(max_size=200))
def test_a_message_that_is_sent_is_one_message(octets: bytes) -> None:
    """Whatever it holds: the sender's end is the only end."""
    content, rest = Dotted().feed(stuffed(octets) + b"MAIL FROM:<x@y>\r\n")
    assert rest == b"MAIL FROM:<x@y>\r\n"
    assert content.removesuffix(b"\r\n") == octets.removesuffix(b"\r\n")


SMUGGLED = st.sampled_from(
    [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n.\r", b"\r\r\n.\r\n"[:-2], b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\x85.\x85", b"\n\n.\n\n"]
)  # fmt: skip


@given(st.lists(SMUGGLED | st.sampled_from([b"text\r\n", b"MAIL FROM:<evil@x>\r\nRCPT TO:<c@d>\r\nDATA\r\n"]), max_size=6), st.integers(1, 40))
def test_smuggling_never_gives_two_messages(parts: list[bytes], step: int) -> None:
    inside = b"Subject: x\r\n\r\n" + b"".join(parts)
    if b"\r\n.\r\n" in inside:
        return
    octets = DIALOGUE + b"DATA\r\n" + inside + b"\r\n.\r\nQUIT\r\n"
    events = play(ServerConnection(Mode.MX), [octets[at : at + step] for at in range(0, len(octets), step)])
    ends = [event for event in events if isinstance(event, End)]
    assert len(ends) == 1
    assert sum(isinstance(event, Mail) for event in events) == 1
    assert events[-1] == Plain("QUIT")
    assert ends[0].is_clean == is_clean(inside.replace(b"\r\n.", b"\r\n"))


SLOPPY_END = re.compile(rb"(?=(?:\r\n|\r(?!\n)|(?<!\r)\n|\A)\.(?:\r\n|\r|\n))")
"""What one server or another takes for the end of a message."""
PIECES = SMUGGLED | st.sampled_from([b"text\r\n", b".\r\n", b"..\r\n", b"\r\n.\r\n", b"\r\n", b"MAIL FROM:<evil@x>\r\n", b"."])


def transmitted(offers: Offers, envelope: Envelope, octets: bytes) -> tuple[list[bytes], bool]:
    """What a client sends to a server that takes everything, turn by turn; and whether it refused by itself."""
    said: list[bytes] = []
    dialogue = send(offers, envelope, octets)
    try:
        turn = next(dialogue)
        while True:
            said.append(turn.octets)
            ok = [Reply(250, EnhancedStatus(2, 0, 0), "ok")] * turn.replies
            if turn.octets.endswith(b"DATA\r\n"):
                ok[-1] = Reply(354, EnhancedStatus(2, 0, 0), "go on")
            turn = dialogue.send(ok)
    except StopIteration:
        return said, False
    except Rejected:
        return said, True


@given(st.lists(PIECES, max_size=6).map(b"".join), st.sets(st.sampled_from(["PIPELINING", "CHUNKING", "8BITMIME", "DSN"])))
def test_nothing_is_smuggled_outwards(octets: bytes, words: set[str]) -> None:
    """However loosely the next server reads: our message ends once, at its end, or never leaves."""
    said, is_refused = transmitted(Offers(dict.fromkeys(words, "")), FROM_US, octets)
    assert is_refused >= (not is_clean(octets))
    if is_refused:
        assert not said
    elif {"PIPELINING", "CHUNKING"} <= words:
        assert said[0].endswith(b"BDAT %d LAST\r\n%b" % (len(octets), octets))
    else:
        message = said[-1]
        assert [match.start() for match in SLOPPY_END.finditer(message)] == [len(message) - (5 if len(message) > 3 else 3)]


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12), st.sampled_from(["", "FULL", "HDRS"]))
def test_no_address_becomes_a_command(local: str, domain: str, more: str, ret: str) -> None:
    to = ForwardPath(Address(local, domain), frozenset({"FAILURE"}), f"rfc822;{more}")
    envelope = replace(FROM_US, reverse_path=ReversePath(Address(more, domain)), forward_paths=(to,), envid=local, ret=ret)
    said, is_refused = transmitted(Offers({"DSN": "", "SMTPUTF8": "", "8BITMIME": ""}), envelope, b"x\r\n")
    lines = b"".join(said).split(b"\r\n")
    assert all(b"\r" not in line and b"\n" not in line for line in lines)
    wanted = [b"MAIL", b"RCPT", b"DATA", b"x", b".", b""]
    assert is_refused or [line[:4] for line in lines] == wanted


@given(st.binary(max_size=40), st.integers(1, 9), st.booleans())
def test_chunks_are_the_octets_and_marked_when_they_are_not_clean(octets: bytes, step: int, split: bool) -> None:
    sent = b"BDAT %d\r\n%bBDAT 0 LAST\r\n" % (len(octets), octets) if split else b"BDAT %d LAST\r\n%b" % (len(octets), octets)
    stream = DIALOGUE + sent
    events = play(ServerConnection(Mode.MX), [stream[at : at + step] for at in range(0, len(stream), step)])
    assert events[-2:] == [octets, End(is_clean(octets))]


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))))
def test_xtext_comes_back(text: str) -> None:
    assert xtext.decode(xtext.encode(text).encode()) == text


@given(
    st.lists(st.tuples(st.integers(200, 559), st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)), max_size=5),
    st.integers(1, 20),
)
def test_replies_that_are_written_can_be_read(said: list[tuple[int, str]], step: int) -> None:
    octets = b"".join(reply(code, "", text) for code, text in said)
    reader, read = Replies(), []
    for at in range(0, len(octets), step):
        reader.feed(octets[at : at + step])
        while (found := reader.next()) is not None:
            read.append((found[0], found[1][0]))
    assert read == [(code, text) for code, text in said]


@settings(max_examples=300)
@given(st.binary(max_size=4), STREAMS)
def test_the_fuzz_target_holds(choice: bytes, octets: bytes) -> None:
    fuzz.one(choice + octets)
