"""The mailbox tree as LIST and LSUB show it (RFC 9051 §6.3.9, RFC 5258 §3-5, RFC 3501 §6.3.9)."""

import asyncio
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from mailstead.model.ids import AccountId
from mailstead.model.mailbox import MailboxInfo, Role
from mailstead.model.sharing import ALL, Right
from mailstead.service.mailbox.names import Names, Path
from mailstead.service.mailbox.others import Shown
from mailstead.store.interface import Mail

ATTRIBUTES: Final = {
    Role.DRAFTS: "\\Drafts",
    Role.SENT: "\\Sent",
    Role.ARCHIVE: "\\Archive",
    Role.JUNK: "\\Junk",
    Role.TRASH: "\\Trash",
    Role.ALL: "\\All",
    Role.FLAGGED: "\\Flagged",
    Role.IMPORTANT: "\\Important", Role.SNOOZED: "\\Snoozed", Role.SCHEDULED: "\\Scheduled", Role.MEMOS: "\\Memos",
}
"""RFC 6154 §2, RFC 8457 §3."""
_YIELD_EVERY: Final = 200
ROLES: Final = {attribute.lower(): role for role, attribute in ATTRIBUTES.items()}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the answer. ``child_info``: it is there for its subscribed children only. ``info`` None: no such mailbox. ``account``: whose it is, where it
    is somebody else's."""

    name: str
    attributes: tuple[str, ...]
    child_info: bool = False
    info: MailboxInfo | None = None
    account: AccountId | None = None
    rights: Right = ALL
    """What one may do with it, where it is there."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; the words are those of RFC 5258 §3."""

    patterns: tuple[str, ...]
    subscribed: bool = False
    recursive: bool = False
    special_use: bool = False
    """Only mailboxes with a special use."""
    show_subscribed: bool = False


async def lines(mail: Mail, account: AccountId, names: Names, wish: Wish) -> list[Line]:
    """LIST's answer."""
    there = {info.path: info for info in await mail.mailboxes(account)}
    subscribed = set(await mail.subscriptions(account)) if wish.subscribed or wish.show_subscribed else set()
    found: list[Line] = []
    for number, line in enumerate(_listed(there, subscribed, names, wish)):
        if line is not None:
            found.append(line)
        if number % _YIELD_EVERY == _YIELD_EVERY - 1:
            await asyncio.sleep(0)
    return found


def _listed(there: dict[Path, MailboxInfo], subscribed: set[Path], names: Names, wish: Wish) -> Iterator[Line | None]:
    """A line, or None, for each mailbox that is looked at."""
    paths: Collection[Path] = there
    if wish.subscribed:
        paths = dict.fromkeys([*there, *sorted(subscribed - there.keys())])
    ancestors: set[Path] = set()
    if wish.recursive:
        chosen = subscribed if wish.subscribed else {path for path, info in there.items() if info.role in ATTRIBUTES}
        ancestors = {path[:depth] for path in chosen for depth in range(1, len(path))}
        paths = dict.fromkeys([*paths, *sorted(ancestors - set(paths))])
    for path in paths:
        info = there.get(path)
        fits = (not wish.subscribed or path in subscribed) and (
            not wish.special_use or (info is not None and info.role in ATTRIBUTES)
        )
        child_info = path in ancestors
        name = names.name(path)
        if (fits or child_info) and any(names.matches(pattern, name) for pattern in wish.patterns):
            found = attributes(info)
            if path in subscribed:
                found.append("\\Subscribed")
            yield Line(name, tuple(found), child_info and wish.subscribed, info)
        else:
            yield None


def attributes(info: MailboxInfo | None) -> list[str]:
    """What LIST says of a mailbox (RFC 9051 §7.3.1, RFC 3348 §3)."""
    if info is None:
        return ["\\NonExistent", "\\HasNoChildren"]
    found = ["\\HasChildren" if info.has_children else "\\HasNoChildren"]
    if info.noselect:
        found.insert(0, "\\Noselect")
    if info.role in ATTRIBUTES:
        found.append(ATTRIBUTES[info.role])
    return found


async def subscribed_lines(mail: Mail, account: AccountId, names: Names, pattern: str) -> list[Line]:
    """LSUB's answer: with ``%`` the unsubscribed parents of subscribed mailboxes stand as ``\\Noselect`` (RFC 3501 §6.3.9)."""
    there = {info.path: info for info in await mail.mailboxes(account)}
    found: dict[str, Line] = {}
    for path in sorted(await mail.subscriptions(account)):
        name = names.name(path)
        if names.matches(pattern, name):
            info = there.get(path)
            found[name] = Line(name, tuple(attributes(info)) if info is not None else ("\\Noselect",), info=info)
        elif pattern.endswith("%"):
            for depth in range(len(path) - 1, 0, -1):
                parent = names.name(path[:depth])
                if names.matches(pattern, parent):
                    found.setdefault(parent, Line(parent, ("\\Noselect",)))
                    break
    return list(found.values())


def lines_of_others(shown: Iterable[Shown], names: Names, wish: Wish) -> list[Line]:
    """Mailboxes that others share. The names above them are told only to who asks level by level: what may not be seen is not there (RFC 4314 §4)."""
    found = []
    by_level = [pattern for pattern in wish.patterns if "%" in pattern]
    for one in shown if not wish.special_use else ():
        name = names.name(one.path)
        if one.info is None:
            if not wish.subscribed and any(names.matches(pattern, name) for pattern in by_level):
                found.append(Line(name, ("\\NonExistent", "\\HasChildren"), account=one.account))
        elif (one.is_subscribed or not wish.subscribed) and any(names.matches(pattern, name) for pattern in wish.patterns):
            words = ["\\Noselect"] if one.info.noselect else []
            words.append("\\HasChildren" if one.has_children else "\\HasNoChildren")
            if one.is_subscribed and wish.show_subscribed:
                words.append("\\Subscribed")
            found.append(Line(name, tuple(words), info=one.info, account=one.account, rights=one.rights))
    return found
