"""TLS-RPT: telling each other how TLS between mail servers fared (RFC 8460).

A ``Tally`` gathers the sessions of a day with one domain; ``Report`` is what is sent of it and what others send us. A report that
comes in is a stranger's octets: it is bounded before and after unpacking.
"""

import base64
import gzip
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from mailstead.mailauth import tags
from mailstead.mailauth.tags import Malformed
from mailstead.mime import decode
from mailstead.mime.header import unfold
from mailstead.model import limits

KINDS: Final = ("tlsa", "sts", "no-policy-found")
RESULTS: Final = frozenset({
    "starttls-not-supported", "certificate-host-mismatch", "certificate-expired", "certificate-not-trusted", "validation-failure",
    "tlsa-invalid", "dnssec-invalid", "dane-required", "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid",
})  # fmt: skip
"""RFC 8460 §4.3."""
_GZIP: Final = zlib.MAX_WBITS | 16
_LINE: Final = 76


def record_name(domain: str) -> str:
    """Where a domain says that it wants reports (RFC 8460 §3)."""
    return f"_smtp._tls.{domain}"


def destinations(records: Sequence[bytes]) -> tuple[str, ...]:
    """``mailto:`` and ``https:`` addresses that want reports; none where the domain asks for none or says it wrongly (RFC 8460 §3)."""
    found = [text for text in records if text.startswith(b"v=TLSRPTv1;") or text == b"v=TLSRPTv1"]
    if len(found) != 1:
        return ()
    try:
        text = tags.parse(found[0]).get("rua", b"").decode("utf-8", "replace")
    except Malformed:
        return ()
    named = (one.strip() for one in text.split(","))
    return tuple(one for one in named if one.startswith(("mailto:", "https:")))[: limits.TLSRPT_DESTINATIONS]


@dataclass(frozen=True, slots=True)
class PolicyKey:
    """Under which policy a session was tried. ``strings``: its TLSA records or lines; ``mx_hosts``: what an MTA-STS policy allows."""

    kind: str
    domain: str
    strings: tuple[str, ...] = ()
    mx_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """One way in which sessions failed. ``result``: one of ``RESULTS``."""

    result: str
    sending_mta_ip: str = ""
    receiving_mx: str = ""
    receiving_ip: str = ""
    reason: str = ""


@dataclass(slots=True)
class Tally:
    """Sessions with one domain, by policy."""

    good: Counter[PolicyKey] = field(default_factory=Counter)
    bad: dict[PolicyKey, Counter[Failure]] = field(default_factory=dict)

    def add(self, policy: PolicyKey, failure: Failure | None, count: int = 1) -> None:
        """A session that went well (None) or did not."""
        if failure is None:
            self.good[policy] += count
        else:
            self.bad.setdefault(policy, Counter())[failure] += count

    def policies(self) -> list[PolicyKey]:
        """All that were met, most sessions first."""
        met = dict.fromkeys([*self.good, *self.bad])
        return sorted(met, key=lambda one: -(self.good[one] + sum(self.bad.get(one, Counter()).values())))


