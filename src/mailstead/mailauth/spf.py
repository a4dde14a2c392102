"""Sender Policy Framework: whether a host may send in a domain's name (RFC 7208).

``check_host`` is the function of §4, as a generator: it yields what must be asked of the DNS. The record is read whole before anything is looked up, so that a
mistake anywhere in it is one (§4.6). What is bounded is bounded as §4.6.4 says: ten terms that need look-ups, two look-ups that find nothing, ten
exchangers or names of one term.
"""

import ipaddress
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from mailstead.model import limits
from mailstead.model.address import domain_key
from mailstead.model.dns import Answer, Mx, RecordType
from mailstead.model.question import LookUp

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
Answers = tuple[Answer[Any] | None, ...]
PASS: Final = "pass"  # noqa: S105 - no password
FAIL: Final = "fail"
SOFTFAIL: Final = "softfail"
NEUTRAL: Final = "neutral"
NONE: Final = "none"
TEMPERROR: Final = "temperror"
PERMERROR: Final = "permerror"
_QUALIFIERS: Final = {"+": PASS, "-": FAIL, "~": SOFTFAIL, "?": NEUTRAL}
_RECORD: Final = re.compile(rb"v=spf1(?: |\Z)", re.IGNORECASE)
_MODIFIER: Final = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)")
_MECHANISM: Final = re.compile(r"([+?~-])?([A-Za-z][A-Za-z0-9_.-]*)(.*)")
_CIDR: Final = re.compile(r"(?:/(0|[1-9][0-9]?))?(?://(0|[1-9][0-9]{0,2}))?\Z")
_MACRO: Final = re.compile(r"%(?:\{([slodiphcrtvSLODIPHCRTV])([0-9]*)(r?)([.\-+,/_=]*)\}|([%_-]))")
_OWN_NAME: Final = re.compile(r"%\{[pP]")
_END: Final = re.compile(r"(?:\.[A-Za-z0-9-]*[A-Za-z0-9]\.?|%\{[^{}]*\}|%[%_-])\Z")
_TOP_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_NAME_MOST: Final = 253
_LABEL_MOST: Final = 63
_ONLY_EXPLAINING: Final = "crt"


class _Wrong(Exception):  # noqa: N818 - a result that ends it
    """``result``: what comes of it at once."""

    def __init__(self, result: str, reason: str) -> None:
        super().__init__(reason)
        self.result = result
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Outcome:
    """``result``: a word of §2.6; ``reason``: in a few words why."""

    result: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Term:
    """A mechanism, read. ``target`` "": the domain itself."""

    result: str
    kind: str
    target: str = ""
    network: ipaddress.IPv4Network | ipaddress.IPv6Network | None = None
    bits4: int = 32
    bits6: int = 128


@dataclass(slots=True)
class _Who:
    """What the macros speak of, and what is left of the bounds."""

    ip: Ip
    local: str
    domain: str
    helo: str
    terms: int = field(default=limits.SPF_LOOKUPS)
    voids: int = field(default=limits.SPF_VOIDS)
    proved: str = ""
    """The host's own name, once it was looked for."""


def check_host(ip: str, *, sender: str, helo: str) -> Generator[tuple[LookUp, ...], Answers, Outcome]:
    """``sender``: the reverse-path, "" for the null one: then the name of the hello is judged (§2.4). Raises ``ValueError`` for what is no address."""
    address = ipaddress.ip_address(ip)
    mapped = getattr(address, "ipv4_mapped", None)
    local, _, domain = (sender or f"postmaster@{helo}").rpartition("@")
    who = _Who(mapped or address, local or "postmaster", domain, helo)
    try:
        return (yield from _judged(domain_key(domain), who, 0))
    except _Wrong as exc:
        return Outcome(exc.result, exc.reason)


