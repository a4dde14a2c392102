"""Chains, checked by somebody else's verifier, and continued by somebody else's sealer, too (dkimpy)."""

import warnings
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from tests.harness.mailauth import answered

from mailstead.mailauth import dkim as ours
from mailstead.mailauth.arc import Chain, seal, validate
from mailstead.mailauth.dkim import PrivateKey, SigningKey
from mailstead.mailauth.dkim.key import ED25519, RSA

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import dkim

KEYS = [SigningKey(f"{name}.test", "s", PrivateKey.make(RSA)) for name in ("first", "second", "third")]
RECORDS = {key.name: key.key.record().encode() for key in KEYS}
MESSAGE = (
    b"Received: from a by b\r\nFrom: Alice <alice@example.test>\r\nTo: bob@example.org,\r\n  carol@example.org\r\nSubject:  two  words \r\n"
    b"Date: Wed, 25 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.test>\r\n\r\nHello  \r\n\tworld\r\n\r\n\r\n"
)
FOUND = "mx.example.org;\r\n\tdkim=pass header.d=example.test"


def start(message: bytes) -> int:
    return message.index(b"\r\n\r\n") + 4


def chain(message: bytes, records: dict[str, Any] = RECORDS) -> Chain:
    return answered(validate(message, start(message), now_s=1_000), records)


def sealed(message: bytes, key: SigningKey = KEYS[0]) -> bytes:
    return seal(message, start(message), key, chain(message), f"{FOUND};\r\n\tarc={chain(message).status}", now_s=1_000) + message


def txt(name: bytes, timeout: int = 5) -> bytes:
    return RECORDS[name.decode().rstrip(".")]


def theirs(message: bytes) -> bytes | None:
    status: bytes | None = dkim.ARC(message).verify(dnsfunc=txt)[0]
    return status


def sealed_by_them(message: bytes, key: SigningKey, status: str, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """dkimpy takes what it says from an Authentication-Results field, which it leaves to another library to read: of that it gets as much as it asks for."""

    class Field:
        authserv_id = "them.test"
        results = (SimpleNamespace(method="arc", result=status, __str__=None),)

        @staticmethod
        def parse(_text: str) -> "Field":
            return Field()

    monkeypatch.setattr(dkim, "authres", SimpleNamespace(AuthenticationResultsHeader=Field, core=SimpleNamespace(SyntaxError=ValueError)), raising=False)
    pem = key.key.secret.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    whole = b"Authentication-Results: them.test; arc=" + status.encode() + b"\r\n" + message
    return b"".join(dkim.ARC(whole).sign(b"s", key.domain.encode(), pem, b"them.test", timestamp=1_000)) + message


def test_a_set_is_three_fields_and_the_message_as_it_was() -> None:
    found = sealed(MESSAGE)
    assert found.endswith(b"\r\nARC-Authentication-Results: i=1; mx.example.org;\r\n\tdkim=pass header.d=example.test;\r\n\tarc=none\r\n" + MESSAGE)
    assert found.startswith(b"ARC-Seal: i=1; cv=none; a=rsa-sha256; d=first.test;\r\n\ts=s; t=1000;\r\n\tb=")
    assert b"\r\nARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=first.test;" in found
    assert max(map(len, found.split(b"\r\n"))) <= 78


def test_both_verifiers_agree_along_a_chain() -> None:
    message = MESSAGE
    assert (b"none", "none") == (theirs(message), chain(message).status)
    for number, key in enumerate(KEYS, 1):
        message = b"Received: from hop %d\r\nDelivered-To: x\r\n" % number + sealed(message, key)
        assert b"pass" == theirs(message)
        found = chain(message)
        assert ("pass", number, tuple(one.domain for one in KEYS[:number])) == (found.status, found.instance, found.sealers)


def test_a_chain_is_continued_by_others_and_by_us(monkeypatch: pytest.MonkeyPatch) -> None:
    message = sealed_by_them(MESSAGE, KEYS[1], "none", monkeypatch)
    assert "pass" == chain(message).status
    message = sealed(message)
    assert b"pass" == theirs(message)
    message = sealed_by_them(message, KEYS[2], "pass", monkeypatch)
    assert ("pass", 3) == (chain(message).status, chain(message).instance)
    assert b"pass" == theirs(sealed(message))


def test_what_was_changed_on_the_way_is_sealed_as_failed_and_then_never_again() -> None:
    """RFC 8617 §5.1, §5.1.2."""
    message = sealed(MESSAGE, KEYS[1]).replace(b"Hello", b"Hullo")
    assert ("fail", b"fail") == (chain(message).status, theirs(message))
    marked = sealed(message)
    assert b"ARC-Seal: i=2; cv=fail;" in marked
    assert theirs(marked) is None  # their word for a chain that has ended
    found = chain(marked)
    assert ("fail", 2, True) == (found.status, found.instance, found.is_over)
    assert marked == sealed(marked)
    alone = answered(validate(marked, start(marked), now_s=1_000), {})
    assert found == alone  # nothing is asked any more


def test_a_seal_of_a_failed_chain_covers_its_own_set_alone() -> None:
    marked = sealed(sealed(MESSAGE, KEYS[1]).replace(b"Hello", b"Hullo"))
    alone = dkim.ARC(marked[: marked.index(b"ARC-Seal: i=1;")] + MESSAGE.replace(b"Hello", b"Hullo"))
    highest, fields = alone.sorted_arc_headers()
    result = alone.verify_instance(fields, highest, dnsfunc=txt)
    assert (True, True, b"fail") == (result["ams-valid"], result["as-valid"], result["cv"])


def test_nothing_is_added_beyond_the_fiftieth() -> None:
    assert b"" == seal(MESSAGE, start(MESSAGE), KEYS[0], Chain("fail", 50, "x"), FOUND, now_s=1)
    assert b"" != seal(MESSAGE, start(MESSAGE), KEYS[0], Chain("fail", 49, "x"), FOUND, now_s=1)


def test_signatures_are_covered_and_results_of_others_are_not() -> None:
    message = ours.sign(MESSAGE, start(MESSAGE), [SigningKey("example.test", "e", PrivateKey.make(ED25519))], now_s=1_000) + MESSAGE
    found = sealed(b"Authentication-Results: other.test; none\r\n" + message)
    assert "pass" == chain(found.replace(b"Authentication-Results: other.test; none\r\n", b"")).status
    at = found.index(b"DKIM-Signature:")
    assert "fail" == chain(found[:at] + found[found.index(b"Received:") :]).status
