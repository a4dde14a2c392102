"""Verifying: public vectors, somebody else's signer (dkimpy), and what must not pass."""

import re
import warnings
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st
from tests.harness.mailauth import answered

from mailstead.mailauth.dkim import PrivateKey, SigningKey, Verdict, sign, verify
from mailstead.mailauth.dkim.key import ED25519, RSA
from mailstead.mailauth.dkim.verify import Signature, without_signature
from mailstead.mailauth.tags import Malformed
from mailstead.model import limits

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import dkim

CORPUS = Path(__file__).parents[3] / "corpus"
MESSAGE = b"From: a@example.test\r\nSubject: x\r\n\r\nbody\r\n"
KEY = SigningKey("example.test", "sel", PrivateKey.make(ED25519))
BIG = SigningKey("example.test", "rsa", PrivateKey.make(RSA))
RECORDS = {key.name: key.key.record().encode() for key in (KEY, BIG)}


def checked(message: bytes, records: dict[str, object] | None = None, now_s: int = 1_000) -> list[Verdict]:
    start = message.index(b"\r\n\r\n") + 4
    return answered(verify(message, start, now_s=now_s), RECORDS if records is None else records)


def signed(message: bytes = MESSAGE) -> bytes:
    return sign(message, message.index(b"\r\n\r\n") + 4, [KEY], now_s=1_000) + message


def crlf(octets: bytes) -> bytes:
    return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.mark.parametrize("number", range(1, 7))
def test_messages_of_others(number: int) -> None:
    head, _, message = crlf((CORPUS / f"dkim/00{number}.txt").read_bytes()).partition(b"\r\n\r\n")
    records = dict(line.split(b" ", 1) for line in head.split(b"\r\n"))
    signed_at = re.search(rb"[; \t]t=(\d+)", message)
    found = checked(message, {name.decode(): text for name, text in records.items()}, now_s=int(signed_at[1]) if signed_at else 0)
    assert found
    assert ["pass"] * len(found) == [one.result for one in found], [one.reason for one in found]


def test_the_sample_of_the_rfc() -> None:
    """RFC 6376 §A.2, signed with the keys of RFC 8463 §A."""
    records = dict(line.split(b" ", 1) for line in (CORPUS / "dkim/001.txt").read_bytes().split(b"\n\n")[0].splitlines())
    found = checked(
        crlf((CORPUS / "dkim-rfc6376/rfc6376.signed.msg").read_bytes()), {name.decode(): text for name, text in records.items()},
        now_s=1_700_000_000,
    )  # fmt: skip
    assert ["pass", "pass"] == [one.result for one in found], [one.reason for one in found]


