"""TLS sessions of a day, added up from the events (RFC 8460 §4)."""

from typing import Any, Final

import msgspec

from mailstead.mailauth.tlsrpt import RESULTS, Failure, PolicyKey, Tally
from mailstead.telemetry.sums import Sums

DOMAINS: Final = 50_000
"""Of a worker and day; more are not reported about."""
FAILURES: Final = 200
"""Kinds of failure of one policy that are told apart."""
_CUT: Final = "…"
_Failure = tuple[str, str, str, str, str]
_Policy = tuple[str, str, str]


class TlsSum(msgspec.Struct, array_like=True):
    """By domain. A policy is (kind, strings, mx), a failure (result, exchanger, address, reason, the address from which we called)."""

    good: dict[str, list[tuple[_Policy, int]]] = {}
    bad: dict[str, list[tuple[_Policy, _Failure, int]]] = {}

    def add(self, event: dict[str, Any]) -> None:
        """A ``tls.session``, ``tls.failed`` or ``sts.failed``."""
        domain = str(event.get("domain", ""))[:255]
        if not domain or (domain not in self.good and domain not in self.bad and len(self.good) + len(self.bad) >= DOMAINS):
            return
        if event.get("event") == "sts.failed":
            result = str(event.get("result", ""))
            if result:
                self._bad(domain, ("sts", "", ""), (result, "", "", str(event.get("reason", ""))[:200], ""), 1)
            return
        policy = (str(event.get("policy", "")), _whole(str(event.get("strings", ""))), _whole(str(event.get("mx", ""))))
        result = str(event.get("result", ""))
        if not result:
            self._good(domain, policy, 1)
        else:
            failure = (result, str(event.get("hop", ""))[:255], str(event.get("address", ""))[:64], str(event.get("reason", ""))[:200], str(event.get("source", ""))[:64])
            self._bad(domain, policy, failure, 1)

    def _good(self, domain: str, policy: _Policy, count: int) -> None:
        rows = self.good.setdefault(domain, [])
        for number, (known, before) in enumerate(rows):
            if known == policy:
                rows[number] = policy, before + count
                return
        if len(rows) < FAILURES:
            rows.append((policy, count))

    def _bad(self, domain: str, policy: _Policy, failure: _Failure, count: int) -> None:
        rows = self.bad.setdefault(domain, [])
        for number, (known, what, before) in enumerate(rows):
            if known == policy and what == failure:
                rows[number] = policy, failure, before + count
                return
        if len(rows) < FAILURES:
            rows.append((policy, failure, count))
        else:
            # Too many kinds to tell apart: the host and the words are left out.
            rest = (policy, (failure[0], "", "", "", ""))
            for number, (known, what, before) in enumerate(rows):
                if (known, what) == rest:
                    rows[number] = known, what, before + count
                    return
            if len(rows) < 2 * FAILURES:
                rows.append((*rest, count))

    def merge(self, other: "TlsSum") -> None:
        for domain, good in other.good.items():
            for policy, count in good:
                self._good(domain, policy, count)
        for domain, bad in other.bad.items():
            for policy, failure, count in bad:
                self._bad(domain, policy, failure, count)

    def domains(self) -> list[str]:
        """All with which there were sessions."""
        return sorted({*self.good, *self.bad})

    def tally(self, domain: str, *, sending_ip: str = "") -> Tally:
        """What a report about a domain is made of. ``sending_ip``: from which we call where a session does not say."""
        tally = Tally()
        for policy, count in self.good.get(domain, ()):
            tally.add(_key(domain, policy), None, count)
        for policy, (result, mx, address, reason, source), count in self.bad.get(domain, ()):
            if result in RESULTS:
                tally.add(_key(domain, policy), Failure(result, source or sending_ip, mx, address, reason), count)
        return tally


def tls_sums() -> Sums[TlsSum]:
    """Adds up TLS sessions."""
    return Sums("tls", TlsSum, ("tls.session", "tls.failed", "sts.failed"), 2)


def _whole(text: str) -> str:
    """Lines of a field that an event may have cut: the whole ones."""
    return text.rpartition("\n")[0] if text.endswith(_CUT) else text


def _key(domain: str, policy: _Policy) -> PolicyKey:
    kind, strings, mx = policy
    return PolicyKey(kind, domain, tuple(filter(None, strings.split("\n"))), tuple(filter(None, mx.split("\n"))))
