"""Named events and counters: the only door to logging and metrics.

Every decision about a message is one structured event: a dotted name that ends in a past participle, and fields that
name the message, the actor and the reason. Log, metrics, the event files (and with them ``trace`` and the audit log) all
read this one stream; nothing else in mailstead logs.

An event costs its caller about two microseconds: it is stamped, counted and put on a list. A thread of the process
writes the list out at most a second later, or at once for warnings and errors (``recorder``). An audit event is on disk
before ``audit`` returns (DECISIONS 15). Counters are plain integers in a dict; the workers' dicts are added up when
somebody scrapes.

Fields are ids, addresses, octets and reasons. Passwords, SASL payloads and message content never come here; as a second
net, fields with a telling name are blanked and long or strange values are cut (``record``).
"""

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailstead.telemetry.counters import Counters, Snapshot
from mailstead.telemetry.record import ERROR, Field
from mailstead.telemetry.recorder import Recorder

__all__ = ["audit", "capture", "count", "defect", "event", "flush", "gauge", "snapshot", "start", "stop"]

_counters = Counters()
_recorder = Recorder(_counters)
os.register_at_fork(after_in_child=_counters.forget)
os.register_at_fork(after_in_child=_recorder.forget)

count = _counters.count
gauge = _counters.gauge
event = _recorder.event
audit = _recorder.audit
flush = _recorder.flush


def start(*, worker: int = 0, level: str = "info", form: str = "text", folder: Path | None = None) -> None:
    """Write events of this process from now on: to standard error and, with ``folder``, to its event files.

    Call it after the fork. ``level`` is ``debug``, ``info``, ``warning`` or ``error`` and concerns the log only; ``form``
    is ``text`` or ``json``. May be called again to change settings.
    """
    _recorder.start(worker=worker, level=level, form=form, folder=folder)


def stop() -> None:
    """Write what is still waiting and end the thread."""
    _recorder.stop()


def defect(where: str, exc: BaseException, **fields: Field) -> None:
    """A defect of ours, logged whole at once: ``where`` names the driver's edge that caught it.

    The traceback holds code lines and the exception's text, never local values.
    """
    trace = "".join(traceback.format_exception(exc))
    _recorder.event("defect.found", where=where, error=f"{type(exc).__name__}: {exc}", trace=trace, level=ERROR, **fields)


def snapshot() -> Snapshot:
    """A copy of this process's counters and gauges, to be added to those of others."""
    return _counters.snapshot()


@contextmanager
def capture() -> Iterator[list[tuple[str, dict[str, Field]]]]:
    """Collect (name, fields) of all events meanwhile, for tests."""
    seen: list[tuple[str, dict[str, Field]]] = []

    def note(name: str, fields: dict[str, Field]) -> None:
        seen.append((name, fields))

    _recorder.listeners.append(note)
    try:
        yield seen
    finally:
        _recorder.listeners.remove(note)
