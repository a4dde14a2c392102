import gzip
import json
from pathlib import Path

import pytest

from mailstead.mailauth import tlsrpt
from mailstead.mailauth.tags import Malformed
from mailstead.mailauth.tlsrpt import Failure, PolicyKey, Report, Tally
from mailstead.mime import scan
from mailstead.mime.parts import unpack
from mailstead.model import limits

CORPUS = Path(__file__).parents[2] / "corpus/tlsrpt"


@pytest.mark.parametrize(("records", "found"), [
    ((b"v=TLSRPTv1; rua=mailto:reports@example.com",), ("mailto:reports@example.com",)),
    ((b"v=TLSRPTv1;rua=https://r.example.com/v1 , mailto:a@b.test,ftp://x",), ("https://r.example.com/v1", "mailto:a@b.test")),
    ((b"v=TLSRPTv1; rua=mailto:a@b.test", b"v=TLSRPTv1; rua=mailto:c@d.test"), ()),
    ((b"v=TLSRPTv2; rua=mailto:a@b.test",), ()), ((b"v=TLSRPTv1",), ()), ((b"v=TLSRPTv1; rua=a; rua=b",), ()), ((), ()),
])  # fmt: skip
def test_who_wants_reports(records: tuple[bytes, ...], found: tuple[str, ...]) -> None:
    assert found == tlsrpt.destinations(records)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_reports_of_others(number: int) -> None:
    octets = (CORPUS / f"rpt0{number}.json").read_bytes()
    report = Report.parse(octets, is_packed=False)
    raw = json.loads(octets)
    assert raw["report-id"] == report.report_id
    assert [one["summary"].get("total-failure-session-count", 0) for one in raw["policies"]] == [one.bad for one in report.policies]
    assert [len(one.get("failure-details", [])) for one in raw["policies"]] == [len(one.failures) for one in report.policies]
    assert report == Report.parse(report.json(), is_packed=False)
    assert report == Report.parse(gzip.compress(octets), is_packed=True)


@pytest.mark.parametrize("name", ["rpt01", "rpt02"])
def test_reports_in_messages_of_others(name: str) -> None:
    octets = (CORPUS / f"{name}.eml").read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert reports(octets)[0].policies


def reports(octets: bytes) -> list[Report]:
    root = unpack(scan.scan(octets).parts)
    return [
        tlsrpt.from_part(octets[slice(*part.body)], part.encoding, part.subtype)
        for part in root.leaves() if part.subtype.startswith("tlsrpt")
    ]  # fmt: skip


def tally() -> Tally:
    found = Tally()
    sts = PolicyKey("sts", "example.net", ("version: STSv1", "mode: testing"), ("*.example.net",))
    for _ in range(3):
        found.add(sts, None)
    found.add(sts, Failure("certificate-expired", "192.0.2.1", "mx.example.net", "192.0.2.9"))
    found.add(PolicyKey("no-policy-found", "example.org"), Failure("starttls-not-supported"), 7)
    return found


def test_a_tally_becomes_a_message_that_can_be_read_again() -> None:
    report = Report.of(tally(), organization="Ours", contact="tls@ours.test", report_id="1", starts="2026-11-24T00:00:00Z", ends="2026-11-24T23:59:59Z")
    assert [(0, 7), (3, 1)] == [(one.good, one.bad) for one in report.policies]
    message = report.message(
        sender="tls@ours.test", to=["reports@example.net"], domain="example.net", submitter="ours.test", date="Wed, 25 Nov 2026 00:10:00 +0000",
        message_id="1@ours.test", name="ours.test!example.net!1!2.json.gz",
    )
    assert [report] == reports(message)
    assert b"\r\nTLS-Required: No\r\n" in message
    assert message.count(b"\n") == message.count(b"\r\n")


@pytest.mark.parametrize("octets", [b"", b"{", b"[]", b'{"policies": 1}', b"[" * 5_000, b'{"policies": [{}]}', b'{"report-id": "\xff"}'])
def test_what_is_no_report(octets: bytes) -> None:
    with pytest.raises(Malformed):
        Report.parse(octets, is_packed=False)


def test_a_report_that_blows_up_is_not_unpacked() -> None:
    with pytest.raises(Malformed, match="too large"):
        Report.parse(gzip.compress(b" " * (limits.TLSRPT_REPORT + 10)), is_packed=True)
    with pytest.raises(Malformed, match="gzip"):
        Report.parse(b"PK\3\4", is_packed=True)
    with pytest.raises(Malformed, match="too many"):
        Report.parse(b'{"policies": [' + b",".join([b'{"policy": {"policy-type": "sts"}}'] * 10_001) + b"]}", is_packed=False)


def test_destinations_and_policies_are_bounded() -> None:
    many = b",".join(b"mailto:%d@a.test" % number for number in range(limits.TLSRPT_DESTINATIONS + 1))
    assert limits.TLSRPT_DESTINATIONS == len(tlsrpt.destinations((b"v=TLSRPTv1; rua=" + many,)))
    raw = json.loads((CORPUS / "rpt01.json").read_bytes())
    policy = {"policy": {"policy-type": "no-policy-found", "policy-domain": "a.test"}, "summary": {}}
    raw["policies"] = [policy] * limits.TLSRPT_POLICIES
    assert limits.TLSRPT_POLICIES == len(Report.parse(json.dumps(raw).encode(), is_packed=False).policies)
    raw["policies"].append(policy)
    with pytest.raises(Malformed, match="too many policies"):
        Report.parse(json.dumps(raw).encode(), is_packed=False)
