"""Web Push: messages that the push service cannot read (RFC 8291, RFC 8188), and who sends them (VAPID, RFC 8292).

Pure: keys, salt and time are passed in.
"""

import base64
import hashlib
import hmac
import struct
from typing import Final

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MOST: Final = 3_993
"""Octets of a message that every push service takes when encrypted (RFC 8291 §4: 4096 with what is added)."""
_RECORD: Final = 4_096
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256."""
_LIVES_S: Final = 12 * 3600
"""RFC 8292 §2: at most 24 hours."""


def base64url(octets: bytes) -> str:
    """Without padding (RFC 4648 §5)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """With or without padding. Raises ``ValueError``."""
    return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)


def public_point(key: ec.EllipticCurvePublicKey) -> bytes:
    """Uncompressed."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def read_point(octets: bytes) -> ec.EllipticCurvePublicKey:
    """Raises ``ValueError`` for what is no point of P-256."""
    if len(octets) != 65:  # noqa: PLR2004 - 0x04, x, y
        raise ValueError("not an uncompressed point of P-256")
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), octets)


def encrypted(message: bytes, *, p256dh: bytes, auth: bytes, key: ec.EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """The body for a subscriber with these keys: one record of ``aes128gcm``. ``key`` and ``salt`` (16 octets) are new for each message. Raises ``ValueError``."""
    if len(message) > MOST:
        raise ValueError(f"a push message has at most {MOST} octets")
    theirs = read_point(p256dh)
    ours = public_point(key.public_key())
    shared = key.exchange(ec.ECDH(), theirs)
    secret = _hkdf(auth, shared, b"WebPush: info\0" + p256dh + ours, 32)
    content = _hkdf(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _hkdf(salt, secret, b"Content-Encoding: nonce\0", 12)
    return salt + struct.pack(">IB", _RECORD, len(ours)) + ours + AESGCM(content).encrypt(nonce, message + b"\x02", None)


def _hkdf(salt: bytes, material: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869, for at most one block."""
    extracted = hmac.digest(salt, material, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")[:length]


class Vapid:
    """The key by which push services know this site; made of a secret, so that it stays as long as that. ``contact``: a ``mailto:`` address."""

    def __init__(self, secret: bytes, contact: str) -> None:
        number = int.from_bytes(hashlib.sha512(b"mailstead vapid 1\0" + secret).digest()) % (_ORDER - 1) + 1
        self._key = ec.derive_private_key(number, ec.SECP256R1())
        self._contact = contact
        self.public = base64url(public_point(self._key.public_key()))
        """``applicationServerKey`` (RFC 9749 §3)."""

    def authorization(self, origin: str, now_s: int) -> str:
        """The header for a push service at ``origin`` (RFC 8292 §3)."""
        pieces = [{"typ": "JWT", "alg": "ES256"}, {"aud": origin, "exp": now_s + _LIVES_S, "sub": self._contact}]
        said = ".".join(base64url(msgspec.json.encode(piece)) for piece in pieces)
        r, s = decode_dss_signature(self._key.sign(said.encode(), ec.ECDSA(hashes.SHA256())))
        return f"vapid t={said}.{base64url(r.to_bytes(32) + s.to_bytes(32))},k={self.public}"
