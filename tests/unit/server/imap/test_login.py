"""Logging in through the real door: SASL exchanges with their challenges, bans, suspended accounts (RFC 9051 §6.2)."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from tests.harness.imap import ImapSite
from tests.harness.memory_stream import MemoryStream

from mailstead.model import limits
from mailstead.net.tls import TlsInfo
from mailstead.protocol import sasl
from mailstead.protocol.sasl import scram
from mailstead.service.access import Access
from mailstead.store.interface import Account, Credential, LoginRecord

ACCOUNT = Account(1, 1, "alice@example.org", "", "active", 0, 1, False, 0, 0, 0)  # type: ignore[arg-type]
TLS = TlsInfo("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128, "", b"end-point", None)


class Directory:
    def __init__(self) -> None:
        self.record: LoginRecord | None = None

    async def login(self, login: str) -> LoginRecord | None:
        return self.record if login == "alice@example.org" else None


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[ImapSite, Directory]]:
    monkeypatch.setattr(limits, "AUTH_TARPIT_S", 0.0)
    directory = Directory()
    access = Access(
        directory, begin=sasl.begin, verifier=scram.verifier, mechanisms=tuple(sasl.MECHANISMS), secret=b"s" * 32  # type: ignore[arg-type]
    )
    argon2, verifier = await access.hash_password("a-secret")
    directory.record = LoginRecord(ACCOUNT, (Credential(0, "", argon2, verifier, 1, 0),))  # type: ignore[arg-type]
    async with ImapSite(access=access) as found:
        yield found, directory


async def connect(site: ImapSite) -> MemoryStream:
    stream = site.connect(is_loopback=False)
    stream.tls = TLS
    await stream.hear_line()
    return stream


async def challenge(stream: MemoryStream) -> bytes:
    line = await stream.hear_line()
    assert line is not None
    assert line.startswith(b"+ ")
    return base64.b64decode(line[2:])


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"])
async def test_scram(site: tuple[ImapSite, Directory], mechanism: str) -> None:
    stream = await connect(site[0])
    gs2 = b"p=tls-server-end-point,," if mechanism.endswith("PLUS") else b"n,,"
    bare = b"n=alice@example.org,r=abcdefgh"
    stream.say(b"a AUTHENTICATE %b %b\r\n" % (mechanism.encode(), base64.b64encode(gs2 + bare)))
    first = await challenge(stream)
    fields = dict(part.split(b"=", 1) for part in first.split(b","))
    salted = hashlib.pbkdf2_hmac("sha256", b"a-secret", base64.b64decode(fields[b"s"]), int(fields[b"i"]))
    binding = base64.b64encode(gs2 + (b"end-point" if mechanism.endswith("PLUS") else b""))
    final = b"c=" + binding + b",r=" + fields[b"r"]
    key = hmac.digest(salted, b"Client Key", "sha256")
    signed = hmac.digest(hashlib.sha256(key).digest(), b",".join([bare, first, final]), "sha256")
    proof = bytes(a ^ b for a, b in zip(key, signed, strict=True))
    stream.say(base64.b64encode(final + b",p=" + base64.b64encode(proof)) + b"\r\n")
    assert (await challenge(stream)).startswith(b"v=")
    stream.say(b"\r\n")
    assert b"a OK [CAPABILITY" in (await stream.hear_line() or b"")


async def test_plain_and_login(site: tuple[ImapSite, Directory]) -> None:
    stream = await connect(site[0])
    stream.say(b"a AUTHENTICATE PLAIN\r\n")
    assert b"" == await challenge(stream)
    stream.say(base64.b64encode(b"\0alice@example.org\0a-secret") + b"\r\n")
    assert b"a OK" in (await stream.hear_line() or b"")
    stream = await connect(site[0])
    stream.say(b"a LOGIN alice@example.org wrong\r\n")
    assert b"a NO [AUTHENTICATIONFAILED] The login or password is wrong" == await stream.hear_line()
    stream.say(b"a LOGIN alice@example.org a-secret\r\n")
    assert b"a OK" in (await stream.hear_line() or b"")


@pytest.mark.parametrize(("said", "answer"), [(b"*", b"a BAD"), (b"!!!", b"a BAD"), (b"AAAA", b"a ")])
async def test_exchanges_that_break_off(site: tuple[ImapSite, Directory], said: bytes, answer: bytes) -> None:
    stream = await connect(site[0])
    stream.say(b"a AUTHENTICATE SCRAM-SHA-256\r\n")
    await challenge(stream)
    stream.say(said + b"\r\n")
    line = await stream.hear_line()
    assert line is not None
    assert line.startswith(answer)
    stream.say(b"b NOOP\r\n")
    assert b"b OK NOOP completed" == await stream.hear_line()


async def test_a_suspended_account(site: tuple[ImapSite, Directory]) -> None:
    record = site[1].record
    assert record is not None
    site[1].record = replace(record, account=replace(record.account, state="suspended"))
    stream = await connect(site[0])
    stream.say(b"a LOGIN alice@example.org a-secret\r\n")
    assert b"a NO [CONTACTADMIN] This account is suspended" == await stream.hear_line()


async def test_a_channel_in_the_clear_offers_nothing(site: tuple[ImapSite, Directory]) -> None:
    stream = site[0].connect(is_loopback=False)
    assert b"LOGINDISABLED" in (await stream.hear_line() or b"")
    stream.say(b"a LOGIN alice@example.org a-secret\r\n")
    assert b"a NO [PRIVACYREQUIRED] Encrypt the connection first" == await stream.hear_line()
