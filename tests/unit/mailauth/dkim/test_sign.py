"""Signing, checked by somebody else's verifier too (dkimpy)."""

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.harness.mailauth import answered

from mailstead.mailauth.dkim import PrivateKey, SigningKey, sign, verify
from mailstead.mailauth.dkim.key import ED25519, RSA
from mailstead.mailauth.dkim.sign import folded

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import dkim

KEYS = [SigningKey("example.test", f"s-{kind}", PrivateKey.make(kind)) for kind in (RSA, ED25519)]
RECORDS = {key.name: key.key.record().encode() for key in KEYS}
MESSAGE = (
    b"Received: from a by b\r\nFrom: Alice <alice@example.test>\r\nTo: bob@example.org,\r\n  carol@example.org\r\nSubject:  two  words \r\n"
    b"Date: Wed, 25 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.test>\r\nList-Unsubscribe: <https://example.test/u>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nHello  \r\n\tworld\r\n\r\n\r\n"
)


def start(message: bytes) -> int:
    return message.index(b"\r\n\r\n") + 4


def signed(message: bytes = MESSAGE) -> bytes:
    return sign(message, start(message), KEYS, now_s=1_000) + message


def oracle(message: bytes) -> list[bool]:
    def txt(name: bytes, timeout: int = 5) -> bytes:
        return RECORDS[name.decode().rstrip(".")]

    reader = dkim.DKIM(message)
    return [reader.verify(idx=number, dnsfunc=txt) for number in range(len(KEYS))]


def results(message: bytes, now_s: int = 1_000) -> list[str]:
    return [one.result for one in answered(verify(message, start(message), now_s=now_s), RECORDS)]


def test_both_keys_sign_and_both_verifiers_agree() -> None:
    assert ["pass", "pass"] == results(signed())
    assert [True, True] == oracle(signed())


def test_without_keys_nothing_is_added() -> None:
    assert b"" == sign(MESSAGE, start(MESSAGE), [], now_s=1)


@pytest.mark.parametrize("field", [b"From: mallory@example.test\r\n", b"Subject: other\r\n", b"Reply-To: mallory@example.test\r\n", b"To: x@y.test\r\n"])
def test_nobody_adds_a_field_that_readers_see(field: bytes) -> None:
    """RFC 6376 §8.15."""
    for message in (field + signed(), signed().replace(b"\r\n\r\n", b"\r\n" + field + b"\r\n", 1)):
        assert ["fail", "fail"] == results(message)
        assert [False, False] == oracle(message)


@pytest.mark.parametrize("name", [b"list-unsubscribe", b"list-unsubscribe-post"])
def test_one_click_fields_are_signed(name: bytes) -> None:
    """RFC 8058 §4."""
    assert name in signed().split(b"bh=")[0].lower()


def test_a_trace_line_may_be_added() -> None:
    assert ["pass", "pass"] == results(b"Received: from c by d\r\n" + signed())


def test_a_signature_may_expire() -> None:
    message = sign(MESSAGE, start(MESSAGE), KEYS[:1], now_s=1_000, lasts_s=60) + MESSAGE
    assert ["pass"] == results(message, 1_060)
    assert ["fail"] == results(message, 1_061)


def test_lines_are_short_enough() -> None:
    assert all(len(line) <= 100 for line in sign(MESSAGE, start(MESSAGE), KEYS, now_s=1).split(b"\r\n"))
    assert "a" * 70 + ":\r\n\t" + "b" * 5 == folded("a" * 70 + ":" + "b" * 5, ":")


LINES = st.lists(st.sampled_from([b"", b" ", b"a", b"a ", b" \tb  c\t", b".", b"..", b"\xc3\xa4", b"x" * 90]), max_size=8)


@settings(max_examples=40, deadline=None)
@given(LINES, st.sampled_from([b"", b"\r\n", b"no end"]))
def test_any_body_verifies_for_others(lines: list[bytes], last: bytes) -> None:
    message = b"From: a@example.test\r\n\r\n" + b"".join(line + b"\r\n" for line in lines) + last
    whole = signed(message)
    assert ["pass", "pass"] == results(whole)
    assert [True, True] == oracle(whole)
