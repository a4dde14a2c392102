"""The supervisor: binds ports, keeps workers alive, passes signals on. Parses nothing from the network.

A plain synchronous process without threads, so that forking is safe. TLS contexts are made before the fork: all workers
share their ticket keys. A worker that dies is replaced at once, and ever more slowly when it keeps dying within a second;
one that says it cannot work at all (``EXIT_FATAL``), or a first start that fails ``START_TRIES`` times, ends the server.

SIGTERM, SIGINT: workers drain, then close, exit 0. SIGHUP: settings and certificates anew; listeners stay as they are.
"""

import errno
import fcntl
import gc
import os
import pwd
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from mailstead import telemetry
from mailstead.app.certificates import certificates
from mailstead.app.config import NOT_BUILT, SERVICES, Settings, SettingsError, load
from mailstead.app.worker import EXIT_FATAL, GRACE_S, SIGNALS, Start, run_worker
from mailstead.net import ServerTls, bind

START_TRIES: Final = 3
_BACK_OFF_MAX_S: Final = 10.0
_YOUNG_S: Final = 1.0
_PORT_WAIT_S: Final = 2.0
_ORPHANS_WAIT_S: Final = 30.0
"""Workers whose supervisor was killed let go of their ports when they notice, and of their shards when they have drained."""
_KILL_AFTER_S: Final = GRACE_S + 35.0


class StartError(Exception):
    """One sentence that says what to do."""


@dataclass
class _Worker:
    index: int
    pid: int = 0
    say: int = -1
    started_at: float = 0.0
    start_at: float = 0.0
    """When a dead one is to be started again."""
    is_ready: bool = False
    was_ready: bool = False
    is_drained: bool = False
    early_deaths: int = 0


