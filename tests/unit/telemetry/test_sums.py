"""Events added up, each once."""

from pathlib import Path

import msgspec
import pytest

from mailstead.telemetry import sums
from mailstead.telemetry.index import Event
from mailstead.telemetry.record import INFO, to_json
from mailstead.telemetry.sums import Sums


class Count(msgspec.Struct, array_like=True):
    by_name: dict[str, int] = {}

    def add(self, event: Event) -> None:
        name = str(event["event"])
        self.by_name[name] = self.by_name.get(name, 0) + 1

    def merge(self, other: "Count") -> None:
        for name, count in other.by_name.items():
            self.by_name[name] = self.by_name.get(name, 0) + count


def lines(name: str, count: int, **fields: str) -> bytes:
    return b"".join(to_json((1_795_600_000_000_000_000 + n, name, INFO, dict(fields)), 0) for n in range(count))


def test_all_workers_and_only_what_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "worker-0.jsonl").write_bytes(lines("a.done", 3) + lines("other.done", 2, reason='"event":"a.done"') + lines("a.donely", 1))
    (tmp_path / "worker-1.jsonl").write_bytes(lines("a.done", 4) + lines("b.done", 1))
    assert {"a.done": 7, "b.done": 1} == Sums("x", Count, ("a.done", "b.done"), 1).of_day(tmp_path).by_name
    assert {} == Sums("x", Count, ("a.done",), 1).of_day(tmp_path / "none").by_name


def test_what_is_kept_and_what_is_new_count_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "STRETCH", 1_000)
    monkeypatch.setattr(sums, "_PIECE", 333)
    path = tmp_path / "worker-0.jsonl"
    adding = Sums("x", Count, ("a.done",), 1)
    total = 0
    for round_ in range(10):
        with path.open("ab") as file:
            file.write(lines("a.done", round_) + b'{"at":"torn')
        total += round_
        assert total == adding.of_day(tmp_path).by_name.get("a.done", 0)
        adding.keep(tmp_path)
        assert total == adding.of_day(tmp_path).by_name.get("a.done", 0)
        with path.open("ab") as file:
            file.write(b"\n")
    assert 1 == adding.keep(tmp_path, is_over=True)
    assert 0 == adding.keep(tmp_path, is_over=True), "nothing is new"
    assert total == adding.of_day(tmp_path).by_name["a.done"]


def test_sums_of_another_version_or_damaged_ones_are_made_anew(tmp_path: Path) -> None:
    (tmp_path / "worker-0.jsonl").write_bytes(lines("a.done", 3))
    Sums("x", Count, ("a.done",), 1).keep(tmp_path, is_over=True)
    assert {"a.done": 3} == Sums("x", Count, ("a.done",), 2).of_day(tmp_path).by_name
    (tmp_path / "worker-0.jsonl.x.sum").write_bytes(b"\x93nonsense")
    assert {"a.done": 3} == Sums("x", Count, ("a.done",), 1).of_day(tmp_path).by_name
