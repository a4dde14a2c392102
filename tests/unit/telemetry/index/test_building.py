"""Parts cover each stretch once, few are left in the end, and a process that is killed in the middle leaves nothing that counts twice."""

import json
import random
from pathlib import Path

import pytest

from mailstead.telemetry.index import building, find
from mailstead.telemetry.index.files import parts, places

STRETCH = 1_000


@pytest.fixture
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(building, "STRETCH", STRETCH)
    path = tmp_path / "2026-11-26" / "worker-0.jsonl"
    path.parent.mkdir()
    return path


def write(path: Path, count: int, start: int = 0) -> None:
    with path.open("ab") as file:
        for number in range(start, start + count):
            one = {"event": "x", "submission": f"s{number}", "message_id": f"<{number}@x>", "forward_path": f"to{number % 11}@y.example"}
            file.write(json.dumps(one, separators=(",", ":")).encode() + b"\n")


def whole(path: Path) -> None:
    """What the parts cover has no gap and no overlap."""
    known = parts(path)
    assert [part.start for part in known] == [0, *(part.end for part in known)][: len(known)]


def seen(path: Path, *names: str) -> list[str]:
    return [str(event["submission"]) for _, event in find(path.parent.parent, names)]


@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize("count", [1, 20, 300, 3_000])
def test_few_parts_are_left_and_all_is_found(events: Path, count: int, is_over: bool) -> None:
    chance = random.Random(count)
    written = 0
    while written < count:
        more = min(count - written, chance.randrange(1, 200))
        write(events, more, written)
        written += more
        building.build(events.parent)
    building.build(events.parent, is_over=is_over)
    known = parts(events)
    whole(events)
    size = events.stat().st_size
    if is_over:
        assert known[-1].end == size
        assert len(known) <= size // (STRETCH * building.JOINED**2 // 2) + 2
    else:
        assert size - (known[-1].end if known else 0) < STRETCH
        assert len(known) <= size // (STRETCH * building.JOINED // 2) + 2 * building.JOINED
    assert len(list(events.parent.glob("*"))) == 1 + len(known)
    for number in {0, count // 2, count - 1}:
        assert seen(events, f"s{number}") == seen(events, f"<{number}@x>") == [f"s{number}"]
    assert sorted(seen(events, "to3@y.example")) == sorted(f"s{number}" for number in range(3, count, 11))


def test_a_joined_part_says_what_its_parts_said(events: Path) -> None:
    write(events, 400)
    for _ in range(building.JOINED - 1):
        assert building.build(events.parent, limit=1) == 1
    before = parts(events)
    keys = [number << 40 for number in range(1, 1 << 20, 4_001)]
    said = sorted(at for part in before for at in places(part, keys))
    assert building.build(events.parent, limit=1) == 1
    (after,) = parts(events)
    assert len(before) == building.JOINED - 1
    assert said == [at for at in places(after, keys) if at < before[-1].end]


def test_what_was_joined_and_left_behind_counts_once_and_goes(events: Path) -> None:
    write(events, 400)
    building.build(events.parent, limit=building.JOINED - 1)
    left = {part.path: part.path.read_bytes() for part in parts(events)}
    building.build(events.parent, limit=1)
    for path, octets in left.items():
        path.write_bytes(octets)
    assert len(parts(events)) == 1
    assert seen(events, "s3") == ["s3"]
    building.build(events.parent, limit=0)
    assert not any(path.exists() for path in left)


def test_days_that_are_too_old_go(tmp_path: Path, events: Path) -> None:
    write(events, 3)
    (tmp_path / "2026-11-20").mkdir()
    (tmp_path / "not a day").mkdir()
    assert building.prune(tmp_path, "2026-11-26") == 1
    assert building.prune(tmp_path / "nowhere", "2026-11-26") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2026-11-26", "not a day"]
