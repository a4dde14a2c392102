"""Events are found again: by index, in what has none yet, and no others."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mailstead.telemetry import index
from mailstead.telemetry.index import finding
from mailstead.telemetry.index.files import Part, parts, places


def lines(count: int, start: int = 0) -> bytes:
    return b"".join(
        json.dumps(
            {"at": f"2026-11-26T00:00:{number % 60:02d}Z", "event": "message.sent", "submission": f"s{number}", "message_id": f"<{number}@x>",
             "forward_path": f"To{number % 7}@Y.example", "reason": "ok"}, separators=(",", ":"),
        ).encode() + b"\n"
        for number in range(start, start + count)
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("mailstead.telemetry.index.building.STRETCH", 4_000)
    day = tmp_path / "2026-11-26"
    day.mkdir()
    (day / "worker-0.jsonl").write_bytes(lines(500))
    (day / "worker-1.jsonl").write_bytes(lines(500, 500))
    return tmp_path


def found(folder: Path, *values: str, **more: object) -> list[str]:
    return sorted(str(event["submission"]) for _, event in index.find(folder, values, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize("indexed", [False, True])
def test_each_event_is_found_by_each_of_its_names(folder: Path, indexed: bool) -> None:
    if indexed:
        assert index.build(folder / "2026-11-26") > 10
        assert index.build(folder / "2026-11-26") == 0
    for number in (0, 7, 499, 500, 999):
        assert found(folder, f"<{number}@x>") == [f"s{number}"]
        assert found(folder, f"s{number}") == [f"s{number}"]
    assert len(found(folder, "To3@Y.example")) == len([number for number in range(1000) if number % 7 == 3])
    assert found(folder, "<1000@x>", "s", "ok") == []


def test_a_day_that_is_over_is_indexed_to_its_end(folder: Path) -> None:
    index.build(folder / "2026-11-26", is_over=True)
    parts = list((folder / "2026-11-26").glob("worker-0.jsonl.*.keys"))
    assert max(int(part.name.rsplit("-", 1)[1].split(".")[0]) for part in parts) == (folder / "2026-11-26/worker-0.jsonl").stat().st_size
    assert found(folder, "to3@y.EXAMPLE") == found(folder, "To3@Y.example") != []


def test_what_came_after_the_index_is_found_too(folder: Path) -> None:
    index.build(folder / "2026-11-26", is_over=True)
    with (folder / "2026-11-26/worker-0.jsonl").open("ab") as file:
        file.write(lines(3, 2_000) + b'{"at": "cut off in the m\xc3')
    assert found(folder, "<2001@x>") == ["s2001"]
    assert found(folder, "cut off") == []


def test_days_and_numbers_are_bounds(folder: Path) -> None:
    other = folder / "2026-11-20"
    other.mkdir()
    (other / "worker-0.jsonl").write_bytes(lines(1))
    assert len(found(folder, "s0")) == 2
    assert len(found(folder, "s0", days=["2026-11-20"])) == 1
    assert len(found(folder, "To3@Y.example", most=5)) == 5
    assert index.prune(folder, "2026-11-26") == 1
    assert not other.exists()
    assert len(found(folder, "s0")) == 1


def test_parts_that_are_joined_meanwhile_are_asked_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index.build(folder / "2026-11-26", is_over=True)
    calls: list[int] = []

    def late(path: Path) -> list[Part]:
        found = parts(path)
        if not calls:
            calls.append(1)
            found[0].path.rename(found[0].path.with_suffix(".gone"))
            monkeypatch.setattr(finding, "places", gone_once(found[0]))
        return found

    def gone_once(part: Part) -> Callable[[Part, set[int]], list[int]]:
        def read(asked: Part, keys: set[int]) -> list[int]:
            try:
                return places(asked, keys)
            except FileNotFoundError:
                part.path.with_suffix(".gone").rename(part.path)
                raise

        return read

    monkeypatch.setattr(finding, "parts", late)
    assert found(folder, "s0", "s499") == ["s0", "s499"]
    assert calls


def test_without_events_nothing_is_found(tmp_path: Path) -> None:
    assert found(tmp_path / "events", "x") == []
    assert index.prune(tmp_path / "events", "2026-11-26") == 0


@pytest.mark.parametrize("indexed", [False, True])
def test_many_names_at_once_find_what_each_finds_alone(folder: Path, indexed: bool) -> None:
    odd = ['<a"b\\c@x>', "<ü@x>", "\\", '"', "<tab\there@x>"]
    with (folder / "2026-11-26/worker-1.jsonl").open("a") as file:
        for number, name in enumerate(odd):
            file.write(json.dumps({"event": "x", "submission": f"odd{number}", "message_id": name}, separators=(",", ":"), ensure_ascii=False) + "\n")
    index.build(folder / "2026-11-26", is_over=indexed)
    names = [*odd, *(f"<{number}@x>" for number in range(480, 520)), "<none@x>", "reason", ""]
    alone = {one for name in names for one in found(folder, name)}
    assert {f"odd{number}" for number in range(len(odd))} | {f"s{number}" for number in range(480, 520)} == alone
    assert sorted(alone) == found(folder, *names)
