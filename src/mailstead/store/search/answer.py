"""Which messages of a mailbox meet a condition.

The tree is judged row by row in three steps of cost: what the entry's row says (flags, times, sizes), what the email's
row says (Date, attachments), and what the message says, opened and decoded. A condition is three-valued until it is
known, so a message is opened only where rows leave the answer open. Text matches regardless of case and Unicode form
(RFC 9051 §6.4.4 asks for i;ascii-casemap or better): both sides are folded (``model.folding``), and accents make no difference.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from mailstead.mime import header, parts, text
from mailstead.model import condition as c
from mailstead.model import flags as model
from mailstead.model import folding
from mailstead.model.uids import UidSet
from mailstead.store.search.words import beginnings, begins

_TEXT_MOST: Final = 2 << 20
"""Characters of one message that are looked through."""
_LABELS_MOST: Final = 16 << 10
"""Octets of one part's header that are looked through."""
_HEADER_OF: Final = {
    c.Field.FROM: b"from", c.Field.TO: b"to", c.Field.CC: b"cc", c.Field.BCC: b"bcc", c.Field.SUBJECT: b"subject",
}


def folded(words: str) -> str:
    """The form in which text is compared, with one blank between words."""
    return " ".join(folding.folded(words).split())


@dataclass(slots=True)
class Message:
    """One entry under judgement. The callables are asked only when needed: ``email`` gives (sent_ms, has_attachment);
    ``places`` the mailboxes it lies in; ``parts`` the packed part tree, ``octets`` a range of the message."""

    uid: int
    email_id: int
    thread_id: int
    mailbox_id: int
    modseq: int
    flags: int
    more: tuple[str, ...]
    received_ms: int
    saved_ms: int
    size: int
    email: Callable[[], tuple[int, int, bool]]
    parts: Callable[[], bytes]
    octets: Callable[[int, int], bytes]
    places: Callable[[], set[int]]
    thread: Callable[[], tuple[tuple[int, tuple[str, ...]], ...]] = tuple
    """Flags and names beyond the bits of each email in the thread."""
    _opened: "tuple[int, bytes] | None" = None
    _body: str | None = None
    _fields: "list[tuple[bytes, str]] | None" = None

    def head(self) -> bytes:
        """The top header block."""
        if self._opened is None:
            size = self.email()[1]
            self._opened = (size, self.octets(0, size))
        return self._opened[1]

    def body_text(self) -> str:
        """The decoded text parts, folded."""
        if self._body is None:
            root = parts.unpack(self.parts())
            self._body = folded(" ".join(text.texts(self.octets, root, limit=_TEXT_MOST)))
        return self._body

    def labels(self) -> str:
        """What its parts are called, file names among it, folded."""
        root = parts.unpack(self.parts())
        return folded(" ".join(text.labels(self.octets, root, limit=_LABELS_MOST))) if root.children or b"*" in self.head() else ""

    def file_names(self) -> str:
        """The names of the files in it, folded, one a line: no phrase stands in two of them."""
        return "\n".join(map(folded, text.file_names(self.octets, parts.unpack(self.parts()), limit=_LABELS_MOST)))

    def fields(self) -> list[tuple[bytes, str]]:
        """All header fields: the name in lower case, the value decoded and folded."""
        if self._fields is None:
            self._fields = [(name.lower(), folded(header.decode(value))) for name, value in header.fields(self.head())]
        return self._fields

    def header_text(self) -> str:
        """All header fields as one text, folded."""
        return " ".join(f"{_name(name)}: {value}" for name, value in self.fields())


@lru_cache(2_048)
def _name(name: bytes) -> str:
    return folded(name.decode("ascii", "replace"))


Judge = Callable[[Message], bool]


