"""SearchSnippet: where in an email the words of a filter stand (RFC 8621 §5).

What is shown is HTML: everything of the email is escaped, and only ``<mark>`` is ours.
"""

import html
import re
from typing import Final

from mailstead.model import condition as c
from mailstead.model import limits
from mailstead.model.folding import ACCENTS, folded

_WORD: Final = re.compile(rf"[^\W_](?:[^\W_]|[{ACCENTS}])*")
_BEFORE: Final = 60
_SUBJECT: Final = frozenset((c.Field.TEXT, c.Field.SUBJECT))
_BODY: Final = frozenset((c.Field.TEXT, c.Field.BODY))


def terms(condition: c.Condition, *, body: bool) -> tuple[str, ...]:
    """Folded beginnings of words that the filter looks for in the subject, or in the body; what it wants absent is none."""
    found: dict[str, None] = {}

    def walk(one: c.Condition) -> None:
        match one:
            case c.And(inner) | c.Or(inner):
                for part in inner:
                    walk(part)
            case c.Contains(field, text, _):
                if field in (_BODY if body else _SUBJECT):
                    found.update(dict.fromkeys(map(folded, _WORD.findall(text))))

    walk(condition)
    return tuple(found)


def marked(text: str, wanted: tuple[str, ...], most: int = limits.JMAP_SNIPPET) -> str | None:
    """``text`` as HTML with the words marked that begin with one of ``wanted``, from shortly before the first, at most ``most``
    octets; None where there is none."""
    hits = [match.span() for match in _WORD.finditer(text) if _begins(match[0], wanted)] if wanted else []
    if not hits:
        return None
    start = _start(text, hits[0][0])
    out: list[str] = []
    size, at = 0, start
    for low, high in [*hits, (len(text), len(text))]:
        plain, size = _fitting(text[at:low], most, size, out)
        if not plain:
            break
        if low == high:
            break
        word = f"<mark>{html.escape(text[low:high])}</mark>"
        if size + len(word.encode("utf-8", "replace")) > most:
            break
        out.append(word)
        size += len(word.encode("utf-8", "replace"))
        at = high
    return "".join(out)


def _fitting(text: str, most: int, size: int, out: list[str]) -> tuple[bool, int]:
    """Append what fits of ``text``, escaped; whether all of it did."""
    for character in text:
        escaped = html.escape(character)
        octets = len(escaped.encode("utf-8", "replace"))
        if size + octets > most:
            return False, size
        out.append(escaped)
        size += octets
    return True, size


def _begins(word: str, wanted: tuple[str, ...]) -> bool:
    begun = folded(word)
    return any(begun.startswith(term) for term in wanted)


def _start(text: str, first: int) -> int:
    """Where to begin: at the text, or at a word shortly before the first hit."""
    if first <= _BEFORE:
        return 0
    blank = text.find(" ", first - _BEFORE, first)
    return blank + 1 if blank >= 0 else first
