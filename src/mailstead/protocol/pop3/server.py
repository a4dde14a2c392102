"""The server's side of a POP3 connection: octets in, commands out, responses as octets.

``receive`` takes what came; ``next_command`` gives one ``Command`` at a time, or a ``Violation`` value where the line did not
fit (already counted; ``fatal`` when there were too many), or None when more octets are needed. During a SASL exchange
``next_line`` gives the raw response lines instead. Pipelined commands wait in the buffer (RFC 2449 §6.6).
"""

from typing import Final

from mailstead.model import limits
from mailstead.model.errors import Violation
from mailstead.protocol.pop3 import command
from mailstead.protocol.pop3.command import Command, State

OK: Final = b"+OK"
ERR: Final = b"-ERR"


class ServerConnection:
    """One connection. ``state`` is set to TRANSACTION by ``logged_in``."""

    def __init__(self) -> None:
        self.state = State.AUTHORIZATION
        self.utf8 = False
        self.user: str | None = None
        self._buffer = bytearray()
        self._in_auth = False
        self._errors = 0
        self._skipping = False

    def receive(self, octets: bytes) -> None:
        """Octets from the peer."""
        self._buffer += octets

    def discard(self) -> None:
        """Forget what came before the TLS handshake (RFC 2595 §4: nothing from before it counts)."""
        self._buffer.clear()
        self.user = None

    def next_line(self) -> bytes | Violation | None:
        """The next line without its end, a violation (too long), or None when it is not whole yet."""
        limit = command.line_limit(in_auth=self._in_auth, state=self.state)
        end = self._buffer.find(b"\n")
        if self._skipping:
            if end < 0:
                self._buffer.clear()
                return None
            del self._buffer[: end + 1]
            self._skipping = False
            return self._violated(Violation("The line is too long"))
        if end < 0:
            if len(self._buffer) > limit:
                self._buffer.clear()
                self._skipping = True
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        if end >= limit:
            return self._violated(Violation("The line is too long"))
        line = line.removesuffix(b"\r")
        if b"\0" in line or b"\r" in line:
            return self._violated(Violation("The line holds a control character"))
        return line

    def next_command(self) -> Command | Violation | None:
        """See the module's docstring."""
        line = self.next_line()
        if not isinstance(line, bytes):
            return line
        try:
            return command.parse(line, self.state)
        except Violation as violation:
            return self._violated(violation)

    def auth_begins(self) -> None:
        """Lines are SASL responses from now on."""
        self._in_auth = True

    def auth_ends(self) -> None:
        """Lines are commands again."""
        self._in_auth = False

    def logged_in(self) -> None:
        """The maildrop is open (RFC 1939 §5)."""
        self.state = State.TRANSACTION
        self.user = None

    def _violated(self, violation: Violation) -> Violation:
        self._errors += 1
        if self._errors >= limits.POP3_ERRORS:
            violation.fatal = True
        return violation


def ok(text: str = "") -> bytes:
    """``+OK text``."""
    return OK + (b" " + text.encode("utf-8") if text else b"") + b"\r\n"


def err(text: str, code: str = "") -> bytes:
    """``-ERR [CODE] text`` (RFC 2449 §8, RFC 3206 §4)."""
    return ERR + (f" [{code}]" if code else "").encode("ascii") + b" " + text.encode("utf-8") + b"\r\n"


def multiline(first: str, lines: list[str]) -> bytes:
    """``+OK first``, the lines, and the lone dot (RFC 1939 §3). No line begins with a dot."""
    return "\r\n".join([f"+OK {first}".rstrip(), *lines, ".", ""]).encode("utf-8")


class Stuffing:
    """Dot-stuffs a message that comes in pieces, and ends it (RFC 1939 §3)."""

    def __init__(self) -> None:
        self._held = b"\r\n"
        self._is_first = True

    def feed(self, octets: bytes) -> bytes:
        """A piece, stuffed. The last few octets may be held back until the next."""
        joined = self._held + octets
        keep = 2 if joined.endswith(b"\r\n") else 1 if joined.endswith(b"\r") else 0
        self._held = joined[len(joined) - keep :]
        return self._without_lead(joined[: len(joined) - keep].replace(b"\r\n.", b"\r\n.."))

    def end(self) -> bytes:
        """What was held back, the final CRLF where the message lacks it, and the dot."""
        rest = self._without_lead(self._held)
        return rest + (b".\r\n" if self._held == b"\r\n" else b"\r\n.\r\n")

    def _without_lead(self, octets: bytes) -> bytes:
        """The CRLF that stands for "at the start of a line" is not the message's."""
        if self._is_first and octets:
            self._is_first = False
            return octets[2:]
        return octets
