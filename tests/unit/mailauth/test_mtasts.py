import pytest

from mailstead.mailauth import mtasts
from mailstead.mailauth.mtasts import Policy
from mailstead.mailauth.tags import Malformed
from mailstead.model import limits


@pytest.mark.parametrize(("records", "found"), [
    ((b"v=STSv1; id=20160831085700Z;",), "20160831085700Z"),
    ((b"v=STSv1;id=a",), "a"),
    ((b"v=spf1 -all", b"v=STSv1 ; id=b1"), "b1"),
    ((b"v=STSv1; id=a", b"v=STSv1; id=b"), ""),
    ((b"v=STSv1",), ""), ((b"v=STSv2; id=a",), ""), ((b"id=a; v=STSv1",), ""), ((b"v=STSv1; id=a-b",), ""),
    ((b"V=STSv1; id=a",), ""), ((b"v=stsv1; id=a",), ""), ((b" v=STSv1; id=a",), ""), ((b"v=STSv1; id=",), ""), ((b"v=STSv1; id=\xc3\xa4",), ""),
    ((b"v=STSv1; id=a; more=b",), "a"), ((b"v=STSv10; id=a", b"v=STSv1; id=b"), "b"),
    ((b"v=STSv1; id=" + b"a" * 33,), ""), ((b"v=STSv1; id=a; id=a",), ""), ((), ""),
])  # fmt: skip
def test_the_record(records: tuple[bytes, ...], found: str) -> None:
    assert found == mtasts.policy_id(records)


GOOD = b"version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmx: backupmx.example.com\r\nmax_age: 604800\r\n"


def test_the_policy_of_the_rfc() -> None:
    """RFC 8461 §3.2."""
    policy = Policy.parse(GOOD)
    assert Policy("enforce", 604_800, ("mail.example.com", "*.example.net", "backupmx.example.com")) == policy
    assert policy == Policy.parse(policy.text().encode())
    assert policy == Policy.parse(GOOD.replace(b"\r\n", b"\n").replace(b": ", b"  :").replace(b"mode", b"Mode") + b"\n\nnew_key: x\n")


@pytest.mark.parametrize(("host", "allowed"), [
    ("mail.example.com", True), ("MAIL.Example.COM.", True), ("a.example.net", True), ("a.b.example.net", False), ("example.net", False),
    ("xmail.example.com", False), ("backupmx.example.com.evil.test", False), ("net", False), ("", False),
])  # fmt: skip
def test_which_hosts_are_allowed(host: str, allowed: bool) -> None:
    """RFC 8461 §4.1."""
    assert allowed == Policy.parse(GOOD).allows(host)


@pytest.mark.parametrize("text", [
    b"", b"version: STSv1\nmode: enforce\nmax_age: 1\n", b"version: STSv2\nmode: none\nmax_age: 1\n", b"mode: none\nmax_age: 1\n",
    b"version: STSv1\nmode: maybe\nmx: a.test\nmax_age: 1\n", b"version: STSv1\nmode: none\n", b"version: STSv1\nmode: none\nmax_age: -1\n",
    b"version: STSv1\nmode: none\nmax_age: 99999999999\n", b"<html>not found</html>", b"version: STSv1\nmode: enforce\nmx: a..b\nmax_age: 1\n",
    b"version: STSv1\nmode: enforce\nmx: *.*.test\nmax_age: 1\n", GOOD + b"x" * 70_000,
    b"version: STSv1\nmode: testing\nmax_age: 1\n" + b"mx: a.test\n" * 201,
    b"version: STSv1\nmode: enforce\nmx: *\nmax_age: 1\n", b"version: STSv1\nmode: enforce\nmx: a.*.test\nmax_age: 1\n",
    b"version: STSv1\nmode: enforce\nmx: a b.test\nmax_age: 1\n", b"version: STSv1\nmode: enforce\nmx:\nmax_age: 1\n",
    b"version: STSv1\nmode: enforce\nmx: a.test\nmax_age: 1e9\n", b"version: STSv1\nmode:\nmx: a.test\nmax_age: 1\n", b"version: STSv1, mode: enforce",
])  # fmt: skip
def test_what_is_no_policy(text: bytes) -> None:
    with pytest.raises(Malformed):
        Policy.parse(text)


def test_no_policy_lasts_longer_than_a_year() -> None:
    assert 31_557_600 == Policy.parse(GOOD.replace(b"604800", b"9999999999")).max_age_s


def test_an_international_name_is_matched_in_its_wire_form() -> None:
    policy = Policy.parse("version: STSv1\nmode: enforce\nmx: mx.bücher.example\nmax_age: 1\n".encode())
    assert policy.allows("mx.xn--bcher-kva.example")
    assert policy.allows("mx.bücher.example")


def test_a_policy_is_bounded() -> None:
    line = b"mx: a.example.com\n"
    start = b"version: STSv1\nmode: enforce\nmax_age: 60\n"
    assert limits.MTASTS_PATTERNS == len(Policy.parse(start + line * limits.MTASTS_PATTERNS).mx)
    with pytest.raises(Malformed, match="too many"):
        Policy.parse(start + line * (limits.MTASTS_PATTERNS + 1))
    Policy.parse(start + line + b"\n" * (limits.MTASTS_POLICY - len(start + line)))
    with pytest.raises(Malformed, match="too long"):
        Policy.parse(start + line + b"\n" * (limits.MTASTS_POLICY - len(start + line) + 1))
