"""The message on its way: DATA with its dots, BDAT with its counts (RFC 5321 §4.5.2, RFC 3030 §2).

The end is CRLF.CRLF and nothing else: a server that also takes LF.LF can be talked into seeing two messages where the one
before it saw one (SMTP smuggling). A message with a bare CR, a bare LF or a NUL is marked; what becomes of it is the
mode's business (DECISIONS 20). So is one with a line past ``limits.SMTP_TEXT_LINE``. All looking is done by ``find``,
``count`` and ``replace`` over whole chunks.
"""

from typing import Final

from mailstead.model import limits

_END: Final = b"\r\n.\r\n"
_LONG: Final = 4 << 10
"""Of a line without end so much is held back, not more."""


class Lines:
    """Watches the length of lines over chunks cut anywhere."""

    __slots__ = ("_run", "is_long")

    def __init__(self) -> None:
        self._run = 0
        self.is_long = False

    def look(self, octets: bytes) -> None:
        """``is_long`` once a line has more than ``limits.SMTP_TEXT_LINE`` octets, its end not counted."""
        if self._run + len(octets) <= limits.SMTP_TEXT_LINE:
            end = octets.rfind(b"\n")
            self._run = self._run + len(octets) if end < 0 else len(octets) - end - 1
            return
        first, *others = octets.split(b"\n")
        longest = max(self._run + len(first), *map(len, others)) if others else self._run + len(first)
        # A CR at the end of a line is its end's; one octet of grace covers it.
        self.is_long = self.is_long or longest > limits.SMTP_TEXT_LINE + 1
        self._run = len(others[-1]) if others else self._run + len(first)


class Dotted:
    """Undoes dot-stuffing over chunks cut anywhere. ``is_clean`` falls once a bare CR, LF or NUL was seen."""

    __slots__ = ("_held", "_is_first", "is_clean", "lines")

    def __init__(self) -> None:
        self._held = b"\r\n"
        self._is_first = True
        self.is_clean = True
        self.lines = Lines()

    def feed(self, octets: bytes) -> tuple[bytes, bytes | None]:
        """(content that is sure, what followed the end or None where the end has not come)."""
        joined = self._held + octets
        end = joined.find(_END)
        if end >= 0:
            self._held = b""
            return self._content(joined[: end + 2]), joined[end + 5 :]
        cut = joined.rfind(b"\r\n")
        if cut <= 0 and len(joined) > _LONG:
            cut = len(joined) - joined.endswith(b"\r")
        if cut <= 0:
            self._held = joined
            return b"", None
        self._held = joined[cut:]
        return self._content(joined[:cut]), None

    def _content(self, octets: bytes) -> bytes:
        if self.is_clean and not is_clean(octets):
            self.is_clean = False
        if b"\r\n." in octets:
            octets = octets.replace(b"\r\n.", b"\r\n")
        if self._is_first and octets:
            # The CRLF before the first line is DATA's own.
            self._is_first = False
            octets = octets[2:]
        self.lines.look(octets)
        return octets


class Counted:
    """Chunks of BDAT. ``left``: octets of the present chunk still to come."""

    __slots__ = ("_was_cr", "is_clean", "left", "lines")

    def __init__(self) -> None:
        self.left = 0
        self.is_clean = True
        self.lines = Lines()
        self._was_cr = False

    def feed(self, octets: bytes) -> tuple[bytes, bytes]:
        """(content, what is beyond the chunk)."""
        content, rest = octets[: self.left], octets[self.left :]
        self.left -= len(content)
        if content:
            looked = b"\r" + content if self._was_cr else content
            self._was_cr = content.endswith(b"\r")
            if self.is_clean and not is_clean(looked[:-1] if self._was_cr else looked):
                self.is_clean = False
            self.lines.look(content)
        return content, rest

    def end(self) -> None:
        """No more chunks."""
        if self._was_cr:
            self.is_clean = False


def is_clean(octets: bytes) -> bool:
    """Whether every CR and LF belongs to a CRLF and there is no NUL."""
    lines = octets.count(b"\r\n")
    return lines == octets.count(b"\n") and lines == octets.count(b"\r") and b"\0" not in octets


def stuffed(octets: bytes) -> bytes:
    """A whole message for DATA: dots doubled, CRLF and the final dot at the end (RFC 5321 §4.5.2)."""
    body = octets.replace(b"\r\n.", b"\r\n..")
    if body.startswith(b"."):
        body = b"." + body
    return body + (b".\r\n" if body.endswith(b"\r\n") or not body else b"\r\n.\r\n")
