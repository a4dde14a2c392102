"""TLS: certificates, names, tickets.

A ``ServerTls`` has one outer context that never changes, so that session tickets made by one worker are good in all
others (they are forked from the process that made it, and tickets are sealed with its keys) and survive a reload. It
holds no certificate: for each hello it hands over to the inner context whose certificate fits the name the client asked
for, or to the first one. ``reload`` makes new inner contexts; running connections keep theirs.

TLS 1.2 and later (RFC 8996, RFC 8314 §4.1). Channel bindings: ``tls-server-end-point`` always, ``tls-unique`` on TLS 1.2
only (RFC 5929 §3, §4; RFC 9266 §4.2 forbids it on 1.3).
"""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

_HASH_OF_WEAK = {"md5", "sha1"}
_DER = 2
"""``_ssl.ENCODING_DER``"""
_EXPIRED = {9, 10}
_WRONG_NAME = 62
_UNTRUSTED = {2, 18, 19, 20, 21}
"""OpenSSL's numbers of what is wrong with a certificate (X509_V_ERR_…)."""


@dataclass(frozen=True, slots=True)
class TlsInfo:
    """What was agreed."""

    version: str
    """``TLSv1.3``"""
    cipher: str
    bits: int
    server_name: str
    """What the client asked for; empty: nothing."""
    tls_server_end_point: bytes
    """RFC 5929 §4: hash of our certificate. Empty on the client's side of a connection without a certificate."""
    tls_unique: bytes | None
    """RFC 5929 §3; None on TLS 1.3."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Paths of a PEM chain, leaf first, and of its key; both may be one file."""

    chain: Path
    key: Path


class _Inner(ssl.SSLContext):
    """The context of one certificate."""

    end_point: bytes
    names: frozenset[str]


class _Hello(ssl.SSLObject):
    """An exchange that remembers the name it was asked for."""

    asked_name: str = ""


class ServerTls:
    """The server's side. Raises ``OSError`` or ``ssl.SSLError`` when a file cannot be used."""

    def __init__(self, certificates: Sequence[CertificateFiles]) -> None:
        self._files = tuple(certificates)
        self._inner: list[_Inner] = []
        self._by_name: dict[str, _Inner] = {}
        self.context = _base(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        self.context.sslobject_class = _Hello
        self.context.sni_callback = self._choose
        self.reload()

    def reload(self, certificates: Sequence[CertificateFiles] | None = None) -> None:
        """Read the files again (or other files); on failure everything stays as it was."""
        files = tuple(certificates) if certificates is not None else self._files
        inner = [_load(pair) for pair in files]
        if not inner:
            message = "no certificate"
            raise ssl.SSLError(message)
        by_name: dict[str, _Inner] = {}
        for context in inner:
            for name in context.names:
                by_name.setdefault(name, context)
        self._files, self._inner, self._by_name = files, inner, by_name

    def _choose(self, hello: ssl.SSLObject, name: str | None, _outer: ssl.SSLContext) -> int | None:
        chosen = self._inner[0]
        if name:
            asked = name.lower().rstrip(".")
            found = self._by_name.get(asked) or self._by_name.get("*." + asked.partition(".")[2])
            chosen = found or chosen
            if isinstance(hello, _Hello):
                hello.asked_name = asked
        hello.context = chosen
        return None


class ClientTls:
    """The client's side: nothing below TLS 1.2 (RFC 8997 §3). ``verify`` False takes any certificate (opportunistic TLS, tests)."""

    def __init__(self, *, verify: bool = True, authorities: Path | None = None) -> None:
        self.context = ssl.create_default_context(cafile=str(authorities) if authorities else None)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        if not verify:
            self.context.check_hostname = False
            self.context.verify_mode = ssl.CERT_NONE


def _base(context: Any) -> Any:
    """Nothing below TLS 1.2 (RFC 8997 §3)."""
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.options |= getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    return context


def _load(pair: CertificateFiles) -> _Inner:
    context: _Inner = _base(_Inner(ssl.PROTOCOL_TLS_SERVER))
    context.load_cert_chain(pair.chain, pair.key)
    context.end_point, context.names = _describe(pair.chain.read_bytes())
    return context


def _describe(pem: bytes) -> tuple[bytes, frozenset[str]]:
    """The end-point hash and the DNS names of the leaf."""
    from cryptography import x509

    leaf = x509.load_pem_x509_certificates(pem)[0]
    return end_point(leaf.public_bytes(_der())), frozenset(name.lower() for name in _names(leaf))


def _der() -> Any:
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.DER


def _names(leaf: Any) -> list[str]:
    from cryptography import x509

    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    names: list[str] = extension.value.get_values_for_type(x509.DNSName)
    return names


def leaf(chain: Path) -> bytes:
    """The first certificate of a PEM file, as DER."""
    from cryptography import x509

    return x509.load_pem_x509_certificates(chain.read_bytes())[0].public_bytes(_der())


def end_point(der: bytes) -> bytes:
    """``tls-server-end-point``: the certificate's hash by its own signature's hash, SHA-256 for weak ones and for
    signatures without one (RFC 5929 §4.1)."""
    import hashlib

    from cryptography import x509

    algorithm = x509.load_der_x509_certificate(der).signature_hash_algorithm
    name = algorithm.name if algorithm is not None else "sha256"
    return hashlib.new("sha256" if name in _HASH_OF_WEAK else name, der).digest()


def tls_info(secured: ssl.SSLObject) -> TlsInfo:
    """What this exchange agreed on."""
    version = secured.version() or ""
    cipher = secured.cipher()
    context = secured.context
    if isinstance(context, _Inner):
        bound = context.end_point
    else:
        der = secured.getpeercert(binary_form=True) if not secured.server_side else None
        bound = end_point(der) if der else b""
    return TlsInfo(
        version=version,
        cipher=cipher[0] if cipher else "",
        bits=cipher[2] if cipher else 0,
        server_name=getattr(secured, "asked_name", "") or "",
        tls_server_end_point=bound,
        tls_unique=secured.get_channel_binding("tls-unique") if version == "TLSv1.2" else None,
    )


def peer_chain(secured: Any) -> list[bytes]:
    """The certificates that the peer showed, its own first, as DER; whether they can be trusted is another question.

    Before Python 3.13 only a private method of the TLS object has the whole chain.
    """
    found = getattr(secured, "get_unverified_chain", None)
    if found is not None:
        return list(found())
    inner = getattr(secured, "_sslobj", None)
    chain = inner.get_unverified_chain() if inner is not None else None
    return [certificate.public_bytes(_DER) for certificate in chain or ()]


def failure_of(exc: BaseException | None) -> str:
    """What a failed handshake is called in a report (RFC 8460 §4.3); ``exc`` or what caused it is the TLS library's."""
    while exc is not None and not isinstance(exc, ssl.SSLError):
        exc = exc.__cause__
    code = getattr(exc, "verify_code", 0)
    if code in _EXPIRED:
        return "certificate-expired"
    if code == _WRONG_NAME:
        return "certificate-host-mismatch"
    return "certificate-not-trusted" if code in _UNTRUSTED else "validation-failure"


def make_self_signed(path: Path, names: Sequence[str], *, days: int = 3650) -> None:
    """Write key and certificate (ECDSA P-256) for these DNS names and loopback to one PEM file of mode 0600."""
    import ipaddress
    import os

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0][:64])])
    now = datetime.now(UTC)
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in dict.fromkeys(names)]
    alternatives += [x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "::1")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
