"""DANE for SMTP: which certificates the DNS names for a mail exchanger (RFC 6698, RFC 7671, RFC 7672).

Only usages 2 (a trust anchor) and 3 (the server's own certificate) count between mail servers; 0 and 1 lean on public
authorities that nobody agreed upon (RFC 7672 §3.1.3). Whether the records themselves are secure is the caller's question.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from mailstead.model import limits
from mailstead.model.address import domain_key
from mailstead.model.dns import Tlsa

TRUST_ANCHOR: Final = 2
END_ENTITY: Final = 3
_HASHES: Final = {1: ("sha256", 32), 2: ("sha512", 64)}
_FULL: Final = 0
_CERTIFICATE: Final = 0
_PUBLIC_KEY: Final = 1


@dataclass(frozen=True, slots=True)
class Match:
    """Whether the presented certificates are among those named. ``result`` "" when they are, else a word of RFC 8460 §4.3."""

    result: str
    reason: str

    @property
    def is_good(self) -> bool:
        return not self.result


def usable(records: Sequence[Tlsa]) -> tuple[Tlsa, ...]:
    """The records that a mail server can use, at most ``limits.DANE_RECORDS`` (RFC 7672 §3.1, RFC 7671 §4). Of hashes for the same usage and selector
    the strongest alone count (RFC 7671 §9): who can break the weaker must not profit from its being named beside."""
    good = [one for one in records if _is_usable(one)]
    strongest: dict[tuple[int, int], int] = {}
    for one in good:
        strongest[one.usage, one.selector] = max(one.matching, strongest.get((one.usage, one.selector), _FULL))  # 2, SHA-512, is stronger than 1, SHA-256
    return tuple(one for one in good if one.matching in {_FULL, strongest[one.usage, one.selector]})[: limits.DANE_RECORDS]


def _is_usable(record: Tlsa) -> bool:
    if record.usage not in {TRUST_ANCHOR, END_ENTITY} or record.selector not in {_CERTIFICATE, _PUBLIC_KEY}:
        return False
    if record.matching == _FULL:
        return bool(record.data)
    _, size = _HASHES.get(record.matching, ("", -1))
    return len(record.data) == size


def match(records: Sequence[Tlsa], chain: Sequence[bytes], names: Sequence[str], now: datetime) -> Match:
    """Compare the chain (DER, the server's own first, as presented) with usable records.

    ``names``: what the certificate may be issued to under usage 2: the next-hop domain and the exchanger's name (RFC 7672 §3.2.3).
    Under usage 3 neither names nor dates count (§3.1.1).
    """
    if not chain:
        return Match("validation-failure", "the server showed no certificate")
    try:
        certificates = [x509.load_der_x509_certificate(der) for der in chain[: limits.DANE_CHAIN]]
    except ValueError:
        return Match("validation-failure", "the server's certificate cannot be read")
    own = certificates[0]
    if any(record.usage == END_ENTITY and _selected(record, own) for record in records):
        return Match("", "named by a TLSA record (usage 3)")
    anchors = [record for record in records if record.usage == TRUST_ANCHOR]
    if not anchors:
        return Match("validation-failure", "no TLSA record names the server's certificate")
    return _anchored(anchors, certificates, names, now)


def _anchored(records: list[Tlsa], certificates: list[x509.Certificate], names: Sequence[str], now: datetime) -> Match:
    """RFC 7672 §3.1.2: from the server's certificate, each signed by the next, to one that a record names."""
    given = [one for one in map(_whole, records) if one is not None]  # anchors that stand in the DNS as a whole
    chain = [certificates[0]]
    while True:
        last = chain[-1]
        if any(_selected(record, last) for record in records) and (len(chain) > 1 or _is_own_issuer(last)):
            break
        issuer = next((one for one in (*certificates[1:], *given) if one not in chain and _issued(last, one)), None)
        if issuer is None or len(chain) > limits.DANE_CHAIN:
            return Match("certificate-not-trusted", "no TLSA record names an issuer of the server's certificate")
        chain.append(issuer)
    if any(not one.not_valid_before_utc <= now <= one.not_valid_after_utc for one in chain[:-1] or chain):
        return Match("certificate-expired", "a certificate in the chain is not valid now")
    if not any(names_server(certificates[0], name) for name in names):
        return Match("certificate-host-mismatch", "the certificate is for another name")
    return Match("", "issued by what a TLSA record names (usage 2)")


def _is_own_issuer(certificate: x509.Certificate) -> bool:
    """A record of usage 2 that names the server's own certificate means an issuer only where it signed itself."""
    return certificate.issuer == certificate.subject and _issued(certificate, certificate)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    if certificate is issuer:
        return True
    try:
        return bool(issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except (x509.ExtensionNotFound, ValueError):
        return False


def _whole(record: Tlsa) -> x509.Certificate | None:
    if (record.selector, record.matching) != (_CERTIFICATE, _FULL):
        return None
    try:
        return x509.load_der_x509_certificate(record.data)
    except ValueError:
        return None


def _selected(record: Tlsa, certificate: x509.Certificate) -> bool:
    """RFC 6698 §2.1.2, §2.1.3."""
    return association(certificate, record.selector, record.matching) == record.data


def association(certificate: x509.Certificate, selector: int, matching: int) -> bytes:
    """What a record with this selector and matching type holds for the certificate: also for whoever publishes one."""
    if selector == _CERTIFICATE:
        octets = certificate.public_bytes(serialization.Encoding.DER)
    else:
        octets = certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    return octets if matching == _FULL else hashlib.new(_HASHES[matching][0], octets).digest()


def names_server(certificate: x509.Certificate, name: str) -> bool:
    """Whether the certificate is issued to this name: DNS names of its subjectAltName, ``*`` as the whole first label (RFC 9525 §6.3)."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    wanted = domain_key(name)
    _, dot, parent = wanted.partition(".")
    for pattern in found.get_values_for_type(x509.DNSName):
        known = domain_key(pattern)
        if known == wanted or (dot and "." in parent and known == "*." + parent):
            return True
    return False