def _judged(domain: str, who: _Who, depth: int) -> Generator[tuple[LookUp, ...], Answers, Outcome]:
    if not _is_name(domain) or "." not in domain:
        return Outcome(NONE, "there is no such domain")  # §4.3
    (answer,) = yield (LookUp(domain, RecordType.TXT),)
    if answer is None:
        raise _Wrong(TEMPERROR, f"{domain} cannot be looked up")
    texts = [text for text in answer.records if _RECORD.match(text)]
    if not texts:
        return Outcome(NONE, f"{domain} has no policy")
    if len(texts) > 1:
        raise _Wrong(PERMERROR, f"{domain} has several policies")
    terms, redirect = _read(texts[0], domain)
    for term in terms:
        if (yield from _matches(term, domain, who, depth)):
            return Outcome(term.result, f"{domain}: {term.kind}")
    if redirect and not any(term.kind == "all" for term in terms):
        _count(who)
        found = yield from _judged((yield from _name(redirect, domain, who)), who, depth + 1)
        if found.result == NONE:
            raise _Wrong(PERMERROR, f"{domain} leads to a domain without a policy")  # §6.1
        return found
    return Outcome(NEUTRAL, f"{domain} says nothing about this host")  # §4.7


# ------------------------------------------------------------------------------------------------------- the record
def _read(text: bytes, domain: str) -> tuple[list[_Term], str]:
    """Mechanisms and the target of ``redirect``, "" for none (§12). Raises ``_Wrong``."""
    if not text.isascii():
        raise _Wrong(PERMERROR, f"the policy of {domain} is not ASCII")
    terms: list[_Term] = []
    once: dict[str, str] = {}
    for word in text.decode("ascii").split(" ")[1:]:
        if not word:
            continue
        modifier = _MODIFIER.fullmatch(word)
        if modifier is not None:
            name, value = modifier[1].lower(), modifier[2]
            if name in {"redirect", "exp"}:
                if name in once:
                    raise _Wrong(PERMERROR, f"{domain}: {name} twice")
                once[name] = _target(value, domain)
            else:
                _macros(value, domain)
            continue
        terms.append(_mechanism(word, domain))
    return terms, once.get("redirect", "")


def _mechanism(word: str, domain: str) -> _Term:
    found = _MECHANISM.fullmatch(word)
    if found is None:
        raise _Wrong(PERMERROR, f"{domain}: “{word[:60]}” is no term")
    result, kind, rest = _QUALIFIERS[found[1] or "+"], found[2].lower(), found[3]
    match kind:
        case "all" if not rest:
            return _Term(result, kind)
        case "include" | "exists" if rest.startswith(":"):
            return _Term(result, kind, _target(rest[1:], domain))
        case "ptr" if not rest or rest.startswith(":"):
            return _Term(result, kind, _target(rest[1:], domain) if rest else "")
        case "ip4" | "ip6" if rest.startswith(":"):
            try:
                network = (ipaddress.IPv4Network if kind == "ip4" else ipaddress.IPv6Network)(_prefixed(rest[1:]), strict=False)
            except ValueError:
                raise _Wrong(PERMERROR, f"{domain}: “{word[:60]}” is no network") from None
            return _Term(result, kind, network=network)
        case "a" | "mx":
            cidr = _CIDR.search(rest)
            target, bits4, bits6 = rest[: cidr.start()] if cidr else rest, int(cidr[1] or 32) if cidr else 32, int(cidr[2] or 128) if cidr else 128
            if target.startswith(":"):
                target = _target(target[1:], domain)
            elif target:
                raise _Wrong(PERMERROR, f"{domain}: “{word[:60]}” is no term")
            if bits4 > 32 or bits6 > 128:  # noqa: PLR2004 - bits of an address
                raise _Wrong(PERMERROR, f"{domain}: “{word[:60]}” is no network")
            return _Term(result, kind, target, bits4=bits4, bits6=bits6)
    raise _Wrong(PERMERROR, f"{domain}: “{word[:60]}” is no term")


def _prefixed(text: str) -> str:
    """A network whose prefix is a number as §5.6 writes it. Raises ``ValueError``."""
    address, slash, bits = text.partition("/")
    if "%" in address:
        raise ValueError("an address of one machine only")
    if slash and not (bits.isascii() and bits.isdigit() and (bits == "0" or bits[0] != "0")):
        raise ValueError("no prefix length")
    return f"{ipaddress.ip_address(address)}{slash}{bits}"


