import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mailstead.mailauth.dkim.key import ED25519, RSA, KeyRecord, PrivateKey, quoted
from mailstead.mailauth.tags import Malformed
from mailstead.model import limits

SHORT = (
    b"MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhAM3ajVqAtLprUzjpEyqQMHItH/10k/JX5mA71MZBt9uJ5s44DdxK99bb4uPwjtMfFwLl"
    b"4VEK8KUn615/NFOd004cIPp/OOjYEmdNmstunhVMEAtgxqhIb5K2qkJt3iFzaQIDAQAB"
)
"""An RSA key of 768 bits."""


@pytest.mark.parametrize("kind", [RSA, ED25519])
def test_a_key_survives_storing_and_its_record_verifies(kind: str) -> None:
    key = PrivateKey.load(PrivateKey.make(kind).dump())
    assert kind == key.kind
    record = KeyRecord.parse(key.record().encode())
    signature = key.sign(b"d" * 32)
    assert record.verifies(signature, b"d" * 32)
    assert not record.verifies(signature, b"e" * 32)
    assert not record.verifies(signature[:-1], b"d" * 32)


def test_an_empty_key_is_a_revoked_one() -> None:
    assert KeyRecord.parse(b"v=DKIM1; p=").key is None


def test_what_a_record_may_say() -> None:
    record = KeyRecord.parse(PrivateKey.make(ED25519).record().encode() + b"; h=sha256 : sha1; t=y:s; s=email; n=note")
    assert (frozenset({"sha256", "sha1"}), frozenset("ys"), frozenset({"email"})) == (record.hashes, record.flags, record.services)


def rsa_record(bits: int) -> bytes:
    der = rsa.generate_private_key(65537, bits).public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return b"p=" + base64.b64encode(der)


@pytest.mark.parametrize("text", [
    b"v=DKIM2; p=", b"p=; v=DKIM1", b"k=rsa", b"k=rsa; p=!!", b"k=rsa; p=AAAA", b"k=ed25519; p=AAAA", b"k=dsa; p=AAAA", b"p=" + b"A" * 5000,
])  # fmt: skip
def test_records_that_are_none(text: bytes) -> None:
    with pytest.raises(Malformed):
        KeyRecord.parse(text)


def test_keys_that_are_too_short_are_not_believed() -> None:
    """RFC 8301 §3.2."""
    with pytest.raises(Malformed, match="768 bits"):
        KeyRecord.parse(b"p=" + SHORT)
    assert 1024 == KeyRecord.parse(rsa_record(1024)).bits


@pytest.mark.parametrize("octets", [b"", b"x", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_private_key(octets: bytes) -> None:
    with pytest.raises(Malformed):
        PrivateKey.load(octets)


def test_long_records_are_several_strings() -> None:
    assert '"aaa" "b"' == quoted("aaa" + "b").replace("aaab", 'aaa" "b')
    assert [255, 45] == [len(word) - 2 for word in quoted("x" * 300).split(" ")]


@pytest.mark.parametrize(("bits", "is_good"), [(limits.DKIM_RSA_BITS, True), (limits.DKIM_RSA_BITS + 8, False)])
def test_a_larger_key_is_not_worked_with(bits: int, is_good: bool) -> None:
    key = rsa.RSAPublicNumbers(65_537, (1 << bits) - 1).public_key()
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)
    if is_good:
        assert bits == KeyRecord.parse(record).bits
    else:
        with pytest.raises(Malformed, match=f"{bits} bits"):
            KeyRecord.parse(record)


def test_a_record_is_bounded() -> None:
    KeyRecord.parse(b"v=DKIM1; p=; n=" + b"x" * (limits.DKIM_KEY_RECORD - 15))
    with pytest.raises(Malformed, match="too long"):
        KeyRecord.parse(b"v=DKIM1; p=; n=" + b"x" * (limits.DKIM_KEY_RECORD - 14))
