"""LOGIN: the obsolete two questions that old clients still ask for (draft-murchison-sasl-login)."""

from collections.abc import Mapping

from mailstead.model.errors import Violation
from mailstead.model.question import Challenge, CheckPassword, Exchange, Principal
from mailstead.protocol.sasl import words


def exchange(initial: bytes | None, _nonce: str, _binding: Mapping[str, bytes]) -> Exchange:
    """The server's side; an initial response is the name."""
    login = initial
    if not login:
        answer = yield Challenge(b"Username:")
        login = answer if isinstance(answer, bytes) else b""
    answer = yield Challenge(b"Password:")
    password = answer if isinstance(answer, bytes) else b""
    if not login:
        raise Violation("The login is empty")
    who = yield CheckPassword("", words.name(login), words.password(password))
    if not isinstance(who, Principal):
        raise Violation("The exchange was not answered")
    return who
