"""Mailbox names: text with separators to paths and back, and the patterns of LIST (RFC 9051 §5.1, §6.3.9).

Names are NFC text; only INBOX ignores case (DECISIONS 23). The separator is the site's setting and belongs to the wire.
"""

import unicodedata
from dataclasses import dataclass

from mailstead.model import limits
from mailstead.model.errors import Reason, Refusal

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """Names under one separator."""

    separator: str

    def path(self, name: str) -> Path:
        """The path of a name as sent; a separator at its end is passed over. Refusal INVALID."""
        name = unicodedata.normalize("NFC", name)
        levels = name.removesuffix(self.separator).split(self.separator)
        if levels[0].upper() == "INBOX":
            levels[0] = "INBOX"
        if not all(levels):
            raise Refusal(Reason.INVALID, "That is not a mailbox name")
        if len(levels) > limits.MAILBOX_DEPTH or max(map(len, levels)) > limits.MAILBOX_NAME:
            raise Refusal(Reason.INVALID, "The mailbox name is too long or too deep")
        return tuple(levels)

    def new_path(self, name: str) -> Path:
        """The path of a mailbox to be made: no lone surrogates or control characters (RFC 9051 §5.1)."""
        path = self.path(name)
        if any(unicodedata.category(character) in {"Cc", "Cs"} for level in path for character in level):
            raise Refusal(Reason.INVALID, "The mailbox name holds a character that cannot be used")
        return path

    def name(self, path: Path) -> str:
        """The text of a path."""
        return self.separator.join(path)

    def matches(self, pattern: str, name: str) -> bool:
        """Whether ``name`` fits ``pattern``: ``*`` stands for anything, ``%`` for anything but the separator.

        Time is bounded by the product of both lengths; INBOX fits whatever its case.
        """
        if name == "INBOX" or name.startswith("INBOX" + self.separator):
            head, mark, tail = pattern.partition(self.separator)
            if head.upper() != head and _matches(head.upper() + mark + tail, name, self.separator):
                return True
        return _matches(pattern, name, self.separator)


def _matches(pattern: str, name: str, separator: str) -> bool:
    at = p = 0
    star = percent = -1
    star_at = percent_at = 0
    while at < len(name):
        character = pattern[p] if p < len(pattern) else ""
        if character == "*":
            star, star_at, percent = p, at, -1
            p += 1
        elif character == "%":
            percent, percent_at = p, at
            p += 1
        elif character == name[at]:
            at += 1
            p += 1
        elif percent >= 0 and name[percent_at] != separator:
            percent_at += 1
            at, p = percent_at, percent + 1
        elif star >= 0:
            star_at += 1
            at, p, percent = star_at, star + 1, -1
        else:
            return False
    return not pattern[p:].strip("*%")