def compile_(condition: c.Condition, bits: dict[str, int]) -> Judge:
    """A function that judges one message. ``bits``: folded keyword name to bit. Cheap conditions are asked first."""
    match condition:
        case c.And(inner):
            judges = [compile_(part, bits) for part in sorted(inner, key=cost)]
            return lambda message: all(judge(message) for judge in judges)
        case c.Or(inner):
            judges = [compile_(part, bits) for part in sorted(inner, key=cost)]
            return lambda message: any(judge(message) for judge in judges)
        case c.Not(part):
            judge = compile_(part, bits)
            return lambda message: not judge(message)
        case c.InMailbox(mailbox):
            return lambda message: message.mailbox_id == mailbox or mailbox in message.places()
        case c.InUids(uids):
            return lambda message: message.uid in uids
        case c.HasFlag(name):
            return _has_flag(name, bits)
        case c.Received(since, before):
            return lambda message: _within(message.received_ms, since, before)
        case c.Saved(since, before):
            return lambda message: _within(message.saved_ms, since, before)
        case c.Sent(since, before):
            return lambda message: _within(message.email()[0], since, before)
        case c.Size(at_least, below):
            return lambda message: _within(message.size, at_least, below)
        case c.ModSeqAtLeast(modseq):
            return lambda message: message.modseq >= modseq
        case c.EmailIs(email):
            return lambda message: message.email_id == email
        case c.EmailIn(emails):
            return lambda message: message.email_id in emails
        case c.ThreadIs(thread):
            return lambda message: message.thread_id == thread
        case c.HasAttachment():
            return lambda message: message.email()[2]
        case c.InOtherThan(mailboxes):
            return lambda message: not message.places() <= mailboxes
        case c.ThreadHas(name, every):
            return _thread_has(name, bits, every=every)
        case c.Header(name, value):
            return _header(name.lower().encode("utf-8", "replace"), folded(value))
        case c.Contains(where, value, words):
            return _contains(where, folded(value), words=words)
    raise TypeError(condition)


def cost(condition: c.Condition) -> int:
    """0 answered by the entry, 1 by the email's row, 2 by its header, 3 by its body."""
    match condition:
        case c.And(inner) | c.Or(inner):
            return max(map(cost, inner), default=0)
        case c.Not(part):
            return cost(part)
        case c.Sent() | c.HasAttachment() | c.InMailbox() | c.InOtherThan() | c.ThreadHas():
            return 1
        case c.ThreadMeets(part):
            return max(1, cost(part))
        case c.Header():
            return 2
        case c.Contains(where):
            return 3 if where in {c.Field.BODY, c.Field.TEXT, c.Field.FILE} else 2
    return 0


def _within(value: int, since: int | None, before: int | None) -> bool:
    return (since is None or value >= since) and (before is None or value < before)


def _has_flag(name: str, bits: dict[str, int]) -> Judge:
    low = name.lower()
    bit = model.SYSTEM_BITS.get(model.canonical(name)) or bits.get(low, 0)
    if bit:
        return lambda message: bool(message.flags & bit)
    return lambda message: any(word.lower() == low for word in message.more)


def _thread_has(name: str, bits: dict[str, int], *, every: bool) -> Judge:
    low = name.lower()
    bit = model.SYSTEM_BITS.get(model.canonical(name)) or bits.get(low, 0)
    of = all if every else any
    return lambda message: of(
        bool(flags & bit) if bit else any(word.lower() == low for word in more) for flags, more in message.thread())


def _header(name: bytes, wanted: str) -> Judge:
    def judge(message: Message) -> bool:
        return any(found == name and wanted in value for found, value in message.fields())

    return judge


def _contains(where: c.Field, wanted: str, *, words: bool) -> Judge:
    asked = beginnings(wanted) if words else []

    def meets(text_: str) -> bool:
        return begins(text_, asked) if words else wanted in text_

    field = _HEADER_OF.get(where)
    if field is not None:
        def judge(message: Message) -> bool:
            return any(found == field and meets(value) for found, value in message.fields())

        return judge
    if where is c.Field.BODY:
        return lambda message: meets(message.body_text())
    if where is c.Field.FILE:
        return lambda message: meets(message.file_names())
    return lambda message: meets(message.header_text()) or meets(message.labels()) or meets(message.body_text())


def uids_in(condition: c.Condition) -> UidSet | None:
    """The UIDs to which a condition confines the search at its top; None: all."""
    if isinstance(condition, c.InUids):
        return condition.uids
    if isinstance(condition, c.And):
        found = None
        for part in condition.parts:
            inner = uids_in(part)
            if inner is not None:
                found = inner if found is None else found.intersection(inner)
        return found
    return None


