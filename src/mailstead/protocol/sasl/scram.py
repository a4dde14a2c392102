"""SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677): the password never travels, and both sides prove themselves.

::

    C: n,,n=user,r=cnonce
    S: r=cnonce+snonce,s=salt,i=4096
    C: c=biws,r=cnonce+snonce,p=proof
    S: v=signature

With -PLUS the client's header names a channel binding and ``c=`` carries it, so that a man in the middle of TLS is found
out. A client that says it thinks we have no binding (``y``) where we offered one has been lied to and is refused
(RFC 5802 §6).

A login may have several passwords (app passwords). They share salt and iterations, so the proof can be held against each:
``FetchVerifiers`` is asked again for the next one, and an answer that repeats the last one means that there are no more.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from mailstead.model import limits
from mailstead.model.errors import Violation
from mailstead.model.question import (
    Challenge,
    Exchange,
    FetchVerifiers,
    Principal,
    ScramFailed,
    ScramProven,
    ScramVerifier,
)
from mailstead.protocol.sasl import words


def exchange(initial: bytes | None, nonce: str, binding: Mapping[str, bytes]) -> Exchange:
    """The server's side, without a channel binding."""
    return _exchange(initial, nonce, binding, plus=False)


def exchange_plus(initial: bytes | None, nonce: str, binding: Mapping[str, bytes]) -> Exchange:
    """The server's side, bound to the channel."""
    return _exchange(initial, nonce, binding, plus=True)


def _exchange(initial: bytes | None, nonce: str, binding: Mapping[str, bytes], *, plus: bool) -> Exchange:
    first = initial
    if first is None:
        answer = yield Challenge(b"")
        first = answer if isinstance(answer, bytes) else b""
    header, bare, bound, authzid = _client_first(first, binding, plus=plus)
    fields = _fields(bare)
    if list(fields)[:2] != ["n", "r"]:
        raise Violation("That is not a SCRAM message")
    login, client_nonce = words.name(_saslname(fields["n"])), fields["r"]
    if not login or not client_nonce or len(client_nonce) > limits.SCRAM_NONCE or not _is_printable(client_nonce):
        raise Violation("The SCRAM nonce or name is not valid")
    verifier = yield FetchVerifiers(login)
    if not isinstance(verifier, ScramVerifier):
        raise Violation("The exchange was not answered")
    both = client_nonce.decode("ascii") + nonce
    server_first = f"r={both},s={base64.b64encode(verifier.salt).decode()},i={verifier.iterations}".encode()
    answer = yield Challenge(server_first)
    final = answer if isinstance(answer, bytes) else b""
    without_proof, mark, proof = final.rpartition(b",p=")
    fields = _fields(without_proof)
    if not mark or list(fields)[:2] != ["c", "r"]:
        raise Violation("That is not a SCRAM message")
    signed = bare + b"," + server_first + b"," + without_proof
    is_whole = hmac.compare_digest(_base64(fields["c"]), header + bound) and hmac.compare_digest(fields["r"], both.encode("ascii"))
    proven = _base64(proof)
    while not (is_whole and _proves(verifier, signed, proven)):
        following = yield FetchVerifiers(login)
        if not isinstance(following, ScramVerifier) or following == verifier or following.salt != verifier.salt:
            yield ScramFailed(login)
            raise Violation("The exchange was not answered")
        verifier = following
    who = yield ScramProven(authzid, login, verifier)
    if not isinstance(who, Principal):
        raise Violation("The exchange was not answered")
    signature = hmac.digest(verifier.server_key, signed, "sha256")
    yield Challenge(b"v=" + base64.b64encode(signature))
    return who


def _client_first(message: bytes, binding: Mapping[str, bytes], *, plus: bool) -> tuple[bytes, bytes, bytes, str]:
    """(gs2 header, bare message, channel binding data, authorization identity). RFC 5802 §7."""
    pieces = message.split(b",", 2)
    if len(pieces) != 3:  # noqa: PLR2004 - flag, authzid, bare
        raise Violation("That is not a SCRAM message")
    flag, authzid, bare = pieces
    header = flag + b"," + authzid + b","
    if authzid and not authzid.startswith(b"a="):
        raise Violation("That is not a SCRAM message")
    who = words.name(_saslname(authzid[2:]))
    if flag.startswith(b"p=") != plus:
        raise Violation("The mechanism and its channel binding do not fit")
    if plus:
        bound = binding.get(flag[2:].decode("ascii", "replace"))
        if bound is None:
            raise Violation("That channel binding is not offered")
        return header, bare, bound, who
    if flag == b"y" and binding:
        raise Violation("Channel binding was offered; somebody has removed it on the way")
    if flag not in {b"n", b"y"}:
        raise Violation("That is not a SCRAM message")
    return header, bare, b"", who


def _fields(message: bytes) -> dict[str, bytes]:
    """``a=value,…`` in order; an extension that we must understand (``m=``) is refused (RFC 5802 §5.1)."""
    fields: dict[str, bytes] = {}
    for piece in message.split(b","):
        letter, mark, value = piece.partition(b"=")
        if not mark or len(letter) != 1 or not letter.isalpha() or letter == b"m":
            raise Violation("That is not a SCRAM message")
        if fields.setdefault(letter.decode("ascii"), value) is not value:
            raise Violation("That is not a SCRAM message")
    return fields


def _saslname(octets: bytes) -> bytes:
    """``=2C`` is a comma, ``=3D`` an equals sign, any other ``=`` an error (RFC 5802 §5.1)."""
    rest = octets.replace(b"=2C", b",").replace(b"=3D", b"\0")
    if b"=" in rest:
        raise Violation("The name is not a SCRAM name")
    return rest.replace(b"\0", b"=")


def _base64(octets: bytes) -> bytes:
    try:
        return base64.b64decode(octets, validate=True)
    except binascii.Error:
        raise Violation("That is not base64") from None


def _is_printable(octets: bytes) -> bool:
    return all(0x21 <= octet <= 0x7E and octet != 0x2C for octet in octets)


def _proves(verifier: ScramVerifier, signed: bytes, proof: bytes) -> bool:
    """Whether ``proof`` shows that the peer knows the ClientKey (RFC 5802 §3)."""
    if len(proof) != hashlib.sha256().digest_size:
        return False
    signature = hmac.digest(verifier.stored_key, signed, "sha256")
    client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), verifier.stored_key)


def verifier(password: str, salt: bytes, iterations: int, tag: int = 0) -> ScramVerifier:
    """What is kept of a password (RFC 5802 §3). ``password`` in any form."""
    salted = hashlib.pbkdf2_hmac("sha256", words.prepared(password).encode(), salt, iterations)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    return ScramVerifier(salt, iterations, stored_key, hmac.digest(salted, b"Server Key", "sha256"), tag)
