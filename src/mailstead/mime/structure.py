"""BODYSTRUCTURE in wire form, and BODY derived from it (RFC 9051 §7.5.2)."""

import re
from typing import Final

from mailstead.mime.wire import nstring, string, to_ascii

__all__ = ["body", "disposition", "leaf", "multipart", "parameters", "to_ascii"]

_ATOM_END: Final = re.compile(rb'[ ()"]')
_QUOTED: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)

Parameters = list[tuple[bytes, bytes]]


def parameters(pairs: Parameters) -> bytes:
    """``("name" "value" …)`` or NIL."""
    if not pairs:
        return b"NIL"
    return b"(" + b" ".join(string(name) + b" " + string(value) for name, value in pairs) + b")"


def disposition(value: bytes, pairs: Parameters) -> bytes:
    """``("attachment" ("filename" "x"))`` or NIL where there is none."""
    return b"(" + string(value) + b" " + parameters(pairs) + b")" if value else b"NIL"


def language(value: bytes | None) -> bytes:
    """Content-Language: a list of tags, or NIL (RFC 3282 §2)."""
    tags = [tag.strip() for tag in (value or b"").split(b",") if tag.strip()]
    return b"(" + b" ".join(string(tag) for tag in tags) + b")" if tags else b"NIL"


def leaf(
    kind: bytes, subtype: bytes, pairs: Parameters, content_id: bytes | None, description: bytes | None, encoding: bytes,
    size_octets: int, extra: bytes, extension: bytes,
) -> bytes:
    """A part without parts of its own. ``extra`` is what its type adds (lines, or envelope, body and lines)."""
    return b"(%b %b %b %b %b %b %d%b %b)" % (
        string(kind.upper()),
        string(subtype.upper()),
        parameters(pairs),
        nstring(content_id),
        nstring(description),
        string(encoding.upper()),
        size_octets,
        extra,
        extension,
    )


def multipart(children: list[bytes], subtype: bytes, pairs: Parameters, extension: bytes) -> bytes:
    """A multipart. ``extension`` is disposition, language, location."""
    return b"(%b %b %b %b)" % (b"".join(children), string(subtype.upper()), parameters(pairs), extension)


def body(structure: bytes) -> bytes:
    """BODY: the same tree without extension data."""
    node, _ = _read(structure, 0)
    return _body(node)


_Node = bytes | list["_Node"]


def _read(wire: bytes, at: int) -> tuple[list[_Node], int]:
    """The list that opens at ``at``, and the place behind it. Depth is bounded by ``limits.MIME_DEPTH``."""
    nodes: list[_Node] = []
    at += 1
    while True:
        octet = wire[at : at + 1]
        if octet == b"(":
            inner, at = _read(wire, at)
            nodes.append(inner)
        elif octet == b")":
            return nodes, at + 1
        elif octet == b" ":
            at += 1
        else:
            match = _QUOTED.match(wire, at)
            if match is None:
                end = _ATOM_END.search(wire, at)
                stop = end.start() if end else len(wire)
            else:
                stop = match.end()
            nodes.append(wire[at:stop])
            at = stop


def _body(node: list[_Node]) -> bytes:
    if isinstance(node[0], list):
        children = [child for child in node if isinstance(child, list) and child and isinstance(child[0], (bytes, list))]
        count = next(i for i, child in enumerate(node) if not isinstance(child, list))
        return b"(" + b"".join(_body(_as_list(child)) for child in children[:count]) + b" " + _write(node[count]) + b")"
    basic = node[:7]
    kind, subtype = node[0], node[1]
    if kind == b'"TEXT"':
        basic = node[:8]
    elif kind == b'"MESSAGE"' and subtype in {b'"RFC822"', b'"GLOBAL"'} and len(node) > 9 and isinstance(node[7], list):  # noqa: PLR2004
        inner = [*map(_write, node[:8]), _body(_as_list(node[8])), _write(node[9])]
        return b"(" + b" ".join(inner) + b")"
    return b"(" + b" ".join(map(_write, basic)) + b")"


def _as_list(node: _Node) -> list[_Node]:
    return node if isinstance(node, list) else [node]


def _write(node: _Node) -> bytes:
    if isinstance(node, bytes):
        return node
    return b"(" + (b"" if node and all(isinstance(child, list) for child in node) else b" ").join(map(_write, node)) + b")"
