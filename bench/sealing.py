"""``python -m bench.sealing``: what sealing at rest costs, apart from everything else (microseconds a message)."""

import os
import statistics
import time
from collections.abc import Callable

import zstandard

from bench.generator import message
from mailstead.mime.scan import scan
from mailstead.store.blob import record
from mailstead.store.seal import BODY, AccountKey

ROUNDS = 3_000


def microseconds(work: Callable[[], object]) -> float:
    """The median of one call."""
    took = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return statistics.median(took) * 1e6


def measure(size: int) -> str:
    """One line of figures."""
    key = AccountKey(1, 1, os.urandom(32))
    compressor = zstandard.ZstdCompressor(level=1)
    octets = message(1, size)[:-40] + os.urandom(20).hex().encode()
    found = scan(octets)
    meta = record.Meta(found.envelope, found.structure, found.parts, found.preview, found.message_id, ("INBOX",))
    sealed = list(record.frames(key, 7, octets))
    sealed_meta = record.sealed_meta(key, 7, meta)
    return (
        f"{size:6} octets: body compressed and sealed {microseconds(lambda: list(record.frames(key, 7, octets))):.1f}"
        f" (compression alone {microseconds(lambda: compressor.compress(octets)):.1f}),"
        f" opened {microseconds(lambda: [key.open(BODY, 7, frame, n) for n, frame in enumerate(sealed)]):.1f};"
        f" metadata sealed {microseconds(lambda: record.sealed_meta(key, 7, meta)):.1f},"
        f" opened {microseconds(lambda: record.open_meta(key, 7, sealed_meta)):.1f}"
    )


def main() -> None:
    """See the module's docstring."""
    for size in (4096, 50_000):
        print(measure(size))


if __name__ == "__main__":
    main()
