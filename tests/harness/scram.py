"""The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677)."""

import base64
import hashlib
import hmac
import os


def client_final(first_bare: bytes, server_first: bytes, header: bytes, password: str = "pencil") -> bytes:
    """What an honest client answers."""
    fields = dict(piece.split(b"=", 1) for piece in server_first.split(b","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(fields[b"s"]), int(fields[b"i"]))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    without = b"c=" + base64.b64encode(header) + b",r=" + fields[b"r"]
    signature = hmac.digest(hashlib.sha256(client_key).digest(), first_bare + b"," + server_first + b"," + without, "sha256")
    return without + b",p=" + base64.b64encode(bytes(a ^ b for a, b in zip(client_key, signature, strict=True)))


class ScramClient:
    """One exchange. ``binding``: the octets of the channel with their type (``tls-server-end-point``), for the -PLUS mechanism."""

    def __init__(self, user: str, password: str, *, kind: str = "", binding: bytes = b"") -> None:
        self._password = password
        self._header = f"p={kind},,".encode() if kind else b"n,,"
        self._binding = binding
        self._bare = b"n=" + user.encode() + b",r=" + base64.b64encode(os.urandom(12))
        self._first = b""
        self.has_proof = False
        """The server knows the password too."""

    def answer(self, challenge: bytes) -> bytes:
        """To each challenge in turn: "", the server's first message, its last."""
        if not challenge:
            return self._header + self._bare
        if not self._first:
            self._first = challenge
            return client_final(self._bare, challenge, self._header + self._binding, self._password)
        fields = dict(piece.split(b"=", 1) for piece in self._first.split(b","))
        salted = hashlib.pbkdf2_hmac("sha256", self._password.encode(), base64.b64decode(fields[b"s"]), int(fields[b"i"]))
        without = b"c=" + base64.b64encode(self._header + self._binding) + b",r=" + fields[b"r"]
        signed = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), self._bare + b"," + self._first + b"," + without, "sha256")
        self.has_proof = challenge == b"v=" + base64.b64encode(signed)
        return b""
