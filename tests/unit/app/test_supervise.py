"""The process family: started, killed, told to reload, told to stop."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.app.family import SCRIPT, Family

from mailstead.app import control
from mailstead.model.errors import Refusal, Unavailable
from mailstead.net import run


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Family]:
    made = Family(tmp_path)
    try:
        yield made.ready()
    finally:
        made.end()


def ask(folder: Path, name: str, seen: list[object] | None = None, /, **arguments: object) -> object:
    async def main() -> object:
        stream = await control.reach(folder)
        assert stream is not None
        try:
            result: object = await control.ask(
                stream, name, dict(arguments), lambda *words: seen.append(words) if seen is not None else None
            )
            return result
        finally:
            await stream.close()

    return run(main)


def test_metrics_are_the_sum_over_all_workers_and_the_end_is_in_order(family: Family) -> None:
    text = family.get("/metrics").decode()
    assert 'mailstead_events_total{event="worker.started"} 2' in text or "worker" in text
    assert {"status": "ok", "workers_missing": []} == json.loads(family.get("/healthz"))
    with pytest.raises(urllib.error.HTTPError):
        family.get("/nothing")
    assert 0 == family.stop()


def test_the_control_socket_carries_operations(family: Family) -> None:
    seen: list[object] = []
    assert {"findings": ["1:hello", "True"]} == ask(family.folder, "verify", seen, repair=True)
    assert [("shards", 1, 2)] == seen
    assert [{"name": "example.test"}] == ask(family.folder, "domain_list")
    with pytest.raises(Refusal, match="there already"):
        ask(family.folder, "domain_add", name="x.test")
    with pytest.raises(Refusal, match="no operation"):
        ask(family.folder, "explode")
    assert 0o600 == control.socket_path(family.folder).stat().st_mode & 0o777


def test_a_dead_worker_is_replaced(family: Family) -> None:
    before = family.children()
    os.kill(before[1], signal.SIGKILL)
    family.until("worker.died")
    assert {"findings": ["1:hello", "False"]} == ask(family.folder, "verify")  # waits for the new one
    assert before[0] in family.children()
    assert before[1] not in family.children()
    with pytest.raises(Unavailable):
        ask(family.folder, "account_show", address="die@example.test")  # kills worker 0 in the middle
    deadline = time.monotonic() + 10
    while not family.is_healthy():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert before[0] not in family.children()
    assert {"findings": ["1:hello", "False"]} == ask(family.folder, "verify")
    assert 0 == family.stop()


def test_a_reload_reads_settings_and_a_bad_one_changes_nothing(family: Family) -> None:
    family.settings.write_text("nonsense")
    family.process.send_signal(signal.SIGHUP)
    family.until("settings.failed")
    family.settings.write_text('[log]\nlevel = "debug"\n')
    family.process.send_signal(signal.SIGHUP)
    family.until("settings.reloaded")
    assert 2 == len(family.children())
    assert 0 == family.stop()


def test_workers_without_a_supervisor_leave(family: Family) -> None:
    workers = family.children()
    family.process.kill()
    family.process.wait()
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}/stat").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text() for pid in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_new_server_follows_a_killed_supervisor_at_once(family: Family) -> None:
    family.process.kill()
    family.process.wait()
    family.again().ready()
    assert {"findings": ["1:hello", "False"]} == ask(family.folder, "verify")
    assert 0 == family.stop()


def test_a_second_server_is_refused(family: Family) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(family.folder), "1"], capture_output=True, text=True, timeout=30, check=False
    )
    assert 1 == done.returncode
    assert f"process {family.process.pid}" in done.stderr


def test_a_store_that_cannot_open_ends_the_start(tmp_path: Path) -> None:
    family = Family(tmp_path, FAIL="always")
    try:
        assert 1 == family.process.wait(20)
        assert "the disk is on fire" in family.log.read_text()
    finally:
        family.end()


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    family = Family(tmp_path)
    try:
        family.ready()
        other = tmp_path / "other"
        other.mkdir()
        (other / "mailstead.toml").write_text(family.settings.read_text())
        done = subprocess.run([sys.executable, str(SCRIPT), str(other), "1"], capture_output=True, text=True, timeout=30, check=False)
        assert 1 == done.returncode
        assert f"metrics cannot listen on 127.0.0.1:{family.port}" in done.stderr
    finally:
        family.end()


def test_systemd_is_told(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(20)
        family = Family(tmp_path, workers=1, NOTIFY_SOCKET=str(tmp_path / "notify"))
        try:
            assert b"READY=1" == heard.recv(100)
            assert 0 == family.ready().stop()
            assert b"STOPPING=1" == heard.recv(100)
        finally:
            family.end()
