"""SASL mechanisms as generators (RFC 4422): they yield questions to the peer and to the world, and return who it is.

``begin`` gives the generator for a mechanism. Nonces and channel bindings are handed in; nothing here knows a socket, a
clock or a random number. A response that breaks the grammar raises ``Violation``; a wrong password is the world's answer
(``Refusal``) and passes through.
"""

from collections.abc import Callable, Mapping
from typing import Final

from mailstead.model.errors import Violation
from mailstead.model.question import Exchange
from mailstead.protocol.sasl import login, plain, scram

Begin = Callable[[bytes | None, str, Mapping[str, bytes]], Exchange]

MECHANISMS: Final[dict[str, Begin]] = {
    "SCRAM-SHA-256-PLUS": scram.exchange_plus,
    "SCRAM-SHA-256": scram.exchange,
    "PLAIN": plain.exchange,
    "LOGIN": login.exchange,
}
"""Strongest first, the order in which they are offered."""


def begin(mechanism: str, initial: bytes | None, nonce: str, binding: Mapping[str, bytes]) -> Exchange:
    """The exchange of this mechanism. ``initial`` is the initial response (None: none was sent); ``binding`` the channel
    bindings by type (RFC 5929). Raises ``Violation`` for a mechanism we do not have."""
    start = MECHANISMS.get(mechanism.upper())
    if start is None:
        raise Violation("That mechanism is not offered")
    return start(initial, nonce, binding)
