"""Good and bad cases of RFC 7672 §3 over certificates made here."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mailstead.mailauth import dane
from mailstead.model import limits
from mailstead.model.dns import Tlsa

NOW = datetime(2026, 11, 25, tzinfo=UTC)
DER = serialization.Encoding.DER


@dataclass
class Made:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(DER)

    @property
    def spki(self) -> bytes:
        return self.key.public_key().public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def made(name: str, issuer: Made | None = None, *, ca: bool = False, names: tuple[str, ...] = (), days: int = 30) -> Made:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=60)).not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )  # fmt: skip
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False)
    return Made(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


ROOT = made("root", ca=True)
MIDDLE = made("middle", ROOT, ca=True)
LEAF = made("leaf", MIDDLE, names=("mx.example.test", "*.wild.test"))
EXPIRED = made("old", MIDDLE, names=("mx.example.test",), days=-1)
NOT_CA = made("sly", ROOT, names=("mx.example.test",))
BELOW = made("below", NOT_CA, names=("mx.example.test",))
OTHER_ROOT = made("root", ca=True)
PAST_ROOT = made("past", ca=True, days=-1)
YOUNG = made("young", PAST_ROOT, names=("mx.example.test",))
ALONE = made("alone", names=("other.test",), days=-1)
CHAIN = [LEAF.der, MIDDLE.der]


def sha256(octets: bytes) -> bytes:
    return hashlib.sha256(octets).digest()


def result(record: Tlsa, chain: list[bytes], *names: str) -> str:
    return dane.match([record], chain, names or ("example.test", "mx.example.test"), NOW).result


@pytest.mark.parametrize(("record", "chain", "expected"), [
    # DANE-EE: the key alone counts, whatever the names and dates say
    (Tlsa(3, 1, 1, sha256(LEAF.spki)), CHAIN, ""),
    (Tlsa(3, 0, 1, sha256(LEAF.der)), CHAIN, ""),
    (Tlsa(3, 1, 2, hashlib.sha512(LEAF.spki).digest()), CHAIN, ""),
    (Tlsa(3, 0, 0, LEAF.der), CHAIN, ""),
    (Tlsa(3, 1, 1, sha256(ALONE.spki)), [ALONE.der], ""),
    (Tlsa(3, 1, 1, sha256(MIDDLE.spki)), CHAIN, "validation-failure"),
    (Tlsa(3, 1, 1, sha256(b"x")), CHAIN, "validation-failure"),
    (Tlsa(3, 1, 1, sha256(LEAF.spki)), [], "validation-failure"),
    (Tlsa(3, 1, 1, sha256(LEAF.spki)), [b"junk"], "validation-failure"),
    # DANE-TA
    (Tlsa(2, 0, 1, sha256(MIDDLE.der)), CHAIN, ""),
    (Tlsa(2, 1, 1, sha256(ROOT.spki)), [*CHAIN, ROOT.der], ""),
    (Tlsa(2, 0, 0, ROOT.der), CHAIN, ""),
    (Tlsa(2, 1, 1, sha256(ROOT.spki)), CHAIN, "certificate-not-trusted"),
    (Tlsa(2, 0, 1, sha256(MIDDLE.der)), [LEAF.der], "certificate-not-trusted"),
    (Tlsa(2, 0, 1, sha256(LEAF.der)), CHAIN, "certificate-not-trusted"),
    (Tlsa(2, 0, 1, sha256(MIDDLE.der)), [EXPIRED.der, MIDDLE.der], "certificate-expired"),
    (Tlsa(2, 0, 1, sha256(ROOT.der)), [BELOW.der, NOT_CA.der, ROOT.der], "certificate-not-trusted"),
    (Tlsa(2, 0, 1, sha256(ALONE.der)), [ALONE.der], "certificate-expired"),
    (Tlsa(2, 1, 0, MIDDLE.spki), CHAIN, ""),
    (Tlsa(2, 1, 2, hashlib.sha512(ROOT.spki).digest()), [LEAF.der, ROOT.der, MIDDLE.der], ""),  # in any order
    (Tlsa(2, 0, 0, b"junk"), CHAIN, "certificate-not-trusted"),
    (Tlsa(2, 0, 0, OTHER_ROOT.der), [LEAF.der, MIDDLE.der, OTHER_ROOT.der], "certificate-not-trusted"),  # shown, but it signed nothing
    (Tlsa(2, 0, 1, sha256(OTHER_ROOT.der)), [LEAF.der, MIDDLE.der, ROOT.der, OTHER_ROOT.der], "certificate-not-trusted"),
    (Tlsa(2, 0, 1, sha256(PAST_ROOT.der)), [YOUNG.der, PAST_ROOT.der], ""),  # RFC 7671 §5.2: the anchor's own dates are nobody's affair
    (Tlsa(3, 0, 1, sha256(MIDDLE.der)), [MIDDLE.der], ""),  # usage 3 asks for no kind of certificate
    (Tlsa(3, 1, 0, LEAF.spki), CHAIN, ""),
    (Tlsa(3, 1, 0, LEAF.spki[:-1]), CHAIN, "validation-failure"),
])  # fmt: skip
def test_what_a_record_allows(record: Tlsa, chain: list[bytes], expected: str) -> None:
    assert expected == result(record, chain)


@pytest.mark.parametrize(("name", "expected"), [
    ("mx.example.test", ""), ("MX.example.test.", ""), ("a.wild.test", ""), ("a.b.wild.test", "certificate-host-mismatch"),
    ("wild.test", "certificate-host-mismatch"), ("example.test", "certificate-host-mismatch"),
])  # fmt: skip
def test_an_anchor_wants_the_right_name(name: str, expected: str) -> None:
    assert expected == result(Tlsa(2, 0, 1, sha256(MIDDLE.der)), CHAIN, name)


def test_only_some_records_are_usable() -> None:
    """RFC 7672 §3.1.3: usages 0 and 1 are not; neither are unknown types and hashes of a wrong length."""
    good = [Tlsa(3, 1, 1, b"x" * 32), Tlsa(2, 0, 2, b"x" * 64), Tlsa(3, 0, 0, b"x")]
    bad = [Tlsa(0, 0, 1, b"x" * 32), Tlsa(1, 1, 1, b"x" * 32), Tlsa(3, 2, 1, b"x" * 32), Tlsa(3, 1, 3, b"x"), Tlsa(3, 1, 1, b"x" * 31), Tlsa(3, 0, 0, b"")]
    assert tuple(good) == dane.usable(bad + good)


def test_of_hashes_of_one_thing_the_strongest_counts() -> None:
    """RFC 7671 §9, for each usage and selector; what stands there as a whole always counts."""
    weak, strong, whole = Tlsa(3, 1, 1, b"x" * 32), Tlsa(3, 1, 2, b"y" * 64), Tlsa(3, 1, 0, b"z")
    other = Tlsa(3, 0, 1, b"x" * 32)
    assert (strong, other, whole) == dane.usable([weak, strong, other, whole])
    assert (weak, whole) == dane.usable([weak, Tlsa(3, 1, 2, b"of a wrong length"), whole])


def test_one_good_record_among_bad_ones_is_enough() -> None:
    """A key is rolled over with both records published (RFC 7671 §8.1)."""
    assert dane.match([Tlsa(3, 1, 1, sha256(b"old")), Tlsa(3, 1, 1, sha256(LEAF.spki))], CHAIN, (), NOW).is_good


@pytest.mark.parametrize(("records", "expected"), [
    ([Tlsa(3, 1, 1, sha256(b"old")), Tlsa(2, 0, 1, sha256(MIDDLE.der))], ""),
    ([Tlsa(2, 0, 1, sha256(b"old")), Tlsa(3, 0, 1, sha256(LEAF.der))], ""),
    ([Tlsa(3, 1, 1, sha256(b"old")), Tlsa(2, 0, 1, sha256(OTHER_ROOT.der))], "certificate-not-trusted"),
    ([Tlsa(3, 1, 1, sha256(b"%d" % number)) for number in range(30)], "validation-failure"),
    ([], "validation-failure"),
])  # fmt: skip
def test_records_of_both_usages_stand_side_by_side(records: list[Tlsa], expected: str) -> None:
    assert expected == dane.match(records, CHAIN, ("mx.example.test",), NOW).result


def test_records_and_certificates_are_bounded() -> None:
    own = made("mx.example")
    digest = hashlib.sha256(own.spki).digest()
    others = [Tlsa(3, 1, 1, number.to_bytes(32, "big")) for number in range(limits.DANE_RECORDS)]
    assert limits.DANE_RECORDS == len(dane.usable([*others, Tlsa(3, 1, 1, digest)]))
    assert not dane.match(dane.usable([*others[1:], Tlsa(3, 1, 1, digest)]), [own.der], ["mx.example"], NOW).result
    assert dane.match(dane.usable([*others, Tlsa(3, 1, 1, digest)]), [own.der], ["mx.example"], NOW).result
    # A chain is looked at so far: what stands behind is not even read.
    assert not dane.match([Tlsa(3, 1, 1, digest)], [own.der] * limits.DANE_CHAIN + [b"garbage"], ["mx.example"], NOW).result
    assert dane.match([Tlsa(3, 1, 1, digest)], [own.der] * (limits.DANE_CHAIN - 1) + [b"garbage"], ["mx.example"], NOW).result
