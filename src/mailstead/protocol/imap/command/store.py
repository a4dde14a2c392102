"""STORE, by number or UID, conditional (RFC 9051 §6.4.6, RFC 7162 §3.1.3)."""

from dataclasses import dataclass

from mailstead.model import limits
from mailstead.model.errors import Violation
from mailstead.protocol.imap.tokens import Reader, Sequence


@dataclass(frozen=True, slots=True)
class Store:
    """``action``: ``+``, ``-`` or "" (replace). ``silent``: no untagged FETCH wanted."""

    messages: Sequence
    uid: bool
    action: str
    silent: bool
    flags: frozenset[str]
    unchanged_since: int | None = None


def parse(reader: Reader, name: str) -> Store:
    """``STORE set [(UNCHANGEDSINCE n)] [+|-]FLAGS[.SILENT] (flag …)``; the parentheses may be missing."""
    reader.space()
    messages = reader.sequence()
    reader.space()
    unchanged_since = None
    if reader.take(b"("):
        if reader.word() != "UNCHANGEDSINCE":
            raise Violation("That modifier is not known here")
        reader.space()
        unchanged_since = reader.modseq()
        reader.expect(b")")
        reader.space()
    item = reader.word()
    action = item[0] if item[0] in "+-" else ""
    item = item[len(action) :]
    silent = item == "FLAGS.SILENT"
    if item not in {"FLAGS", "FLAGS.SILENT"}:
        raise Violation("Only FLAGS can be stored")
    reader.space()
    if reader.peek() == ord("("):
        flags = reader.flags()
    else:
        found = {reader.flag()}
        while reader.more():
            found.add(reader.flag())
            if len(found) > limits.KEYWORDS:
                raise Violation("Too many flags")
        flags = frozenset(found)
    reader.end()
    return Store(messages, name.startswith("UID "), action, silent, flags, unchanged_since)
