"""Finding events again: an index beside the event files (DECISIONS 15).

An event file is cut into stretches of about ``STRETCH`` octets; each whole stretch has an index file, ``worker-<i>.jsonl.<start>-<end>.keys``: the
hashes of what its events can be found by, sorted, and beside them the places of the lines. To look something up is to bisect in each
index file and to read the lines it names; what has no index yet, the end of the newest files, is searched through (there capital letters count). A line that is found is compared:
hashes are only a hint.
"""

import hashlib
import mmap
import os
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

STRETCH: Final = 16 << 20
KEYS: Final = ("submission", "message_id", "forward_path", "reverse_path")
"""Fields by which an event is found."""
_FIELD: Final = re.compile(rb'"(?:submission|message_id|forward_path|reverse_path)":"([^"\\]*(?:\\.[^"\\]*)*)"')
_FEW: Final = 12
"""So many names are looked for in what has no index one after the other; more of them at once, by reading every field."""
_NAME: Final = re.compile(r"(worker-\d+\.jsonl)\.(\d+)-(\d+)\.keys")
_HASH: Final = 8
_PLACE: Final = 4
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode
Event = dict[str, Any]


def hashed(value: bytes) -> int:
    """What is kept of a key: equal for equal text, whatever its case."""
    return int.from_bytes(hashlib.blake2b(value.lower(), digest_size=_HASH).digest(), "big")


# ------------------------------------------------------------------------------------------------------- building
def build(folder: Path, *, is_over: bool = False, name: str = "worker-*.jsonl", limit: int = 1 << 30) -> int:
    """Index what is whole of a day's files (``is_over``: nothing more is written there); gives how many stretches were. At most ``limit``."""
    made = 0
    for path in sorted(folder.glob(name)):
        while made < limit:
            start = max((end for _, _, end in _parts(path)), default=0)
            end = _end_of_stretch(path, start, is_over=is_over)
            if end <= start:
                break
            _build_one(path, start, end)
            made += 1
    return made


def _parts(path: Path) -> list[tuple[Path, int, int]]:
    """Index files of an event file, with the stretch that each covers."""
    found = []
    for part in path.parent.glob(f"{path.name}.*.keys"):
        match = _NAME.fullmatch(part.name)
        if match is not None:
            found.append((part, int(match[2]), int(match[3])))
    return sorted(found, key=lambda each: each[1])


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
        for value in set(_FIELD.findall(line)):
            if value:
                key = known.get(value)
                if key is None:
                    key = known[value] = hashed(value)
                pairs.append(key << 32 | at)
        at += len(line)
    pairs.sort()
    new = path.with_name(f"{path.name}.{start}-{end}.new")
    with new.open("wb") as out:
        array("Q", (pair >> 32 for pair in pairs)).tofile(out)
        array("I", (pair & 0xFFFF_FFFF for pair in pairs)).tofile(out)
    new.replace(path.with_name(f"{path.name}.{start}-{end}.keys"))


# ------------------------------------------------------------------------------------------------------- asking
def find(folder: Path, values: Sequence[str], *, days: Sequence[str] | None = None, most: int = 10_000) -> Iterator[tuple[str, Event]]:
    """(place, event) of events that bear one of ``values`` in one of ``KEYS``, newest files first; at most ``most``. ``days``: those only."""
    wanted = {value.lower() for value in values if value}
    keys = {value: hashed(_escaped(value)) for value in wanted | set(filter(None, values))}
    left = most
    for day in sorted((one for one in folder.iterdir() if one.is_dir()), reverse=True) if folder.exists() else ():
        if days is not None and day.name not in days:
            continue
        for path in sorted(day.glob("worker-*.jsonl")):
            for place, event in _in_file(path, keys):
                if any(str(event.get(key, "")).lower() in wanted for key in KEYS):
                    yield place, event
                    left -= 1
                    if left <= 0:
                        return


def _escaped(value: str) -> bytes:
    return msgspec.json.encode(value)[1:-1]


def _in_file(path: Path, keys: dict[str, int]) -> Iterator[tuple[str, Event]]:
    parts = _parts(path)
    done = parts[-1][2] if parts else 0
    with path.open("rb") as file:
        yield from _in_tail(path, file.fileno(), done, tuple(keys))
        for part, start, _ in reversed(parts):
            for at in sorted(set(_places(part, set(keys.values()))), reverse=True):
                file.seek(start + at)
                event = _read(file.readline())
                if event is not None:
                    yield f"{path.parent.name}/{path.name}/{start + at}", event


def _places(part: Path, keys: Any) -> list[int]:
    with part.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        count = size // (_HASH + _PLACE)
        if not count:
            return []
        with (
            mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ) as whole, memoryview(whole) as view,
            view[: count * _HASH].cast("Q") as hashes, view[count * _HASH : count * (_HASH + _PLACE)].cast("I") as places,
        ):
            found = []
            for key in keys:
                at = bisect_left(hashes, key)
                while at < count and hashes[at] == key:
                    found.append(places[at])
                    at += 1
            return found


def _in_tail(path: Path, fd: int, start: int, keys: Sequence[str]) -> Iterator[tuple[str, Event]]:
    size = os.fstat(fd).st_size
    if size <= start:
        return
    octets = os.pread(fd, size - start, start)
    places: set[int] = set()
    names = {_escaped(value) for value in keys}
    if len(names) > _FEW:
        places = {octets.rfind(b"\n", 0, found.start()) + 1 for found in _FIELD.finditer(octets) if found[1] in names}
        names.clear()
    for name in names:
        needle = b'"' + name + b'"'
        at = octets.find(needle)
        while at >= 0:
            places.add(octets.rfind(b"\n", 0, at) + 1)
            at = octets.find(needle, at + 1)
    for at in sorted(places, reverse=True):
        end = octets.find(b"\n", at)
        event = _read(octets[at : end if end >= 0 else len(octets)])
        if event is not None:
            yield f"{path.parent.name}/{path.name}/{start + at}", event


def _read(line: bytes) -> Event | None:
    try:
        return _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None  # the last line of a process that was killed


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
