"""Logging in to a next server: the client's side of AUTH (RFC 4954 §4).

The strongest mechanism that both know is taken: SCRAM-SHA-256 proves the server too and never shows the password; XOAUTH2 where the secret is a
token; PLAIN and LOGIN where nothing better is offered, over a safe connection only (the driver sees to that). A login that fails is a fault of the
settings, which people mend: temporary, whatever the code.
"""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Final

from mailstead.model.status import EnhancedStatus
from mailstead.protocol.sasl import client as scram
from mailstead.protocol.smtp.client import Dialogue, Offers, Rejected, Reply, Turn, temporary

_CHALLENGE: Final = 334


@dataclass(frozen=True, slots=True)
class Credentials:
    """``is_token``: ``secret`` is an OAuth access token. ``nonce``: of SCRAM, new each time."""

    user: str
    secret: str = field(repr=False)
    is_token: bool = False
    nonce: str = ""


def login(offers: Offers, who: Credentials) -> Dialogue:
    """Raises ``Rejected``."""
    mechanisms = offers.mechanisms
    if who.is_token:
        if "XOAUTH2" not in mechanisms:
            raise Rejected(_none())
        yield from _by_token(who)
    elif "SCRAM-SHA-256" in mechanisms and who.nonce:
        yield from _by_scram(who)
    elif "PLAIN" in mechanisms:
        (answer,) = yield Turn(b"AUTH PLAIN " + base64.b64encode(b"\0%b\0%b" % (who.user.encode(), who.secret.encode())) + b"\r\n")
        _must(answer)
    elif "LOGIN" in mechanisms:
        for octets in (b"AUTH LOGIN", base64.b64encode(who.user.encode())):
            (answer,) = yield Turn(octets + b"\r\n")
            if answer.code != _CHALLENGE:
                raise Rejected(_refused(answer))
        (answer,) = yield Turn(base64.b64encode(who.secret.encode()) + b"\r\n")
        _must(answer)
    else:
        raise Rejected(_none())


def _by_token(who: Credentials) -> Dialogue:
    secret = base64.b64encode(f"user={who.user}\x01auth=Bearer {who.secret}\x01\x01".encode())
    (answer,) = yield Turn(b"AUTH XOAUTH2 " + secret + b"\r\n")
    if answer.code == _CHALLENGE:
        (answer,) = yield Turn(b"\r\n")  # it has said in JSON what is wrong, and waits for an empty answer
    _must(answer)


def _by_scram(who: Credentials) -> Dialogue:
    exchange = scram.Client(who.user, who.secret, who.nonce)
    (answer,) = yield Turn(b"AUTH SCRAM-SHA-256 " + base64.b64encode(exchange.first()) + b"\r\n")
    try:
        if answer.code != _CHALLENGE:
            raise Rejected(_refused(answer))
        (answer,) = yield Turn(base64.b64encode(exchange.final(_base64(answer))) + b"\r\n")
        if answer.code == _CHALLENGE:
            exchange.check(_base64(answer))
            (answer,) = yield Turn(b"\r\n")
        elif answer.is_ok:
            exchange.check(_base64(answer))  # with success (RFC 4954 §4)
    except ValueError as exc:
        raise Rejected(temporary(f"The next server does not prove that it knows our password: {exc}", EnhancedStatus(4, 7, 8))) from None
    _must(answer)


def _base64(answer: Reply) -> bytes:
    try:
        return base64.b64decode(answer.text.rpartition(" ")[2], validate=True)
    except binascii.Error:
        raise ValueError("its answer is not base64") from None


def _must(answer: Reply) -> None:
    if not answer.is_ok:
        raise Rejected(_refused(answer))


def _refused(answer: Reply) -> Reply:
    return temporary(f"The next server refused our login: {answer.code} {answer.text}", EnhancedStatus(4, 7, 8))


def _none() -> Reply:
    return temporary("The next server offers no way to log in that we know", EnhancedStatus(4, 7, 4))