def _target(text: str, domain: str) -> str:
    """A domain-spec (§7.1). Raises ``_Wrong``."""
    _macros(text, domain)
    if not _END.search(text):
        raise _Wrong(PERMERROR, f"{domain}: “{text[:60]}” is no domain")
    plain = text.rstrip(".").rpartition(".")[2]
    if "%" not in plain and (not _TOP_LABEL.fullmatch(plain) or plain.isdigit()):
        raise _Wrong(PERMERROR, f"{domain}: “{text[:60]}” is no domain")
    return text


def _macros(text: str, domain: str) -> None:
    """Whether all of it is a macro-string (§7.1). Raises ``_Wrong``."""
    left = _MACRO.sub("", text)
    if "%" in left or any(not "!" <= c <= "~" for c in left):
        raise _Wrong(PERMERROR, f"{domain}: “{text[:60]}” has a macro that is none")
    for found in _MACRO.finditer(text):
        if found[1] and (found[1].lower() in _ONLY_EXPLAINING or (found[2] and not 0 < int(found[2]) <= 128)):  # noqa: PLR2004 - §7.1: no more labels than that
            raise _Wrong(PERMERROR, f"{domain}: “{found[0]}” stands where it may not")


# ------------------------------------------------------------------------------------------------------- matching
def _matches(term: _Term, domain: str, who: _Who, depth: int) -> Generator[tuple[LookUp, ...], Answers, bool]:
    match term.kind:
        case "all":
            return True
        case "ip4" | "ip6":
            return term.network is not None and who.ip.version == term.network.version and who.ip in term.network
    _count(who)
    name = (yield from _name(term.target, domain, who)) if term.target else domain
    match term.kind:
        case "include":
            found = yield from _judged(name, who, depth + 1)
            if found.result in {NONE, PERMERROR}:
                raise _Wrong(PERMERROR, f"{domain}: include:{name}: {found.reason}")  # §5.2
            return found.result == PASS
        case "exists":
            return bool((yield from _found(who, name, RecordType.A)))
        case "a":
            return _has(who, term, (yield from _found(who, name, _kind(who))))
        case "mx":
            exchangers: Sequence[Mx] = yield from _found(who, name, RecordType.MX)
            if len(exchangers) > limits.SPF_NAMES:
                raise _Wrong(PERMERROR, f"{name} has too many mail exchangers")
            return (yield from _any(who, term, [mx.host for mx in exchangers if mx.host]))
        case _:
            return (yield from _reverse(who, name))


def _any(who: _Who, term: _Term, names: Sequence[str]) -> Generator[tuple[LookUp, ...], Answers, bool]:
    if not names:
        return False
    answers = yield tuple(LookUp(name, _kind(who)) for name in names)
    for answer in answers:
        if answer is not None and _has(who, term, answer.records):
            return True
    if any(answer is None for answer in answers):
        raise _Wrong(TEMPERROR, "a mail exchanger cannot be looked up")
    for answer in answers:
        if answer is not None and not answer.records:
            _void(who)
    return False


def _reverse(who: _Who, target: str) -> Generator[tuple[LookUp, ...], Answers, bool]:
    """``ptr`` (§5.5), which nobody should use: an address whose name, looked up, leads back to it. Failures are no match."""
    (answer,) = yield (LookUp(who.ip.reverse_pointer, RecordType.PTR),)
    if answer is None:
        return False
    if not answer.records:
        _void(who)
    near = [name for name in _names(answer) if _is_within(name, target)]
    return bool((yield from _proved(who, near)))


def _names(answer: Answer[str]) -> list[str]:
    return [domain_key(name) for name in answer.records[: limits.SPF_NAMES]]


def _is_within(name: str, domain: str) -> bool:
    return name == domain or name.endswith("." + domain)


