"""PLAIN: ``[authzid] NUL authcid NUL passwd`` in one message (RFC 4616 §2)."""

from collections.abc import Mapping

from mailstead.model.errors import Violation
from mailstead.model.question import Challenge, CheckPassword, Exchange, Principal
from mailstead.protocol.sasl import words


def exchange(initial: bytes | None, _nonce: str, _binding: Mapping[str, bytes]) -> Exchange:
    """The server's side."""
    response = initial
    if response is None:
        answer = yield Challenge(b"")
        response = answer if isinstance(answer, bytes) else b""
    fields = response.split(b"\0")
    if len(fields) != 3:  # noqa: PLR2004 - RFC 4616 §2
        raise Violation("That is not a PLAIN message")
    authzid, login, password = fields
    if not login:
        raise Violation("The login is empty")
    who = yield CheckPassword(words.name(authzid), words.name(login), words.password(password))
    if not isinstance(who, Principal):
        raise Violation("The exchange was not answered")
    return who


def message(login: str, password: str) -> bytes:
    """The client's only message."""
    return b"\0" + login.encode() + b"\0" + password.encode()
