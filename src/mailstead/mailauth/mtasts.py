"""MTA-STS: a domain's word that its mail exchangers speak TLS, and how they are called (RFC 8461)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mailstead.mailauth import tags
from mailstead.mailauth.tags import Malformed
from mailstead.model import limits
from mailstead.model.address import domain_key

MODES: Final = ("enforce", "testing", "none")
VERSION: Final = "STSv1"
PATH: Final = "/.well-known/mta-sts.txt"
"""RFC 8461 §3.2."""
MAX_AGE_S: Final = 31_557_600
"""RFC 8461 §3.2: no policy is believed for longer."""
_ID: Final = re.compile(rb"[A-Za-z0-9]{1,32}")
_LINE: Final = re.compile(rb"\s*([a-z0-9_.-]{1,32})\s*:\s*(.*?)\s*", re.IGNORECASE | re.DOTALL)


def record_name(domain: str) -> str:
    """Where the record stands (RFC 8461 §3.1)."""
    return f"_mta-sts.{domain}"


def policy_host(domain: str) -> str:
    """Where the policy is fetched, at ``/.well-known/mta-sts.txt`` (RFC 8461 §3.2)."""
    return f"mta-sts.{domain}"


def policy_id(records: Sequence[bytes]) -> str:
    """The id that the domain's TXT records name; "" where there is no policy (RFC 8461 §3.1: none, several or malformed)."""
    found = [text for text in records if re.match(rb"v=STSv1\s*;", text)]
    if len(found) != 1:
        return ""
    try:
        text = tags.parse(found[0]).get("id", b"")
    except Malformed:
        return ""
    return text.decode("ascii") if _ID.fullmatch(text) else ""


@dataclass(frozen=True, slots=True)
class Policy:
    """``mx``: patterns, lower-case A-labels, ``*.`` for any one label. ``mode``: one of ``MODES``."""

    mode: str
    max_age_s: int
    mx: tuple[str, ...]

    @staticmethod
    def parse(octets: bytes) -> "Policy":
        """A policy file (RFC 8461 §3.2). Raises ``Malformed``."""
        if len(octets) > limits.MTASTS_POLICY:
            raise Malformed("the policy is too long")
        single: dict[str, str] = {}
        patterns: list[str] = []
        for line in octets.replace(b"\r\n", b"\n").split(b"\n"):
            if not line.strip():
                continue
            read = _LINE.fullmatch(line)
            if read is None:
                raise Malformed("a line that is no pair")
            key, value = read[1].decode("ascii").lower(), read[2].decode("utf-8", "replace")
            if key == "mx":
                patterns.append(_pattern(value))
            else:
                single.setdefault(key, value)
        if single.get("version") != VERSION:
            raise Malformed("an unknown version")
        if single.get("mode") not in MODES:
            raise Malformed("an unknown mode")
        age = single.get("max_age", "")
        if not (age.isascii() and age.isdigit() and len(age) <= 10):  # noqa: PLR2004 - RFC 8461 §3.2
            raise Malformed("max_age is not a number")
        if len(patterns) > limits.MTASTS_PATTERNS:
            raise Malformed("too many patterns")
        if single["mode"] != "none" and not patterns:
            raise Malformed("no mail exchanger is named")
        return Policy(single["mode"], min(int(age), MAX_AGE_S), tuple(patterns))

    def text(self) -> str:
        """The file, for whoever serves it."""
        lines = [f"version: {VERSION}", f"mode: {self.mode}", *(f"mx: {pattern}" for pattern in self.mx), f"max_age: {self.max_age_s}"]
        return "\r\n".join(lines) + "\r\n"

    def allows(self, host: str) -> bool:
        """Whether a mail exchanger of this name is one of the domain's (RFC 8461 §4.1)."""
        wanted = domain_key(host)
        parent = wanted.partition(".")[2]
        return any(pattern == wanted or (parent and pattern == "*." + parent) for pattern in self.mx)


def _pattern(value: str) -> str:
    wild, text = value.startswith("*."), value.removeprefix("*.")
    name = domain_key(text)
    if not name or not name.isascii() or any(not (c.isalnum() or c in "-._") for c in name) or ".." in f".{name}.":
        raise Malformed("a name that cannot be read")
    return "*." + name if wild else name
