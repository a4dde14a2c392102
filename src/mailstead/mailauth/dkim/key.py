"""Keys: how a domain publishes them (RFC 6376 §3.6.1, RFC 8463 §4) and what signs with them."""

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key

from mailstead.mailauth import tags
from mailstead.mailauth.tags import Malformed
from mailstead.model import limits

RSA: Final = "rsa"
ED25519: Final = "ed25519"
RSA_BITS: Final = 2048
"""Of keys that we make (RFC 8301 §3.2)."""
LEAST_BITS: Final = 1024
"""Of keys that we believe (RFC 8301 §3.2)."""
_ED25519_OCTETS: Final = 32
_TXT_STRING: Final = 255
_PREHASHED: Final = utils.Prehashed(hashes.SHA256())
_PADDING: Final = padding.PKCS1v15()


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A published key. ``key`` None: it was revoked (an empty ``p=``). ``flags``: ``y`` testing, ``s`` no subdomains in ``i=``."""

    kind: str
    key: RSAPublicKey | Ed25519PublicKey | None
    hashes: frozenset[str] | None
    """What the key may be used with; None: anything."""
    flags: frozenset[str]
    services: frozenset[str]

    @property
    def bits(self) -> int:
        return self.key.key_size if isinstance(self.key, RSAPublicKey) else 256

    @staticmethod
    def parse(text: bytes) -> "KeyRecord":
        """A TXT record's octets. Raises ``Malformed``."""
        if len(text) > limits.DKIM_KEY_RECORD:
            raise Malformed("the key record is too long")
        found = tags.parse(text)
        if found.get("v", b"DKIM1") != b"DKIM1" or ("v" in found and next(iter(found)) != "v"):
            raise Malformed("not a DKIM1 record")
        if "p" not in found:
            raise Malformed("the record has no key")
        kind = found.get("k", b"rsa").decode("ascii", "replace").lower()
        return KeyRecord(
            kind, _public(kind, tags.compact(found["p"])), _words(found["h"]) if "h" in found else None,
            _words(found.get("t", b"")), _words(found.get("s", b"*")) or frozenset({"*"}),
        )

    def verifies(self, signature: bytes, digest: bytes) -> bool:
        """Whether the key made ``signature`` over ``digest`` (SHA-256)."""
        try:
            if isinstance(self.key, RSAPublicKey):
                self.key.verify(signature, digest, _PADDING, _PREHASHED)
                return True
            if self.key is not None:
                self.key.verify(signature, digest)  # RFC 8463 §3: the digest is what is signed
                return True
        except InvalidSignature:
            pass
        return False


def _words(value: bytes) -> frozenset[str]:
    return frozenset(word for word in tags.compact(value).decode("ascii", "replace").lower().split(":") if word)


def _public(kind: str, text: bytes) -> RSAPublicKey | Ed25519PublicKey | None:
    if not text:
        return None
    try:
        octets = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Malformed("the key is not base64") from None
    if kind == ED25519:
        if len(octets) != _ED25519_OCTETS:
            raise Malformed("an Ed25519 key has 32 octets")
        return Ed25519PublicKey.from_public_bytes(octets)
    if kind != RSA:
        raise Malformed("an unknown kind of key")
    try:
        key = serialization.load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        raise Malformed("the key cannot be read") from None
    if not isinstance(key, RSAPublicKey):
        raise Malformed("not an RSA key")
    if not LEAST_BITS <= key.key_size <= limits.DKIM_RSA_BITS:
        raise Malformed(f"an RSA key of {key.key_size} bits")
    return key


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """What signs."""

    secret: RSAPrivateKey | Ed25519PrivateKey

    @staticmethod
    def make(kind: str) -> "PrivateKey":
        """A new one, ``RSA`` or ``ED25519``."""
        return PrivateKey(Ed25519PrivateKey.generate() if kind == ED25519 else generate_private_key(65537, RSA_BITS))

    @staticmethod
    def load(octets: bytes) -> "PrivateKey":
        """From PKCS #8 (DER) or PEM. Raises ``Malformed``."""
        try:
            if octets.lstrip().startswith(b"-----"):
                secret = serialization.load_pem_private_key(octets, None)
            else:
                secret = serialization.load_der_private_key(octets, None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise Malformed("the private key cannot be read") from None
        if not isinstance(secret, RSAPrivateKey | Ed25519PrivateKey):
            raise Malformed("neither an RSA nor an Ed25519 key")
        return PrivateKey(secret)

    def dump(self) -> bytes:
        """PKCS #8 (DER), not encrypted: for whoever seals it."""
        return self.secret.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def kind(self) -> str:
        return RSA if isinstance(self.secret, RSAPrivateKey) else ED25519

    def sign(self, digest: bytes) -> bytes:
        """A signature over a SHA-256 digest."""
        if isinstance(self.secret, RSAPrivateKey):
            return self.secret.sign(digest, _PADDING, _PREHASHED)
        return self.secret.sign(digest)

    def record(self) -> str:
        """The TXT record to publish (RFC 6376 §3.6.1)."""
        public = self.secret.public_key()
        if isinstance(public, RSAPublicKey):
            octets = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        else:
            octets = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return f"v=DKIM1; k={self.kind}; p={base64.b64encode(octets).decode('ascii')}"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key in use: ``domain`` and ``selector`` as A-labels. Its public half is at ``selector._domainkey.domain``."""

    domain: str
    selector: str
    key: PrivateKey

    @property
    def algorithm(self) -> str:
        return f"{self.key.kind}-sha256"

    @property
    def name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"


def quoted(text: str) -> str:
    """A TXT record as a zone file holds it: strings of at most 255 octets (RFC 1035 §3.3.14)."""
    return " ".join(f'"{text[at : at + _TXT_STRING]}"' for at in range(0, len(text), _TXT_STRING))
