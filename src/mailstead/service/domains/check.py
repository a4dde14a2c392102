"""Looking up what a domain publishes, and saying of each thing whether it is right and how to mend it.

The name servers are asked, not our memory; what cannot be looked up is said to be unknown, never wrong.
"""

import ipaddress
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from mailstead.mailauth import dane, mtasts, spf, tags, tlsrpt
from mailstead.mailauth.mtasts import Policy
from mailstead.mailauth.tags import Malformed
from mailstead.model.dns import Answer, RecordType
from mailstead.model.errors import Unavailable
from mailstead.service.domains.keys import RETIRED, same_key
from mailstead.service.domains.records import SERVICES, Record, records, spf_of
from mailstead.service.ports import Clock, DomainRows, Lookups
from mailstead.service.proof import Came, policy
from mailstead.service.queue.pools import Pool

GOOD: Final = "good"
WARNING: Final = "warning"
BAD: Final = "bad"
UNKNOWN: Final = "unknown"
SPF_LOOKUPS: Final = 10
"""RFC 7208 §4.6.4."""
_SPF_TERM: Final = re.compile(r"[+\-~?]?(include:|a(?=[:/\s]|$)|mx(?=[:/\s]|$)|ptr|exists:)|redirect=", re.IGNORECASE)
Fetch = Callable[[str], Awaitable[bytes]]
"""The MTA-STS policy file of a host. Raises ``Unavailable``."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. ``verdict``: ``good``, ``warning``, ``bad`` or ``unknown``; ``fix`` "" where nothing is to do."""

    what: str
    verdict: str
    found: str
    fix: str = ""

    def row(self) -> dict[str, str]:
        """For people and programs."""
        return {"what": self.what, "verdict": self.verdict, "found": self.found, "fix": self.fix}


