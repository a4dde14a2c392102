"""The process that fetches remote pictures: what it may, its end, and what becomes of questions when it dies."""

import asyncio
import os
import signal
import ssl
import sys
from pathlib import Path

import pytest

from mailstead.app import confinement, pictures
from mailstead.app.pictures import Pictures
from mailstead.model.errors import Unavailable

SAYS = """
import asyncio, os, socket, sys
from mailstead.app import pictures
from mailstead.model.errors import Unavailable
pictures.confine(["/proc/self"])
async def fetch(url):
    match url.rpartition("/")[2]:
        case "none":
            raise Unavailable("Not there", "the answer was 404")
        case "never":
            await asyncio.sleep(3600)
        case "write":
            try:
                with open(sys.argv[1] + "/written", "wb") as file:
                    file.write(b"x")
                    file.flush()
                return b"written"
            except OSError as exc:
                return b"no file: " + type(exc).__name__.encode()
        case "read":
            try:
                return open(sys.argv[1] + "/mail", "rb").read()
            except OSError as exc:
                return b"no file: " + type(exc).__name__.encode()
        case "authorities":
            import ssl
            return b"%d" % len(ssl.create_default_context().get_ca_certs())
        case "module":
            import wave
            return wave.__name__.encode()
        case "environment":
            return ",".join(sorted(set(os.environ) - {"PYTHONPATH", "LC_CTYPE", "SSL_CERT_FILE", "SSL_CERT_DIR"})).encode()
        case "privileges":
            return next(line for line in open("/proc/self/status") if line.startswith("NoNewPrivs")).split()[1].encode()
        case "files":
            return ",".join(sorted(os.listdir("/proc/self/fd"), key=int)).encode()
        case "large":
            return b"x" * 3_000_000
    return url.encode() * 2
asyncio.run(pictures.serve(socket.socket(fileno=int(sys.argv[-1])), fetch))
"""


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    return [sys.executable, "-c", SAYS, str(tmp_path)]


async def _is_over(pid: int) -> bool:
    for _ in range(500):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        await asyncio.sleep(0.02)
    return False


async def test_what_is_there_comes_and_what_is_not_is_said(command: list[str]) -> None:
    found = Pictures(command)
    answers = await asyncio.gather(*(found.fetch(f"https://a.test/{n}") for n in range(50)), found.fetch("https://a.test/large"))
    assert [f"https://a.test/{n}".encode() * 2 for n in range(50)] == answers[:-1]
    assert 3_000_000 == len(answers[-1])
    with pytest.raises(Unavailable) as refused:
        await found.fetch("https://a.test/none")
    assert "the answer was 404" == refused.value.cause
    pid = found.pid
    assert pid is not None
    assert pid != os.getpid()
    found.end()
    assert await _is_over(pid)


async def test_what_the_process_may(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    found = Pictures(command)
    try:
        (tmp_path / "mail").write_bytes(b"mail")
        assert (await found.fetch("/write")).startswith(b"no file: ")
        if confinement.has_landlock():
            assert b"no file: PermissionError" == await found.fetch("/read")
        assert not (tmp_path / "written").exists() or (tmp_path / "written").stat().st_size == 0
        assert b"%d" % len(ssl.create_default_context().get_ca_certs()) == await found.fetch("/authorities")
        assert b"wave" == await found.fetch("/module")
        assert b"" == await found.fetch("/environment")
        if Path("/proc/self/status").exists():
            assert b"1" == await found.fetch("/privileges")
            assert len((await found.fetch("/files")).split(b",")) < 10  # its loop's own, and the socket
    finally:
        found.end()


async def test_a_process_that_dies_is_replaced(command: list[str]) -> None:
    found = Pictures(command)
    await found.fetch("a")
    first = found.pid
    assert first is not None
    waiting = asyncio.create_task(found.fetch("/never"))
    await asyncio.sleep(0.05)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(Unavailable):
        await waiting
    assert await _is_over(first)
    assert b"bb" == await found.fetch("b")
    assert first != found.pid
    found.end()


async def test_one_that_is_silent_is_not_waited_for_and_one_that_rests_goes(command: list[str]) -> None:
    found = Pictures(command, timeout_s=2.0, idle_s=0.05)
    await found.fetch("a")
    pid = found.pid
    assert pid is not None
    assert await _is_over(pid)
    assert found.pid is None
    with pytest.raises(Unavailable):
        await found.fetch("/never")
    assert b"aa" == await found.fetch("a")
    found.end()


async def test_the_real_one_calls_nobody_in_our_own_network() -> None:
    found = pictures.of_settings(())
    try:
        with pytest.raises(Unavailable) as refused:
            await found.fetch("http://127.0.0.1:80/x.png")
        assert refused.value.cause not in {"the helper has ended", "the helper does not answer"}
    finally:
        found.end()


async def test_what_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await Pictures([str(tmp_path / "none")]).fetch("a")
    with pytest.raises(Unavailable):
        await Pictures([sys.executable, "-c", "import os, sys; os.write(int(sys.argv[1]), b'\\xff' * 9)"]).fetch("a")
