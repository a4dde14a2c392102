"""The machine: octets in, events out. Every bound of IMAP is hit here or in ``test_tokens`` and ``command``."""

from typing import Any

import pytest

from mailstead.model import limits
from mailstead.protocol.imap import server
from mailstead.protocol.imap.command import GRAMMAR
from mailstead.protocol.imap.command.login import Login
from mailstead.protocol.imap.command.status import Status
from mailstead.protocol.imap.server import Appended, Bad, Chunk, Message, Ready, Request, ServerConnection
from mailstead.protocol.imap.state import ALLOWED, State


def machine(state: State = State.AUTHENTICATED) -> ServerConnection:
    found = ServerConnection()
    found.state = state
    return found


def events(connection: ServerConnection, octets: bytes = b"") -> list[Any]:
    """All events that ``octets`` bring; every message is accepted."""
    if octets:
        connection.receive(octets)
    found = []
    while (event := connection.next_event()) is not None:
        found.append(event)
        if isinstance(event, Message):
            connection.accept()
    return found


def test_every_command_has_states_and_a_grammar() -> None:
    assert set(GRAMMAR) | {"APPEND"} == set(ALLOWED)


def test_pipelined_commands_come_in_order() -> None:
    found = events(machine(), b"a NOOP\r\nb NOOP\r\nc CAPABILITY\r\nd NO")
    assert ["a", "b", "c"] == [event.tag for event in found]


def test_literals_that_wait_and_that_do_not() -> None:
    connection = machine(State.NOT_AUTHENTICATED)
    assert [Ready()] == events(connection, b"a LOGIN {5}\r\n")
    assert [Request("a", Login("alice", "se cret"))] == events(connection, b"alice {7+}\r\nse cret\r\n")


def test_a_literal_may_hold_line_ends_and_braces() -> None:
    found = events(machine(), b"a STATUS {9+}\r\na\r\nb {3}\r\n (MESSAGES)\r\n")
    assert isinstance(found[0], Bad)
    found = events(machine(), b"a STATUS {4+}\r\n{3}x (MESSAGES)\r\n")
    assert [Request("a", Status("{3}x", ("MESSAGES",)))] == found


@pytest.mark.parametrize(
    ("line", "tag"),
    [(b"", "*"), (b"a", "a"), (b"+ NOOP", "*"), (b"a( NOOP", "*"), (b"a BOGUS", "a"), (b"a NOOP x", "a"), (b"\xff NOOP", "*"), (b"a UID", "a")],
)
def test_what_is_no_command(line: bytes, tag: str) -> None:
    found = events(machine(), line + b"\r\n")
    assert [(Bad, tag)] == [(type(event), event.tag) for event in found]


def test_commands_out_of_their_state() -> None:
    assert "Log in first" == events(machine(State.NOT_AUTHENTICATED), b"a SELECT x\r\n")[0].text
    assert "You are logged in already" == events(machine(), b"a LOGIN a b\r\n")[0].text
    assert "Select a mailbox first" == events(machine(), b"a FETCH 1 UID\r\n")[0].text
    assert "Log in first" == events(machine(State.NOT_AUTHENTICATED), b"a APPEND x {3+}\r\nabc\r\n")[0].text


def test_append_hands_out_octets_as_they_come() -> None:
    connection = machine()
    (message,) = events(connection, b'a APPEND INBOX (\\Seen) "17-Jul-1996 02:44:25 -0700" {10}\r\n')
    assert ("INBOX", frozenset({"\\Seen"}), 10, True, 0) == (
        message.head.mailbox, message.head.flags, message.size, message.waits, message.index,
    )  # fmt: skip
    assert [Chunk(b"abc", is_last=False)] == events(connection, b"abc")
    assert [Chunk(b"defghij", is_last=True)] == events(connection, b"defghij")
    second = events(connection, b" {3+}\r\nxyz\r\n")
    assert [Message, Chunk, Appended] == [type(event) for event in second]
    assert 1 == second[0].index
    assert not events(connection)
    assert not connection._buffer


def test_append_whose_mailbox_is_a_literal() -> None:
    found = events(machine(), b"a APPEND {5+}\r\nINBOX {3+}\r\nabc\r\n")
    assert [Message, Chunk, Appended] == [type(event) for event in found]
    assert "INBOX" == found[0].head.mailbox


def test_append_in_utf8_parentheses() -> None:
    found = events(machine(), b"a APPEND INBOX UTF8 (~{3+}\r\nabc)\r\n")
    assert [Message, Chunk, Appended] == [type(event) for event in found]
    assert isinstance(events(machine(), b"a APPEND INBOX UTF8 (~{3+}\r\nabc\r\n")[-1], Bad)


def test_a_refused_message_is_passed_over() -> None:
    connection = machine()
    connection.receive(b"a APPEND INBOX {3+}\r\nabc {4+}\r\nd NO\r\nb NOOP\r\n")
    assert isinstance(connection.next_event(), Message)
    connection.refuse(waits=False)
    assert ["b"] == [event.tag for event in events(connection)]


