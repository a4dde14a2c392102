import os

import pytest
from tests.harness.groups import APART, FIRST, HALF, TESTS, TOGETHER, group, turn


def test_what_shares_a_server_stays_together() -> None:
    assert {"interop/web"} == {group(f"tests/interop/web/{name}.py::test_x[a::b]") for name in ("test_reading", "test_undo")}
    assert {"half of interop/web"} == {group(f"tests/interop/web/{name}.py::test_x[a::b]") for name in ("test_accessible", "test_focus")}
    assert "interop/test_curl.py" == group("tests/interop/test_curl.py::test_imaps")
    assert 2 == len({group(f"tests/crash/test_power_cut.py::test_what_was_acknowledged_survives_a_power_cut[{seed}]") for seed in (1, 2)})


def test_what_takes_long_begins_first() -> None:
    files = [TESTS / "unit/harness/test_groups.py", TESTS / "crash/test_kill.py", TESTS / "interop/web/test_phone.py", TESTS / "interop/test_network.py"]
    assert [2, 3, 1, 0] == [files.index(path) for path in sorted(files, key=turn)]


def test_every_place_named_is_there() -> None:
    assert [] == [one for one in (*TOGETHER, *HALF, *APART, *FIRST) if not (TESTS / one).exists()]


def test_whoever_tests_at_once_takes_other_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.harness.server import free_ports

    monkeypatch.setitem(os.environ, "PYTEST_XDIST_WORKER_COUNT", "3")
    found = []
    for worker in range(3):
        monkeypatch.setitem(os.environ, "PYTEST_XDIST_WORKER", f"gw{worker}")
        found.append({port % 3 for port in free_ports(20)})
    assert [1, 1, 1] == [len(one) for one in found]
    assert 3 == len(set.union(*found))
