"""Source pools: whose mail leaves from which of this server's addresses, so that one kind of mail (a newsletter) does not cost another its good name.

A pool belongs to the route of a message (``entrance.ending_of``): each site has limits, rests and a warm-up of its own for each pool.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mailstead.model.address import domain_key, key_of

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass(frozen=True, slots=True)
class Pool:
    """``sources``: the addresses to call from, by turns. ``hostname``: what EHLO says from there, "" as everywhere. ``senders``: whose mail, by the reverse
    path (``sender_key``)."""

    name: str
    sources: tuple[str, ...]
    hostname: str = ""
    senders: tuple[str, ...] = ()

    def source(self, address: str, turn: int) -> str:
        """From where to call ``address`` the ``turn``-th time; a host that has no address yet may be called from any. "" where no source is of its family."""
        version = _version(address)
        fitting = [source for source in self.sources if version in {0, _version(source)}]
        return fitting[turn % len(fitting)] if fitting else ""

    def serves(self, domain: str) -> bool:
        """Whether mail of this domain of ours (A-label, lower case), or some of it, leaves by the pool."""
        return any(sender.rpartition("@")[2] == domain for sender in self.senders)


def sender_key(sender: str) -> str:
    """A domain, or an address, as pools compare it."""
    return key_of(sender) if "@" in sender else domain_key(sender)


class Pools:
    """All of them, by who sends."""

    def __init__(self, pools: Iterable[Pool] = ()) -> None:
        self._of = {sender: pool.name for pool in pools for sender in pool.senders}

    def of(self, reverse_path: str) -> str:
        """The name of the pool by which mail of ``reverse_path`` leaves: of the address, or else of its domain; "" the ordinary way, as notices do."""
        if not self._of or not reverse_path:
            return ""
        return self._of.get(sender_key(reverse_path)) or self._of.get(sender_key(reverse_path.rpartition("@")[2]), "")


def _version(address: str) -> int:
    try:
        return ipaddress.ip_address(address).version
    except ValueError:
        return 0
