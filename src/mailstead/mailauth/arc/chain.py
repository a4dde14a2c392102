"""Validating a chain (RFC 8617 §5.2): its structure first, then the newest signature over the message, then every seal from the newest to the first.

Whatever is wrong with it makes it fail for good (§5.2.1); only that a key could not be looked up is told apart, for whoever had rather wait or say nothing.
"""

import hashlib
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Final

from mailstead.mailauth import tags
from mailstead.mailauth.dkim import canonical
from mailstead.mailauth.dkim.verify import (
    ALGORITHMS,
    Answers,
    Bodies,
    Signature,
    Unusable,
    Verdict,
    judged,
    name_of,
    octets_of,
    timely,
    usable_key,
    without_signature,
)
from mailstead.mailauth.tags import Malformed
from mailstead.mime import header
from mailstead.model import limits
from mailstead.model.dns import Answer, RecordType
from mailstead.model.message import Octets
from mailstead.model.question import LookUp

RESULTS: Final = b"arc-authentication-results"
MESSAGE: Final = b"arc-message-signature"
SEAL: Final = b"arc-seal"
_NAMES: Final = (RESULTS, MESSAGE, SEAL)
"""In the order in which a seal covers them (§5.1.1)."""
_INSTANCE: Final = re.compile(rb"[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*([0-9]{1,4})[ \t\r\n]*(?:;|\Z)", re.IGNORECASE)
_REQUIRED: Final = ("i", "a", "b", "cv", "d", "s")


@dataclass(frozen=True, slots=True)
class Chain:
    """``status``: ``none``, ``pass`` or ``fail`` (§4.4); ``instance``: the highest found, 0 for none; ``reason``: why it fails. ``is_over``: its newest seal says
    that it failed, and nothing more is to be added. ``is_known`` False: a key could not be looked up. ``fields``: those of all sets, in the order in which a new
    seal covers them; none where it fails (§5.1.2). ``sealers``: domains of the seals, first to newest, where it passes."""

    status: str
    instance: int = 0
    reason: str = ""
    is_over: bool = False
    is_known: bool = True
    fields: tuple[bytes, ...] = ()
    sealers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Seal:
    """An ARC-Seal, read (§4.1.3)."""

    kind: str
    signature: bytes
    domain: str
    selector: str
    status: bytes

    @property
    def key_name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    @staticmethod
    def parse(whole: bytes) -> "_Seal":
        if len(whole) > limits.DKIM_SIGNATURE_FIELD:
            raise Malformed("a seal is too long")
        found = tags.parse(whole.partition(b":")[2])
        for tag in _REQUIRED:
            if tag not in found:
                raise Malformed(f"a seal without {tag}=")
        if "h" in found:
            raise Malformed("a seal with h=")
        if found["a"] not in ALGORITHMS:
            raise Malformed("a seal of an algorithm that we do not know")
        return _Seal(ALGORITHMS[found["a"]], octets_of(found["b"]), name_of(found["d"]), name_of(found["s"]), found["cv"].lower())


