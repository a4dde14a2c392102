"""Chains that are not what they should be: each fails, for its reason (RFC 8617 §5.2)."""

from typing import Any

import pytest
from tests.harness.mailauth import answered
from tests.unit.mailauth.arc.test_seal import KEYS, MESSAGE, RECORDS, chain, sealed, start, theirs

from mailstead.mailauth.arc import seal, validate
from mailstead.mailauth.arc.chain import instance_of
from mailstead.mailauth.dkim import PrivateKey, SigningKey
from mailstead.mailauth.dkim.key import ED25519

ONE = sealed(MESSAGE)
TWO = sealed(ONE, KEYS[1])


def without(message: bytes, begins: bytes) -> bytes:
    """A message without its first field that begins so."""
    at = message.index(begins)
    end = message.index(b"\r\n", at)
    while message[end + 2 : end + 3] in {b" ", b"\t"}:
        end = message.index(b"\r\n", end + 2)
    return message[:at] + message[end + 2 :]


@pytest.mark.parametrize("change", [
    lambda m: without(m, b"ARC-Seal: i=1"), lambda m: without(m, b"ARC-Message-Signature: i=2"), lambda m: without(m, b"ARC-Authentication-Results: i=1"),
    lambda m: m[: m.index(b"ARC-Message-Signature: i=1")] + m[m.index(b"ARC-Message-Signature: i=1") :].replace(b"ARC-Authentication-Results: i=1", b"ARC-Authentication-Results: i=3", 1),
    lambda m: m.replace(b"ARC-Authentication-Results: i=1;", b"ARC-Authentication-Results: i=1; x;"), lambda m: m.replace(b"cv=pass", b"cv=none"),
    lambda m: m.replace(b"cv=none", b"cv=pass"), lambda m: b"ARC-Authentication-Results: i=2; x\r\n" + m, lambda m: m.replace(b"Subject:  two", b"Subject: 2"),
    lambda m: m.replace(b"world", b"World"), lambda m: m.replace(b"ARC-Seal: i=2; ", b"ARC-Seal: i=2; h=from; "), lambda m: m.replace(b"ARC-Seal: i=2;", b"ARC-Seal: i=0;"),
    lambda m: m.replace(b"ARC-Seal: i=2;", b"ARC-Seal: i=51;"), lambda m: m.replace(b"ARC-Seal: i=2;", b"ARC-Seal: i=x;"), lambda m: m.replace(b"ARC-Seal: i=2;", b"ARC-Seal:"),
    lambda m: m.replace(b"cv=pass; a=rsa-sha256", b"cv=pass; a=rsa-sha1"), lambda m: m.replace(b"cv=pass; ", b""), lambda m: m.replace(b"d=second.test", b"d=nobody.test"),
    lambda m: m.replace(b"h=from:from", b"h=arc-seal:from:from"), lambda m: m.replace(b"ARC-Authentication-Results: i=2;", b"ARC-Authentication-Results:"),
    lambda m: m.replace(b"; d=second.test;\r\n\ts=s;", b"; d=first.test;\r\n\ts=s;"),
])  # fmt: skip
def test_a_change_breaks_it(change: Any) -> None:
    assert "pass" == chain(TWO).status
    broken = change(TWO)
    assert broken != TWO
    found = chain(broken)
    assert ("fail", ()) == (found.status, found.fields)
    assert found.reason
    assert found.is_known


def test_older_message_signatures_may_be_broken() -> None:
    """§5.2: only the newest has to hold; whoever changed it has sealed it again."""
    changed = ONE.replace(b"Hello", b"Hullo")
    marked = sealed(changed, KEYS[1])
    assert b"cv=fail" in marked
    # An honest list validates first, changes then, and seals what it validated.
    honest = seal(changed, start(changed), KEYS[1], chain(ONE), "list.test; arc=pass", now_s=1_000) + changed
    assert ("pass", b"pass") == (chain(honest).status, theirs(honest))


def test_keys_are_asked_for_only_as_far_as_they_matter() -> None:
    asked: list[str] = []
    answered(validate(TWO, start(TWO), now_s=1_000), RECORDS, asked)
    assert ["s._domainkey.second.test", "s._domainkey.first.test"] == asked
    asked.clear()
    broken = TWO.replace(b"world", b"World")
    answered(validate(broken, start(broken), now_s=1_000), RECORDS, asked)
    assert ["s._domainkey.second.test"] == asked


@pytest.mark.parametrize("name", list(RECORDS)[:2])
def test_a_key_that_cannot_be_had_now_is_told_apart(name: str) -> None:
    found = chain(TWO, {**RECORDS, name: None})
    assert ("fail", False) == (found.status, found.is_known)


def test_ed25519_seals_too() -> None:
    key = SigningKey("ed.test", "s", PrivateKey.make(ED25519))
    records = {**RECORDS, key.name: key.key.record().encode()}
    found = chain(sealed(ONE, key), records)
    assert ("pass", ("first.test", "ed.test")) == (found.status, found.sealers)


def test_more_than_fifty_are_too_many() -> None:
    many = b"".join(b"ARC-Authentication-Results: i=%d; x\r\n" % number for number in range(1, 52))
    assert "fail" == chain(many + MESSAGE).status


def test_a_set_is_found_by_its_number_however_it_is_written() -> None:
    assert 7 == instance_of(b"arc-authentication-results", b"ARC-Authentication-Results:\r\n\t i = 7 ; x")
    assert 7 == instance_of(b"arc-seal", b"ARC-Seal: cv=pass; i=7")
