"""The server's machine: lines, limits, stuffing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstead.model import limits
from mailstead.model.errors import Violation
from mailstead.protocol.pop3 import server
from mailstead.protocol.pop3.command import Command, State
from mailstead.protocol.pop3.server import ServerConnection, Stuffing


def commands(connection: ServerConnection) -> list[Command | Violation]:
    found = []
    while (command := connection.next_command()) is not None:
        found.append(command)
    return found


def test_pipelined_commands_come_one_by_one() -> None:
    connection = ServerConnection()
    connection.receive(b"USER a\r\nPASS b\r\nQU")
    assert [Command("USER", text="a"), Command("PASS", text="b")] == commands(connection)
    connection.receive(b"IT\n")
    assert [Command("QUIT")] == commands(connection)


def test_a_line_past_the_bound_is_one_violation_and_its_rest_is_skipped() -> None:
    connection = ServerConnection()
    connection.logged_in()
    for _ in range(9):
        connection.receive(b"x" * limits.POP3_LINE)
        assert connection.next_command() is None
    connection.receive(b"\r\nNOOP\r\n")
    first, second = commands(connection)
    assert isinstance(first, Violation)
    assert Command("NOOP") == second


def test_sasl_lines_may_be_longer() -> None:
    connection = ServerConnection()
    connection.auth_begins()
    connection.receive(b"x" * 8000 + b"\r\n")
    assert b"x" * 8000 == connection.next_line()
    connection.receive(b"x" * limits.POP3_AUTH_LINE + b"\r\n")
    assert isinstance(connection.next_line(), Violation)


def test_too_many_errors_end_the_session() -> None:
    connection = ServerConnection()
    connection.receive(b"NONSENSE\r\n" * limits.POP3_ERRORS)
    found = commands(connection)
    assert [False] * (limits.POP3_ERRORS - 1) + [True] == [getattr(violation, "fatal", None) for violation in found]


def test_what_came_before_tls_does_not_count() -> None:
    connection = ServerConnection()
    connection.receive(b"STLS\r\nUSER injected\r\n")
    assert Command("STLS") == connection.next_command()
    connection.discard()
    assert [] == commands(connection)


@pytest.mark.parametrize("line", [b"NO\0OP\r\n", b"NO\rOP\r\n"])
def test_control_characters_are_refused(line: bytes) -> None:
    connection = ServerConnection()
    connection.receive(line)
    assert isinstance(connection.next_command(), Violation)


@given(st.binary(max_size=400), st.integers(1, 50), st.sampled_from(State))
def test_any_octets_give_commands_or_violations(octets: bytes, size: int, state: State) -> None:
    connection = ServerConnection()
    connection.state = state
    for at in range(0, len(octets), size):
        connection.receive(octets[at : at + size])
        commands(connection)


@given(st.lists(st.sampled_from([b".", b"\r\n", b"a", b"\r\n.", b"\r", b".."]), max_size=12), st.integers(1, 5))
def test_stuffing_is_the_same_however_it_is_cut(pieces: list[bytes], size: int) -> None:
    message = b"".join(pieces)
    stuffing = Stuffing()
    out = b"".join(stuffing.feed(message[at : at + size]) for at in range(0, len(message), size)) + stuffing.end()
    whole = message if message.endswith(b"\r\n") or not message else message + b"\r\n"
    stuffed = (b"\r\n" + whole).replace(b"\r\n.", b"\r\n..")[2:]
    assert stuffed + b".\r\n" == out


def test_responses() -> None:
    assert b"+OK\r\n" == server.ok()
    assert b"-ERR [AUTH] no\r\n" == server.err("no", "AUTH")
    assert b"+OK 2 messages\r\n1 10\r\n2 20\r\n.\r\n" == server.multiline("2 messages", ["1 10", "2 20"])
