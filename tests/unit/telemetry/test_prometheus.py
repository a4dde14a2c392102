from mailstead.telemetry.counters import Counters
from mailstead.telemetry.prometheus import render


def test_counters_and_gauges_in_text_form() -> None:
    counters = Counters()
    counters.count("smtp.replies", 2, code="250")
    counters.count("smtp.replies", 1, code='5"\n\\')
    counters.gauge("connections.open", 3)
    counters.gauge("lag_s", 0.5)
    assert (
        b"# TYPE mailstead_smtp_replies_total counter\n"
        b'mailstead_smtp_replies_total{code="250"} 2\n'
        b'mailstead_smtp_replies_total{code="5\\"\\n\\\\"} 1\n'
        b"# TYPE mailstead_connections_open gauge\n"
        b"mailstead_connections_open 3\n"
        b"# TYPE mailstead_lag_s gauge\n"
        b"mailstead_lag_s 0.5\n"
    ) == render(counters.snapshot())
