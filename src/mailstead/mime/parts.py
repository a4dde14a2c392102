"""The part tree with its offsets, packed into a few octets a part.

One line a part in pre-order; offsets are relative to the root's body, so that header lines put in front of a message
move only the root's line (``shift``).
"""

from collections.abc import Iterator
from typing import Final

import msgspec


class Part(msgspec.Struct, frozen=True):
    """One part. ``header`` and ``body`` are (start, end) in the stored octets, end excluded; both are there for the
    root too. ``type``, ``subtype``, ``charset`` and ``encoding`` are lower-case. For message/rfc822 (``is_message``)
    the only child is the root of the inner message."""

    type: str
    subtype: str
    charset: str
    encoding: str
    disposition: str
    header: tuple[int, int]
    body: tuple[int, int]
    children: tuple["Part", ...]

    @property
    def is_message(self) -> bool:
        """An embedded message whose inside was read."""
        return self.type == "message" and bool(self.children)

    @property
    def is_multipart(self) -> bool:
        """Whether the children are body parts."""
        return self.type == "multipart" and bool(self.children)

    def parts(self) -> Iterator["Part"]:
        """The part itself and all in it, in order."""
        yield self
        for child in self.children:
            yield from child.parts()

    def leaves(self) -> Iterator["Part"]:
        """The parts without children, in order."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


_LEAF: Final = "\t"


def pack(root: Part) -> bytes:
    """The tree as octets."""
    lines: list[str] = []
    _pack(root, root.body[0], lines)
    return "\n".join(lines).encode("utf-8", "replace")


def _pack(part: Part, origin: int, lines: list[str]) -> None:
    start = part.header[0] - origin if lines else part.header[0]
    body = part.body[0] - origin if lines else part.body[0]
    end = part.body[1] - origin if lines else part.body[1]
    lines.append(
        f"{part.type}\t{part.subtype}\t{part.charset}\t{part.encoding}\t{part.disposition}\t{start}\t{body}\t{end}\t{len(part.children)}"
    )
    for child in part.children:
        _pack(child, origin, lines)


def shift(parts: bytes, octets: int) -> bytes:
    """The packed tree of the same message with ``octets`` more header octets in front."""
    head, newline, rest = parts.partition(b"\n")
    fields = head.split(b"\t")
    fields[6] = b"%d" % (int(fields[6]) + octets)
    fields[7] = b"%d" % (int(fields[7]) + octets)
    return b"\t".join(fields) + newline + rest


def unpack(parts: bytes) -> Part:
    """The tree behind packed octets."""
    lines = iter(parts.decode("utf-8").split("\n"))
    return _unpack(lines, None)


def _unpack(lines: Iterator[str], origin: int | None) -> Part:
    kind, subtype, charset, encoding, disposition, start_text, body_text, end_text, count = next(lines).split("\t")
    start, body, end = int(start_text), int(body_text), int(end_text)
    if origin is None:
        origin = body
    else:
        start, body, end = start + origin, body + origin, end + origin
    children = tuple(_unpack(lines, origin) for _ in range(int(count)))
    return Part(kind, subtype, charset, encoding, disposition, (start, body), (body, end), children)


def find(root: Part, section: tuple[int, ...]) -> Part | None:
    """The part that an IMAP section number names, or None.

    ``()`` is the message itself. A message that is no multipart has one part, 1, which is its body; numbers below a
    message/rfc822 part count the inner message's parts. RFC 9051 §6.4.5.1.
    """
    part = root
    is_root_of_message = True
    for number in section:
        if part.is_message and not is_root_of_message:
            part = part.children[0]
            is_root_of_message = True
        if part.is_multipart:
            if not 1 <= number <= len(part.children):
                return None
            part = part.children[number - 1]
            is_root_of_message = False
        elif is_root_of_message and number == 1:
            is_root_of_message = False
        else:
            return None
    return part