@pytest.mark.parametrize("head", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body", [b"simple", b"relaxed"])
@pytest.mark.parametrize("length", [False, True])
def test_what_another_signer_signs(head: bytes, body: bytes, length: bool) -> None:
    secret = BIG.key.secret.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    message = b"From:  A  <a@example.test>\r\nSubject: =?utf-8?q?x?=\r\n folded\t here \r\nTo: b@c.test\r\n\r\n a  b \r\n\r\nend\r\n\r\n"
    line = dkim.sign(message, b"rsa", b"example.test", secret, canonicalize=(head, body), length=length)
    assert ["pass"] == [one.result for one in checked(line + message, now_s=1 << 40)]
    (longer,) = checked(line + message + b"more\r\n", now_s=1 << 40)
    assert ("policy" if length else "fail") == longer.result


def test_a_changed_message_fails_and_says_where() -> None:
    (body,) = checked(signed().replace(b"body", b"bodies"))
    (head,) = checked(signed().replace(b"Subject: x", b"Subject: y"))
    assert [("fail", "the body was changed"), ("fail", "the signature does not fit the header")] == [
        (one.result, one.reason) for one in (body, head)]  # fmt: skip


@pytest.mark.parametrize(("record", "result"), [
    (None, "temperror"), ((), "permerror"), (b"v=spf1 -all", "permerror"), (b"v=DKIM1; k=ed25519; p=", "permerror"),
    (KEY.key.record().encode() + b"; h=sha1", "permerror"), (KEY.key.record().encode() + b"; s=tlsrpt", "permerror"),
    (BIG.key.record().encode(), "permerror"), (PrivateKey.make(ED25519).record().encode(), "fail"),
    (KEY.key.record().encode() + b"; t=y", "pass"), ((b"junk", KEY.key.record().encode()), "pass"),
], ids=["no answer", "none", "of SPF", "withdrawn", "another hash", "another service", "another kind", "another key", "tested", "two"])  # fmt: skip
def test_what_the_key_says(record: object, result: str) -> None:
    (one,) = checked(signed(), {KEY.name: record})
    assert result == one.result, one.reason
    assert one.is_testing == (isinstance(record, bytes) and record.endswith(b"t=y"))


@pytest.mark.parametrize(("old", "new"), [
    (b"v=1", b"v=2"), (b"a=ed25519-sha256", b"a=rsa-sha1"), (b"a=ed25519-sha256", b"a=none"), (b"c=relaxed/relaxed", b"c=loose"),
    (b"h=from", b"h=frum"), (b"d=example.test", b"d=exa mple"), (b"t=1000;", b"t=never;"), (b"t=1000;", b"t=1000; x=999;"),
    (b"t=1000;", b"t=1000; i=@example.org;"), (b"t=1000;", b"t=1000; l=-1;"), (b"t=1000;", b"t=1000; t=1000;"), (b"bh=", b"bx="),
    (b"t=1000;", b"t=1000; q=http;"), (b"bh=", b"bh=!"),
])  # fmt: skip
def test_signatures_that_are_none(old: bytes, new: bytes) -> None:
    message = signed().replace(b"h=from:from:", b"h=from:") if b"frum" in new else signed()
    asked: list[str] = []
    start = message.index(b"\r\n\r\n") + 4
    message = message.replace(old, new, 1)
    (one,) = answered(verify(message, message.index(b"\r\n\r\n") + 4, now_s=1_000), RECORDS, asked)
    assert start
    assert ("permerror", None, []) == (one.result, one.signature, asked)


def test_the_future_proves_nothing() -> None:
    assert ["fail"] == [one.result for one in checked(signed(), now_s=1_000 - 601)]
    assert ["pass"] == [one.result for one in checked(signed(), now_s=1_000 - 600)]


def test_only_so_many_signatures_are_looked_at() -> None:
    line = sign(MESSAGE, 36, [KEY], now_s=1_000)
    assert 10 == len(checked(line * 12 + MESSAGE))
    (broken,) = checked(b"DKIM-Signature: " + b"x" * 20_000 + b"\r\n" + MESSAGE)
    assert "permerror" == broken.result


def test_keys_are_asked_for_once() -> None:
    line = sign(MESSAGE, MESSAGE.index(b"\r\n\r\n") + 4, [KEY, BIG], now_s=1_000)
    asked: list[str] = []
    message = line + line + MESSAGE
    answered(verify(message, message.index(b"\r\n\r\n") + 4, now_s=1_000), RECORDS, asked)
    assert [KEY.name, BIG.name] == asked


def test_only_its_own_signature_is_emptied() -> None:
    assert b"DKIM-Signature: v=1; bh=xb=; b=\r\n" == without_signature(b"DKIM-Signature: v=1; bh=xb=; b=abc\r\n def\r\n")
    assert b"dkim-signature: b=; s=x\r\n" == without_signature(b"dkim-signature: b=abc; s=x\r\n")


@given(st.binary(max_size=300))
def test_any_octets_give_a_verdict(octets: bytes) -> None:
    message = b"DKIM-Signature: " + octets + b"\r\n" + MESSAGE
    start = message.index(b"\r\n\r\n") + 4
    for one in answered(verify(message, start, now_s=1), {}):
        assert one.result in {"permerror", "fail"}


@pytest.mark.parametrize(("names", "is_good"), [(limits.DKIM_SIGNED_FIELDS, True), (limits.DKIM_SIGNED_FIELDS + 1, False)])
def test_signed_fields_are_bounded(names: int, is_good: bool) -> None:
    field = b"DKIM-Signature: v=1; a=rsa-sha256; d=a.test; s=s; bh=eHg=; b=eHg=; h=from" + b":x" * (names - 1)
    if is_good:
        assert names == len(Signature.parse(field).names)
    else:
        with pytest.raises(Malformed, match="too many signed fields"):
            Signature.parse(field)


def test_a_signature_field_is_bounded() -> None:
    field = b"DKIM-Signature: v=1; a=rsa-sha256; d=a.test; s=s; bh=eHg=; h=from; b=eHg=; z="
    Signature.parse(field + b"x" * (limits.DKIM_SIGNATURE_FIELD - len(field)))
    with pytest.raises(Malformed, match="too long"):
        Signature.parse(field + b"x" * (limits.DKIM_SIGNATURE_FIELD - len(field) + 1))
