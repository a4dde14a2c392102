"""LOGIN (RFC 9051 §6.2.3)."""

from dataclasses import dataclass, field

from mailstead.model import limits
from mailstead.model.errors import Violation
from mailstead.protocol.imap.tokens import Reader


@dataclass(frozen=True, slots=True)
class Login:
    """``login`` and password as sent."""

    login: str
    password: str = field(repr=False)


def parse(reader: Reader, _name: str) -> Login:
    """``LOGIN userid password``."""
    reader.space()
    login = reader.text()
    reader.space()
    password = reader.text()
    reader.end()
    if len(login) > limits.LOGIN or len(password) > limits.PASSWORD:
        raise Violation("The login or password is too long")
    return Login(login, password)
