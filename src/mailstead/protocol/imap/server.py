"""The server's side of an IMAP connection: octets in, events out (RFC 9051 §2.2).

``receive`` takes what came, ``next_event`` gives one event at a time, None when more octets are needed:

- ``Request``: a whole command.
- ``Ready``: the peer waits for a continuation request before it sends a literal; the driver sends ``+``.
- ``Bad``: a command that does not fit. Already counted; ``fatal`` ends the session.
- ``Message``: APPEND has come to a message of ``size`` octets. The driver answers ``accept()`` or ``refuse()``.
- ``Chunk``: octets of that message. ``Appended``: the APPEND is whole.

Pipelined commands wait in the buffer and come out in order (RFC 9051 §5.5). Between commands an idle connection holds an
empty buffer only. Literals of commands other than APPEND are bounded together (``limits.IMAP_LITERALS_TOTAL``). A
literal that is too big is refused before it is sent where the peer waits, and passed over where it does not.
"""

import re
from dataclasses import dataclass
from typing import Final

from mailstead.model import limits
from mailstead.model.errors import Violation
from mailstead.protocol.imap import command
from mailstead.protocol.imap.command import append, search
from mailstead.protocol.imap.state import State, why_not

_TAG: Final = re.compile(rb'([^\x00-\x20(){%*"\\+\x7f-\xff]{1,100}) ')
_ONLY_TAG: Final = re.compile(rb'([^\x00-\x20(){%*"\\+\x7f-\xff]{1,100}) ?')
_ANNOUNCED: Final = re.compile(rb"~?\{(\d{1,20})(\+?)\}$")
_CHUNK: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Request:
    """A command, and the tag under which it is answered."""

    tag: str
    command: command.Command


@dataclass(frozen=True, slots=True)
class Ready:
    """Send ``+``."""


