"""The server's side of an SMTP or LMTP connection: octets in, events out.

``receive`` takes what came; ``next_event`` gives one event at a time, or None when more octets are needed. An event is a
command in its place (``command``), a piece of the message (``Chunk``), its end (``End``), or a reply that the machine gives by
itself to what is against the rules (``Say``). The driver answers commands and tells the machine what it decided by
``hello_done``, ``mail_taken``, ``rcpt_taken``, ``data_begins``, ``transaction_ends``. Pipelined commands wait (RFC 2920).
"""

import enum
from dataclasses import dataclass
from typing import Final

from mailstead.model import limits
from mailstead.protocol.smtp import command
from mailstead.protocol.smtp.command import Auth, Bdat, Command, Data, Hello, Mail, Plain, Rcpt
from mailstead.protocol.smtp.data import Counted, Dotted
from mailstead.protocol.smtp.reply import reply


class Mode(enum.Enum):
    """Who speaks: strangers' servers, our own users, or a neighbouring server (LMTP)."""

    MX = "mx"
    SUBMISSION = "submission"
    LMTP = "lmtp"


class State(enum.Enum):
    """Where a session stands (RFC 5321 §4.1.4)."""

    START = "start"
    READY = "ready"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    CHUNKS = "chunks"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of the message, unstuffed."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class End:
    """The message is whole. ``is_clean`` False: it holds a bare CR, a bare LF or a NUL. ``is_long``: a line is past the bound."""

    is_clean: bool
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class ChunkDone:
    """A BDAT chunk that is not the last is whole."""

    octets: int


@dataclass(frozen=True, slots=True)
class Say:
    """The machine's own answer. ``is_fatal``: and then hang up."""

    octets: bytes
    is_fatal: bool = False


Event = Command | Chunk | End | ChunkDone | Say

_PLACES: Final[dict[type, frozenset[State]]] = {
    Mail: frozenset({State.READY}),
    Rcpt: frozenset({State.MAIL, State.RCPT}),
    Data: frozenset({State.RCPT}),
    Bdat: frozenset({State.RCPT, State.CHUNKS}),
    Auth: frozenset({State.READY}),
}
"""Commands that are not welcome everywhere."""
_WRONG_PLACE: Final[dict[State, str]] = {
    State.START: "Say hello first",
    State.READY: "Say MAIL FROM first",
    State.MAIL: "Say RCPT TO first",
    State.RCPT: "Not now",
    State.CHUNKS: "More BDAT is expected, or RSET",
    State.DATA: "Not now",
}
_OPEN: Final = frozenset({State.MAIL, State.RCPT})
_NESTED: Final = "A transaction is open; say RSET to give it up"
_LIMITS: Final[dict[bytes, int]] = {
    b"MAIL": limits.SMTP_MAIL_LINE, b"RCPT": limits.SMTP_RCPT_LINE, b"AUTH": limits.SMTP_AUTH_LINE,
}
_LONGEST: Final = limits.SMTP_AUTH_LINE
IDLE_COMMANDS: Final = 200
"""Commands outside transactions, counted from the last message: whoever says more keeps us busy for nothing."""
_QUIT: Final = Plain("QUIT")


