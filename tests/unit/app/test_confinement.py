"""What a confined process can no longer do, tried in one."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mailstead.app import confinement

TRIED = """
import json, os, resource, signal, socket, sys
from mailstead.app import confinement
kept, parent, control = sys.argv[1], int(sys.argv[2]), sys.argv[3]
found = {}
def tried(name, deed):
    try:
        found[name] = deed()
    except OSError as exc:
        found[name] = type(exc).__name__
confinement.no_new_privileges()
pair = socket.socketpair()
STEP
tried("reads", lambda: open(kept).read())
tried("lists", lambda: len(os.listdir(os.path.dirname(kept))))
tried("writes", lambda: open(os.path.dirname(kept) + "/new", "w").close())
tried("code", lambda: bool(open(confinement.__file__).read()))
tried("signals", lambda: os.kill(parent, 0))
def called(family, at):
    with socket.socket(family) as one:
        one.connect(at)
tried("control", lambda: called(socket.AF_UNIX, control))
def listened():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return True
tried("network", listened)
tried("pair", lambda: pair[0].send(b"x"))
def started():
    pid = os.fork()
    if not pid:
        try:
            os.execv(sys.executable, [sys.executable, "-c", ""])
        except OSError:
            os._exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
tried("starts", started)
found["user"] = os.getuid()
print(json.dumps(found))
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A directory like the server's: its own alone, with something to read in it."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (folder / "mail").write_text("mail")
    (folder / "mail").chmod(0o600)
    return folder


def tried(step: str, data: Path) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as control:
        control.bind(str(data / "c"))
        control.listen()
        done = subprocess.run(
            [sys.executable, "-c", TRIED.replace("STEP", step), str(data / "mail"), str(os.getpid()), str(data / "c")],
            capture_output=True, check=True, text=True, timeout=60)
    (data / "c").unlink()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_without_a_step_all_of_it_can_be_done(data: Path) -> None:
    assert {
        "reads": "mail", "lists": 2, "writes": None, "code": True, "signals": None, "control": None, "network": True, "pair": 1, "starts": 0,
        "user": os.getuid()} == tried("", data)


def test_only_code_is_read(data: Path) -> None:
    found = tried("found['step'] = confinement.only_read(confinement.readable())", data)
    if not found["step"]:
        pytest.skip("this system has no Landlock")
    assert ("PermissionError", "PermissionError", "PermissionError", True) == tuple(found[name] for name in ("reads", "lists", "writes", "code"))
    assert (7, True, 1) == (found["starts"], found["network"], found["pair"])
    assert not (data / "new").exists()


def test_nothing_is_started_signalled_or_called_beside_the_network(data: Path) -> None:
    found = tried("found['step'] = confinement.only_network()", data)
    if not found["step"]:
        pytest.skip("this machine's calls are not known")
    assert ("PermissionError", "PermissionError", 7) == (found["signals"], found["control"], found["starts"])
    assert (True, 1, "mail") == (found["network"], found["pair"], found["reads"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another's place to go to")
def test_root_becomes_nobody_where_nobody_can_read_the_code(data: Path) -> None:
    found = tried("found['step'] = confinement.drop_root(['/usr', '/etc/passwd'])", data)
    assert (True, confinement.NOBODY, "PermissionError") == (found["step"], found["user"], found["reads"])
    found = tried("found['step'] = confinement.drop_root(['/usr', kept])", data)
    assert (False, 0, "mail") == (found["step"], found["user"], found["reads"])


def test_limits_are_never_raised() -> None:
    said = subprocess.run([sys.executable, "-c", (
        "import resource as r; from mailstead.app.confinement import bound\n"
        "bound([(r.RLIMIT_FSIZE, 100)]); bound([(r.RLIMIT_FSIZE, 200), (r.RLIMIT_CPU, 50)]); print(r.getrlimit(r.RLIMIT_FSIZE), r.getrlimit(r.RLIMIT_CPU))")],
        capture_output=True, check=True, text=True, timeout=60).stdout
    assert "(100, 100) (50, 50)" == said.strip()