def validate(octets: Octets, header_octets: int, *, now_s: int) -> Generator[tuple[LookUp, ...], Answers, Chain]:
    """Whether the chain of a message holds. Yields the look-ups of the newest set's keys, then those of all others at once.

    ``header_octets``: the header block with its blank line.
    """
    fields = list(header.whole_fields(octets[:header_octets]))
    ours = [(name, whole) for name, whole in fields if name in _NAMES]
    if not ours:
        return Chain("none")
    highest = 0
    try:
        numbered = [(name, instance_of(name, whole), whole) for name, whole in ours]
        highest = max(number for _, number, _ in numbered)
        sets = _sets(numbered, highest)
        seals = [_Seal.parse(one[SEAL]) for one in sets]
        if seals[-1].status == b"fail":
            return Chain("fail", highest, "the chain had failed before", is_over=True)
        if [one.status for one in seals] != [b"none", *[b"pass"] * (highest - 1)]:
            raise Malformed("a seal that says of the chain before it what cannot be")
        newest = Signature.parse(sets[-1][MESSAGE], is_of_chain=True)
        if SEAL in newest.names:
            raise Malformed("a message signature over seals")
    except Malformed as exc:
        return Chain("fail", highest, str(exc), is_over=_is_over(ours, highest))
    answers: dict[str, Answer[bytes] | None] = {}
    names = tuple(dict.fromkeys((newest.key_name, seals[-1].key_name)))
    answers |= zip(names, (yield _look_ups(names)), strict=True)
    read = timely(newest, now_s)
    verdict = read if isinstance(read, Verdict) else judged(read, answers[newest.key_name], fields, Bodies(octets, header_octets))
    if verdict.result != "pass":
        return Chain("fail", highest, f"ARC-Message-Signature {highest}: {verdict.reason}", is_known=verdict.result != "temperror")
    names = tuple(dict.fromkeys(one.key_name for one in reversed(seals[:-1]) if one.key_name not in answers))
    if names:
        answers |= zip(names, (yield _look_ups(names)), strict=True)
    covered = [one[name] for one in sets for name in _NAMES]
    for number in range(highest, 0, -1):
        one = seals[number - 1]
        try:
            if not usable_key(answers[one.key_name], one.kind).verifies(one.signature, seal_digest(covered[: number * len(_NAMES)])):
                return Chain("fail", highest, f"ARC-Seal {number} does not fit")
        except Unusable as exc:
            return Chain("fail", highest, f"ARC-Seal {number}: {exc}", is_known=exc.result != "temperror")
    return Chain("pass", highest, fields=tuple(covered), sealers=tuple(one.domain for one in seals))


def seal_digest(fields: Sequence[bytes]) -> bytes:
    """What a seal covers: all fields of the sets up to its own, which is the last of them, with its ``b=`` emptied (§5.1.1)."""
    whole = b"".join(canonical.field(_ended(one), relaxed=True) for one in fields[:-1])
    return hashlib.sha256(whole + canonical.field(without_signature(fields[-1]), relaxed=True).removesuffix(b"\r\n")).digest()


def instance_of(name: bytes, whole: bytes) -> int:
    """To which set a field belongs (§4.2.1). Raises ``Malformed``."""
    value = whole.partition(b":")[2]
    if name == RESULTS:
        found = _INSTANCE.match(value)
        text = found[1] if found else b""
    else:
        text = tags.parse(value).get("i", b"") if len(whole) <= limits.DKIM_SIGNATURE_FIELD else b""
    if not text.isdigit() or not 1 <= int(text) <= limits.ARC_SETS:
        raise Malformed("a field of the chain without a number from 1 to 50")
    return int(text)


def _sets(numbered: Sequence[tuple[bytes, int, bytes]], highest: int) -> list[dict[bytes, bytes]]:
    sets: list[dict[bytes, bytes]] = [{} for _ in range(highest)]
    for name, number, whole in numbered:
        if name in sets[number - 1]:
            raise Malformed(f"set {number} has a field twice")
        sets[number - 1][name] = whole
    for number, one in enumerate(sets, 1):
        if len(one) != len(_NAMES):
            raise Malformed(f"set {number} is not whole")
    return sets


def _is_over(ours: Sequence[tuple[bytes, bytes]], highest: int) -> bool:
    """Whether the newest seal of a chain that is malformed otherwise says that it failed (§5.1)."""
    for name, whole in ours:
        try:
            if name == SEAL and instance_of(name, whole) == highest and tags.parse(whole.partition(b":")[2]).get("cv", b"").lower() == b"fail":
                return True
        except Malformed:
            continue
    return False


def _look_ups(names: Sequence[str]) -> tuple[LookUp, ...]:
    return tuple(LookUp(name, RecordType.TXT) for name in names)


def _ended(whole: bytes) -> bytes:
    return whole if whole.endswith(b"\r\n") else whole + b"\r\n"
