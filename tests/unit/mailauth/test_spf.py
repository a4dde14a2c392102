"""The cases of the openspf test suite, and what it does not ask."""

import json
from pathlib import Path
from typing import Any

import pytest

from mailstead.mailauth.spf import Outcome, check_host
from mailstead.model.dns import Answer, Mx, RecordType
from mailstead.model.question import LookUp

SUITE = json.loads((Path(__file__).parents[2] / "corpus/spf/rfc7208-tests.json").read_text("utf-8"))
CASES = [(group, name) for group in range(len(SUITE)) for name in SUITE[group]["tests"]]


class Zone:
    """The suite's way to write zones; what is not in it does not exist. ``asked`` counts look-ups."""

    def __init__(self, data: dict[str, list[Any]]) -> None:
        self._data = {name.lower(): rows for name, rows in data.items()}
        self.asked = 0

    def answer(self, one: LookUp, depth: int = 0) -> Answer[Any] | None:
        self.asked += not depth
        rows = self._data.get(one.name.lower().rstrip("."))
        if rows is None or depth > 8:
            return Answer(one.name, (), exists=False)
        pairs = [(kind, value) for row in rows if isinstance(row, dict) for kind, value in row.items()]
        alias = next((value for kind, value in pairs if kind == "CNAME"), None)
        if alias is not None:
            return self.answer(LookUp(alias, one.type), depth + 1)
        kinds = {kind for kind, _ in pairs}
        wanted = "SPF" if one.type is RecordType.TXT and "TXT" not in kinds else one.type.name
        if "TIMEOUT" in rows and not any(kind == one.type.name and value != "NONE" for kind, value in pairs):
            return None
        return Answer(one.name, tuple(self._record(one.type, value) for kind, value in pairs if kind == wanted and value != "NONE"))

    @staticmethod
    def _record(kind: RecordType, value: Any) -> Any:
        match kind:
            case RecordType.TXT:
                return ("".join(value) if isinstance(value, list) else value).encode("utf-8", "surrogateescape")
            case RecordType.MX:
                return Mx(int(value[0]), value[1].rstrip("."))
            case _:
                return value.lower().rstrip(".")

    def check(self, ip: str, sender: str, helo: str = "mail.example.com") -> Outcome:
        exchange = check_host(ip, sender=sender, helo=helo)
        try:
            asked = next(exchange)
            while True:
                asked = exchange.send(tuple(map(self.answer, asked)))
        except StopIteration as end:
            found: Outcome = end.value
            return found


@pytest.mark.parametrize(("group", "name"), CASES, ids=[f"{SUITE[group]['description']}: {name}" for group, name in CASES])
def test_the_suite(group: int, name: str) -> None:
    case = SUITE[group]["tests"][name]
    expected = case["result"] if isinstance(case["result"], list) else [case["result"]]
    found = Zone(SUITE[group]["zonedata"]).check(case["host"], case["mailfrom"], case["helo"])
    assert found.result in expected, (found, case)


def test_what_the_suite_does_not_ask() -> None:
    zone = Zone({"a.example": [{"TXT": "v=spf1 ip4:192.0.2.1 ip6:2001:db8::/32 -all"}], "mail.a.example": [{"TXT": "v=spf1 a -all"}, {"A": "192.0.2.9"}]})
    assert "pass" == zone.check("::ffff:192.0.2.1", "x@A.example").result, "§5: IPv4 in IPv6 is IPv4"
    assert "pass" == zone.check("2001:db8:1::1", "x@a.example").result
    assert Outcome("fail", "a.example: all") == zone.check("192.0.2.2", "x@a.example")
    assert "pass" == zone.check("192.0.2.9", "", helo="mail.a.example").result, "§2.4: without a sender the hello is judged"
    with pytest.raises(ValueError, match="address"):
        zone.check("unix", "x@a.example")


def test_names_of_other_scripts_are_looked_up_as_a_labels() -> None:
    zone = Zone({"xn--bcher-kva.example": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}]})
    assert "pass" == zone.check("192.0.2.1", "x@b\u00fccher.example").result


@pytest.mark.parametrize("policy", [
    "v=spf1 include:a.example -all", "v=spf1 redirect=a.example", "v=spf1 " + " ".join(f"a:x{n}.example" for n in range(11)), "v=spf1 exists:%{p}.%{p}.example include:a.example",
    "v=spf1 " + "mx:m.example " * 11,
])  # fmt: skip
def test_work_is_bounded(policy: str) -> None:
    """§4.6.4: whoever writes a policy makes us ask so much and no more."""
    zone = Zone({"a.example": [{"TXT": policy}], "m.example": [{"MX": [0, f"n{n}.example"]} for n in range(10)], **{f"n{n}.example": [{"A": "192.0.2.7"}] for n in range(10)},
                 **{f"x{n}.example": [{"A": "192.0.2.8"}] for n in range(11)}})
    assert zone.check("192.0.2.1", "x@a.example").result == "permerror"
    assert zone.asked <= 10 * 11 + 2


@pytest.mark.parametrize("text", ["v=spf1 a:%{", "v=spf1 a:%{c}.example", "v=spf1 ip4:1", "v=spf1 ip6:::1%eth0", "v=spf1 a/33", "v=spf1 a//129", "v=spf1 -", "v=spf1 =", "v=spf1 ip4:1.2.3.4/00"])
def test_malformed_policies_are_errors_for_good(text: str) -> None:
    assert Zone({"a.example": [{"TXT": text}]}).check("192.0.2.1", "x@a.example").result == "permerror"
