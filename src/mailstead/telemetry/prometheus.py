"""Counters in Prometheus's text form, version 0.0.4.

``smtp.connections`` becomes ``mailstead_smtp_connections_total``; a gauge keeps its name without ``_total``.
"""

import re

from mailstead.telemetry.counters import Snapshot

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_NOT_A_NAME = re.compile(r"[^a-zA-Z0-9_]")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def render(snapshot: Snapshot) -> bytes:
    """All metrics, sorted, one ``# TYPE`` line before each name."""
    lines: list[str] = []
    for source, kind, suffix in ((snapshot.counters, "counter", "_total"), (snapshot.gauges, "gauge", "")):
        previous = ""
        for (name, labels), value in sorted(source.items()):
            metric = "mailstead_" + _NOT_A_NAME.sub("_", name) + suffix
            if metric != previous:
                lines.append(f"# TYPE {metric} {kind}")
                previous = metric
            inner = ",".join(f'{_NOT_A_NAME.sub("_", label)}="{text.translate(_ESCAPES)}"' for label, text in labels)
            number = int(value) if value == int(value) else value
            lines.append(f"{metric}{{{inner}}} {number}" if inner else f"{metric} {number}")
    return ("\n".join(lines) + "\n").encode()
