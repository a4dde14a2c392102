"""The server's machine: order, bounds, answers of its own."""

import pytest

from mailstead.model import limits
from mailstead.protocol.smtp.command import Auth, Bdat, Hello, Mail, Plain
from mailstead.protocol.smtp.server import IDLE_COMMANDS, Chunk, ChunkDone, End, Mode, Say, ServerConnection, State


def machine(octets: bytes = b"", *, state: State = State.READY, mode: Mode = Mode.MX) -> ServerConnection:
    connection = ServerConnection(mode)
    connection.state = state
    connection.receive(octets)
    return connection


def said(connection: ServerConnection) -> bytes:
    event = connection.next_event()
    assert isinstance(event, Say)
    return event.octets


@pytest.mark.parametrize(
    ("line", "most"),
    [(b"NOOP ", limits.SMTP_COMMAND_LINE), (b"MAIL FROM:<a@b> AUTH=", limits.SMTP_MAIL_LINE), (b"RCPT TO:<a@b> X=", limits.SMTP_RCPT_LINE),
     (b"AUTH PLAIN ", limits.SMTP_AUTH_LINE)],
)  # fmt: skip
def test_each_command_has_its_longest_line(line: bytes, most: int) -> None:
    fits = line + b"x" * (most - len(line) - 2) + b"\r\n"
    event = machine(fits, state=State.MAIL if line.startswith(b"RCPT") else State.READY).next_event()
    assert not isinstance(event, Say) or b"too long" not in event.octets
    assert b"500 5.5.6" in said(machine(fits[:-2] + b"x\r\n"))


def test_a_line_without_end_is_not_held() -> None:
    connection = machine()
    for _ in range(100):
        connection.receive(b"x" * 4_096)
        assert connection.next_event() is None
        assert len(connection._buffer) <= limits.SMTP_AUTH_LINE + 4_096
    connection.receive(b"x\r\nNOOP\r\n")
    assert b"500 5.5.6" in said(connection)
    assert connection.next_event() == Plain("NOOP")


def test_a_response_has_a_longest_line_too() -> None:
    connection = machine(b"x" * limits.SMTP_AUTH_LINE + b"x\r\n")
    assert isinstance(connection.next_line(), Say)


@pytest.mark.parametrize("line", [b"NOOP\n", b"NOOP\r\r\n", b"NO\0OP\r\n", b"NO\rOP\r\n"])
def test_lines_end_in_crlf_and_hold_no_cr_or_nul(line: bytes) -> None:
    assert b"500 5.5.2" in said(machine(line))


def test_errors_are_counted() -> None:
    connection = machine(b"BOGUS\r\n" * limits.SMTP_ERRORS)
    for _ in range(limits.SMTP_ERRORS - 1):
        assert b"500 5.5.1" in said(connection)
    event = connection.next_event()
    assert isinstance(event, Say)
    assert event.is_fatal
    assert b"421" in event.octets


@pytest.mark.parametrize("line", [b"NOOP", b"RSET", b"VRFY x", b"HELP", b"EHLO x", b"AUTH PLAIN"])
def test_commands_without_a_message_are_counted(line: bytes) -> None:
    connection = machine((line + b"\r\n") * IDLE_COMMANDS)
    for _ in range(IDLE_COMMANDS):
        assert not isinstance(connection.next_event(), Say)
    connection.receive(b"QUIT\r\n" + line + b"\r\n")
    assert connection.next_event() == Plain("QUIT")
    event = connection.next_event()
    assert isinstance(event, Say)
    assert event.is_fatal
    assert event.octets.startswith(b"421 4.7.0")
    connection.message_taken()
    connection.receive(line + b"\r\n")
    assert not isinstance(connection.next_event(), Say)


@pytest.mark.parametrize("state", list(State)[:4])
@pytest.mark.parametrize("line", [b"MAIL FROM:<a@b>", b"RCPT TO:<a@b>", b"DATA", b"BDAT 0", b"AUTH PLAIN"])
def test_the_order_of_commands(state: State, line: bytes) -> None:
    welcome = {
        State.START: set[bytes](), State.READY: {b"MAIL", b"AUTH"}, State.MAIL: {b"RCPT"}, State.RCPT: {b"RCPT", b"DATA", b"BDAT"},
    }  # fmt: skip
    event = machine(line + b"\r\n", state=state).next_event()
    assert isinstance(event, Say) == (line[:4] not in welcome[state])


def test_a_hello_of_the_other_protocol_is_none() -> None:
    assert b"LHLO" in said(machine(b"EHLO a\r\n", mode=Mode.LMTP))
    assert b"EHLO" in said(machine(b"LHLO a\r\n", mode=Mode.SUBMISSION))
    assert machine(b"LHLO a\r\n", mode=Mode.LMTP).next_event() == Hello("LHLO", "a")


def test_a_chunk_out_of_place_is_passed_over() -> None:
    connection = machine(b"BDAT 12 LAST\r\nQUIT\r\n")
    assert connection.next_event() is None
    connection.receive(b"RSET\r\nNOOP\r\n")
    assert b"503 5.5.1" in said(connection)
    assert connection.next_event() == Plain("NOOP")


def test_a_chunk_of_unknown_length_ends_the_session() -> None:
    event = machine(b"BDAT x\r\n", state=State.RCPT).next_event()
    assert isinstance(event, Say)
    assert event.is_fatal


def test_chunks() -> None:
    connection = machine(b"BDAT 3\r\na\r\nBDAT 0\r\nBDAT 1 LAST\r\n\nNOOP\r\n", state=State.RCPT)
    assert [connection.next_event() for _ in range(9)] == [
        Bdat(3, is_last=False), Chunk(b"a\r\n"), ChunkDone(3), Bdat(0, is_last=False), ChunkDone(0), Bdat(1, is_last=True), Chunk(b"\n"), End(is_clean=False),
        Plain("NOOP"),
    ]  # fmt: skip


def test_a_crlf_cut_by_chunks_is_clean() -> None:
    connection = machine(b"BDAT 2\r\na\rBDAT 1 LAST\r\n\n", state=State.RCPT)
    events = [connection.next_event() for _ in range(7)]
    assert events[-2:] == [End(is_clean=True), None]


def test_tls_forgets_everything() -> None:
    connection = machine(b"EHLO a\r\nSTARTTLS\r\nMAIL FROM:<evil@x>\r\n", state=State.START)
    connection.next_event()
    connection.hello_done(extended=True)
    assert connection.next_event() == Plain("STARTTLS")
    connection.discard()
    assert connection.next_event() is None
    connection.receive(b"MAIL FROM:<a@b>\r\n")
    assert b"503 5.5.1 Say hello" in said(connection)


def test_nothing_is_held_when_there_is_nothing() -> None:
    connection = machine(b"MAIL FROM:<a@b>\r\n")
    assert isinstance(connection.next_event(), Mail)
    assert connection.next_event() is None
    assert connection._buffer == b""


def test_auth_is_for_a_session_without_transaction() -> None:
    assert machine(b"AUTH PLAIN\r\n").next_event() == Auth("PLAIN", None)
