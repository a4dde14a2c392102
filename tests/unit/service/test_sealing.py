"""What is said of a message that is passed on is what was looked at."""

from typing import Any

import pytest
from tests.harness.mailauth import answered

from mailstead.mailauth.arc import validate
from mailstead.mailauth.dkim import PrivateKey, SigningKey, Verdict
from mailstead.mailauth.dkim.key import ED25519
from mailstead.mailauth.dkim.verify import Signature
from mailstead.model.dns import Answer, RecordType
from mailstead.model.errors import Unavailable
from mailstead.service.proof import Came
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


class Zone:
    """Answers for a few names; what has a blank in it is none."""

    def __init__(self, **found: bytes) -> None:
        self.found = {name.replace("_", "."): text for name, text in found.items()}
        self.is_silent = False

    async def ask(self, name: str, kind: RecordType) -> Answer[bytes]:
        if self.is_silent:
            raise Unavailable("", "no answer")
        if " " in name:
            raise ValueError(name)
        return Answer(name, (self.found[name],) if kind is RecordType.TXT and name in self.found else (), exists=name in self.found)


@pytest.mark.parametrize(("came", "reverse_path", "expected"), [
    (Came("192.0.2.1", "mx.far.example"), "carol@far.example", "spf=pass (far.example: ip4) smtp.mailfrom=far.example;"),
    (Came("192.0.2.2", "mx.far.example"), "carol@far.example", "spf=fail (far.example: all) smtp.mailfrom=far.example;"),
    (Came("192.0.2.2", "mx.far.example"), "", "spf=softfail (mx.far.example: all) smtp.helo=mx.far.example;"),
    (Came("192.0.2.2", "grüße wer;da"), "", "spf=none (there is no such domain) smtp.helo=\"gr??e wer;da\";"),
    (Came("192.0.2.2", "x"), "carol@nowhere.example", "spf=none (nowhere.example has no policy) smtp.mailfrom=nowhere.example;"),
    (Came("2001:db8::1", "x"), "carol@odd.example", "spf=neutral (odd.example says nothing about this host) smtp.mailfrom=odd.example;"),
    (Came("127.0.0.1", "x"), "carol@far.example", ""), (Came("unix", "x"), "carol@far.example", ""), (None, "carol@far.example", ""),
])  # fmt: skip
async def test_the_clients_right_to_send_is_told_where_it_is_known(came: Came | None, reverse_path: str, expected: str) -> None:
    """RFC 7208; RFC 8601 §2.7.2."""
    one = sealing(KEY)
    lookups: Any = Zone(far_example=b"v=spf1 ip4:192.0.2.1 -all", mx_far_example=b"v=spf1 ~all", odd_example=b"v=spf1 exists:%_.example")
    one._lookups = lookups
    lines = (await one.seal(b"From: a@far.example\r\n\r\n", "example.org", [], came=came, reverse_path=reverse_path)).lines
    start = f"i=1; mx.example.org;\r\n\t{expected}\r\n\tdkim=none;" if expected else "i=1; mx.example.org;\r\n\tdkim=none;"
    assert start.encode() in lines
    address = f'"{came.address}"' if came is not None and ":" in came.address else came.address if came is not None else ""
    assert (f"arc=none smtp.remote-ip={address}\r\n" if address else "arc=none\r\n").encode() in lines


async def test_what_cannot_be_looked_up_is_told_as_that() -> None:
    one = sealing(KEY)
    lookups: Any = Zone()
    one._lookups, lookups.is_silent = lookups, True
    sealed = await one.seal(b"From: a@far.example\r\n\r\n", "example.org", [], came=Came("192.0.2.1", "x"), reverse_path="carol@far.example")
    assert b"spf=temperror (far.example cannot be looked up) smtp.mailfrom=far.example;" in sealed.lines
