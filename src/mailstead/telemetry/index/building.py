"""Making the index: a part for each stretch of about ``STRETCH`` octets, and ``JOINED`` neighbours of about one size joined into one, again and again.

So little is without an index, which has to be searched through, and few parts are to be asked. What is done at one time is small: sorting keeps the
interpreter to itself, and whoever serves mail in this process waits for that long.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from mailstead.telemetry.index.files import FIELD, Part, hashed, opened, part_of, parts

STRETCH: Final = 2 << 20
JOINED: Final = 16
_LEVELS: Final = 2
"""A part is joined so often at most."""
_SLICES: Final = 64
"""Parts are joined a range of hashes at a time."""


def build(folder: Path, *, is_over: bool = False, name: str = "worker-*.jsonl", limit: int = 1 << 30) -> int:
    """Index what is whole of a day's files (``is_over``: nothing more is written there); gives how many stretches were. At most ``limit``."""
    made = 0
    for path in sorted(folder.glob(name)):
        while made < limit:
            start = max((part.end for part in parts(path)), default=0)
            end = _end_of_stretch(path, start, is_over=is_over)
            if end <= start:
                break
            _build_one(path, start, end)
            made += 1
        _join(path, is_over=is_over)
    return made


def _end_of_stretch(path: Path, start: int, *, is_over: bool) -> int:
    size = path.stat().st_size
    if size - start < STRETCH:
        return size if is_over else start
    with path.open("rb") as file:
        file.seek(start + STRETCH)
        file.readline()
        return file.tell()


def _build_one(path: Path, start: int, end: int) -> None:
    with path.open("rb") as file:
        file.seek(start)
        octets = file.read(end - start)
    pairs: list[int] = []
    known: dict[bytes, int] = {}
    at = 0
    for line in octets.splitlines(keepends=True):
        for value in set(FIELD.findall(line)):
            if value:
                key = known.get(value)
                if key is None:
                    key = known[value] = hashed(value)
                pairs.append(key << 32 | at)
        at += len(line)
    pairs.sort()
    _write(part_of(path, start, end), [pairs])


def _write(part: Part, pieces: Sequence[list[int]]) -> None:
    new = part.path.with_suffix(".new")
    with new.open("wb") as out:
        for pairs in pieces:
            array("Q", (pair >> 32 for pair in pairs)).tofile(out)
        for pairs in pieces:
            array("I", (pair & 0xFFFF_FFFF for pair in pairs)).tofile(out)
    new.replace(part.path)


# ------------------------------------------------------------------------------------------------------- joining
def _join(path: Path, *, is_over: bool) -> None:
    found = parts(path)
    _forget(path, found)
    for level in range(_LEVELS):
        at = 0
        while at < len(found):
            alike = [part for part in found[at : at + JOINED] if _level(part) == level]
            if len(alike) != len(found[at : at + JOINED]) or not (len(alike) == JOINED or (is_over and len(alike) > 1)):
                at += 1
                continue
            found[at : at + JOINED] = [_join_these(path, alike)]
            at += 1


def _level(part: Part) -> int:
    """How often it was joined, by its size."""
    return sum(part.octets >= STRETCH * JOINED**level // 2 for level in range(1, _LEVELS + 1))


def _forget(path: Path, whole: Sequence[Part]) -> None:
    """What a process that was killed had joined already and left behind."""
    names = {part.path.name for part in whole}
    for left in path.parent.glob(f"{path.name}.*.keys"):
        if left.name not in names:
            left.unlink(missing_ok=True)


def _join_these(path: Path, those: Sequence[Part]) -> Part:
    """The new part is there before the old ones go."""
    joined = part_of(path, those[0].start, those[-1].end)
    pieces: list[list[int]] = []
    with ExitStack() as stack:
        read = [(*stack.enter_context(opened(part)), part.start - joined.start) for part in those]
        bounds = [[bisect_left(hashes, number << 64 - 6) for number in range(_SLICES)] + [len(hashes)] for hashes, _, _ in read]
        for number in range(_SLICES):
            pairs = [
                key << 32 | place + shift
                for (hashes, places, shift), ends in zip(read, bounds, strict=True)
                for key, place in zip(hashes[ends[number] : ends[number + 1]], places[ends[number] : ends[number + 1]], strict=True)
            ]
            pairs.sort()
            pieces.append(pairs)
        _write(joined, pieces)
    for part in those:
        part.path.unlink(missing_ok=True)
    return joined


def prune(folder: Path, before: str) -> int:
    """Remove the days before ``before`` (``YYYY-MM-DD``); gives how many."""
    count = 0
    for day in folder.iterdir() if folder.exists() else ():
        if day.is_dir() and re.fullmatch(r"\d{4}-\d{2}-\d{2}", day.name) and day.name < before:
            for path in day.iterdir():
                path.unlink(missing_ok=True)
            day.rmdir()
            count += 1
    return count
