"""SCRAM-SHA-256 from the client's side, without a channel binding (RFC 5802 §3, RFC 7677)."""

import base64
import binascii
import hashlib
import hmac

from mailstead.protocol.sasl import words

_ROUNDS_MOST = 200_000
_DIGITS_MOST = 6
"""A server that asks for more keeps us busy on purpose."""


class Client:
    """One exchange: ``first``, then ``final`` with the server's answer, then ``check``. Each raises ``ValueError``."""

    def __init__(self, user: str, password: str, nonce: str) -> None:
        self._bare = f"n={user.replace('=', '=3D').replace(',', '=2C')},r={nonce}"
        self._password = words.prepared(password)
        self._nonce = nonce
        self._signature = b""

    def first(self) -> bytes:
        """The client's first message."""
        return f"n,,{self._bare}".encode()

    def final(self, challenge: bytes) -> bytes:
        """The client's proof."""
        text = challenge.decode("ascii", "strict") if challenge.isascii() else ""
        fields = dict(piece.partition("=")[::2] for piece in text.split(","))
        nonce, salt, rounds = fields.get("r", ""), fields.get("s", ""), fields.get("i", "")
        is_number = rounds.isdigit() and len(rounds) <= _DIGITS_MOST
        if not nonce.startswith(self._nonce) or len(nonce) <= len(self._nonce) or not is_number or not 0 < int(rounds) <= _ROUNDS_MOST:
            raise ValueError("that is not a SCRAM challenge")
        try:
            octets = base64.b64decode(salt, validate=True)
        except binascii.Error:
            raise ValueError("that is not a SCRAM challenge") from None
        salted = hashlib.pbkdf2_hmac("sha256", self._password.encode(), octets, int(rounds))
        key = hmac.digest(salted, b"Client Key", "sha256")
        without_proof = f"c=biws,r={nonce}"
        signed = f"{self._bare},{text},{without_proof}".encode()
        proof = bytes(a ^ b for a, b in zip(key, hmac.digest(hashlib.sha256(key).digest(), signed, "sha256"), strict=True))
        self._signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()

    def check(self, last: bytes) -> None:
        """Whether the server knows the password too."""
        if not self._signature or not hmac.compare_digest(last, b"v=" + base64.b64encode(self._signature)):
            raise ValueError("the signature is wrong")
