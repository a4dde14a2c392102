"""Web Push encryption and VAPID, against RFC 8291's example and other people's implementations."""

import http_ece  # type: ignore[import-untyped]
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02  # type: ignore[import-untyped]

from mailstead.service.push.encryption import (
    MOST,
    Vapid,
    base64url,
    encrypted,
    from_base64url,
    public_point,
    read_point,
)

# RFC 8291 §5, with the keys of its appendix A.
AUTH = from_base64url("BTBZMqHH6r4Tts7J_aSIgg")
UA_PUBLIC = from_base64url("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4")
UA_PRIVATE = from_base64url("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")
AS_PRIVATE = from_base64url("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
SALT = from_base64url("DGv6ra1nlYgDCS1FRnbzlw")
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyou"
    "BWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def key_of(octets: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(octets), ec.SECP256R1())


def test_the_example_of_the_rfc() -> None:
    body = encrypted(b"When I grow up, I want to be a watermelon", p256dh=UA_PUBLIC, auth=AUTH, key=key_of(AS_PRIVATE), salt=SALT)
    assert BODY == base64url(body)


@pytest.mark.parametrize("size", [0, 1, 100, MOST])
def test_another_implementation_reads_it(size: int) -> None:
    message = bytes(size)
    body = encrypted(message, p256dh=UA_PUBLIC, auth=AUTH, key=ec.generate_private_key(ec.SECP256R1()), salt=bytes(range(16)))
    assert message == http_ece.decrypt(body, private_key=key_of(UA_PRIVATE), auth_secret=AUTH, version="aes128gcm")
    assert len(body) <= 4_096


def test_what_cannot_be_encrypted() -> None:
    with pytest.raises(ValueError, match="at most"):
        encrypted(bytes(MOST + 1), p256dh=UA_PUBLIC, auth=AUTH, key=key_of(AS_PRIVATE), salt=SALT)
    for octets in (b"", b"\x04" + bytes(64), UA_PUBLIC[:-1], b"\x05" + UA_PUBLIC[1:]):
        with pytest.raises(ValueError, match=r"\S"):
            read_point(octets)


def test_who_sends_is_proven_to_another_implementation() -> None:
    vapid = Vapid(b"a secret", "mailto:postmaster@example.test")
    header = vapid.authorization("https://push.example.test", 1_700_000_000)
    assert Vapid02.verify(header)
    said = msgspec.json.decode(from_base64url(header.partition("t=")[2].split(".")[1]))
    assert {"aud": "https://push.example.test", "exp": 1_700_043_200, "sub": "mailto:postmaster@example.test"} == said
    assert header.endswith(f"k={vapid.public}")
    assert vapid.public == Vapid(b"a secret", "x").public != Vapid(b"another", "x").public
    assert len(from_base64url(vapid.public)) == len(public_point(key_of(AS_PRIVATE).public_key())) == 65
