"""PLAIN and LOGIN (RFC 4616)."""

import pytest

from mailstead.model.errors import Violation
from mailstead.model.question import Challenge, CheckPassword, Principal
from mailstead.protocol import sasl
from mailstead.protocol.sasl import plain

WHO = Principal(1, 1, "tim", "tim@example.test")  # type: ignore[arg-type]


def test_plain_in_one_message() -> None:
    exchange = sasl.begin("plain", b"\0tim\0tanstaaftanstaaf", "", {})
    assert next(exchange) == CheckPassword("", "tim", "tanstaaftanstaaf")
    with pytest.raises(StopIteration) as end:
        exchange.send(WHO)
    assert end.value.value is WHO


def test_plain_without_an_initial_response() -> None:
    exchange = sasl.begin("PLAIN", None, "", {})
    assert next(exchange) == Challenge(b"")
    assert exchange.send(b"Ursel\0Kurt\0xipj3plmq") == CheckPassword("Ursel", "Kurt", "xipj3plmq")


def test_login_asks_twice() -> None:
    exchange = sasl.begin("LOGIN", None, "", {})
    assert next(exchange) == Challenge(b"Username:")
    assert exchange.send(b"tim") == Challenge(b"Password:")
    assert exchange.send(b"secret") == CheckPassword("", "tim", "secret")


@pytest.mark.parametrize("message", [b"", b"a\0b", b"\0\0x", b"\0tim\0", b"\0tim\0" + b"x" * 2000, b"\0\xff\0x", b"a\0b\0c\0d"])
def test_malformed_plain(message: bytes) -> None:
    with pytest.raises(Violation):
        next(sasl.begin("PLAIN", message, "", {}))


def test_unknown_mechanism() -> None:
    with pytest.raises(Violation):
        sasl.begin("CRAM-MD5", None, "", {})


def test_our_own_message_is_understood() -> None:
    assert next(sasl.begin("PLAIN", plain.message("tim", "pässword"), "", {})) == CheckPassword("", "tim", "pässword")
