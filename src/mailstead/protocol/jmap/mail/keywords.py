"""Keywords and roles: JMAP's names and the store's (RFC 8621 §4.1.1, §2)."""

import re
from typing import Final

from mailstead.model import flags
from mailstead.model.mailbox import Role

_KEYWORD: Final = re.compile(r"[!#$&'+\-./0-9:;<=>?@A-Z\[\^_`a-z|}~,]{1,255}")
_FLAGS: Final = {"$seen": "\\Seen", "$answered": "\\Answered", "$flagged": "\\Flagged", "$draft": "\\Draft"}
_KEYWORDS: Final = {flag: keyword for keyword, flag in _FLAGS.items()}
ROLES: Final = {
    Role.INBOX: "inbox", Role.DRAFTS: "drafts", Role.SENT: "sent", Role.ARCHIVE: "archive", Role.JUNK: "junk", Role.TRASH: "trash",
    Role.ALL: "all", Role.FLAGGED: "flagged", Role.IMPORTANT: "important",
    Role.SNOOZED: "snoozed", Role.SCHEDULED: "scheduled", Role.MEMOS: "memos",
}
BY_ROLE: Final = {name: role for role, name in ROLES.items()}


def flag_of(keyword: str) -> str | None:
    """The flag's name; None for what is no keyword. ``\\Deleted`` and ``\\Recent`` have none (RFC 8621 §4.1.1)."""
    if not _KEYWORD.fullmatch(keyword):
        return None
    low = keyword.lower()
    return _FLAGS.get(low, low)


def keyword_of(flag: str) -> str:
    """The keyword of a flag, in lower case."""
    return _KEYWORDS.get(flags.canonical(flag), flag.lower())


class Names:
    """Keywords of an account by flag bits. Answers are kept: few sets of flags occur."""

    def __init__(self, names: dict[int, str]) -> None:
        self.source = names
        self._names = {bit: keyword_of(name) for bit, name in names.items() if bit != flags.DELETED}
        self._known = 0
        for bit in self._names:
            self._known |= bit
        self._kept: dict[int, dict[str, bool]] = {}

    def knows(self, bits: int) -> bool:
        """Whether every bit has a name here."""
        return not bits & ~(self._known | flags.DELETED)

    def keywords(self, bits: int, more: tuple[str, ...]) -> dict[str, bool]:
        """``keywords`` of an email. Not to be changed."""
        found = self._kept.get(bits)
        if found is None:
            found = {name: True for bit, name in self._names.items() if bits & bit}
            if len(self._kept) < 1000:  # noqa: PLR2004
                self._kept[bits] = found
        return {**found, **{name.lower(): True for name in more}} if more else found
