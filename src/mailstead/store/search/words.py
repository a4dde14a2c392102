"""How text becomes the words of the index, so that no substring is ever missed.

Text is folded (``answer.folded``) before it is indexed, and FTS5's ``ascii`` tokenizer cuts it: a word is a run of ASCII letters
and digits and of anything beyond ASCII. Cutting a piece of the text gives the same words as cutting the text, but for its first
and last, which may be torn; so the substring "lo wor" is in a text only if the text has a word ending in "lo" and one
beginning with "wor". What the index gives is a superset, and every message in it is looked at (DECISIONS 14).
"""

import re
from dataclasses import dataclass
from typing import Final

_WORD: Final = re.compile(r"[0-9A-Za-z\u0080-\U0010ffff]+")
_LONG: Final = re.compile(r"[0-9A-Za-z\u0080-\U0010ffff]{201,}")
_WINDOW: Final = 200
_STEP: Final = 100
"""A longer word is put in as overlapping windows (FTS5 cuts words off at 32 KiB): every stretch of ``_STEP`` characters lies in
one of them, the first begins as the word does and the last ends as it does."""


_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_MARKS: Final = re.compile(
    "[\u0080-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u2000-\u206f\u2190-\u2bff\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020"
    "\u30fb\ufe10-\ufe1f\ufe30-\ufe6f\uff5b-\uff65\U0001f000-\U0001faff]"
)
"""What is beyond ASCII and no word: quotation marks, dashes, arrows, pictures."""
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3021-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
"""Scripts that write no blanks between words, or glue endings to them."""


def separated(text: str) -> str:
    """Folded text in which everything beyond ASCII is part of a word."""
    return text if text.isascii() else _MARKS.sub(" ", text)


def cut(text: str) -> str:
    """Folded text as it is put into the index."""
    if not text.isascii():
        text = separated(_SURROGATE.sub("\ufffd", text))
    return _LONG.sub(_windows, text) if _may_hold_long(text) else text


def _may_hold_long(text: str) -> bool:
    """Whether there is a stretch longer than a window without a blank: a few steps, where ``_LONG`` looks at every character."""
    find, size = text.rfind, len(text)
    at = 0
    while size - at > _WINDOW:
        blank = find(" ", at, at + _WINDOW + 1)
        if blank < 0:
            return True
        at = blank + 1
    return False


def _windows(found: "re.Match[str]") -> str:
    word = found[0]
    starts = range(0, len(word) - _WINDOW + _STEP, _STEP)
    return " ".join([*(word[start : start + _WINDOW] for start in starts), word[-_WINDOW:]])


@dataclass(frozen=True, slots=True)
class Piece:
    """A word of the index, or a part of one: open at the start, at the end, or at both."""

    text: str
    open_start: bool
    open_end: bool

    def pattern(self) -> str:
        """For LIKE over the vocabulary; letters of ASCII match in either case, as they were folded."""
        escaped = self.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return ("%" if self.open_start else "") + escaped + ("%" if self.open_end else "")


def pieces(wanted: str) -> list[Piece]:
    """What a text that contains ``wanted`` (folded) must have among its words."""
    wanted = separated(_SURROGATE.sub("\ufffd", wanted))
    found = list(_WORD.finditer(wanted))
    return [_short(word[0], word.start() == 0, word.end() == len(wanted)) for word in found]


def beginnings(wanted: str) -> list[Piece]:
    """What a text must have in which every word of ``wanted`` (folded) begins a word. A word longer than the index keeps whole
    is looked for by its beginning."""
    return [
        Piece(word[:_STEP], open_start=bool(_UNSPACED.search(word)), open_end=True)
        for word in _WORD.findall(separated(_SURROGATE.sub("\ufffd", wanted)))
    ]


def begins(text: str, wanted: list[Piece]) -> bool:
    """Whether a folded text has a word for each of ``beginnings``: what the index says, said of a text."""
    if not wanted:
        return False
    words = _WORD.findall(separated(text))
    spaced = " " + " ".join(words)
    return all((piece.text if piece.open_start else " " + piece.text) in spaced for piece in wanted)


def whole(name: str) -> list[Piece]:
    """The words of a folded name, as they stand in a text that holds it."""
    return [Piece(word, False, False) for word in _WORD.findall(separated(name))]


def _short(word: str, open_start: bool, open_end: bool) -> Piece:
    """A piece that lies within one window."""
    if len(word) <= _STEP or (len(word) <= _WINDOW and not open_start and not open_end):
        return Piece(word, open_start, open_end)
    if open_start and not open_end:
        return Piece(word[-_STEP:], True, False)
    return Piece(word[:_STEP], open_start, True)
