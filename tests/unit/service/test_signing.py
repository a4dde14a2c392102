from tests.harness.fake_directory import FakeDirectory
from tests.harness.mailauth import answered

from mailstead.mailauth.dkim import PrivateKey, verify
from mailstead.mailauth.dkim.key import ED25519
from mailstead.service.signing import Signing, author_domain

MESSAGE = b"From: A <a@Example.org>\r\nSubject: x\r\n\r\nbody\r\n"


async def made(state: str = "signing") -> tuple[FakeDirectory, Signing, dict[str, bytes]]:
    directory = FakeDirectory()
    key = PrivateKey.make(ED25519)
    await directory.dkim_key_add("example.org", "s1", kind=ED25519, record=key.record(), secret=key.dump())
    if state != "waiting":
        await directory.dkim_key_set("example.org", "s1", state=state)
    return directory, Signing(directory, lambda: 1_000_000), {"s1._domainkey.example.org": key.record().encode()}


def results(message: bytes, records: dict[str, bytes]) -> list[str]:
    return [one.result for one in answered(verify(message, message.index(b"\r\n\r\n") + 4, now_s=1_000), records)]


async def test_the_authors_domain_signs() -> None:
    _, signing, records = await made()
    assert ["pass"] == results(await signing.signatures(MESSAGE) + MESSAGE, records)
    large = MESSAGE + b"line\r\n" * 400_000
    assert ["pass"] == results(await signing.signatures(large) + large, records)


async def test_only_keys_in_use_sign() -> None:
    for state in ("waiting", "retired"):
        _, signing, _ = await made(state)
        assert b"" == await signing.signatures(MESSAGE)


async def test_a_change_of_keys_is_seen_at_once() -> None:
    directory, signing, _ = await made()
    assert await signing.signatures(MESSAGE)
    await directory.dkim_key_set("example.org", "s1", state="retired")
    assert b"" == await signing.signatures(MESSAGE)


async def test_other_peoples_domains_are_not_signed_for() -> None:
    _, signing, _ = await made()
    for message in (MESSAGE.replace(b"Example.org", b"elsewhere.test"), b"Subject: x\r\n\r\n", b"From: nobody\r\n\r\n", b""):
        assert b"" == await signing.signatures(message)


async def test_a_key_that_cannot_be_read_signs_nothing() -> None:
    directory, signing, _ = await made("retired")
    await directory.dkim_key_add("example.org", "s0", kind=ED25519, record="", secret=b"junk")
    await directory.dkim_key_set("example.org", "s0", state="signing")
    assert b"" == await signing.signatures(MESSAGE)


def test_whose_domain_it_is() -> None:
    assert "xn--bcher-kva.example" == author_domain("From: a <a@bücher.example>, b@c.test\r\n".encode())
    assert "" == author_domain(b"From: undisclosed:;\r\n")


async def test_our_notices_are_signed_by_the_domain_above_the_servers_name() -> None:
    _, signing, records = await made()
    notice = MESSAGE.replace(b"a@Example.org", b"postmaster@mx.in.example.org")
    assert ["pass"] == results(await signing.signatures(notice, is_notice=True) + notice, records)
    assert b"" == await signing.signatures(notice)
    assert b"" == await signing.signatures(notice.replace(b"example.org", b"elsewhere.test"), is_notice=True)
