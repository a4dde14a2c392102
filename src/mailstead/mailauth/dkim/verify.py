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
ALGORITHMS: Final = {b"rsa-sha256": "rsa", b"ed25519-sha256": "ed25519"}
"""RFC 8301 §3.1 forbids rsa-sha1."""
_FORMS: Final = {b"simple": False, b"relaxed": True}
_REQUIRED: Final = ("v", "a", "b", "bh", "d", "h", "s")
_REQUIRED_OF_CHAIN: Final = ("i", "a", "b", "bh", "d", "h", "s")


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
    def parse(whole: bytes, *, is_of_chain: bool = False) -> "Signature":
        """``is_of_chain``: an ARC-Message-Signature, which has no ``v=``, and whose ``i=`` is something else (RFC 8617 §4.1.2). Raises ``Malformed``."""
        if len(whole) > limits.DKIM_SIGNATURE_FIELD:
            raise Malformed("the signature field is too long")
        found = tags.parse(whole.partition(b":")[2])
        for tag in _REQUIRED_OF_CHAIN if is_of_chain else _REQUIRED:
            if tag not in found:
                raise Malformed(f"{tag}= is missing")
        if not is_of_chain and found["v"] != b"1":
            raise Malformed("an unknown version")
        if found["a"] not in ALGORITHMS:
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
        domain, selector = name_of(found["d"]), name_of(found["s"])
        identity = (b"@" + found["d"] if is_of_chain else found.get("i", b"@" + found["d"])).decode("utf-8", "replace").strip()
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
            algorithm=found["a"].decode("ascii"), kind=ALGORITHMS[found["a"]], signature=octets_of(found["b"]),
            body_hash=octets_of(found["bh"]), relaxed_header=_FORMS[head], relaxed_body=_FORMS[rest], domain=domain,
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
                read.append(timely(Signature.parse(whole), now_s))
            except Malformed as exc:
                read.append(Verdict("permerror", str(exc), None))
    names = list(dict.fromkeys(one.key_name for one in read if isinstance(one, Signature)))
    answers: dict[str, Answer[bytes] | None] = {}
    if names:
        given = yield tuple(LookUp(name, RecordType.TXT) for name in names)
        answers = dict(zip(names, given, strict=True))
    bodies = Bodies(octets, header_octets)
    return [one if isinstance(one, Verdict) else judged(one, answers[one.key_name], fields, bodies) for one in read]


def timely(signature: Signature, now_s: int) -> Signature | Verdict:
    """The signature, if it holds at this time."""
    if signature.expires_at_s is not None and signature.expires_at_s < now_s:
        return Verdict("fail", "the signature has expired", signature)
    if signature.signed_at_s is not None and signature.signed_at_s > now_s + _SKEW_S:
        return Verdict("fail", "the signature is from the future", signature)
    return signature


class Unusable(Exception):  # noqa: N818 - says what it is
    """A key that proves nothing: ``result`` a word of RFC 8601 §2.7.1; the text says why."""

    def __init__(self, result: str, reason: str, bits: int = 0, *, is_testing: bool = False) -> None:
        super().__init__(reason)
        self.result = result
        self.bits = bits
        self.is_testing = is_testing


def usable_key(answer: Answer[bytes] | None, kind: str) -> KeyRecord:
    """The published key for signatures of this kind (RFC 6376 §6.1.2). Raises ``Unusable``."""
    if answer is None:
        raise Unusable("temperror", "the key could not be looked up")
    record = None
    trouble = "there is no key"
    for text in answer.records:
        try:
            record = KeyRecord.parse(text)
            break
        except Malformed as exc:
            trouble = str(exc)
    if record is None:
        raise Unusable("permerror", trouble)
    testing = "y" in record.flags
    if record.key is None:
        raise Unusable("permerror", "the key was revoked", is_testing=testing)
    if record.kind != kind or (record.hashes is not None and "sha256" not in record.hashes):
        raise Unusable("permerror", "the key is not for this algorithm", record.bits, is_testing=testing)
    if not record.services & {"*", "email"}:
        raise Unusable("permerror", "the key is not for mail", record.bits, is_testing=testing)
    return record


def judged(signature: Signature, answer: Answer[bytes] | None, fields: list[tuple[bytes, bytes]], bodies: "Bodies") -> Verdict:
    """What a signature proves, its key known."""
    try:
        record = usable_key(answer, signature.kind)
    except Unusable as exc:
        return Verdict(exc.result, str(exc), signature, exc.bits, exc.is_testing)
    bits, testing = record.bits, "y" in record.flags
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


class Bodies:
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


def octets_of(value: bytes) -> bytes:
    """What a tag holds in base64. Raises ``Malformed``."""
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


def name_of(value: bytes) -> str:
    """A domain name as A-labels; U-labels (RFC 8616 §4) are turned into them. Raises ``Malformed``."""
    text = domain_key(value.decode("utf-8", "replace").strip())
    if not text or len(text) > 253 or not text.isascii() or any(not (c.isalnum() or c in "-._") for c in text):  # noqa: PLR2004 - RFC 1035 §2.3.4
        raise Malformed("a domain name that cannot be read")
    return text