def _proved(who: _Who, names: Sequence[str]) -> Generator[tuple[LookUp, ...], Answers, list[str]]:
    """Those that lead back to the address."""
    if not names:
        return []
    answers = yield tuple(LookUp(name, _kind(who)) for name in names)
    return [name for name, answer in zip(names, answers, strict=True) if answer is not None and str(who.ip) in answer.records]


def _found(who: _Who, name: str, kind: RecordType) -> Generator[tuple[LookUp, ...], Answers, Sequence[Any]]:
    """The records; none for what cannot be a name (§4.8)."""
    if not _is_name(name):
        _void(who)
        return ()
    (answer,) = yield (LookUp(name, kind),)
    if answer is None:
        raise _Wrong(TEMPERROR, f"{name} cannot be looked up")
    if not answer.records:
        _void(who)
    return answer.records


def _has(who: _Who, term: _Term, addresses: Sequence[str]) -> bool:
    bits = term.bits4 if who.ip.version == 4 else term.bits6  # noqa: PLR2004 - of IP
    return any(who.ip in ipaddress.ip_network(f"{address}/{bits}", strict=False) for address in addresses)


def _kind(who: _Who) -> RecordType:
    return RecordType.A if who.ip.version == 4 else RecordType.AAAA  # noqa: PLR2004 - of IP


def _count(who: _Who) -> None:
    """A term that needs look-ups (§4.6.4)."""
    who.terms -= 1
    if who.terms < 0:
        raise _Wrong(PERMERROR, "too many look-ups are needed")


def _void(who: _Who) -> None:
    """A look-up that found nothing (§4.6.4)."""
    who.voids -= 1
    if who.voids < 0:
        raise _Wrong(PERMERROR, "too many look-ups find nothing")


def _is_name(name: str) -> bool:
    labels = name.removesuffix(".").split(".")
    return 0 < len(name) <= _NAME_MOST and name.isascii() and name.isprintable() and all(0 < len(label.encode()) <= _LABEL_MOST for label in labels)


# ------------------------------------------------------------------------------------------------------- macros
def _name(text: str, domain: str, who: _Who) -> Generator[tuple[LookUp, ...], Answers, str]:
    """The name that a domain-spec means."""
    if not who.proved and _OWN_NAME.search(text):
        (answer,) = yield (LookUp(who.ip.reverse_pointer, RecordType.PTR),)
        found = (yield from _proved(who, _names(answer))) if answer is not None else []
        # §7.3: the domain itself, else what is below it, else any.
        found.sort(key=lambda name: (name != domain, not _is_within(name, domain)))
        who.proved = found[0] if found else "unknown"
    return domain_key(_expanded(text, domain, who))


def _expanded(text: str, domain: str, who: _Who) -> str:
    """A domain-spec with its macros undone; what is too long loses labels from the left (§7.3)."""
    whole = _MACRO.sub(lambda found: _macro(found, domain, who), text).rstrip(".")
    while len(whole) > _NAME_MOST and "." in whole:
        whole = whole.partition(".")[2]
    return whole


def _macro(found: re.Match[str], domain: str, who: _Who) -> str:
    if found[5]:
        return {"%": "%", "_": " ", "-": "%20"}[found[5]]
    letter = found[1].lower()
    match letter:
        case "s":
            value = f"{who.local}@{who.domain}"
        case "l":
            value = who.local
        case "o":
            value = who.domain
        case "d":
            value = domain
        case "i":
            value = str(who.ip) if who.ip.version == 4 else ".".join(who.ip.exploded.replace(":", ""))  # noqa: PLR2004 - of IP
        case "v":
            value = "in-addr" if who.ip.version == 4 else "ip6"  # noqa: PLR2004 - of IP
        case "h":
            value = who.helo
        case _:
            value = who.proved
    pieces = re.split("[" + re.escape(found[4] or ".") + "]", value)
    if found[3]:
        pieces.reverse()
    if found[2]:
        pieces = pieces[-int(found[2]) :]
    value = ".".join(pieces)
    return quote(value, safe="-._~") if found[1].isupper() else value
