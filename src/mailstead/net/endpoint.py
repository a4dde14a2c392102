"""One end of a connection: an address and a port, or a Unix socket."""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``host`` is an IP address without scope (IPv4-mapped IPv6 written as IPv4), or ``unix``."""

    host: str
    port: int
    is_loopback: bool

    def __str__(self) -> str:
        if self.host == "unix":
            return "unix"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def limit_key(self) -> str:
        """What limits count by: the IPv4 address, or the /64 of an IPv6 address."""
        return _limit_key(self.host)


UNIX = Endpoint("unix", 0, is_loopback=True)


def endpoint_of(name: object) -> Endpoint:
    """From what ``getpeername`` or ``getsockname`` gave; whatever is not an IP pair is a Unix socket."""
    if isinstance(name, tuple) and len(name) >= 2 and name[0]:
        host, is_loopback = _address(str(name[0]))
        return Endpoint(host, int(name[1]), is_loopback)
    return UNIX


@lru_cache(maxsize=4096)
def _address(host: str) -> tuple[str, bool]:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host, False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(address), address.is_loopback


@lru_cache(maxsize=4096)
def _limit_key(host: str) -> str:
    if ":" not in host:
        return host
    return str(ipaddress.ip_network((host, 64), strict=False))
