"""Address lists of header fields.

Reads what RFC 5322 §3.4 and its obsolete forms (§4.4) allow, and what people send in spite of it. Comments serve as a
name where there is none; routes are dropped; encoded words stay as they are, for IMAP's ENVELOPE wants them raw.
"""

import re
from typing import Final

import msgspec

from mailstead.mime import decode, header
from mailstead.model import limits
from mailstead.model.address import Address

_ATOM: Final = rb"""[^\s"(),:;<>@\[\]\\]++"""
_SIMPLE: Final = re.compile(
    rb"""[ \t]*+(?:(?:"([^"\\]*+)"[ \t]*+|([^"(),:;<>@\[\]\\]{0,200}+))<(%b)@(%b)>|(%b)@(%b))[ \t]*+(?:,|$)"""
    % (_ATOM, _ATOM, _ATOM, _ATOM)
)
"""One address as nearly all are written, and its comma; anything else goes to the reader below."""
_TOKEN: Final = re.compile(
    rb"""[ \t]+ | "(?:[^"\\]|\\.)*"? | \[(?:[^\]\\]|\\.)*\]? | [<>@,;:] | \( | [^\s"()<>\[@,;:]+ | .""", re.VERBOSE | re.DOTALL
)
_COMMENT_EDGE: Final = re.compile(rb"[()\\]")


class Mailbox(msgspec.Struct, frozen=True):
    """One address, raw octets. A group is a run from ``Mailbox(b"", group, None)`` to ``Mailbox(b"", None, None)``.

    ``name`` is unquoted; ``domain`` is b"" where the address has none.
    """

    name: bytes
    local: bytes | None
    domain: bytes | None


GROUP_END: Final = Mailbox(b"", None, None)


def complete(value: bytes) -> list[Address]:
    """The addresses of a field's raw value that have both halves, groups dissolved; what is no UTF-8 is repaired."""
    return [
        Address(one.local.decode("utf-8", "replace"), one.domain.decode("utf-8", "replace"))
        for one in parse(header.unfold(value)) if one.local and one.domain
    ]  # fmt: skip


def parse(value: bytes) -> list[Mailbox]:
    """The addresses of an unfolded value (``header.unfold``), at most ``limits.MIME_ADDRESSES``."""
    found: list[Mailbox] = []
    at, size = 0, len(value)
    while at < size and len(found) < limits.MIME_ADDRESSES:
        match = _SIMPLE.match(value, at)
        if match is None:
            return _Reader(value).read()
        quoted, name, local, domain, bare_local, bare_domain = match.groups()
        if local is None:
            found.append(Mailbox(b"", bare_local, bare_domain))
        else:
            found.append(Mailbox(name.rstrip(b" \t") if quoted is None else quoted, local, domain))
        at = match.end()
    return found


class _Reader:
    """One pass over the tokens of a list; each address ends at a comma, a group's end, or the end."""

    def __init__(self, value: bytes) -> None:
        self._value = value
        self._found: list[Mailbox] = []
        self._in_group = False
        self._clear()

    def _clear(self) -> None:
        self._words: list[bytes] = []
        """Before ``<`` or ``@``: words and blanks, quoted strings unquoted."""
        self._comments: list[bytes] = []
        self._local: bytes | None = None
        self._domain: list[bytes] = []
        self._in_angle = False
        self._angle: list[bytes] = []
        self._had_angle = False
        self._after_at = False

    def read(self) -> list[Mailbox]:
        value = self._value
        at = 0
        size = len(value)
        while at < size and len(self._found) < limits.MIME_ADDRESSES:
            match = _TOKEN.match(value, at)
            if match is None:  # pragma: no cover - the last alternative takes anything
                break
            token = match[0]
            at = match.end()
            if token == b"(":
                end = _comment_end(value, at)
                self._comments.append(value[at : end - 1] if value[end - 1 : end] == b")" else value[at:end])
                at = end
            else:
                self._take(token)
        self._end()
        if self._in_group:
            self._found.append(GROUP_END)
        return self._found

    def _take(self, token: bytes) -> None:
        kind = token[:1]
        if self._in_angle:
            if kind == b">":
                self._in_angle = False
                return
            if kind == b"," and not self._angle_has_local():
                self._angle.clear()  # a route: <@a,@b:user@host>, RFC 5322 §4.4
                return
            if kind == b":":
                self._angle.clear()
                return
            if kind not in b" \t" or kind == b"":
                self._angle.append(token)
            return
        if kind == b"<":
            if not self._had_angle:
                self._in_angle = self._had_angle = True
                if self._after_at:  # "a@b <c@d>": what stood there was a name
                    self._words = [*(self._words or []), b"@", *self._domain]
                    self._after_at = False
            return
        if kind == b",":
            self._end()
            return
        if kind == b";":
            self._end()
            if self._in_group:
                self._in_group = False
                self._found.append(GROUP_END)
            return
        if kind == b":" and not self._in_group and not self._had_angle and not self._after_at:
            name = b"".join(_unquote(word) for word in self._words).strip()
            self._clear()
            self._in_group = True
            self._found.append(Mailbox(b"", name, None))
            return
        if kind == b"@" and not self._had_angle and not self._after_at:
            self._after_at = True
            return
        if self._had_angle:
            return
        if self._after_at:
            if kind not in b" \t":
                self._domain.append(token)
            return
        self._words.append(token)

    def _angle_has_local(self) -> bool:
        return bool(self._angle) and self._angle[0] != b"@"

    def _end(self) -> None:
        name = b""
        if self._had_angle:
            joined = self._angle
            at = len(joined) - 1 - joined[::-1].index(b"@") if b"@" in joined else -1
            local = b"".join(_unquote(word) for word in (joined[:at] if at >= 0 else joined))
            domain = b"".join(joined[at + 1 :]) if at >= 0 else b""
            name = _name(self._words)
        elif self._after_at:
            local = b"".join(_unquote(word) for word in self._words if word.strip())
            domain = b"".join(self._domain)
        else:
            local = b"".join(_unquote(word) for word in self._words).strip()
            domain = b""
        if not name and self._comments:
            name = self._comments[-1].strip()
        if local or domain or name:
            self._found.append(Mailbox(name, local, domain))
        self._clear()


def _comment_end(value: bytes, at: int) -> int:
    """Behind the parenthesis that closes the comment whose inside starts at ``at``; nesting counted, not recursed."""
    depth = 1
    while True:
        match = _COMMENT_EDGE.search(value, at)
        if match is None:
            return len(value)
        at = match.end()
        if match[0] == b"\\":
            at += 1
        elif match[0] == b"(":
            depth += 1
        else:
            depth -= 1
            if not depth:
                return at


def _name(words: list[bytes]) -> bytes:
    return b"".join(_unquote(word) if word.strip() else b" " for word in words).strip()


def _unquote(word: bytes) -> bytes:
    if word[:1] != b'"':
        return word
    inner = word[1:-1] if len(word) > 1 and word.endswith(b'"') else word[1:]
    return re.sub(rb"\\(.)", rb"\1", inner, flags=re.DOTALL) if b"\\" in inner else inner


def spelled(local: bytes, domain: bytes) -> str:
    """An address as people write it: a local part that is no dot-atom is quoted (RFC 5322 §3.4.1)."""
    text = decode.charset(local, "")
    if text and not _DOT_ATOM.fullmatch(text):
        text = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{text}@{decode.charset(domain, '')}" if domain else text


_DOT_ATOM: Final = re.compile(r"[^\s()<>\[\]:;@\\,\"\x00-\x1f\x7f]+")