@dataclass(frozen=True, slots=True)
class PolicyCount:
    """One policy's line of a report."""

    policy: PolicyKey
    good: int
    bad: int
    failures: tuple[tuple[Failure, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """RFC 8460 §4. Times are ISO 8601 in UTC, as they stand in the report."""

    organization: str
    contact: str
    report_id: str
    starts: str
    ends: str
    policies: tuple[PolicyCount, ...]

    @staticmethod
    def of(tally: Tally, *, organization: str, contact: str, report_id: str, starts: str, ends: str) -> "Report":
        """What a tally says."""
        lines = []
        for policy in tally.policies()[: limits.TLSRPT_POLICIES]:
            failed = tally.bad.get(policy, Counter())
            lines.append(PolicyCount(policy, tally.good[policy], sum(failed.values()), tuple(failed.most_common(limits.TLSRPT_POLICIES))))
        return Report(organization, contact, report_id, starts, ends, tuple(lines))

    def json(self) -> bytes:
        """The report as RFC 8460 §4.4 writes it."""
        return msgspec.json.encode({
            "organization-name": self.organization,
            "date-range": {"start-datetime": self.starts, "end-datetime": self.ends},
            "contact-info": self.contact,
            "report-id": self.report_id,
            "policies": [_policy_json(one) for one in self.policies],
        })  # fmt: skip

    @staticmethod
    def parse(octets: bytes, *, is_packed: bool) -> "Report":
        """A report that came in. Raises ``Malformed``."""
        text = unpacked(octets) if is_packed else octets
        if len(text) > limits.TLSRPT_REPORT:
            raise Malformed("the report is too large")
        try:
            read = msgspec.json.decode(text, type=_Report)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
            raise Malformed(f"not a TLS report: {exc}") from None
        if len(read.policies) > limits.TLSRPT_POLICIES:
            raise Malformed("the report has too many policies")
        return Report(
            read.organization_name, read.contact_info, read.report_id, read.date_range.start_datetime, read.date_range.end_datetime,
            tuple(_count(one) for one in read.policies),
        )  # fmt: skip

    def message(self, *, sender: str, to: Sequence[str], domain: str, submitter: str, date: str, message_id: str, name: str) -> bytes:
        """The report as a message (RFC 8460 §5.3), not yet signed. ``name``: of the attachment (§5.1), with ``.json.gz`` at its end.

        It may go in the clear (``TLS-Required: No``, RFC 8689 §5): whoever has no TLS must hear of it.
        """
        packed = base64.b64encode(gzip.compress(self.json(), mtime=0)).decode("ascii")
        lines = "\r\n".join(packed[at : at + _LINE] for at in range(0, len(packed), _LINE))
        boundary = f"tlsrpt-{zlib.crc32(packed.encode()):08x}-{len(packed):x}"
        good, bad = sum(one.good for one in self.policies), sum(one.bad for one in self.policies)
        text = (
            f"This is an aggregate TLS report from {submitter} about sending mail to {domain},\r\n{self.starts} to {self.ends}:\r\n"
            f"{good} sessions had the TLS that was asked for, {bad} had not.\r\n"
        )
        return (
            f"From: <{sender}>\r\nTo: {', '.join(to)}\r\nDate: {date}\r\nMessage-ID: <{message_id}>\r\n"
            f"Subject: Report Domain: {domain}\r\n Submitter: {submitter}\r\n Report-ID: <{self.report_id}>\r\n"
            f"TLS-Report-Domain: {domain}\r\nTLS-Report-Submitter: {submitter}\r\nTLS-Required: No\r\nAuto-Submitted: auto-generated\r\n"
            f"MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=\"tlsrpt\";\r\n boundary=\"{boundary}\"\r\n\r\n"
            f"--{boundary}\r\nContent-Type: text/plain; charset=\"us-ascii\"\r\n\r\n{text}\r\n"
            f"--{boundary}\r\nContent-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n"
            f"Content-Disposition: attachment;\r\n filename=\"{name}\"\r\n\r\n{lines}\r\n--{boundary}--\r\n"
        ).encode()


def unpacked(octets: bytes) -> bytes:
    """Gzip undone, at most ``limits.TLSRPT_REPORT`` octets. Raises ``Malformed``."""
    unpack = zlib.decompressobj(_GZIP)
    try:
        text = unpack.decompress(octets, limits.TLSRPT_REPORT + 1)
    except zlib.error:
        raise Malformed("not a gzip file") from None
    if len(text) > limits.TLSRPT_REPORT:
        raise Malformed("the report is too large")
    return text


def from_part(octets: bytes, encoding: str, subtype: str) -> Report:
    """The report in a MIME part of type ``application/tlsrpt+json`` or ``+gzip``. Raises ``Malformed``."""
    return Report.parse(decode.transfer(octets, encoding), is_packed=subtype.endswith("gzip"))


def report_domain(value: bytes) -> str:
    """The value of a TLS-Report-Domain field."""
    return unfold(value).decode("ascii", "replace").strip().lower()


# ------------------------------------------------------------------------------------------------- as others write it
class _Range(msgspec.Struct, rename="kebab"):
    start_datetime: str = ""
    end_datetime: str = ""


class _Policy(msgspec.Struct, rename="kebab"):
    policy_type: str
    policy_domain: str = ""
    policy_string: list[str] | str = []
    mx_host: list[str] | str = []


class _Summary(msgspec.Struct, rename="kebab"):
    total_successful_session_count: int = 0
    total_failure_session_count: int = 0


class _Detail(msgspec.Struct, rename="kebab"):
    result_type: str
    sending_mta_ip: str = ""
    receiving_mx_hostname: str = ""
    receiving_ip: str = ""
    failed_session_count: int = 0
    failure_reason_code: str = ""


class _Line(msgspec.Struct, rename="kebab"):
    policy: _Policy
    summary: _Summary = msgspec.field(default_factory=_Summary)
    failure_details: list[_Detail] = []


class _Report(msgspec.Struct, rename="kebab"):
    organization_name: str = ""
    date_range: _Range = msgspec.field(default_factory=_Range)
    contact_info: str = ""
    report_id: str = ""
    policies: list[_Line] = []


def _several(value: list[str] | str) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _count(line: _Line) -> PolicyCount:
    policy = PolicyKey(line.policy.policy_type, line.policy.policy_domain, _several(line.policy.policy_string), _several(line.policy.mx_host))
    failures = tuple(
        (Failure(one.result_type, one.sending_mta_ip, one.receiving_mx_hostname, one.receiving_ip, one.failure_reason_code),
         one.failed_session_count)
        for one in line.failure_details[: limits.TLSRPT_POLICIES]
    )  # fmt: skip
    return PolicyCount(policy, line.summary.total_successful_session_count, line.summary.total_failure_session_count, failures)


def _policy_json(one: PolicyCount) -> dict[str, Any]:
    policy: dict[str, Any] = {"policy-type": one.policy.kind, "policy-domain": one.policy.domain}
    if one.policy.strings:
        policy["policy-string"] = one.policy.strings
    if one.policy.mx_hosts:
        policy["mx-host"] = one.policy.mx_hosts
    line: dict[str, Any] = {
        "policy": policy,
        "summary": {"total-successful-session-count": one.good, "total-failure-session-count": one.bad},
    }
    if one.failures:
        line["failure-details"] = [_failure_json(failure, count) for failure, count in one.failures]
    return line


def _failure_json(failure: Failure, count: int) -> dict[str, Any]:
    pairs = {
        "result-type": failure.result, "sending-mta-ip": failure.sending_mta_ip, "receiving-mx-hostname": failure.receiving_mx,
        "receiving-ip": failure.receiving_ip, "failed-session-count": count, "failure-reason-code": failure.reason,
    }  # fmt: skip
    return {key: value for key, value in pairs.items() if value != ""}
