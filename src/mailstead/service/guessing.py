"""Who has guessed too often: failures counted per address, per network and per login (SERVER.md, "No rate limit by account
AND IP").

An address or a network with too many failures in a window is banned for a while. A login that is being guessed from many
places is closed to addresses from which it has never been used; its owner's own ones stay open, so that nobody can be
locked out by a stranger. Bounded memory: what was seen longest ago is forgotten first. Loopback is exempt (DECISIONS 26).
Times are seconds of a clock that never goes back.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mailstead.model import limits

_KEPT: Final = 50_000
NETWORK_FAILURES: Final = 100
"""Per IPv4 /24 or IPv6 /48, within ``limits.AUTH_WINDOW_S``."""
LOGIN_FAILURES: Final = 100


@dataclass(slots=True)
class _Record:
    since_s: float
    failures: int = 0
    closed_until_s: float = 0.0


class _Counter:
    """Failures by key, with a threshold."""

    def __init__(self, now_s: Callable[[], float], most: int) -> None:
        self._now_s = now_s
        self._most = most
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def is_closed(self, key: str) -> bool:
        record = self._records.get(key)
        return record is not None and self._now_s() < record.closed_until_s

    def failed(self, key: str) -> bool:
        """Count one; whether it was the one too many."""
        now = self._now_s()
        record = self._records.get(key)
        if record is None or (now - record.since_s > limits.AUTH_WINDOW_S and now >= record.closed_until_s):
            record = self._records[key] = _Record(now)
        self._records.move_to_end(key)
        while len(self._records) > _KEPT:
            self._records.popitem(last=False)
        record.failures += 1
        if record.failures >= self._most and now >= record.closed_until_s:
            record.closed_until_s = now + limits.AUTH_BAN_S
            record.failures = 0
            return True
        return False

    def halve(self, key: str) -> None:
        record = self._records.get(key)
        if record is not None:
            record.failures //= 2


class Guessing:
    """``now_s`` is the clock. ``key`` is ``Origin.limit_key``: an IPv4 address, or the /64 of an IPv6 address."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._addresses = _Counter(now_s, limits.AUTH_FAILURES_PER_ADDRESS)
        self._networks = _Counter(now_s, NETWORK_FAILURES)
        self._logins = _Counter(now_s, LOGIN_FAILURES)
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def is_banned(self, key: str) -> bool:
        """Whether this address, or the network that it is in, has guessed too often."""
        return self._addresses.is_closed(key) or self._networks.is_closed(network_of(key))

    def is_closed(self, login: str, key: str) -> bool:
        """Whether this login is being guessed, and has not been used from here before."""
        login = login.casefold()
        return self._logins.is_closed(login) and (login, key) not in self._known

    def failed(self, key: str, login: str = "") -> str:
        """Count a failure. What is closed from now on: a key, a network, a login, or "" (nothing new)."""
        network, login = network_of(key), login.casefold()
        closed = ""
        if login and self._logins.failed(login):
            closed = login
        if self._networks.failed(network):
            closed = network
        if self._addresses.failed(key):
            closed = key
        return closed

    def succeeded(self, key: str, login: str = "") -> None:
        """A right password halves the address's count: a household behind one address is not banned for one member's
        phone."""
        self._addresses.halve(key)
        pair = (login.casefold(), key)
        self._known[pair] = None
        self._known.move_to_end(pair)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)


def network_of(key: str) -> str:
    """The /24 of an IPv4 address, the /48 of an IPv6 /64; anything else is its own network."""
    if ":" in key:
        groups = list(filter(None, key.partition("/")[0].partition("::")[0].split(":")))
        return ":".join([*groups, "0", "0", "0"][:3]) + "::/48"
    return key.rpartition(".")[0] + ".0/24" if key.count(".") == 3 else key
