"""Verifying: what each signature of a message proves (RFC 6376 §6).

The keys of all signatures are asked for at once. A signature that is malformed, too weak or not ours to trust fails by itself;
the others go on. At most ``limits.DKIM_SIGNATURES`` are looked at.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Final

from mailstead.mailauth import tags
from mailstead.mailauth.dkim import canonical
from mailstead.mailauth.dkim.key import KeyRecord
from mailstead.mailauth.tags import Malformed
from mailstead.mime import header
from mailstead.model import limits
from mailstead.model.address import domain_key
from mailstead.model.dns import Answer, RecordType
from mailstead.model.message import Octets
from mailstead.model.question import LookUp

Answers = tuple[Answer[bytes] | None, ...]
_SKEW_S: Final = 600
"""How far a signer's clock may be ahead of ours."""
_ALGORITHMS: Final = {b"rsa-sha256": "rsa", b"ed25519-sha256": "ed25519"}
"""RFC 8301 §3.1 forbids rsa-sha1."""
_FORMS: Final = {b"simple": False, b"relaxed": True}
_REQUIRED: Final = ("v", "a", "b", "bh", "d", "h", "s")


@dataclass(frozen=True, slots=True)
class Signature:
    """A DKIM-Signature field, read. ``i`` is the agent's identity, ``@`` and domain at least; ``length`` None: the whole body."""

    algorithm: str
    kind: str
    signature: bytes
    body_hash: bytes
    relaxed_header: bool
    relaxed_body: bool
    domain: str
    selector: str
    identity: str
    names: tuple[bytes, ...]
    length: int | None
    signed_at_s: int | None
    expires_at_s: int | None
    whole: bytes
    """The field itself."""

    @property
    def key_name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    @staticmethod
    def parse(whole: bytes) -> "Signature":
        """Raises ``Malformed``."""
        if len(whole) > limits.DKIM_SIGNATURE_FIELD:
            raise Malformed("the signature field is too long")
        found = tags.parse(whole.partition(b":")[2])
        for tag in _REQUIRED:
            if tag not in found:
                raise Malformed(f"{tag}= is missing")
        if found["v"] != b"1":
            raise Malformed("an unknown version")
        if found["a"] not in _ALGORITHMS:
            raise Malformed("an algorithm that proves nothing" if found["a"] == b"rsa-sha1" else "an unknown algorithm")
        head, _, rest = found.get("c", b"simple/simple").partition(b"/")
        rest = rest or b"simple"
        if head not in _FORMS or rest not in _FORMS:
            raise Malformed("an unknown canonical form")
        names = tuple(name.strip(b" \t\r\n").lower() for name in found["h"].split(b":"))
        if len(names) > limits.DKIM_SIGNED_FIELDS:
            raise Malformed("too many signed fields")
        if b"from" not in names:
            raise Malformed("From is not signed")
        domain, selector = _name(found["d"]), _name(found["s"])
        identity = found.get("i", b"@" + found["d"]).decode("utf-8", "replace").strip()
        theirs = identity.rpartition("@")[2].lower()
        if theirs != domain and not theirs.endswith("." + domain):
            raise Malformed("i= is outside d=")
        if b"dns/txt" not in tags.compact(found.get("q", b"dns/txt")).split(b":"):
            raise Malformed("no way to the key that we know")
        signed_at = tags.number(found["t"], "t=") if "t" in found else None
        expires_at = tags.number(found["x"], "x=") if "x" in found else None
        if signed_at is not None and expires_at is not None and expires_at < signed_at:
            raise Malformed("it expired before it was made")
        return Signature(
            algorithm=found["a"].decode("ascii"), kind=_ALGORITHMS[found["a"]], signature=_octets(found["b"]),
            body_hash=_octets(found["bh"]), relaxed_header=_FORMS[head], relaxed_body=_FORMS[rest], domain=domain,
            selector=selector, identity=identity, names=names, length=_length(found.get("l")), signed_at_s=signed_at,
            expires_at_s=expires_at, whole=whole,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one signature proves. ``result`` is a word of RFC 8601 §2.7.1: ``pass``, ``fail``, ``policy``, ``neutral``, ``temperror``,
    ``permerror``; ``reason`` says why in a few words. ``signature`` None: it could not be read."""

    result: str
    reason: str
    signature: Signature | None
    key_bits: int = 0
    is_testing: bool = False


def verify(octets: Octets, header_octets: int, *, now_s: int) -> Generator[tuple[LookUp, ...], Answers, list[Verdict]]:
    """One verdict for each signature, in the order in which they stand. Yields the look-ups of all keys at once.

    ``header_octets``: the header block with its blank line.
    """
    fields = list(header.whole_fields(octets[:header_octets]))
    read: list[Signature | Verdict] = []
    for name, whole in fields:
        if name == b"dkim-signature" and len(read) < limits.DKIM_SIGNATURES:
            try:
                read.append(_timely(Signature.parse(whole), now_s))
            except Malformed as exc:
                read.append(Verdict("permerror", str(exc), None))
    names = list(dict.fromkeys(one.key_name for one in read if isinstance(one, Signature)))
    answers: dict[str, Answer[bytes] | None] = {}
    if names:
        given = yield tuple(LookUp(name, RecordType.TXT) for name in names)
        answers = dict(zip(names, given, strict=True))
    bodies = _Bodies(octets, header_octets)
    return [one if isinstance(one, Verdict) else _verdict(one, answers[one.key_name], fields, bodies) for one in read]


def _timely(signature: Signature, now_s: int) -> Signature | Verdict:
    if signature.expires_at_s is not None and signature.expires_at_s < now_s:
        return Verdict("fail", "the signature has expired", signature)
    if signature.signed_at_s is not None and signature.signed_at_s > now_s + _SKEW_S:
        return Verdict("fail", "the signature is from the future", signature)
    return signature


def _verdict(signature: Signature, answer: Answer[bytes] | None, fields: list[tuple[bytes, bytes]], bodies: "_Bodies") -> Verdict:
    if answer is None:
        return Verdict("temperror", "the key could not be looked up", signature)
    record = None
    trouble = "there is no key"
    for text in answer.records:
        try:
            record = KeyRecord.parse(text)
            break
        except Malformed as exc:
            trouble = str(exc)
    if record is None:
        return Verdict("permerror", trouble, signature)
    testing = "y" in record.flags
    if record.key is None:
        return Verdict("permerror", "the key was revoked", signature, is_testing=testing)
    bits = record.bits
    if record.kind != signature.kind or (record.hashes is not None and "sha256" not in record.hashes):
        return Verdict("permerror", "the key is not for this algorithm", signature, bits, testing)
    if not record.services & {"*", "email"}:
        return Verdict("permerror", "the key is not for mail", signature, bits, testing)
    if "s" in record.flags and signature.identity.rpartition("@")[2].lower() != signature.domain:
        return Verdict("permerror", "i= must be d= itself", signature, bits, testing)
    digest, size = bodies.digest(signature)
    if signature.length is not None and signature.length > size:
        return Verdict("permerror", "l= is longer than the body", signature, bits, testing)
    if not hmac.compare_digest(digest, signature.body_hash):
        return Verdict("fail", "the body was changed", signature, bits, testing)
    if not record.verifies(signature.signature, header_digest(signature.whole, signature.names, fields, relaxed=signature.relaxed_header)):
        return Verdict("fail", "the signature does not fit the header", signature, bits, testing)
    if signature.length is not None and signature.length < size:
        # What follows may be anybody's (RFC 6376 §8.2).
        return Verdict("policy", "only a part of the body is signed", signature, bits, testing)
    return Verdict("pass", "testing" if testing else "good", signature, bits, testing)


def header_digest(own: bytes, names: tuple[bytes, ...], fields: list[tuple[bytes, bytes]], *, relaxed: bool) -> bytes:
    """What a signature over ``names`` covers (RFC 6376 §3.7): of fields that occur several times the last first, then the
    signature's own field with an empty ``b=``. SHA-256."""
    left: dict[bytes, list[bytes]] = {}
    for name, whole in fields:
        if whole is not own:
            left.setdefault(name, []).append(whole)
    hashing = hashlib.sha256()
    for name in names:
        found = left.get(name)
        if found:
            hashing.update(canonical.field(_ended(found.pop()), relaxed=relaxed))
    hashing.update(canonical.field(without_signature(own), relaxed=relaxed).removesuffix(b"\r\n"))
    return hashing.digest()


def without_signature(whole: bytes) -> bytes:
    """The field with its ``b=`` emptied, all else as it is (RFC 6376 §3.5)."""
    start = whole.index(b":") + 1
    for piece in _pieces(whole, start):
        at, end = piece
        name, equals, _ = whole[at:end].partition(b"=")
        if equals and name.strip(b" \t\r\n") == b"b":
            return _ended(whole[: at + len(name) + 1] + (b"\r\n" if end == len(whole) else whole[end:]))
    return _ended(whole)


def _pieces(whole: bytes, at: int) -> Iterator[tuple[int, int]]:
    while at < len(whole):
        end = whole.find(b";", at)
        if end < 0:
            end = len(whole)
        yield at, end
        at = end + 1


def _ended(whole: bytes) -> bytes:
    return whole if whole.endswith(b"\r\n") else whole + b"\r\n"


class _Bodies:
    """Body hashes by form and length, each computed once."""

    def __init__(self, octets: Octets, start: int) -> None:
        self._octets = octets
        self._start = start
        self._known: dict[tuple[bool, int | None], tuple[bytes, int]] = {}

    def digest(self, signature: Signature) -> tuple[bytes, int]:
        """(SHA-256 of as much as is signed, octets of the whole canonical body)."""
        key = signature.relaxed_body, signature.length
        known = self._known.get(key)
        if known is None:
            hashing = hashlib.sha256()
            size = 0
            for piece in canonical.body(self._octets, self._start, relaxed=signature.relaxed_body):
                if signature.length is None:
                    hashing.update(piece)
                elif size < signature.length:
                    hashing.update(piece[: signature.length - size])
                size += len(piece)
            known = self._known[key] = hashing.digest(), size
        return known


def _octets(value: bytes) -> bytes:
    try:
        return base64.b64decode(tags.compact(value), validate=True)
    except binascii.Error:
        raise Malformed("a signature that is not base64") from None


def _length(value: bytes | None) -> int | None:
    if value is None:
        return None
    if not value.isdigit() or len(value) > 76:  # noqa: PLR2004 - RFC 6376 §3.5: at most 76 digits
        raise Malformed("l= is not a number")
    return int(value)


def _name(value: bytes) -> str:
    """A domain name as A-labels; U-labels (RFC 8616 §4) are turned into them. Raises ``Malformed``."""
    text = domain_key(value.decode("utf-8", "replace").strip())
    if not text or len(text) > 253 or not text.isascii() or any(not (c.isalnum() or c in "-._") for c in text):  # noqa: PLR2004 - RFC 1035 §2.3.4
        raise Malformed("a domain name that cannot be read")
    return text