@dataclass
class Supervisor:
    """One server. ``on_ready`` is called once, before ``mailstead: ready`` is printed."""

    data: Path
    config: Path
    settings: Settings
    workers: int
    on_ready: Callable[[], None] = lambda: None
    _children: list[_Worker] = field(default_factory=list)
    _is_stopping: bool = False
    _exit_code: int = 0

    def run(self) -> int:
        """Serve until told to stop; returns the exit code. Raises ``StartError``."""
        run = self.data / "run"
        run.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _lock(run / "supervisor.lock")
        self._tls = ServerTls(certificates(self.data, self.settings))
        for service in sorted(NOT_BUILT):
            if getattr(self.settings.listen, service):
                self._tell("service.skipped", service=service, reason="not built yet")
        self._sockets = bind_all(self.settings, self.workers, wait_s=_ORPHANS_WAIT_S if _has_orphans(run) else _PORT_WAIT_S)
        _drop_privileges(self.settings.user, self.data)
        self._lock = lock
        self._life, self._life_end = os.pipe()
        self._wake, wake_end = os.pipe()
        for end in (self._wake, wake_end):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
        self._wake_end = wake_end
        for number in (*SIGNALS, signal.SIGCHLD):
            signal.signal(number, _heard)
        _raise_file_limit()
        gc.collect()
        gc.freeze()  # what is there now stays, in pages that all workers share
        self._children = [_Worker(index) for index in range(self.workers)]
        for child in self._children:
            self._fork(child)
        self._is_announced = False
        self._deadline = 0.0
        while any(child.pid for child in self._children) or not self._is_stopping:
            self._turn()
        lock.close()
        close_all(self._sockets)
        return self._exit_code

    # ------------------------------------------------------------------------------------------------ children
    def _fork(self, child: _Worker) -> None:
        hear, say = os.pipe()
        os.set_blocking(hear, False)
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = self._be_worker(child, hear, say)
            finally:
                sys.stderr.flush()
                os._exit(code)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        os.close(say)
        child.pid, child.say, child.started_at, child.start_at = pid, hear, time.monotonic(), 0.0
        child.is_ready = child.is_drained = False

    def _be_worker(self, child: _Worker, hear: int, say: int) -> int:
        for end in (hear, self._life_end, self._wake, self._wake_end):
            os.close(end)
        signal.set_wakeup_fd(-1)
        self._lock.close()
        for other in self._children:
            if other.say >= 0:
                os.close(other.say)
        mine = self._sockets[child.index]
        kept = {sock for sockets in mine.values() for sock in sockets}
        # What is another worker's must not stay open here, or the kernel goes on sending connections to it.
        close_all([bound for bound in self._sockets if bound is not mine], kept)
        start = Start(
            self.data, self.settings, child.index, self.workers, mine, self._tls, say, self._life, self._reload
        )
        return run_worker(start)

    def _reload(self) -> tuple[Settings, list[str]]:
        fresh = load(self.config)
        self._tls.reload(certificates(self.data, fresh))
        warnings = ["[listen] takes effect at the next start"] if fresh.listen != self.settings.listen else []
        self.settings = fresh
        return fresh, warnings

    def _tell(self, name: str, **fields: "str | int") -> None:
        """An event of the supervisor, under the number after the last worker's. Nothing runs between two of them: a
        thread at the moment of a fork would be half a thread in the child."""
        log = self.settings.log
        telemetry.start(worker=self.workers, level=log.level, form=log.format, folder=self.data / "events")
        telemetry.event(name, level=0, **fields)
        telemetry.stop()

    # ------------------------------------------------------------------------------------------------ the loop
    def _turn(self) -> None:
        now = time.monotonic()
        due = [child.start_at for child in self._children if not child.pid and child.start_at]
        ends = [self._deadline] if self._deadline else []
        wait = max(0.0, min([*due, *ends], default=now + 60.0) - now)
        hear = [child.say for child in self._children if child.say >= 0]
        readable, _, _ = select.select([self._wake, *hear], [], [], wait)
        if self._wake in readable:
            for number in os.read(self._wake, 512):
                self._on_signal(number)
        for child in self._children:
            if child.say in readable:
                self._on_word(child)
        self._reap()
        now = time.monotonic()
        if self._is_stopping:
            if self._life_end >= 0 and all(child.is_drained or not child.pid for child in self._children):
                os.close(self._life_end)
                self._life_end = -1
            if self._deadline and now >= self._deadline:
                self._deadline = 0.0
                self._send(signal.SIGKILL)
                self._exit_code = 1
            return
        for child in self._children:
            if not child.pid and child.start_at <= now:
                self._fork(child)

    def _on_word(self, child: _Worker) -> None:
        try:
            words = os.read(child.say, 64)
        except BlockingIOError:
            return
        if not words:
            os.close(child.say)
            child.say = -1
        if b"R" in words:
            child.is_ready = child.was_ready = True
            if not self._is_announced and all(each.is_ready for each in self._children):
                self._is_announced = True
                self.on_ready()
                print("mailstead: ready", flush=True)  # noqa: T201 - INTERFACE
                notify("READY=1")
        if b"D" in words:
            child.is_drained = True

    def _on_signal(self, number: int) -> None:
        if number in {signal.SIGTERM, signal.SIGINT} and not self._is_stopping:
            self._stop(0)
        elif number == signal.SIGHUP and not self._is_stopping:
            notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
            try:
                self._reload()
            except (SettingsError, OSError) as exc:
                self._tell("settings.failed", reason=str(exc))
            else:
                self._send(signal.SIGHUP)
            notify("READY=1")

    def _stop(self, code: int) -> None:
        self._is_stopping = True
        self._exit_code = code
        self._deadline = time.monotonic() + _KILL_AFTER_S
        notify("STOPPING=1")
        close_all(self._sockets)
        self._send(signal.SIGTERM)

    def _send(self, number: int) -> None:
        for child in self._children:
            if child.pid:
                os.kill(child.pid, number)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for child in self._children:
                if child.pid == pid:
                    self._on_death(child, os.waitstatus_to_exitcode(status))

    def _on_death(self, child: _Worker, code: int) -> None:
        if child.say >= 0:
            os.close(child.say)
        pid, child.pid, child.say, child.is_ready = child.pid, 0, -1, False
        if self._is_stopping:
            if code:
                self._tell("worker.died", index=child.index, pid=pid, code=code)
                self._exit_code = self._exit_code or 1
            return
        now = time.monotonic()
        child.early_deaths = child.early_deaths + 1 if now - child.started_at < _YOUNG_S or not child.was_ready else 0
        self._tell("worker.died", index=child.index, pid=pid, code=code, early_deaths=child.early_deaths)
        if code == EXIT_FATAL or (not child.was_ready and child.early_deaths >= START_TRIES):
            self._stop(1)
            return
        delay = min(_BACK_OFF_MAX_S, 0.25 * 2 ** (child.early_deaths - 2)) if child.early_deaths > 1 else 0.0
        child.start_at = now + delay