def test_a_message_may_be_abandoned_in_the_middle() -> None:
    connection = machine()
    events(connection, b"a APPEND INBOX {10+}\r\nabc")
    connection.abandon()
    assert ["b"] == [event.tag for event in events(connection, b"defghij\r\nb NOOP\r\n")]


def test_nothing_from_before_tls_counts() -> None:
    connection = machine(State.NOT_AUTHENTICATED)
    connection.receive(b"a STARTTLS\r\nb LOGIN x y\r\nc LO")
    event = connection.next_event()
    assert isinstance(event, Request)
    assert "a" == event.tag
    connection.discard()
    assert [] == events(connection)


def test_an_idle_machine_holds_no_octets() -> None:
    connection = machine()
    events(connection, b"a NOOP\r\n" * 100)
    assert connection.is_idle
    connection.receive(b"x")
    assert 1 == len(connection._buffer)


# ---------------------------------------------------------------------------------------------------------- bounds
def test_bound_line() -> None:
    fits = b"a LOGOUT" + b" " * (limits.IMAP_LINE - 9) + b"\r\n"
    assert isinstance(events(machine(), fits)[0], Request)
    found = events(machine(), b"a LOGOUT" + b" " * limits.IMAP_LINE + b"\r\nb NOOP\r\n")
    assert [Bad, Request] == [type(event) for event in found]


def test_bound_line_that_never_ends_is_not_kept() -> None:
    connection = machine()
    for _ in range(10):
        events(connection, b"x" * limits.IMAP_LINE)
    assert limits.IMAP_LINE >= len(connection._buffer)
    assert ["*", "b"] == [event.tag for event in events(connection, b"\r\nb NOOP\r\n")]


def test_bound_literal_before_login() -> None:
    size = limits.IMAP_LITERAL_BEFORE_LOGIN
    fits = events(machine(State.NOT_AUTHENTICATED), b"a LOGIN {%d+}\r\n%b x\r\n" % (size, b"u" * size))
    assert not fits[0].fatal  # too long for a login, yet taken
    assert [Bad] == [type(event) for event in events(machine(State.NOT_AUTHENTICATED), b"a LOGIN {%d}\r\n" % (size + 1))]
    assert events(machine(State.NOT_AUTHENTICATED), b"a LOGIN {%d+}\r\n" % (size + 1))[0].fatal


def test_bound_literals_of_one_command_together() -> None:
    half = limits.IMAP_LITERALS_TOTAL // 2
    connection = machine()
    found = events(connection, b"a RENAME {%d+}\r\n%b {%d+}\r\n%b\r\nb NOOP\r\n" % (half, b"x" * half, half + 1, b"y" * (half + 1)))
    assert [(Bad, "a"), (Request, "b")] == [(type(event), event.tag) for event in found]
    assert [Ready, Bad] == [type(event) for event in events(machine(), b"a RENAME {1}\r\nx {%d}\r\n" % limits.IMAP_LITERALS_TOTAL)]


def test_bound_number_of_literals() -> None:
    found = events(machine(State.SELECTED), b"a SEARCH" + b" {0+}\r\n" * (limits.IMAP_LITERALS_COUNT + 1) + b"\r\nb NOOP\r\n")
    assert [(Bad, "a"), (Request, "b")] == [(type(event), event.tag) for event in found]


def test_bound_messages_of_one_append() -> None:
    one = b" {1+}\r\nx"
    found = events(machine(), b"a APPEND INBOX" + one * (limits.IMAP_APPEND_MESSAGES + 1) + b"\r\nb NOOP\r\n")
    assert limits.IMAP_APPEND_MESSAGES == sum(isinstance(event, Message) for event in found)
    assert [(Bad, "a"), (Request, "b")] == [(type(event), event.tag) for event in found[-2:]]


def test_bound_errors() -> None:
    found = events(machine(), b"a BOGUS\r\n" * limits.IMAP_ERRORS)
    assert [False] * (limits.IMAP_ERRORS - 1) + [True] == [event.fatal for event in found]


def test_errors_are_forgiven_after_login_only() -> None:
    after = b"a BOGUS\r\nb NOOP\r\n" * limits.IMAP_ERRORS
    assert not any(event.fatal for event in events(machine(), after) if isinstance(event, Bad))
    assert any(event.fatal for event in events(machine(State.NOT_AUTHENTICATED), after) if isinstance(event, Bad))


def test_bound_sasl_line() -> None:
    connection = machine(State.NOT_AUTHENTICATED)
    connection.receive(b"x" * (limits.SASL_RESPONSE + 10) + b"\r\nDONE\r\n")
    assert isinstance(connection.next_line(), server.Bad)
    assert b"DONE" == connection.next_line()
