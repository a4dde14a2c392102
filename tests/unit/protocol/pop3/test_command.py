"""POP3's grammar and states."""

import pytest

from mailstead.model.errors import Violation
from mailstead.protocol.pop3.command import Command, State, parse


@pytest.mark.parametrize(
    ("line", "state", "command"),
    [
        (b"user alice@example.test", State.AUTHORIZATION, Command("USER", text="alice@example.test")),
        (b"PASS two words ", State.AUTHORIZATION, Command("PASS", text="two words ")),
        (b"AUTH plain", State.AUTHORIZATION, Command("AUTH", text="PLAIN")),
        (b"AUTH PLAIN AGE=", State.AUTHORIZATION, Command("AUTH", text="PLAIN", initial=b"AGE=")),
        (b"AUTH ", State.AUTHORIZATION, Command("AUTH")),
        (b"LIST", State.TRANSACTION, Command("LIST")),
        (b"LIST 3", State.TRANSACTION, Command("LIST", number=3)),
        (b"TOP 1 10", State.TRANSACTION, Command("TOP", number=1, lines=10)),
        (b"LANG *", State.TRANSACTION, Command("LANG", text="*")),
    ],
)
def test_commands_that_fit(line: bytes, state: State, command: Command) -> None:
    assert command == parse(line, state)


@pytest.mark.parametrize(
    ("line", "state"),
    [
        (b"RETR 1", State.AUTHORIZATION),
        (b"USER x", State.TRANSACTION),
        (b"STLS", State.TRANSACTION),
        (b"RETR", State.TRANSACTION),
        (b"RETR 0", State.TRANSACTION),
        (b"RETR -1", State.TRANSACTION),
        (b"RETR 1 2", State.TRANSACTION),
        (b"RETR 99999999999999999999", State.TRANSACTION),
        (b"TOP 1", State.TRANSACTION),
        (b"STAT now", State.TRANSACTION),
        (b"XYZZY", State.TRANSACTION),
        (b"", State.TRANSACTION),
        (b"USER \xff", State.AUTHORIZATION),
        (b"AUTH a b c", State.AUTHORIZATION),
    ],
)
def test_what_does_not_fit_is_a_violation(line: bytes, state: State) -> None:
    with pytest.raises(Violation):
        parse(line, state)