@dataclass(frozen=True, slots=True)
class Bad:
    """Answer ``tag BAD text`` (``*`` for a line without a tag); ``code`` as ``BADCHARSET``: NO with that code."""

    tag: str
    text: str
    fatal: bool = False
    code: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message is announced. ``index`` counts from 0 within the APPEND; ``waits``: the peer wants a ``+`` first."""

    tag: str
    head: append.Head
    size: int
    index: int
    waits: bool


@dataclass(frozen=True, slots=True)
class Chunk:
    """The next octets of the message; ``is_last`` with its last ones (which may be none)."""

    octets: bytes
    is_last: bool


@dataclass(frozen=True, slots=True)
class Appended:
    """The APPEND under ``tag`` has come whole."""

    tag: str


@dataclass(slots=True)
class _Append:
    """An APPEND on its way. ``mode``: ``head`` (octets before a literal), ``asked``, ``octets``."""

    tag: str
    mode: str
    index: int = 0
    left: int = 0
    is_utf8: bool = False


Event = Request | Ready | Bad | Message | Chunk | Appended


class ServerConnection:
    """One connection. The driver sets ``state`` and ``utf8`` as the session goes on."""

    __slots__ = ("_append", "_buffer", "_errors", "_from", "_literals", "_raw", "_skip", "_skip_line", "_swallow", "_total", "state",
                 "utf8")

    def __init__(self) -> None:
        self.state = State.NOT_AUTHENTICATED
        self.utf8 = False
        self._buffer = b""
        self._from = 0
        self._raw: list[bytes] | None = None
        """Pieces of a command with literals, whole up to the last literal."""
        self._literals = 0
        self._total = 0
        self._skip = 0
        """Octets of a refused literal that are still to be passed over."""
        self._skip_line = False
        self._swallow = False
        """What follows a refused literal belongs to the refused command."""
        self._errors = 0
        self._append: _Append | None = None

    # ------------------------------------------------------------------------------------------------ octets
    def receive(self, octets: bytes) -> None:
        """Octets from the peer."""
        if self._from < len(self._buffer):
            self._buffer = self._buffer[self._from :] + octets
        else:
            self._buffer = octets
        self._from = 0

    def discard(self) -> None:
        """Forget everything: what came before TLS does not count (RFC 9051 §6.2.1)."""
        self._buffer = b""
        self._from = 0
        self._raw = None

    @property
    def is_idle(self) -> bool:
        """Nothing waits in the buffer."""
        return self._from >= len(self._buffer)

    def next_line(self) -> bytes | Bad | None:
        """The next raw line without its end: DONE, and responses in a SASL exchange."""
        line = self._line(limits.SASL_RESPONSE)
        if isinstance(line, Bad) or line is None:
            return line
        return line

    def _line(self, limit: int) -> bytes | Bad | None:
        start = self._from
        end = self._buffer.find(b"\n", start)
        if self._skip_line:
            if end < 0:
                self._buffer, self._from = b"", 0
                return None
            self._from = end + 1
            self._skip_line = False
            return self._bad("*", "The line is too long")
        if end < 0:
            held = len(self._buffer) - start
            if held > limit:
                self._skip_line = True
                self._raw = None
            if held > limit or not held:
                self._buffer, self._from = b"", 0
            return None
        self._from = end + 1
        if end - start > limit:
            self._raw = None
            return self._bad("*", "The line is too long")
        if end > start and self._buffer[end - 1] == 13:  # noqa: PLR2004 - CR
            return self._buffer[start : end - 1]
        return self._buffer[start:end]

    def _take(self, count: int) -> bytes:
        piece = self._buffer[self._from : self._from + count]
        self._from += len(piece)
        if self._from >= len(self._buffer):
            self._buffer, self._from = b"", 0
        return piece

    # ------------------------------------------------------------------------------------------------ events
    def next_event(self) -> Event | None:
        """See the module's docstring."""
        while True:
            if self._skip:
                self._skip -= len(self._take(self._skip))
                if self._skip:
                    return None
            if self._swallow:
                line = self._line(limits.IMAP_LINE)
                if line is None:
                    return None
                more = _ANNOUNCED.search(line) if isinstance(line, bytes) else None
                self._swallow = more is not None and bool(more[2])
                self._skip = int(more[1]) if more is not None and more[2] else 0
                continue
            if self._append is not None and self._append.mode == "octets":
                return self._octets(self._append)
            if self._raw is not None and self._literals > 0:
                if len(self._buffer) - self._from < self._literals:
                    return None
                self._raw.append(self._take(self._literals))
                self._literals = 0
            line = self._line(limits.IMAP_LINE)
            if line is None or isinstance(line, Bad):
                return line
            event = self._whole(line)
            if event is not None:
                return event

    def _whole(self, line: bytes) -> Event | None:
        if line.endswith(b"}"):
            announced = _ANNOUNCED.search(line)
            if announced is not None:
                return self._announced(line, int(announced[1]), waits=not announced[2])
        if self._append is not None:
            return self._append_line(line)
        if self._raw is not None:
            line = b"".join([*self._raw, line])
            self._raw = None
            self._total = 0
        return self._command(line)

    def _command(self, line: bytes) -> Event | None:
        match = _TAG.match(line)
        if match is None:
            if not line:
                return self._bad("*", "The line is empty")
            only = _ONLY_TAG.fullmatch(line)
            return self._bad(only[1].decode("ascii") if only else "*", "A command is missing" if only else "The tag is not right")
        tag = match[1].decode("ascii")
        try:
            if b"\0" in line and b"{" not in line:
                raise Violation("The line holds NUL")
            request = Request(tag, command.parse(line[match.end() :], self.state, utf8=self.utf8))
        except search.BadCharset as violation:
            return Bad(tag, violation.text, code="BADCHARSET (US-ASCII UTF-8)")
        except Violation as violation:
            return self._bad(tag, violation.text, fatal=violation.fatal)
        if self._errors and self.state is not State.NOT_AUTHENTICATED:
            self._errors -= 1
        return request

    def _bad(self, tag: str, text: str, *, fatal: bool = False) -> Bad:
        self._errors += 1
        return Bad(tag, text, fatal or self._errors >= limits.IMAP_ERRORS)

    # ------------------------------------------------------------------------------------------------ literals
    def _announced(self, line: bytes, size: int, *, waits: bool) -> Event | None:
        if self._append is not None:
            return self._next_message(self._append, line, size, waits=waits)
        raw = self._raw
        first = line if raw is None else raw[0]
        match = _TAG.match(first)
        tag = match[1].decode("ascii") if match else "*"
        if match is not None and self.state is not State.NOT_AUTHENTICATED and first[match.end() : match.end() + 7].upper() == b"APPEND ":
            whole = line if raw is None else b"".join([*raw, line])
            if not append.names_mailbox(whole[match.end() :]) or raw is not None:
                return self._first_message(tag, whole[match.end() :], size, waits=waits)
        self._total += size
        count = 1 if raw is None else len(raw) // 2 + 1
        limit = limits.IMAP_LITERAL_BEFORE_LOGIN if self.state is State.NOT_AUTHENTICATED else limits.IMAP_LITERALS_TOTAL
        if self._total > limit or count > limits.IMAP_LITERALS_COUNT:
            self._raw = None
            self._total = 0
            if not waits:
                # Whoever sends that much unasked before login is no client (RFC 7888 §4 allows to close).
                if self.state is State.NOT_AUTHENTICATED:
                    return self._bad(tag, "The literal is too large", fatal=True)
                self._skip, self._swallow = size, True
            return self._bad(tag, "The literals are too large", fatal=size > limits.IMAP_LITERALS_TOTAL * 1024)
        if raw is None:
            self._raw = raw = []
        raw.append(line + b"\r\n")
        self._literals = size
        if size == 0:
            raw.append(b"")
        return Ready() if waits else None

    # ------------------------------------------------------------------------------------------------ APPEND
    def _first_message(self, tag: str, octets: bytes, size: int, *, waits: bool) -> Event:
        self._raw = None
        self._total = 0
        problem = why_not("APPEND", self.state)
        try:
            if problem:
                raise Violation(problem)
            head = append.head(octets, is_first=True, utf8=self.utf8)
        except Violation as violation:
            self._refuse_octets(size, waits=waits)
            return self._bad(tag, violation.text)
        self._append = _Append(tag, "asked", 0, size, head.is_utf8)
        return Message(tag, head, size, 0, waits)

    def _next_message(self, state: _Append, line: bytes, size: int, *, waits: bool) -> Event:
        try:
            if state.index >= limits.IMAP_APPEND_MESSAGES:
                raise Violation("Too many messages in one APPEND")
            head = append.head(self._after_utf8(state, line), is_first=False, utf8=self.utf8)
        except Violation as violation:
            self._append = None
            self._refuse_octets(size, waits=waits)
            return self._bad(state.tag, violation.text)
        state.mode, state.left, state.is_utf8 = "asked", size, head.is_utf8
        return Message(state.tag, head, size, state.index, waits)

    def _append_line(self, line: bytes) -> Event:
        state = self._append
        assert state is not None  # noqa: S101 - the caller looked
        self._append = None
        try:
            rest = self._after_utf8(state, line)
            if rest.strip(b" "):
                raise Violation("There is more on the line than APPEND takes")
        except Violation as violation:
            return self._bad(state.tag, violation.text)
        return Appended(state.tag)

    @staticmethod
    def _after_utf8(state: _Append, line: bytes) -> bytes:
        if not state.is_utf8:
            return line
        if not line.startswith(b")"):
            raise Violation("Expected a closing parenthesis")
        return line[1:]

    def _refuse_octets(self, size: int, *, waits: bool) -> None:
        if not waits:
            self._skip, self._swallow = size, True
            self._append = None
            self._raw = None

    def accept(self) -> None:
        """Take the announced message's octets as ``Chunk`` events."""
        assert self._append is not None  # noqa: S101 - only after Message
        self._append.mode = "octets"

    def refuse(self, *, waits: bool) -> None:
        """Do not take it: the driver answers the tag. Where the peer does not wait, its octets are passed over."""
        state = self._append
        assert state is not None  # noqa: S101 - only after Message
        self._append = None
        self._refuse_octets(state.left, waits=waits)

    def abandon(self) -> None:
        """The APPEND has failed while its octets come: pass over what is left of this message."""
        if self._append is not None:
            self._skip, self._swallow = self._append.left, True
            self._append = None

    def _octets(self, state: _Append) -> Event | None:
        if state.left and self._from >= len(self._buffer):
            return None
        piece = self._take(min(state.left, _CHUNK))
        state.left -= len(piece)
        if not state.left:
            state.mode = "head"
            state.index += 1
        return Chunk(piece, not state.left)
