"""Forwarding under a reverse-path of our own, so that SPF of the next server sees us and a notice finds its way back.

``SRS0=hash=day=domain=local@ours`` holds the original address, ``SRS1=hash=host==rest@ours`` one that somebody else rewrote before
(the scheme that its authors describe as the Sender Rewriting Scheme). The hash is keyed, so that nobody makes us an open relay for notices;
the day lets an address expire.
"""

import base64
import hashlib
import hmac
import re
from typing import Final

from mailstead.model.address import Address

LASTS_DAYS: Final = 21
_HASH: Final = 8
_DAYS: Final = 1_024
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_SRS0: Final = re.compile(r"SRS0[=+-]([A-Z2-7]{4,16})=([A-Z2-7]{2})=([^=\s]+)=(.+)", re.IGNORECASE | re.ASCII)
_SRS1: Final = re.compile(r"SRS1[=+-]([A-Z2-7]{4,16})=([^=\s]+)=([=+-].+)", re.IGNORECASE | re.ASCII)
_FOREIGN0: Final = re.compile(r"SRS0([=+-].+)", re.IGNORECASE)
_FOREIGN1: Final = re.compile(r"SRS1[=+-][^=]+=([^=\s]+)=([=+-].+)", re.IGNORECASE)
LOCAL_MAX: Final = 200
"""Octets of a local part that most servers take, though RFC 5321 §4.5.3.1.1 promises 64."""


class Rewriter:
    """``secret``: of this site; ``domain``: under which rewritten addresses come back to us."""

    def __init__(self, secret: bytes, domain: str) -> None:
        self._secret = secret
        self.domain = domain

    def forward(self, reverse_path: Address | None, now_s: int) -> Address | None:
        """The reverse-path to forward under; null stays null, and what is too long to carry is null too: then no notice returns."""
        if reverse_path is None or reverse_path.domain.lower() == self.domain.lower():
            return reverse_path
        local = reverse_path.local
        again, first = _FOREIGN1.fullmatch(local), _FOREIGN0.fullmatch(local)
        if again:
            rest = f"{again[1]}={again[2]}"
            text = f"SRS1={self._hash('1', rest)}={rest}"
        elif first:
            rest = f"{reverse_path.domain}={first[1]}"
            text = f"SRS1={self._hash('1', rest)}={rest}"
        else:
            day = now_s // 86_400 % _DAYS
            rest = f"{_ALPHABET[day >> 5]}{_ALPHABET[day & 31]}={reverse_path.domain}={local}"
            text = f"SRS0={self._hash('0', rest)}={rest}"
        return Address(text, self.domain) if len(text.encode()) <= LOCAL_MAX else None

    def reverse(self, address: Address, now_s: int) -> Address | None:
        """Where a notice to a rewritten address belongs; None: not ours, forged or expired."""
        if address.domain.lower() != self.domain.lower():
            return None
        first = _SRS0.fullmatch(address.local)
        if first:
            sealed, day, domain, local = first.groups()
            then = _ALPHABET.index(day[0].upper()) << 5 | _ALPHABET.index(day[1].upper())
            age = (now_s // 86_400 - then) % _DAYS
            is_ours = self._fits("0", f"{day}={domain}={local}", sealed)
            return Address(local, domain) if is_ours and age <= LASTS_DAYS else None
        again = _SRS1.fullmatch(address.local)
        if again:
            sealed, host, rest = again.groups()
            return Address("SRS0" + rest, host) if self._fits("1", f"{host}={rest}", sealed) else None
        return None

    def _hash(self, kind: str, text: str) -> str:
        """Case is not counted on: some servers fold it on the way."""
        digest = hmac.new(self._secret, f"{kind}\0{text.casefold()}".encode(), hashlib.sha256).digest()
        return base64.b32encode(digest).decode("ascii")[:_HASH]

    def _fits(self, kind: str, text: str, sealed: str) -> bool:
        return hmac.compare_digest(self._hash(kind, text), sealed.upper())
