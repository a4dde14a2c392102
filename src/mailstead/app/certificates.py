"""Which certificates this server shows: the files of ``[tls]``, or the self-signed one until there are any."""

from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, pkcs7

from mailstead import telemetry
from mailstead.app.config import Settings
from mailstead.net import CertificateFiles, make_self_signed


def certificates(data: Path, settings: Settings) -> list[CertificateFiles]:
    """The files of ``[tls]``, relative to the data directory; without any the self-signed one, made if need be."""
    tls = settings.tls
    if not tls.certificate:
        path = data / "tls" / "self-signed.pem"
        if not path.exists():
            make_self_signed(path, [settings.hostname, "localhost"])
        return [CertificateFiles(path, path)]
    keys = tls.key or tls.certificate
    return [CertificateFiles(data / chain, data / key) for chain, key in zip(tls.certificate, keys, strict=True)]


def signing(data: Path, settings: Settings) -> Callable[[bytes], bytes] | None:
    """Signs configuration profiles with the first certificate of ``[tls]``; None while there is only one that nobody trusts. What cannot be signed (the key
    may be readable at the start alone) goes as it is."""
    if not settings.tls.certificate:
        return None

    def sign(octets: bytes) -> bytes:
        pair = certificates(data, settings)[0]
        try:
            chain = x509.load_pem_x509_certificates(pair.chain.read_bytes())
            key = load_pem_private_key(pair.key.read_bytes(), None)
            if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
                raise ValueError("the key is neither RSA nor EC")
        except (OSError, ValueError) as exc:
            telemetry.event("profile.unsigned", reason=str(exc))
            return octets
        builder = pkcs7.PKCS7SignatureBuilder().set_data(octets).add_signer(chain[0], key, hashes.SHA256())
        for more in chain[1:]:
            builder = builder.add_certificate(more)
        return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])

    return sign