def _heard(_number: int, _frame: object) -> None:
    """The wake-up pipe carries the number; the loop acts on it."""


# ---------------------------------------------------------------------------------------------------- before the fork
def _lock(path: Path) -> IO[str]:
    """Held while the supervisor lives; workers let go of it. Raises ``StartError`` when another server has it."""
    file = path.open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        pid = file.read().strip()
        file.close()
        raise StartError(f"a server runs on {path.parent.parent} already (process {pid}); stop it first.") from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


Bound = dict[str, list[socket.socket]]
"""Listening sockets by service."""


def _has_orphans(run: Path) -> bool:
    """Whether a worker of an earlier supervisor still holds a part of the store."""
    for path in run.glob("*.lock"):
        if path.name != "supervisor.lock":
            with path.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return True
    return False


def bind_all(settings: Settings, workers: int, *, wait_s: float = _PORT_WAIT_S) -> list[Bound]:
    """For each worker a bound socket for every address of every service that is built; a port that is taken may become free
    within ``wait_s``. Raises ``StartError``.

    TCP ports get a socket a worker (decision 13); a Unix socket is one for all.
    """
    bound: list[Bound] = [{} for _ in range(workers)]
    deadline = time.monotonic() + wait_s
    for service in SERVICES:
        addresses: tuple[str, ...] = getattr(settings.listen, service)
        if service in NOT_BUILT:
            continue
        for address in addresses:
            try:
                sockets = _bind_patiently(address, deadline, workers)
            except OSError as exc:
                close_all(bound)
                raise StartError(
                    f"{service} cannot listen on {address}: {exc.strerror}; choose another one in [listen] or end what uses it."
                ) from exc
            for worker, sock in enumerate(sockets):
                bound[worker].setdefault(service, []).append(sock)
    return bound


def close_all(bound: Sequence[Bound], kept: Collection[socket.socket] = ()) -> None:
    """Close these sockets but for ``kept``."""
    for services in bound:
        for sockets in services.values():
            for sock in sockets:
                if sock not in kept:
                    sock.close()


def _bind_patiently(address: str, deadline: float, workers: int) -> list[socket.socket]:
    """A socket a worker."""
    # Alone first: a port that somebody else shares must not be shared with them.
    first = _bind_alone(address, deadline)
    if workers == 1 or address.startswith("unix:"):
        return [first] * workers
    port = first.getsockname()[1]
    first.close()
    host = address.rpartition(":")[0]
    return [bind(f"{host}:{port}", share=True) for _ in range(workers)]


def _bind_alone(address: str, deadline: float) -> socket.socket:
    while True:
        try:
            return bind(address)
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
                raise
            time.sleep(0.05)


def _drop_privileges(user: str, data: Path) -> None:
    """Become ``user`` when started as root and there is such a user."""
    if os.geteuid() != 0 or not user:
        return
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return
    if data.stat().st_uid != entry.pw_uid:
        for path in [data, *data.rglob("*")]:
            os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)
    os.initgroups(user, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def _raise_file_limit() -> None:
    """A connection is a file; take as many as we may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, 1 << 20) if hard != resource.RLIM_INFINITY else 1 << 20
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def notify(text: str) -> None:
    """Tell the service manager (sd_notify), when there is one that asked."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        try:
            sock.sendto(text.encode(), "\0" + address[1:] if address.startswith("@") else address)
        except OSError as exc:
            telemetry.event("notify.failed", reason=str(exc))
