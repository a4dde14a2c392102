"""Replies (RFC 5321 §4.2) with their enhanced status (RFC 2034 §4, RFC 3463)."""

from collections.abc import Sequence


def reply(code: int, status: str, text: str) -> bytes:
    """``250 2.1.0 text``; an empty ``status`` leaves it out (EHLO, 354, 220: RFC 2034 §4)."""
    return f"{code} {status} {text}\r\n".encode() if status else f"{code} {text}\r\n".encode()


def lines(code: int, texts: Sequence[str]) -> bytes:
    """A reply of several lines without status: EHLO's."""
    last = len(texts) - 1
    return "".join(f"{code}{' ' if number == last else '-'}{text}\r\n" for number, text in enumerate(texts)).encode()


class Replies:
    """Reads replies from a server, cut anywhere; bounded (RFC 5321 §4.5.3.1.5 says 512 a line)."""

    LINES = 100
    LINE = 2_048

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._texts: list[str] = []

    def feed(self, octets: bytes) -> None:
        self._buffer += octets

    def next(self) -> tuple[int, list[str]] | None:
        """(code, texts) of a whole reply. Raises ``ValueError`` for what is none."""
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end]).rstrip(b"\r")
            del self._buffer[: end + 1]
            if len(line) < 3 or not line[:3].isdigit() or line[3:4] not in {b" ", b"-", b""} or len(line) > self.LINE:  # noqa: PLR2004
                raise ValueError(f"not a reply: {line[:80]!r}")
            self._texts.append(line[4:].decode("utf-8", "replace"))
            if len(self._texts) > self.LINES:
                raise ValueError("a reply without end")
            if line[3:4] != b"-":
                texts, self._texts = self._texts, []
                return int(line[:3]), texts
        if len(self._buffer) > self.LINE:
            raise ValueError("a reply line without end")
        return None
