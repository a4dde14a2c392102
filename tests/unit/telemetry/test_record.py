import json

from hypothesis import given
from hypothesis import strategies as st

from mailstead.model.errors import Reason
from mailstead.telemetry.record import DEBUG, ERROR, INFO, WARNING, Field, clean, level_of, stamp, to_json, to_text

AT = 1_795_521_050_123_456_789


def test_time_is_utc_with_microseconds() -> None:
    assert stamp(AT) == "2026-11-24T11:50:50.123456Z"


def test_last_word_gives_the_level() -> None:
    assert [DEBUG, INFO, WARNING, ERROR] == [
        level_of(name) for name in ("smtp.connected", "message.filed", "login.failed", "defect.found")
    ]


def test_text_line_quotes_and_escapes_what_a_peer_sent() -> None:
    line = to_text((AT, "smtp.refused", WARNING, {"helo": 'evil\r\n2026 "x"', "octets": 7, "reason": Reason.TOO_LARGE}), 1)
    expected = (
        b'2026-11-24T11:50:50.123456Z warning [1] smtp.refused helo="evil\\\\x0d\\\\x0a2026 \\"x\\"" octets=7 reason=too_large\n'
    )
    assert expected == line


def test_json_line_holds_head_and_fields() -> None:
    line = to_json((AT, "message.filed", INFO, {"account": "a1", "ids": ("e1", "e2"), "raw": b"\xff1"}), 2)
    assert line.endswith(b"\n")
    assert {
        "at": "2026-11-24T11:50:50.123456Z",
        "event": "message.filed",
        "level": "info",
        "worker": 2,
        "account": "a1",
        "ids": ["e1", "e2"],
        "raw": "\\xff1",
    } == json.loads(line)


def test_secrets_and_objects_never_show() -> None:
    class Principal:
        def __repr__(self) -> str:
            return "hunter2"

    fields = clean({"password": "hunter2", "app_token": 5, "sasl_response": b"x", "who": Principal(), "credential_id": 3})  # type: ignore[dict-item]
    assert {"password": "…", "app_token": "…", "sasl_response": "…", "who": "<Principal>", "credential_id": 3} == fields


def test_long_values_are_cut() -> None:
    fields = clean({"text": "x" * 5000, "many": tuple(range(5000))})
    assert 1000 == len(str(fields["text"]))
    many = fields["many"]
    assert isinstance(many, list)
    assert 200 == len(many)


@given(
    st.dictionaries(
        st.sampled_from(["peer", "reason", "mailbox", "octets"]),
        st.text() | st.binary() | st.integers(-(2**63), 2**63 - 1) | st.none(),
    )
)
def test_any_fields_make_exactly_one_line(fields: dict[str, Field]) -> None:
    record = (AT, "x.happened", INFO, fields)
    assert 1 == to_json(record, 0).count(b"\n")
    text = to_text(record, 0)
    assert text.endswith(b"\n")
    assert b"\r" not in text
    assert 1 == len(text.splitlines())
