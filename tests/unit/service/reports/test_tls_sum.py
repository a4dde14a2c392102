"""TLS sessions of a day added up."""

import pytest

from mailstead.mailauth.tlsrpt import Failure, PolicyKey
from mailstead.service.reports import tls_sum
from mailstead.service.reports.tls_sum import TlsSum


def session(domain: str = "there.example", result: str = "", **more: str) -> dict[str, str]:
    return {"event": "tls.failed" if result else "tls.session", "domain": domain, "policy": "sts", "strings": "version: STSv1\nmode: enforce",
            "mx": "mx.there.example", "result": result, "hop": "mx.there.example", "address": "192.0.2.1", "reason": "", **more}


def test_sessions_and_failures_by_policy() -> None:
    total, other = TlsSum(), TlsSum()
    for _ in range(3):
        total.add(session())
    other.add(session(result="certificate-expired", reason="it ended"))
    other.add(session())
    other.add(session("else.example", policy="no-policy-found", strings="", mx=""))
    other.add({"event": "sts.failed", "domain": "there.example", "result": "sts-policy-fetch-error", "reason": "404"})
    other.add({"event": "sts.failed", "domain": "there.example", "result": "", "reason": "not remembered"})
    total.merge(other)
    assert ["else.example", "there.example"] == total.domains()
    tally = total.tally("there.example", sending_ip="192.0.2.9")
    key = PolicyKey("sts", "there.example", ("version: STSv1", "mode: enforce"), ("mx.there.example",))
    assert 4 == tally.good[key]
    assert {Failure("certificate-expired", "192.0.2.9", "mx.there.example", "192.0.2.1", "it ended"): 1} == dict(tally.bad[key])
    assert {Failure("sts-policy-fetch-error", "192.0.2.9", reason="404"): 1} == dict(tally.bad[PolicyKey("sts", "there.example")])


def test_a_session_says_from_where_it_was() -> None:
    total = TlsSum()
    total.add(session(result="certificate-expired", source="2001:db8::5"))
    total.add(session(result="certificate-expired", source="192.0.2.5"))
    total.add(session(result="certificate-expired"))
    (found,) = total.tally("there.example", sending_ip="192.0.2.9").bad.values()
    assert {"2001:db8::5": 1, "192.0.2.5": 1, "192.0.2.9": 1} == {failure.sending_mta_ip: count for failure, count in found.items()}


def test_a_policy_that_an_event_has_cut_keeps_its_whole_lines() -> None:
    total = TlsSum()
    total.add(session(strings="version: STSv1\nmode: enf…"))
    (key,) = total.tally("there.example").good
    assert ("version: STSv1",) == key.strings


def test_many_kinds_of_failure_and_domains_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_sum, "DOMAINS", 10)
    monkeypatch.setattr(tls_sum, "FAILURES", 20)
    total = TlsSum()
    for number in range(100):
        total.add(session(f"d{number}.example"))
        total.add(session("d1.example", result="validation-failure", reason=str(number)))
    assert len(total.domains()) <= 10
    ((_, failures),) = total.tally("d1.example").bad.items()
    assert 100 == sum(failures.values()), "none is lost"
    assert len(failures) <= 21
