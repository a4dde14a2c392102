"""Rights as IMAP writes them (RFC 4314 §2.1). ``lr``, ``te`` and what JMAP calls ``mayRename`` and ``mayDelete`` (``x``) are tied."""

from typing import Final

from mailstead.model.errors import Violation
from mailstead.model.sharing import NONE, Right

TIED: Final[tuple[tuple[str, Right], ...]] = (
    ("lr", Right.READ), ("s", Right.SEEN), ("w", Right.KEYWORDS), ("i", Right.ADD), ("p", Right.SUBMIT), ("k", Right.CREATE_CHILD),
    ("x", Right.RENAME | Right.DELETE), ("te", Right.REMOVE), ("a", Right.SHARE),
)  # fmt: skip
"""Letters that are given together, and what they give."""
_OLD: Final = {"c": "k", "d": "te"}
"""RFC 4314 §2.1.1: what older clients mean."""
_LETTERS: Final = frozenset("".join(letters for letters, _ in TIED))


def written(rights: Right) -> str:
    """As ACL and MYRIGHTS give them, with the letters for older clients (RFC 4314 §2.1.1)."""
    found = "".join(letters for letters, right in TIED if rights & right == right)
    return found + "".join(old for old, new in _OLD.items() if set(new) & set(found))


def read(text: str) -> tuple[str, Right]:
    """``+``, ``-`` or "" (in place of all), and the rights. Of letters that are tied all must be there (RFC 4314 §2), or to take them away any.
    Raises ``Violation`` for a letter that is none (RFC 4314 §3.1)."""
    action = text[:1] if text[:1] in {"+", "-"} else ""
    letters = {letter for one in text[len(action) :] for letter in _OLD.get(one, one)}
    if letters - _LETTERS:
        raise Violation("That right is not known here")
    found = NONE
    for tied, right in TIED:
        here = letters & set(tied)
        if here and (action == "-" or here == set(tied)):
            found |= right
    return action, found
