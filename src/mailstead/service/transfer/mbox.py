"""mbox files: messages one after another, each behind a ``From `` line (RFC 4155).

Nobody agrees on more than that. A line is a separator when it follows a blank line and is one in every detail (sender and
date), or is anything like one and stands before a header field; or when it is both and the blank line was forgotten.
Quoted ``From`` lines of the body lose one ``>`` (mboxrd); in mboxo that is right for all but those that were sent with one.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import BinaryIO, Final

from mailstead.service.transfer import found
from mailstead.service.transfer.found import Bad, Found, Path

_BLOCK: Final = 1 << 20
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME: Final = re.compile(rb" \d{1,2}:\d{2}(?::\d{2})?\b")
_WHOLE: Final = re.compile(
    rb"From \S+ +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d{1,2} "
    rb"\d{1,2}:\d{2}(?::\d{2})?(?: [A-Za-z0-9+-]+)? \d{4}(?: [+-]\d{4})?(?: remote from \S+)?"
)
_ASCTIME: Final = re.compile(
    rb"([A-Za-z]{3}) +(\d{1,2}) +(\d{1,2}):(\d{2})(?::(\d{2}))?(?: +([+-]\d{4})| +[A-Za-z]{2,5})?(?: +(\d{4}))(?: +([+-]\d{4}))?"
)
_HEADER: Final = re.compile(rb"(?:>?From |[!-9;-~]+[ \t]*:)")
_QUOTED: Final = re.compile(rb"^>(?=>*From )", re.MULTILINE)
_LINE_MOST: Final = 4096
"""A separator line and the start of the one after it are looked for within so many octets."""


def read(file: BinaryIO, where: str, mailbox: Path) -> Iterator[Found | Bad]:
    """The messages of an open mbox, in order."""
    for number, (line, octets) in enumerate(split(file, found.MOST_OCTETS), 1):
        yield from _message(line, octets, f"{where}, message {number}", mailbox)


def _message(line: bytes, octets: bytes | None, where: str, mailbox: Path) -> Iterator[Found | Bad]:
    if octets is None:
        yield Bad(where, f"it is larger than {found.MOST_OCTETS >> 20} MiB")
        return
    message = found.canonical(octets)
    if b"\r\n\r\n" not in message and message.strip():
        message += b"\r\n"  # header only: its blank line was taken for the one between messages
    if message.startswith(b">From "):
        message = message[message.find(b"\n") + 1 :]
    body_at = len(found.header_of(message))
    if message.find(b">From ", body_at) >= 0:
        message = message[:body_at] + _QUOTED.sub(b"", message[body_at:])
    message, flags = found.without_notes(message)
    if flags is None:
        return
    why = found.why_not(message)
    if why:
        yield Bad(where, why)
        return
    received = received_ms(line)
    if received is None:
        received = found.date_of(found.header_of(message))
    yield Found(message, mailbox, where, flags, received)


def split(file: BinaryIO, most: int) -> Iterator[tuple[bytes, bytes | None]]:
    """(separator line, what follows it, without the blank line before the next separator). A message of more than
    ``most`` octets is given as None. Memory: one message and a block."""
    buffer = bytearray()
    while len(buffer) < _LINE_MOST and _grow(buffer, file):
        pass
    line, start = _first_line(buffer)
    at = start
    is_too_large = False
    while True:
        mark = buffer.find(b"\nFrom ", max(at - 1, 0))
        if mark >= 0 and (len(buffer) - mark > _LINE_MOST or not _grow(buffer, file)):
            following = _separated(buffer, mark)
            if following < 0:
                at = mark + 2
                continue
            yield line, None if is_too_large else _cut(buffer, start, mark)
            line = _piece(buffer, mark + 1, following)
            del buffer[:following]
            start = at = 0
            is_too_large = False
        elif mark < 0:
            at = max(at, len(buffer) - 5)
            if len(buffer) - start > most:
                # Keep only what a separator could begin with.
                is_too_large = True
                del buffer[: len(buffer) - 64]
                start, at = 0, len(buffer) - 5
            if not _grow(buffer, file):
                break
    if line or buffer[start:].strip():
        yield line, None if is_too_large else _cut(buffer, start, len(buffer) - 1)


def _first_line(buffer: bytearray) -> tuple[bytes, int]:
    """Blank lines in front are forgiven; without a separator everything up to the first one is a message."""
    at = len(buffer) - len(buffer.lstrip(b"\r\n"))
    if buffer.startswith(b"From ", at):
        end = buffer.find(b"\n", at)
        if end >= 0:
            return _piece(buffer, at, end + 1), end + 1
    return b"", at


def _grow(buffer: bytearray, file: BinaryIO) -> bool:
    block = file.read(_BLOCK)
    buffer += block
    return bool(block)


def _piece(buffer: bytearray, start: int, end: int) -> bytes:
    with memoryview(buffer) as view:
        return bytes(view[start:end])


def _cut(buffer: bytearray, start: int, mark: int) -> bytes:
    """The message that ends with the line feed at ``mark``, less the blank line there."""
    end = mark + 1
    if buffer.endswith(b"\r\n\r\n", start, end):
        end -= 2
    elif buffer.endswith(b"\n\n", start, end):
        end -= 1
    elif end - start <= 2 and not _piece(buffer, start, end).strip():
        end = start
    return _piece(buffer, start, end)


def _separated(buffer: bytearray, mark: int) -> int:
    """Where the message begins whose separator line follows the line feed at ``mark``; -1: this is no separator."""
    at = mark + 1
    end = buffer.find(b"\n", at, at + _LINE_MOST)
    if end < 0:
        return -1
    line = _piece(buffer, at, end).rstrip()
    following = _piece(buffer, end + 1, end + 1 + 256)
    is_header = _HEADER.match(following) is not None
    is_whole = _WHOLE.fullmatch(line) is not None
    is_after_blank = mark == 0 or buffer.endswith(b"\n", 0, mark) or buffer.endswith(b"\n\r", 0, mark)
    if is_after_blank:
        is_separator = is_whole or (is_header and (len(line.split()) <= 2 or _TIME.search(line) is not None))
    else:
        is_separator = is_whole and is_header
    return end + 1 if is_separator else -1


def received_ms(line: bytes) -> int | None:
    """The moment in a separator line (asctime, UTC unless it names an offset), in milliseconds since 1970."""
    match = _ASCTIME.search(line)
    if match is None:
        return None
    month, day, hour, minute, second, before, year, after = match.groups()
    name = month.decode("ascii").lower()
    if name not in _MONTHS:
        return None
    try:
        moment = datetime(int(year), _MONTHS.index(name) + 1, int(day), int(hour), int(minute), min(int(second or 0), 59), tzinfo=UTC)
    except ValueError:
        return None
    offset = before or after or b"+0000"
    minutes = int(offset[1:3]) * 60 + int(offset[3:5])
    milliseconds = int(moment.timestamp()) * 1000 - (-minutes if offset[:1] == b"-" else minutes) * 60_000
    return milliseconds if milliseconds >= 0 else None


# ------------------------------------------------------------------------------------------------------------ writing
_TO_QUOTE: Final = re.compile(rb"^(?=>*From )", re.MULTILINE)


def written(octets: bytes, *, sender: bytes, received_at_ms: int, notes: bytes) -> bytes:
    """A message as mboxrd: ``notes`` are header lines of our own (LF), added to its header."""
    moment = datetime.fromtimestamp(received_at_ms / 1000, UTC)
    stamp = f"{_DAYS[moment.weekday()]} {_MONTHS[moment.month - 1].capitalize()} {moment.day:2d} {moment:%H:%M:%S %Y}".encode()
    text = octets.replace(b"\r\n", b"\n")
    end = text.find(b"\n\n")
    head, body = (text, b"") if end < 0 else (text[: end + 1], text[end + 1 :])
    if not head.endswith(b"\n"):
        head += b"\n"
    whole = _TO_QUOTE.sub(b">", head + notes + (body or b"\n"))
    return b"From " + sender + b" " + stamp + b"\n" + whole + (b"\n" if whole.endswith(b"\n") else b"\n\n")


_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
Reader = Callable[[BinaryIO, str, Path], Iterator[Found | Bad]]
