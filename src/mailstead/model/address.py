"""Mail addresses and the paths of SMTP.

``Address`` is a mailbox in RFC 5321 §4.1.2's sense: local part and domain, both text (RFC 6531 §3.3 allows UTF-8).
The local part keeps its case on the wire; ``key`` is the form under which our own directory knows an address: local
part casefolded and NFC, domain as lower-case A-label. Comparison of foreign local parts never uses it.
"""

import unicodedata
from dataclasses import dataclass

import idna


@dataclass(frozen=True, slots=True)
class Address:
    """``domain`` is as received (U-label, A-label or address literal); it may be "" only for ``postmaster``."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}" if self.domain else self.local

    @property
    def key(self) -> str:
        """The directory's form of this address, detail kept."""
        return f"{fold_local(self.local)}@{domain_key(self.domain)}"

    @property
    def needs_smtputf8(self) -> bool:
        """Whether this address can travel only under SMTPUTF8 (RFC 6531)."""
        return not (self.local.isascii() and self.domain.isascii())


def key_of(address: str) -> str:
    """``local@domain`` as the directory knows it; ``@domain`` stays what it is."""
    local, _, domain = address.rpartition("@")
    return Address(local, domain).key


def fold_local(local: str) -> str:
    """A local part as our directory compares it."""
    return unicodedata.normalize("NFC", local).casefold()


def domain_key(domain: str) -> str:
    """The lower-case A-label form (IDNA 2008: RFC 5890 §2.3.2.1, RFC 5891 §5, the code points of RFC 5892, Punycode by RFC 3492): ``ß`` and ``ss`` are two
    names, as registries have them. Names with signs that it refuses, and that IDNA 2003 took, are still registered; what neither takes
    is only lower-cased (it will not be found)."""
    if domain.isascii():
        return domain.lower().rstrip(".")
    try:
        return idna.encode(domain, uts46=True).decode("ascii").rstrip(".")
    except UnicodeError:
        pass
    try:
        return unicodedata.normalize("NFC", domain).lower().encode("idna").decode("ascii").rstrip(".")
    except UnicodeError:
        return domain.lower()


@dataclass(frozen=True, slots=True)
class ReversePath:
    """The MAIL path: an address, or null for notices that must never be answered (RFC 5321 §4.5.5)."""

    address: Address | None

    def __str__(self) -> str:
        return str(self.address) if self.address else ""


NULL_REVERSE_PATH = ReversePath(None)


@dataclass(frozen=True, slots=True)
class ForwardPath:
    """One RCPT path with its DSN parameters (RFC 3461 §4.1-4.2)."""

    address: Address
    notify: frozenset[str] = frozenset()
    """Of ``NEVER SUCCESS FAILURE DELAY``; empty: not given."""
    orcpt: str = ""
    """``addr-type;xtext`` as decoded; "" when not given."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What SMTP says about a message, apart from the message (RFC 5321 §2.3.1)."""

    reverse_path: ReversePath
    forward_paths: tuple[ForwardPath, ...]
    envid: str = ""
    ret: str = ""
    """``FULL``, ``HDRS`` or "" (RFC 3461 §4.3)."""
    smtputf8: bool = False
    body: str = "7BIT"
    """``7BIT`` or ``8BITMIME`` (RFC 6152)."""
    deliver_by: tuple[int, str] | None = None
    """Until when (ms) and in which mode, ``R`` or ``N`` (RFC 2852 §4)."""
    priority: int = 0
    """RFC 6710 §4.1."""
    requiretls: bool = False
    """Over verified TLS from hop to hop, or not at all (RFC 8689 §2)."""
