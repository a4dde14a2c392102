"""Adding up events: what a day's event files say in figures, without reading all of them again at each question.

A *sum* takes events one after the other. Beside each event file its sum is kept with the place up to which it has read
(``worker-<i>.jsonl.<word>.sum``, replaced as a whole), and brought forward when ``STRETCH`` octets are new or the day is over; a question reads what
is kept and the rest of the file. So an event counts once, whenever a process ends, and what was lost of a file is in no sum.
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final, Generic, Protocol, Self, TypeVar

import msgspec

from mailstead.telemetry.index import Event

STRETCH: Final = 4 << 20
_PIECE: Final = 8 << 20
_PLACES: Final = 1_000
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


class Sum(Protocol):
    """What events are added up in: a ``msgspec.Struct``; made without arguments it is empty."""

    def add(self, event: Event) -> None: ...
    def merge(self, other: Self) -> None: ...


S = TypeVar("S", bound=Sum)


class Sums(Generic[S]):
    """``kind`` takes the events called ``names``; ``word`` names its files. ``version``: changes with what ``kind`` means; sums of another one are made anew."""

    def __init__(self, word: str, kind: type[S], names: Collection[str], version: int) -> None:
        self._word = word
        self._places: dict[Path, tuple[int, int]] = {}
        self._kind = kind
        self._version = version
        words = b"|".join(re.escape(name.encode()) for name in names)
        self._line = re.compile(rb'^\{"at":"[^"\n]{20,40}","event":"(?:' + words + rb')"[^\n]*$', re.MULTILINE)
        self._encode = msgspec.msgpack.Encoder().encode
        self._kept = msgspec.msgpack.Decoder(tuple[int, int, kind]).decode  # type: ignore[valid-type] # the class that it was given

    def of_day(self, folder: Path) -> S:
        """The sum of a day's files, all workers', up to now."""
        total = self._kind()
        for path in sorted(folder.glob("worker-*.jsonl")) if folder.exists() else ():
            _, found = self._forward(path)
            total.merge(found)
        return total

    def keep(self, folder: Path, *, is_over: bool = False, name: str = "worker-*.jsonl") -> int:
        """Bring forward what is kept of a day's files; gives how many had moved enough."""
        count = 0
        for path in sorted(folder.glob(name)):
            start = self._place(path)
            size = path.stat().st_size
            if size - start < STRETCH and not (is_over and size > start):
                continue
            place, found = self._forward(path)
            if place <= start:
                continue
            new = path.with_name(f"{path.name}.{self._word}.new")
            new.write_bytes(self._encode((self._version, place, found)))
            new.replace(self._beside(path))
            self._places[path] = self._beside(path).stat().st_mtime_ns, place
            count += 1
        return count

    def _place(self, path: Path) -> int:
        """Up to where the kept sum of a file has read; known without reading it again."""
        try:
            changed = self._beside(path).stat().st_mtime_ns
        except OSError:
            return 0
        known = self._places.get(path)
        if known is None or known[0] != changed:
            if len(self._places) > _PLACES:
                self._places.clear()
            known = self._places[path] = changed, self._read(path)[0]
        return known[1]

    def _read(self, path: Path) -> tuple[int, S]:
        try:
            version, place, found = self._kept(self._beside(path).read_bytes())
        except (OSError, msgspec.MsgspecError):
            return 0, self._kind()
        return (place, found) if version == self._version else (0, self._kind())

    def _forward(self, path: Path) -> tuple[int, S]:
        """(up to where, the sum): whole lines only."""
        place, found = self._read(path)
        with path.open("rb") as file:
            file.seek(place)
            rest = b""
            while piece := file.read(_PIECE):
                piece = rest + piece
                end = piece.rfind(b"\n") + 1
                for line in self._line.findall(piece, 0, end):
                    try:
                        found.add(_decode(line))
                    except (msgspec.DecodeError, UnicodeDecodeError):
                        continue  # the last line of a process that was killed
                place += end
                rest = piece[end:]
        return place, found

    def _beside(self, path: Path) -> Path:
        return path.with_name(f"{path.name}.{self._word}.sum")
