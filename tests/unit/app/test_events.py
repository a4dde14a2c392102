"""The keeper of the event files."""

import asyncio
import time
from pathlib import Path

import pytest

from mailstead import telemetry
from mailstead.app import events
from mailstead.service.reports.figures_sum import figures_sums
from mailstead.telemetry import index, sums
from mailstead.telemetry.record import INFO, Field, to_json


def day(ago: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() - ago * 86_400))


def write(folder: Path, ago: int, *, worker: int = 0, count: int = 100) -> Path:
    path = folder / day(ago) / f"worker-{worker}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    fields: dict[str, Field] = {"tenant": 1, "forward_path": "bob@there.example", "age_ms": 5, "submission": "s1"}
    with path.open("ab") as file:
        file.write(b"".join(to_json((time.time_ns(), "message.sent", INFO, fields), worker) for _ in range(count)))
    return path


def once(folder: Path, worker: int, keep_days: int) -> None:
    """What the keeper does every now and then."""
    events._round(folder, worker, keep_days, [figures_sums()])


def test_a_day_that_is_over_is_indexed_and_added_up_by_the_worker_that_wrote_it(tmp_path: Path) -> None:
    mine, others = write(tmp_path, 1), write(tmp_path, 1, worker=1)
    once(tmp_path, 0, 30)
    assert [mine.name] == sorted({path.name.partition(".jsonl")[0] + ".jsonl" for path in mine.parent.glob("*.keys")})
    assert mine.with_name(mine.name + ".figures.sum").exists()
    assert not others.with_name(others.name + ".figures.sum").exists()
    assert 100 == len(list(index.find(tmp_path, ["s1"], days=[day(1)], most=100)))
    assert 200 == figures_sums().of_day(mine.parent).destinations["1\tthere.example"].delivered


def test_today_waits_until_there_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, 0)
    once(tmp_path, 0, 30)
    assert [path] == list(path.parent.iterdir())
    monkeypatch.setattr(sums, "STRETCH", 1_000)
    monkeypatch.setattr("mailstead.telemetry.index.building.STRETCH", 1_000)
    once(tmp_path, 0, 30)
    assert path.with_name(path.name + ".figures.sum").exists()
    assert list(path.parent.glob("*.keys"))


@pytest.mark.parametrize(("worker", "left"), [(0, [0, 1]), (1, [0, 1, 9])])
def test_what_is_too_old_goes_by_the_first_worker(tmp_path: Path, worker: int, left: list[int]) -> None:
    for ago in (0, 1, 9):
        write(tmp_path, ago)
    once(tmp_path, worker, 5)
    assert sorted(day(ago) for ago in left) == sorted(path.name for path in tmp_path.iterdir())


async def test_a_disk_that_fails_is_an_event_and_not_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def failing(*_: object) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("no room")

    monkeypatch.setattr(events, "EVERY_S", 0.001)
    monkeypatch.setattr(events, "_round", failing)
    with telemetry.capture() as seen:
        task = asyncio.create_task(events.keep(tmp_path, 0, 30))
        async with asyncio.timeout(20):
            while len(calls) < 3:
                await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert ["no room"] == [fields["reason"] for name, fields in seen if name == "index.failed"]


def test_no_folder_is_no_trouble(tmp_path: Path) -> None:
    once(tmp_path / "none", 0, 30)
