"""What the domain name system says, as policy sees it (RFC 1034, RFC 1035)."""

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

R_co = TypeVar("R_co", covariant=True)


class RecordType(Enum):
    """The types we ask for, with their numbers."""

    A = 1
    CNAME = 5
    PTR = 12
    MX = 15
    TXT = 16
    AAAA = 28
    SRV = 33
    TLSA = 52


@dataclass(frozen=True, slots=True)
class Mx:
    """A mail exchanger (RFC 5321 §5.1). ``host`` "" is a null MX (RFC 7505)."""

    preference: int
    host: str


@dataclass(frozen=True, slots=True)
class Srv:
    """Where a service is (RFC 2782). ``host`` "": the domain does not have it."""

    priority: int
    weight: int
    port: int
    host: str


@dataclass(frozen=True, slots=True)
class Tlsa:
    """A certificate association (RFC 6698 §2.1)."""

    usage: int
    selector: int
    matching: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Answer(Generic[R_co]):
    """Records of one type at one name.

    ``name`` is where they were found, behind aliases: lower-case A-labels without the final dot. ``is_secure``: a validating resolver
    that we trust has vouched for all of it, also for there being nothing (RFC 4035 §3.2.3). ``exists`` False: there is no such
    name (NXDOMAIN), whatever the type. ``ttl_s``: how long it may be believed.
    """

    name: str
    records: tuple[R_co, ...]
    is_secure: bool = False
    exists: bool = True
    ttl_s: int = 0
