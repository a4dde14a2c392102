import json
import os
import threading
from pathlib import Path

import pytest

from mailstead.telemetry.counters import Counters
from mailstead.telemetry.recorder import Recorder


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for path in sorted(folder.rglob("*.jsonl")) for line in path.read_bytes().splitlines()]


def test_events_go_to_the_day_s_file_of_the_worker(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    recorder = Recorder(Counters())
    recorder.start(worker=3, level="info", form="text", folder=tmp_path)
    recorder.event("message.filed", account="a1")
    recorder.event("smtp.connected", peer="192.0.2.1")
    recorder.stop()
    assert ["message.filed", "smtp.connected"] == [line["event"] for line in lines(tmp_path)]
    assert ["worker-3.jsonl"] == [path.name for path in tmp_path.rglob("*.jsonl")]
    err = capfd.readouterr().err
    assert "message.filed account=a1" in err
    assert "smtp.connected" not in err  # debug


def test_audit_is_in_the_file_when_it_returns(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    recorder = Recorder(Counters())
    recorder.start(worker=0, level="error", form="json", folder=tmp_path)
    recorder.audit("account.added", account="a1", by="admin")
    assert ["account.added"] == [line["event"] for line in lines(tmp_path)]
    recorder.stop()


def test_a_line_cut_off_by_a_kill_spoils_no_other(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    recorder = Recorder(Counters())
    recorder.start(worker=0, level="error", form="text", folder=tmp_path)
    recorder.audit("one.done")
    recorder.stop()
    (path,) = tmp_path.rglob("*.jsonl")
    path.write_bytes(path.read_bytes() + b'{"at":"20')
    recorder.start(worker=0, level="error", form="text", folder=tmp_path)
    recorder.audit("two.done")
    recorder.stop()
    whole = [json.loads(line)["event"] for line in path.read_bytes().splitlines() if line.endswith(b"}")]
    assert ["one.done", "two.done"] == whole


def test_a_disk_that_refuses_costs_events_and_says_so_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    blocked = tmp_path / "events"
    blocked.write_text("a file, not a folder")
    counters = Counters()
    recorder = Recorder(counters)
    recorder.start(worker=0, level="error", form="text", folder=blocked)
    for _ in range(3):
        recorder.event("message.filed")
        recorder.flush()
    with pytest.raises(OSError):
        recorder.audit("account.added")
    recorder.stop()
    assert 4 == counters.snapshot().counters["events.lost", ()]
    assert 1 == capfd.readouterr().err.count("cannot be written")


def test_before_start_only_errors_are_printed(capfd: pytest.CaptureFixture[str]) -> None:
    recorder = Recorder(Counters())
    recorder.event("message.filed")
    recorder.event("defect.found", error="boom")
    assert 1 == len(capfd.readouterr().err.splitlines())


def test_no_event_of_any_thread_is_lost(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    recorder = Recorder(Counters())
    recorder.start(worker=0, level="error", form="text", folder=tmp_path)

    def tell() -> None:
        for number in range(2000):
            recorder.event("message.filed", number=number)
            if number % 100 == 0:
                recorder.flush()

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.stop()
    assert 8000 == len(lines(tmp_path))


def test_a_forked_child_starts_empty(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    recorder = Recorder(Counters())
    recorder.start(worker=0, level="error", form="text", folder=tmp_path)
    recorder.event("parent.done")
    recorder.forget()
    recorder.event("child.done")  # not started: only counted
    recorder.flush()
    assert not list(tmp_path.rglob("*.jsonl"))
    assert os.path.isdir(tmp_path)
