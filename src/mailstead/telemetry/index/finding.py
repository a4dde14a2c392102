"""Asking the index: to look something up is to bisect in each part and to read the lines it names; what has no part yet, the end of the newest files, is
searched through (there capital letters count).
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from mailstead.telemetry.index.files import FIELD, KEYS, Event, hashed, parts, places

_FEW: Final = 12
"""So many names are looked for in what has no index one after the other; more of them at once, by reading every field."""
_TRIES: Final = 5
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


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
    done, found = _places(path, set(keys.values()))
    with path.open("rb") as file:
        yield from _in_tail(path, file.fileno(), done, tuple(keys))
        for at in reversed(found):
            file.seek(at)
            event = _read(file.readline())
            if event is not None:
                yield f"{path.parent.name}/{path.name}/{at}", event


def _places(path: Path, keys: set[int]) -> tuple[int, list[int]]:
    """Up to where the file has an index, and which places it names; parts may be joined while they are read."""
    for _ in range(_TRIES):
        try:
            known = parts(path)
            return known[-1].end if known else 0, [at for part in known for at in places(part, keys)]
        except FileNotFoundError:
            continue
    return 0, []


def _in_tail(path: Path, fd: int, start: int, keys: Sequence[str]) -> Iterator[tuple[str, Event]]:
    size = os.fstat(fd).st_size
    if size <= start:
        return
    octets = os.pread(fd, size - start, start)
    places: set[int] = set()
    names = {_escaped(value) for value in keys}
    if len(names) > _FEW:
        places = {octets.rfind(b"\n", 0, found.start()) + 1 for found in FIELD.finditer(octets) if found[1] in names}
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

