"""What is said of a message that is passed on is what was looked at."""

from typing import Any

import pytest
from tests.harness.mailauth import answered

from mailstead.mailauth.arc import validate
from mailstead.mailauth.dkim import PrivateKey, SigningKey, Verdict
from mailstead.mailauth.dkim.key import ED25519
from mailstead.mailauth.dkim.verify import Signature
from mailstead.model.dns import Answer
from mailstead.service.sealing import Sealing

KEY = SigningKey("example.org", "s", PrivateKey.make(ED25519))
SIGNATURE = Signature.parse(b"DKIM-Signature: v=1; a=rsa-sha256; d=far.example; s=x; h=from; bh=AAAA; b=AA/AAAAAAAAA\r\n")


class Keys:
    def __init__(self, *keys: SigningKey) -> None:
        self.found = list(keys)

    async def keys(self, domain: str) -> list[SigningKey]:
        assert "example.org" == domain
        return self.found


class Names:
    async def ask(self, name: str, kind: object) -> Answer[bytes]:
        raise AssertionError(name)


def sealing(*keys: SigningKey) -> Sealing:
    signing: Any = Keys(*keys)
    lookups: Any = Names()
    return Sealing(signing=signing, lookups=lookups, hostname="mx.example.org", now_ms=lambda: 1_000_000)


@pytest.mark.parametrize("size", [1, 2 << 20])
async def test_every_signature_is_told_of(size: int) -> None:
    octets = b"From: a@far.example\r\n\r\n" + b"x" * size
    found = [Verdict("pass", "good", SIGNATURE, 2048), Verdict("permerror", "b= (is) missing", None)]
    sealed = await sealing(KEY).seal(octets, "example.org", found)
    assert "i=1 cv=none d=example.org" == sealed.story
    assert (
        b"ARC-Authentication-Results: i=1; mx.example.org;\r\n\tdkim=pass (good) header.d=far.example header.s=x header.a=rsa-sha256 header.b=\"AA/AAAAA\";"
        b"\r\n\tdkim=permerror (b= \\(is\\) missing);\r\n\tarc=none\r\n" in sealed.lines
    )
    whole = sealed.lines + octets
    assert "pass" == answered(validate(whole, whole.index(b"\r\n\r\n") + 4, now_s=1_000), {KEY.name: KEY.key.record().encode()}).status


async def test_a_message_that_nobody_signed_says_so() -> None:
    assert b"mx.example.org;\r\n\tdkim=none;\r\n\tarc=none\r\n" in (await sealing(KEY).seal(b"From: a@far.example\r\n\r\n", "example.org", [])).lines


async def test_without_a_key_nothing_is_said() -> None:
    sealed = await sealing().seal(b"From: a@far.example\r\n\r\n", "example.org", [])
    assert (b"", "not sealed: the domain has no key in use") == (sealed.lines, sealed.story)
