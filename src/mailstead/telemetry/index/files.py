"""The files of the index.

An event file is cut into stretches, each of whole lines; each but the last has a *part*, ``worker-<i>.jsonl.<start>-<end>.keys``: the hashes of what its
events can be found by, sorted, and behind them, in the same order, the places of the lines from the stretch's beginning. Hashes are only a hint: a line
that is found is compared.
"""

import hashlib
import mmap
import os
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

KEYS: Final = ("submission", "message_id", "forward_path", "reverse_path")
"""Fields by which an event is found."""
FIELD: Final = re.compile(rb'"(?:submission|message_id|forward_path|reverse_path)":"([^"\\]*(?:\\.[^"\\]*)*)"')
_NAME: Final = re.compile(r"(worker-\d+\.jsonl)\.(\d+)-(\d+)\.keys")
_HASH: Final = 8
_PLACE: Final = 4
Event = dict[str, Any]


class Part(NamedTuple):
    """The index of a stretch."""

    path: Path
    start: int
    end: int

    @property
    def octets(self) -> int:
        """Of the stretch."""
        return self.end - self.start


def part_of(events: Path, start: int, end: int) -> Part:
    """What the part of a stretch is called."""
    return Part(events.with_name(f"{events.name}.{start}-{end}.keys"), start, end)


def parts(events: Path) -> list[Part]:
    """An event file's parts, each stretch once, in order."""
    found = []
    for path in events.parent.glob(f"{events.name}.*.keys"):
        match = _NAME.fullmatch(path.name)
        if match is not None:
            found.append(Part(path, int(match[2]), int(match[3])))
    found.sort(key=lambda part: (part.start, -part.end))
    whole: list[Part] = []
    for part in found:
        if not whole or part.start >= whole[-1].end:  # else what was joined is still there beside what it was joined into
            whole.append(part)
    return whole


def hashed(value: bytes) -> int:
    """What is kept of a key: equal for equal text, whatever its case."""
    return int.from_bytes(hashlib.blake2b(value.lower(), digest_size=_HASH).digest(), "big")


@contextmanager
def opened(part: Part) -> Iterator[tuple[memoryview, memoryview]]:
    """The hashes and the places of a part. Raises ``FileNotFoundError`` where it has been joined with others meanwhile."""
    with part.path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        count = size // (_HASH + _PLACE)
        if not count:
            yield memoryview(b"").cast("Q"), memoryview(b"").cast("I")
            return
        with (
            mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ) as whole, memoryview(whole) as view,
            view[: count * _HASH].cast("Q") as hashes, view[count * _HASH : count * (_HASH + _PLACE)].cast("I") as places,
        ):
            yield hashes, places


def places(part: Part, keys: Iterable[int]) -> list[int]:
    """Where in the event file lines may be that bear one of ``keys`` (hashes)."""
    found: set[int] = set()
    with opened(part) as (hashes, at_places):
        for key in keys:
            at = bisect_left(hashes, key)
            while at < len(hashes) and hashes[at] == key:
                found.add(part.start + at_places[at])
                at += 1
    return sorted(found)
