"""The DNS records that bring a domain its mail and make others believe what it sends."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from mailstead.mailauth import dane, mtasts, tlsrpt
from mailstead.mailauth.dkim.key import quoted
from mailstead.mailauth.mtasts import Policy
from mailstead.model.dns import RecordType
from mailstead.service.queue.pools import Pool
from mailstead.store.interface import DkimKey

STS_MAX_AGE_S: Final = 7 * 86_400
SERVICES: Final = (("_submissions._tcp", 465), ("_imaps._tcp", 993), ("_pop3s._tcp", 995), ("_jmap._tcp", 443))
"""RFC 6186 §3.4, RFC 8314 §5.1, RFC 8620 §2.2: how people's programs find us."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record to publish. ``value`` as a zone file holds it; ``text`` is what a TXT record says; ``why``: what it is for."""

    name: str
    type: str
    value: str
    why: str
    text: str = ""

    def line(self) -> str:
        """As in a zone file."""
        return f"{self.name + '.':<46} {self.type:<5} {self.value}"


def sts_policy(hostname: str, *, is_trusted: bool) -> Policy:
    """The policy that we serve for our domains. ``testing`` while our certificate is one that nobody else trusts (RFC 8461 §5)."""
    return Policy("enforce" if is_trusted else "testing", STS_MAX_AGE_S, (hostname,))


def sts_id(policy: Policy) -> str:
    """Changes when the policy does (RFC 8461 §3.1)."""
    return hashlib.sha256(policy.text().encode()).hexdigest()[:20]


def records(
    domain: str, hostname: str, *, keys: Sequence[DkimKey] = (), certificates: Sequence[bytes] = (), is_trusted: bool = False,
    pools: Sequence[Pool] = (),
) -> list[Record]:
    """All of them, the most needed first. ``certificates``: our own, DER: named for DANE where ``hostname`` has DNSSEC. ``pools``: by which mail leaves; those that
    serve the domain count."""
    serving = [pool for pool in pools if pool.serves(domain)]
    policy = sts_policy(hostname, is_trusted=is_trusted)
    found = [
        Record(domain, "MX", f"10 {hostname}.", "brings mail here"),
        _txt(domain, spf_of(serving), "says that only this server sends in the domain's name"),
        *([_txt(hostname, "v=spf1 a -all", "says so of this server's own name, under which notices leave")] if hostname.lower() != domain else []),
        *(_txt(f"{key.selector}._domainkey.{domain}", key.record, f"the key that signs the domain's mail ({key.kind}, {key.state})")
          for key in keys),
        _txt(f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}",
             "tells receivers what to do with forgeries; raise p to quarantine, then reject, when the reports are clean"),
        _txt(mtasts.record_name(domain), f"v=STSv1; id={sts_id(policy)}", "others send here over verified TLS only (MTA-STS)"),
        Record(mtasts.policy_host(domain), "CNAME", f"{hostname}.", "where the MTA-STS policy is served"),
        _txt(tlsrpt.record_name(domain), f"v=TLSRPTv1; rua=mailto:postmaster@{domain}", "others report how TLS to this server fares"),
        *(Record(f"{service}.{domain}", "SRV", f"0 1 {port} {hostname}.", "people's programs find the server by it")
          for service, port in SERVICES),
        Record(f"autoconfig.{domain}", "CNAME", f"{hostname}.", "Thunderbird sets itself up by it"),
        Record(f"autodiscover.{domain}", "CNAME", f"{hostname}.", "Outlook sets itself up by it"),
    ]  # fmt: skip
    for pool in serving:
        if pool.hostname:
            found += [Record(pool.hostname, _family(source), source, f"the name by which the pool {pool.name} says hello; its PTR record is to say so too") for source in pool.sources]
    for der in certificates:
        data = dane.association(x509.load_der_x509_certificate(der), 1, 1)
        found.append(Record(f"_25._tcp.{hostname}", "TLSA", f"3 1 1 {data.hex()}", "names this server's certificate (only where DNSSEC signs the zone)"))
    return found


def spf_of(pools: Sequence[Pool]) -> str:
    """The policy of a domain whose mail leaves from this server and from these pools (RFC 7208 §5.6)."""
    sources = dict.fromkeys(source for pool in pools for source in pool.sources)
    return " ".join(["v=spf1 mx", *(f"{'ip6' if ':' in source else 'ip4'}:{source}" for source in sources), "-all"])


def _family(address: str) -> str:
    return "AAAA" if ":" in address else "A"


def _txt(name: str, text: str, why: str) -> Record:
    return Record(name, RecordType.TXT.name, quoted(text), why, text)
