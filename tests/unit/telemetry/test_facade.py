import pytest

from mailstead import telemetry


def test_capture_sees_names_and_fields() -> None:
    with telemetry.capture() as seen:
        telemetry.event("message.filed", account="a1", reason="inbox")
    telemetry.event("message.filed", account="a2")
    assert [("message.filed", {"account": "a1", "reason": "inbox"})] == seen


def test_a_defect_is_logged_whole(capfd: pytest.CaptureFixture[str]) -> None:
    try:
        raise ZeroDivisionError("by nothing")
    except ZeroDivisionError as error:
        telemetry.defect("smtp", error, session="s1")
    err = capfd.readouterr().err
    assert "defect.found where=smtp" in err
    assert "ZeroDivisionError: by nothing" in err
    assert "    | Traceback" in err


def test_events_are_counted_by_name() -> None:
    before = telemetry.snapshot().counters.get(("events", (("event", "thing.done"),)), 0)
    telemetry.event("thing.done")
    assert before + 1 == telemetry.snapshot().counters["events", (("event", "thing.done"),)]
