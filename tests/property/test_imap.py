"""IMAP: however octets are cut the commands are the same, and what is written can be read."""

import itertools
from array import array

from hypothesis import given, settings
from hypothesis import strategies as st

from mailstead.model.ids import AccountId, MailboxId
from mailstead.model.mailbox import Entry, MailboxInfo, Role
from mailstead.model.uids import UidSet
from mailstead.protocol.imap import mutf7
from mailstead.protocol.imap.response import line, search
from mailstead.protocol.imap.server import Chunk, Event, Message, ServerConnection
from mailstead.protocol.imap.state import State
from mailstead.protocol.imap.tokens import Reader
from mailstead.service.mailbox.names import Names
from mailstead.service.mailbox.news import Delta
from mailstead.service.mailbox.view import View
from mailstead.store.interface import Selected

COMMANDS = st.sampled_from(
    [b"a NOOP\r\n", b"b LOGIN {3+}\r\nx\r\n {2+}\r\nyz\r\n", b"c APPEND INBOX {5+}\r\nab\r\ncd {2+}\r\nxy\r\n", b"d APPEND {1+}\r\nx {0+}\r\n\r\n",
     b"e FETCH 1:* (FLAGS BODY[1.TEXT]<0.5>)\r\n", b"f SEARCH SUBJECT {4+}\r\n{3}\r\r\n", b"g BOGUS {3+}\r\nabc\r\n", b"h SELECT \"x\r\n", b"\r\n",
     b"i APPEND INBOX (\\Bad {3+}\r\nabc {1+}\r\nx\r\n", b"j STATUS a (MESSAGES)\n", b"{3}\r\n", b"k APPEND x {99999999999999999999}\r\n"]
)  # fmt: skip
STREAMS = st.lists(COMMANDS | st.binary(max_size=12), max_size=12).map(b"".join)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
UIDS = st.lists(st.integers(1, 60), unique=True, max_size=30).map(sorted)


def _events(pieces: list[bytes]) -> list[Event | bytes]:
    """All events; the chunks of a message joined into its octets."""
    connection = ServerConnection()
    connection.state = State.SELECTED
    found: list[Event | bytes] = []
    gathered = b""
    for piece in pieces:
        connection.receive(piece)
        while (event := connection.next_event()) is not None:
            if isinstance(event, Message):
                connection.accept()
                gathered = b""
            if isinstance(event, Chunk):
                gathered += event.octets
                if event.is_last:
                    found.append(gathered)
                continue
            found.append(event)
    return found


@settings(max_examples=300)
@given(STREAMS, st.lists(st.integers(0, 400), max_size=12))
def test_any_cut_of_the_octets_gives_the_same_commands(octets: bytes, cuts: list[int]) -> None:
    at = [0, *sorted(min(cut, len(octets)) for cut in cuts), len(octets)]
    pieces = [octets[start:end] for start, end in itertools.pairwise(at)]
    whole = _events([octets])
    assert whole == _events(pieces)
    assert whole == _events([octets[n : n + 1] for n in range(len(octets))])


@given(st.binary(max_size=300))
def test_a_string_that_is_written_can_be_read(octets: bytes) -> None:
    octets = octets.replace(b"\0", b"")
    assert octets == Reader(line.string(octets)).string()


@given(NAMES, st.booleans())
def test_a_name_that_is_written_can_be_read(name: str, utf8: bool) -> None:
    assert name == Reader(line.mailbox(name, utf8=utf8), utf8=utf8).mailbox()
    assert name == mutf7.decode(mutf7.encode(name))


@given(st.lists(st.integers(1, 1000), min_size=1, unique=True).map(sorted))
def test_a_set_that_is_written_can_be_read(numbers: list[int]) -> None:
    told = search.esearch("a", numbers, frozenset({"ALL"}), uid=False)
    assert UidSet.of(numbers) == Reader(told.split(b"ALL ")[1]).sequence().resolve(1)


def _glob(pattern: str, name: str) -> bool:
    """The plain definition, exponential."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(_glob(pattern[1:], name[at:]) for at in range(len(name) + 1))
    if pattern[0] == "%":
        end = name.find("/")
        return any(_glob(pattern[1:], name[at:]) for at in range((len(name) if end < 0 else end) + 1))
    return bool(name) and name[0] == pattern[0] and _glob(pattern[1:], name[1:])


@settings(max_examples=400)
@given(st.text("ab/*%", max_size=8), st.text("ab/", max_size=10))
def test_patterns_match_by_their_definition(pattern: str, name: str) -> None:
    assert _glob(pattern, name) == Names("/").matches(pattern, name)


def _view(uids: list[int]) -> View:
    info = MailboxInfo(
        MailboxId(1), None, ("INBOX",), Role.INBOX, 1, 100, 1, len(uids), 0, 0, 0, 0, subscribed=True, noselect=False, has_children=False
    )  # fmt: skip
    return View(AccountId(1), Selected(info, 1, array("Q", uids), (), 0), read_only=False)


@settings(max_examples=300)
@given(UIDS, st.lists(st.tuples(UIDS, st.integers(0, 5), st.booleans()), max_size=6))
def test_a_client_that_does_as_it_is_told_sees_what_is_there(start: list[int], deltas: list[tuple[list[int], int, bool]]) -> None:
    view = _view(start)
    client = list(start)
    live = set(start)
    next_uid = 61
    for modseq, (gone, new, may_expunge) in enumerate(deltas, 2):
        created = tuple(range(next_uid, next_uid + new))
        next_uid += new
        destroyed = tuple(uid for uid in gone if uid in live)
        updated = tuple(Entry(uid, None, modseq, 0) for uid in sorted(live - set(destroyed)))  # type: ignore[arg-type]
        live = live - set(destroyed) | set(created)
        told = view.apply(Delta(modseq, created, destroyed, updated), may_expunge=may_expunge)
        assert may_expunge or not told.numbers
        for number in told.numbers:
            del client[number - 1]
        if told.exists is not None:
            assert told.exists >= len(client)
            client += list(view.uids[len(client) :])
        assert len(client) == len(view)
        for number, entry in told.updated:
            assert client[number - 1] == entry.uid
    for number in view.apply(Delta(99), may_expunge=True).numbers:
        del client[number - 1]
    assert sorted(live) == client == list(view.uids)


@given(UIDS, st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), max_size=5), st.integers(1, 7))
def test_chunks_are_the_set(uids: list[int], ranges: list[tuple[int, int]], size: int) -> None:
    view = _view(uids)
    wanted = UidSet.of_ranges(ranges)
    chunks = list(view.chunks(wanted, size))
    assert [uid for uid in uids if uid in wanted] == [uid for chunk in chunks for uid in view.within(chunk)]
    assert all(len(list(view.within(chunk))) <= size for chunk in chunks)
