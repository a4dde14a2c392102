"""One IMAP command read by the grammar, as a session in the right state would."""

from typing import Any, Final

import pytest

from mailstead.model.errors import Violation
from mailstead.protocol.imap import command
from mailstead.protocol.imap.state import State
from mailstead.protocol.imap.tokens import Sequence

ONE: Final = Sequence(((1, 1),))
ALL: Final = Sequence(((1, 0),))


def parse(text: bytes) -> Any:
    """What ``text``, a command without its tag, means. Raises ``Violation``."""
    before = text.split(b" ")[0].upper() in {b"LOGIN", b"AUTHENTICATE", b"STARTTLS"}
    return command.parse(text, State.NOT_AUTHENTICATED if before else State.SELECTED, utf8=False)


def refused(*texts: bytes) -> None:
    """None of them is a command."""
    for text in texts:
        with pytest.raises(Violation):
            parse(text)
