"""One worker: a loop, its part of the store, listeners. Forked by the supervisor, which has bound the sockets.

Pipes to the supervisor: one octet ``R`` says that every listener accepts, ``D`` that the last connection is gone. The
*life* pipe is never written to; its end means, after ``D``, that all workers have drained and the store may be closed,
and before it that the supervisor is gone: then this worker drains for ``ORPHAN_GRACE_S`` and exits (DECISIONS 7).
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mailstead import telemetry
from mailstead.app import memory
from mailstead.app.config import Settings, SettingsError
from mailstead.app.node import Node
from mailstead.model.errors import Unavailable
from mailstead.net import ServerTls, run

GRACE_S: Final = 25.0
ORPHAN_GRACE_S: Final = 5.0
CLOSE_S: Final = 30.0
EXIT_FATAL: Final = 3
"""Exit code that tells the supervisor not to try again."""
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True)
class Start:
    """What the supervisor hands to a worker."""

    data: Path
    settings: Settings
    worker: int
    workers: int
    sockets: Mapping[str, Sequence[socket.socket]]
    tls: ServerTls
    say: int
    life: int
    reload: Callable[[], tuple[Settings, list[str]]]
    """Reads settings and certificates again; the second value says what needs a restart."""


def run_worker(start: Start) -> int:
    """Be a worker until told to stop. Called in the forked child with ``SIGNALS`` blocked; returns the exit code."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    memory.give_back()
    log = start.settings.log
    telemetry.start(worker=start.worker, level=log.level, form=log.format, folder=start.data / "events")
    try:
        return run(lambda: _main(start))
    except Unavailable as exc:
        telemetry.event("worker.failed", reason=exc.cause or exc.public)
        return EXIT_FATAL
    except Exception as exc:
        telemetry.defect("worker", exc)
        return 1
    finally:
        telemetry.stop()


def _loop_failed(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What nobody awaited. The network's doing (handshakes with garbage, resets) is counted; the rest is a defect."""
    exc = context.get("exception")
    if isinstance(exc, OSError):
        telemetry.count("connections.failed")
    else:
        telemetry.defect("loop", exc or RuntimeError(context.get("message", "")), message=str(context.get("message", "")))


def _say(start: Start, word: bytes) -> None:
    """A supervisor that is gone does not hear it; the life pipe tells."""
    with contextlib.suppress(BrokenPipeError):
        os.write(start.say, word)


async def _main(start: Start) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    orphaned = asyncio.Event()
    node = Node(start.data, start.settings, start.worker, start.workers, start.sockets, start.tls)

    def hung_up() -> None:
        loop.remove_reader(start.life)
        orphaned.set()
        stop.set()

    def reload() -> None:
        try:
            settings, warnings = start.reload()
        except (SettingsError, OSError) as exc:
            telemetry.event("settings.failed", reason=str(exc))
            return
        node.reload(settings)
        telemetry.start(worker=start.worker, level=settings.log.level, form=settings.log.format, folder=start.data / "events")
        if start.worker == 0:
            telemetry.event("settings.reloaded", reason="; ".join(warnings))

    loop.set_exception_handler(_loop_failed)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)  # the supervisor hears it too, and decides
    loop.add_signal_handler(signal.SIGHUP, reload)
    loop.add_reader(start.life, hung_up)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    starting = asyncio.ensure_future(node.start())
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        return 0
    await starting
    tidying = loop.create_task(memory.tidy())
    _say(start, b"R")
    telemetry.event("worker.started", workers=start.workers)
    await stopping
    await node.drain(ORPHAN_GRACE_S if orphaned.is_set() else GRACE_S)
    if not orphaned.is_set():
        _say(start, b"D")
        try:
            async with asyncio.timeout(GRACE_S + ORPHAN_GRACE_S):
                await orphaned.wait()
        except TimeoutError:
            pass
    async with asyncio.timeout(CLOSE_S):
        await node.close()
    tidying.cancel()
    telemetry.event("worker.stopped", reason="told to")
    return 0