class Checker:
    """``certificates``: ours as DER, the one of ``hostname`` first; ``is_trusted``: whether they come from an authority."""

    def __init__(
        self, directory: DomainRows, lookups: Lookups, *, hostname: str, now_ms: Clock, fetch: Fetch | None = None,
        certificates: Sequence[bytes] = (), is_trusted: bool = False, pools: Sequence[Pool] = (),
    ) -> None:  # fmt: skip
        self._directory = directory
        self._lookups = lookups
        self._hostname = hostname
        self._now_ms = now_ms
        self._fetch = fetch
        self._certificates = certificates
        self._is_trusted = is_trusted
        self._pools = pools

    async def check(self, domain: str) -> list[Finding]:
        """Everything about one of our domains, the most important first."""
        keys = [key for key in await self._directory.dkim_keys(domain) if key.state != RETIRED]
        wanted = records(domain, self._hostname, keys=keys, is_trusted=self._is_trusted, pools=self._pools)
        serving = [pool for pool in self._pools if pool.serves(domain)]
        permission = spf_of(serving)
        found = [*await self._exchangers(domain), *await self._host(), await self._spf(domain, permission)]
        for pool in serving:
            found += await self._pool(pool, domain, permission)
        if not keys:
            found.append(Finding("DKIM", BAD, "no key", f"Make keys with: mailstead domain rotate {domain}"))
        for key in keys:
            found.append(await self._key(f"{key.selector}._domainkey.{domain}", key.record, _of(wanted, f"{key.selector}._domainkey.{domain}")))
        found += [await self._dmarc(domain), *await self._sts(domain, wanted), await self._tlsrpt(domain, wanted), await self._dane(domain)]
        found += [await self._service(domain, service, port) for service, port in SERVICES]
        return found

    async def _ask(self, name: str, kind: RecordType) -> Answer[Any] | None:
        try:
            return await self._lookups.ask(name, kind)
        except (Unavailable, ValueError):
            return None

    async def _texts(self, name: str, start: bytes) -> list[bytes] | None:
        answer = await self._ask(name, RecordType.TXT)
        return None if answer is None else [text for text in answer.records if text.lower().startswith(start)]

    # ------------------------------------------------------------------------------------------------- ways here
    async def _exchangers(self, domain: str) -> list[Finding]:
        answer = await self._ask(domain, RecordType.MX)
        fix = f"Publish: {domain}. MX 10 {self._hostname}."
        if answer is None:
            return [_unknown("MX")]
        if not answer.records:
            return [Finding("MX", BAD, "there is no MX record: mail does not come here", fix)]
        names = [mx.host for mx in sorted(answer.records, key=lambda mx: mx.preference)]
        if names == [""]:
            return [Finding("MX", BAD, "the domain says that it takes no mail (null MX)", fix)]
        text = ", ".join(f"{mx.preference} {mx.host}" for mx in sorted(answer.records, key=lambda mx: mx.preference))
        if self._hostname.lower() not in names:
            return [Finding("MX", BAD, f"{text}: none is {self._hostname}", fix)]
        if names[0] != self._hostname.lower():
            return [Finding("MX", WARNING, f"{text}: another server is asked first", "Give this server the lowest number if mail should come here first.")]
        return [Finding("MX", GOOD, text)]

    async def _host(self) -> list[Finding]:
        """Addresses of this server, and that they lead back to its name (RFC 1912 §2.1; large receivers insist)."""
        found: list[Finding] = []
        addresses: list[str] = []
        for kind in (RecordType.A, RecordType.AAAA):
            answer = await self._ask(self._hostname, kind)
            addresses += answer.records if answer else ()
        if not addresses:
            return [Finding("Address", BAD, f"{self._hostname} has no address", f"Publish an A record (and an AAAA record) for {self._hostname}.")]
        alias = await self._ask(self._hostname, RecordType.CNAME)
        if alias is not None and alias.records:
            found.append(Finding("Address", WARNING, f"{self._hostname} is an alias of {alias.records[0]}",
                                 "An MX must not lead to an alias (RFC 5321 §5.1); publish addresses instead."))  # fmt: skip
        else:
            found.append(Finding("Address", GOOD, ", ".join(addresses)))
        return [*found, *[await self._reverse("PTR", address, self._hostname) for address in addresses]]

    async def _reverse(self, what: str, address: str, hostname: str) -> Finding:
        """Whether an address that we call from leads back to the name that we say."""
        if ipaddress.ip_address(address).is_private:
            return Finding(what, WARNING, f"{address} is a private address", "The world needs a public one.")
        answer = await self._ask(ipaddress.ip_address(address).reverse_pointer, RecordType.PTR)
        if answer is None:
            return _unknown(what)
        names = [name.lower() for name in answer.records]
        if hostname.lower() in names:
            return Finding(what, GOOD, f"{address} is {hostname}")
        fix = f"Ask whoever gave you {address} to set its PTR record to {hostname}."
        return Finding(what, BAD, f"{address} is {', '.join(names) or 'nobody'}: many receivers refuse such senders", fix)

    async def _pool(self, pool: Pool, domain: str, wanted: str) -> list[Finding]:
        """Addresses of a pool by which mail of the domain leaves: that they lead back to their name, and that the domain's policy (RFC 7208) lets them send."""
        what, hostname = f"Pool {pool.name}", pool.hostname or self._hostname
        found = [await self._reverse(f"{what}: PTR", source, hostname) for source in pool.sources]
        for source in pool.sources:
            said = await policy(self._lookups, Came(source, hostname), f"postmaster@{domain}")
            if said is None or said.result == spf.TEMPERROR:
                found.append(_unknown(f"{what}: SPF"))
            elif said.result == spf.PASS:
                found.append(Finding(f"{what}: SPF", GOOD, f"{source} may send"))
            else:
                found.append(Finding(f"{what}: SPF", BAD, f"{source} may not send for {domain}: {said.reason or said.result}", f'Publish: {domain}. TXT "{wanted}"'))
        return found

    # ------------------------------------------------------------------------------------------------- what others believe
    async def _spf(self, domain: str, wanted: str) -> Finding:
        texts = await self._texts(domain, b"v=spf1")
        fix = f'Publish: {domain}. TXT "{wanted}"'
        if texts is None:
            return _unknown("SPF")
        if not texts:
            return Finding("SPF", BAD, "there is no SPF record", fix)
        if len(texts) > 1:
            return Finding("SPF", BAD, f"there are {len(texts)} SPF records, so none counts (RFC 7208 §4.5)", "Leave one of them.")
        text = texts[0].decode("ascii", "replace")
        lookups = len(_SPF_TERM.findall(text))
        if lookups > SPF_LOOKUPS:
            return Finding("SPF", BAD, f"it needs {lookups} look-ups, more than the {SPF_LOOKUPS} that are allowed", "Replace include and a by addresses.")
        words = text.lower().split()
        if "mx" not in words and "+mx" not in words and f"a:{self._hostname.lower()}" not in words and not any(w.startswith(("ip4:", "ip6:", "include:", "redirect=", "a")) for w in words[1:]):
            return Finding("SPF", BAD, f"{text}: this server is not named", fix)
        if not words[-1].endswith("all") and not words[-1].startswith("redirect="):
            return Finding("SPF", WARNING, f"{text}: it says nothing about all others", "End it with -all or ~all.")
        if words[-1] in {"+all", "all"}:
            return Finding("SPF", BAD, f"{text}: anybody may send in your name", "End it with -all or ~all.")
        return Finding("SPF", GOOD, text)

    async def _key(self, name: str, record: str, wanted: Record | None) -> Finding:
        what = f"DKIM {name.partition('.')[0]}"
        answer = await self._ask(name, RecordType.TXT)
        fix = f"Publish: {wanted.line()}" if wanted else ""
        if answer is None:
            return _unknown(what)
        if any(same_key(text, record) for text in answer.records):
            return Finding(what, GOOD, f"{name} holds the key")
        if answer.records:
            return Finding(what, BAD, f"{name} holds another key: signatures fail", fix)
        return Finding(what, BAD, f"there is nothing at {name}: mail is not signed with this key yet", fix)

    async def _dmarc(self, domain: str) -> Finding:
        texts = await self._texts(f"_dmarc.{domain}", b"v=dmarc1")
        fix = f'Publish: _dmarc.{domain}. TXT "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"'
        if texts is None:
            return _unknown("DMARC")
        if len(texts) != 1:
            return Finding("DMARC", BAD, f"there are {len(texts)} DMARC records; large receivers want one", fix)
        text = texts[0].decode("ascii", "replace")
        try:
            policy = tags.parse(texts[0]).get("p", b"").decode("ascii", "replace")
        except Malformed as exc:
            return Finding("DMARC", BAD, f"{text}: {exc}", fix)
        if policy not in {"none", "quarantine", "reject"}:
            return Finding("DMARC", BAD, f"{text}: p= must be none, quarantine or reject", fix)
        if policy == "none":
            return Finding("DMARC", WARNING, f"{text}: forgeries are reported, not stopped", "When the reports are clean, raise p to quarantine, then to reject.")
        return Finding("DMARC", GOOD, text)

    # ------------------------------------------------------------------------------------------------- TLS
    async def _sts(self, domain: str, wanted: list[Record]) -> list[Finding]:
        answer = await self._ask(mtasts.record_name(domain), RecordType.TXT)
        if answer is None:
            return [_unknown("MTA-STS")]
        record = _of(wanted, mtasts.record_name(domain))
        fix = f"Publish: {record.line()}" if record else ""
        if not mtasts.policy_id(answer.records):
            return [Finding("MTA-STS", WARNING, "there is no MTA-STS record: others may send here without TLS", fix)]
        if self._fetch is None:
            return [Finding("MTA-STS", GOOD, "the record is there; the policy was not fetched")]
        host = mtasts.policy_host(domain)
        try:
            policy = Policy.parse(await self._fetch(host))
        except Unavailable as exc:
            return [Finding("MTA-STS", BAD, f"https://{host}/.well-known/mta-sts.txt cannot be fetched: {exc.cause or exc.public}",
                            f"{host} must lead to this server and be named in its certificate.")]  # fmt: skip
        except Malformed as exc:
            return [Finding("MTA-STS", BAD, f"the policy cannot be read: {exc}", "Let this server serve it: docs/operate/domains.md")]
        if not policy.allows(self._hostname):
            return [Finding("MTA-STS", BAD, f"the policy does not allow {self._hostname}: others will not send here", f"Add “mx: {self._hostname}” to it.")]
        if policy.mode != "enforce":
            return [Finding("MTA-STS", WARNING, f"the policy's mode is {policy.mode}", "Get a certificate from an authority; then the mode becomes enforce.")]
        return [Finding("MTA-STS", GOOD, f"enforced for {', '.join(policy.mx)}")]

    async def _tlsrpt(self, domain: str, wanted: list[Record]) -> Finding:
        answer = await self._ask(tlsrpt.record_name(domain), RecordType.TXT)
        if answer is None:
            return _unknown("TLS-RPT")
        found = tlsrpt.destinations(answer.records)
        record = _of(wanted, tlsrpt.record_name(domain))
        if not found:
            return Finding("TLS-RPT", WARNING, "nobody tells you when TLS to this server fails", f"Publish: {record.line()}" if record else "")
        return Finding("TLS-RPT", GOOD, ", ".join(found))

    async def _dane(self, domain: str) -> Finding:
        host = await self._ask(self._hostname, RecordType.A)
        exchangers = await self._ask(domain, RecordType.MX)
        named = await self._ask(f"_25._tcp.{self._hostname}", RecordType.TLSA)
        if host is None or named is None or exchangers is None:
            return _unknown("DANE")
        if not host.is_secure or not exchangers.is_secure:
            found = "the zone is not signed with DNSSEC, or no resolver on loopback vouches for it ([dns] servers)"
            return Finding("DANE", WARNING if named.records else GOOD, found, "TLSA records need DNSSEC: remove them or sign the zone." if named.records else "")
        wanted = [one for one in records(domain, self._hostname, certificates=self._certificates) if one.type == "TLSA"]
        fix = f"Publish: {wanted[0].line()}" if wanted else ""
        usable = dane.usable(named.records)
        if not usable:
            return Finding("DANE", WARNING, "the zone is signed, but no TLSA record names the certificate", fix)
        match = dane.match(usable, self._certificates, (domain, self._hostname), datetime.fromtimestamp(self._now_ms() / 1000, UTC))
        if not match.is_good:
            return Finding("DANE", BAD, f"{match.reason}: others with DANE will not send here", fix)
        return Finding("DANE", GOOD, match.reason)

    # ------------------------------------------------------------------------------------------------- people's programs
    async def _service(self, domain: str, service: str, port: int) -> Finding:
        answer = await self._ask(f"{service}.{domain}", RecordType.SRV)
        what = f"SRV {service.partition('.')[0].removeprefix('_')}"
        if answer is None:
            return _unknown(what)
        if any(one.host == self._hostname.lower() for one in answer.records):
            return Finding(what, GOOD, f"port {next(one.port for one in answer.records if one.host == self._hostname.lower())}")
        return Finding(what, WARNING, "people's programs do not find the server by themselves",
                       f"Publish: {service}.{domain}. SRV 0 1 {port} {self._hostname}.")  # fmt: skip


def _of(wanted: list[Record], name: str) -> Record | None:
    return next((one for one in wanted if one.name == name), None)


def _unknown(what: str) -> Finding:
    return Finding(what, UNKNOWN, "it could not be looked up", "Try again; if it stays so, see [dns] servers.")