class ServerConnection:
    """One connection. ``mode`` never changes; ``is_extended`` after EHLO or LHLO."""

    __slots__ = (
        "_asked", "_at", "_buffer", "_chunks", "_data", "_errors", "_idle", "_is_last", "_passing", "_pending", "_skipping",
        "is_extended", "mode", "recipients", "state",
    )

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self.state = State.START
        self.is_extended = False
        self.recipients = 0
        self._buffer = b""
        self._at = 0
        self._errors = 0
        self._idle = 0
        self._skipping = False
        self._passing = 0
        self._data: Dotted | None = None
        self._chunks: Counted | None = None
        self._is_last = False
        self._asked = 0
        self._pending: Event | None = None

    # --------------------------------------------------------------------------------------------------- octets in
    def receive(self, octets: bytes) -> None:
        """Octets from the peer."""
        self._buffer = self._buffer[self._at :] + octets if self._at < len(self._buffer) else octets
        self._at = 0

    def _rest(self) -> bytes:
        """What has not been looked at, taken out of the buffer."""
        rest = self._buffer[self._at :] if self._at else self._buffer
        self._buffer, self._at = b"", 0
        return rest

    def discard(self) -> None:
        """TLS begins: nothing from before it counts (RFC 3207 §4.2)."""
        self._buffer, self._at = b"", 0
        self._pending = None
        self._passing = 0
        self._data = self._chunks = None
        self.state = State.START
        self.is_extended = False
        self.recipients = 0

    # --------------------------------------------------------------------------------------------------- decisions
    def hello_done(self, *, extended: bool) -> None:
        """The greeting was accepted; an open transaction is gone (RFC 5321 §4.1.4)."""
        self.is_extended = extended
        self.transaction_ends()

    def mail_taken(self) -> None:
        self.state = State.MAIL
        self.recipients = 0

    def rcpt_taken(self) -> None:
        self.state = State.RCPT
        self.recipients += 1

    def data_begins(self) -> None:
        """354 was said."""
        self.state = State.DATA
        self._data = Dotted()

    def message_taken(self) -> None:
        """The peer does what it is here for."""
        self._idle = 0

    def transaction_ends(self) -> None:
        """By its end, RSET, or a failure."""
        self.state = State.READY
        self.recipients = 0
        self._data = None
        self._chunks = None

    # --------------------------------------------------------------------------------------------------- events out
    def next_event(self) -> Event | None:
        """See the module's docstring."""
        if self._passing:
            rest = self._rest()
            self._buffer = rest[self._passing :]
            self._passing = max(0, self._passing - len(rest))
            if self._passing:
                return None
        if self._pending is not None:
            event, self._pending = self._pending, None
            return event
        if self._data is not None:
            return self._next_dotted(self._data)
        if self._chunks is not None and self._chunks.left:
            return self._next_counted(self._chunks)
        line = self.next_line()
        if not isinstance(line, bytes):
            return line
        if len(line) + 2 > _LIMITS.get(line[:4].upper(), limits.SMTP_COMMAND_LINE):
            return self._against_rules(500, "5.5.6", "The line is too long")
        try:
            return self._placed(command.parse(line))
        except command.Unparsable as exc:
            return self._against_rules(exc.code, exc.status, exc.text, is_fatal=exc.fatal)

    def _placed(self, found: Command) -> Event | None:
        places = _PLACES.get(type(found))
        if places is not None and self.state not in places:
            is_nested = self.state in _OPEN and isinstance(found, Mail | Auth)
            answer = self._against_rules(503, "5.5.1", _NESTED if is_nested else _WRONG_PLACE[self.state])
            if not isinstance(found, Bdat) or not found.octets:
                return answer
            # Its octets come whatever we say (RFC 3030 §2): they are passed over, then the answer is given.
            self._passing, self._pending = found.octets, answer
            return self.next_event()
        if isinstance(found, Hello | Plain | Auth) and self.state not in _OPEN:
            # (One that ends a transaction is bounded by the number of these.)
            self._idle += 1
            if self._idle > IDLE_COMMANDS and found != _QUIT:
                return Say(reply(421, "4.7.0", "Too many commands without a message"), is_fatal=True)
        if isinstance(found, Hello) and (found.verb == "LHLO") != (self.mode is Mode.LMTP):
            return self._against_rules(500, "5.5.1", "Say LHLO here" if self.mode is Mode.LMTP else "Say EHLO here")
        if isinstance(found, Bdat):
            if self._chunks is None:
                self._chunks = Counted()
            self.state = State.CHUNKS
            self._chunks.left = found.octets
            self._is_last = found.is_last
            self._asked = found.octets
            if not found.octets:
                self._pending = self._chunk_end(self._chunks)
        return found

    def _next_dotted(self, data: Dotted) -> Event | None:
        octets = self._rest()
        if not octets:
            return None
        content, rest = data.feed(octets)
        if rest is not None:
            self._buffer = rest
            self._data = None
            end = End(data.is_clean, data.lines.is_long)
            if not content:
                return end
            self._pending = end
        return Chunk(content) if content else None

    def _next_counted(self, chunks: Counted) -> Event | None:
        octets = self._rest()
        if not octets:
            return None
        content, self._buffer = chunks.feed(octets)
        if not chunks.left:
            self._pending = self._chunk_end(chunks)
        return Chunk(content)

    def _chunk_end(self, chunks: Counted) -> Event:
        if not self._is_last:
            return ChunkDone(self._asked)
        chunks.end()
        self._chunks = None
        return End(chunks.is_clean, chunks.lines.is_long)

    def next_line(self) -> bytes | Say | None:
        """The next line without its CRLF (a SASL response), the machine's answer to one that is none, or None."""
        end = self._buffer.find(b"\n", self._at)
        if self._skipping:
            if end < 0:
                self._rest()
                return None
            self._at = end + 1
            self._skipping = False
            return self._against_rules(500, "5.5.6", "The line is too long")
        if end < 0:
            if self._at == len(self._buffer):
                self._rest()  # an idle connection holds nothing
            elif len(self._buffer) - self._at > _LONGEST:
                self._rest()
                self._skipping = True
            return None
        line = self._buffer[self._at : end]
        self._at = end + 1
        if len(line) > _LONGEST:
            return self._against_rules(500, "5.5.6", "The line is too long")
        if not line.endswith(b"\r"):
            return self._against_rules(500, "5.5.2", "Lines end in CRLF")
        line = line[:-1]
        if b"\r" in line or b"\0" in line:
            return self._against_rules(500, "5.5.2", "The line holds a bare CR or a NUL")
        return line

    def _against_rules(self, code: int, status: str, text: str, *, is_fatal: bool = False) -> Say:
        self._errors += 1
        if self._errors >= limits.SMTP_ERRORS:
            return Say(reply(421, "4.7.0", "Too many errors"), is_fatal=True)
        return Say(reply(code, status, text), is_fatal)
