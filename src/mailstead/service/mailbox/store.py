"""Flags: their names, and changing them (RFC 9051 §2.3.2, §6.4.6)."""

from collections.abc import Iterable
from typing import Final

from mailstead.model import flags as bits
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, OpId
from mailstead.model.mailbox import Entry
from mailstead.model.message import FlagsStored
from mailstead.model.sharing import ALL, Right
from mailstead.model.uids import UidSet
from mailstead.service.mailbox.view import View
from mailstead.store.interface import Mail

_ACCOUNTS: Final = 1000


class Keywords:
    """Names of flag bits, kept for the accounts last seen. A bit's name never changes once it is given."""

    def __init__(self, mail: Mail) -> None:
        self._mail = mail
        self._names: dict[AccountId, dict[int, str]] = {}
        self._told: dict[tuple[AccountId, int], tuple[str, ...]] = {}

    async def ready(self, account: AccountId, entries: Iterable[Entry]) -> None:
        """Learn what is needed to name the flags of these entries."""
        union = 0
        for entry in entries:
            union |= entry.flags
        known = self._names.get(account)
        if known is None or union & ~sum(known):
            if len(self._names) >= _ACCOUNTS:
                self._names.clear()
                self._told.clear()
            self._names[account] = await self._mail.keywords(account)

    def count(self, account: AccountId) -> int:
        """How many flags and keywords are known of the account."""
        return len(self._names.get(account, ()))

    def all(self, account: AccountId) -> tuple[str, ...]:
        """All that are known, in the order of their bits."""
        return tuple(name for _, name in sorted(self._names.get(account, {}).items()))

    def of(self, account: AccountId, entry: Entry) -> tuple[str, ...]:
        """The entry's flags by name. ``ready`` has been called."""
        key = (account, entry.flags)
        found = self._told.get(key)
        if found is None:
            known = self._names.get(account, {})
            found = tuple(name for bit, name in sorted(known.items()) if entry.flags & bit)
            if len(self._told) > 64 * _ACCOUNTS:
                self._told.clear()
            self._told[key] = found
        return found + entry.more if entry.more else found


def known_flags(keywords: Iterable[str]) -> tuple[str, ...]:
    """What FLAGS and PERMANENTFLAGS list: what every account has, then its own keywords."""
    return (*bits.SYSTEM_BITS, *(name for name in keywords if name not in bits.SYSTEM_BITS))


def checked(names: Iterable[str]) -> frozenset[str]:
    """Flags that a client may set, in their known spelling. Refusal INVALID for a system flag that does not exist.

    ``\\Recent`` cannot be set and is passed over: old clients copy it along (RFC 3501 §2.3.2).
    """
    found = frozenset(bits.canonical(name) for name in names if name.lower() != "\\recent")
    if any(name.startswith("\\") and name not in bits.SYSTEM_BITS for name in found):
        raise Refusal(Reason.INVALID, "There is no such system flag")
    return found


def right_of(flag: str) -> Right:
    """What one needs to set or clear a flag (RFC 4314 §4)."""
    return {"\\Seen": Right.SEEN, "\\Deleted": Right.REMOVE}.get(bits.canonical(flag), Right.KEYWORDS)


def allowed(names: frozenset[str], rights: Right) -> frozenset[str]:
    """Those flags that these rights let one set."""
    return names if rights == ALL else frozenset(name for name in names if rights & right_of(name))


async def set_flags(
    mail: Mail, view: View, op: OpId, uids: UidSet, action: str, names: frozenset[str], unchanged_since: int | None
) -> FlagsStored:
    """``action`` is ``+``, ``-`` or "" (replace). Refusal NOT_PERMITTED in a view that is read-only, LIMIT."""
    if view.read_only:
        raise Refusal(Reason.NOT_PERMITTED, "The mailbox is open for reading only")
    names = checked(names)
    none: frozenset[str] = frozenset()
    if view.rights != ALL:
        return await _set_allowed(mail, view, op, uids, action, names, unchanged_since)
    return await mail.set_flags(
        view.account, op, view.mailbox_id, uids,
        add=names if action == "+" else none,
        remove=names if action == "-" else none,
        replace=names if not action else None,
        unchanged_since=unchanged_since,
    )  # fmt: skip


async def _set_allowed(
    mail: Mail, view: View, op: OpId, uids: UidSet, action: str, names: frozenset[str], unchanged_since: int | None
) -> FlagsStored:
    """As far as the rights go; NOT_PERMITTED only where none of it may be (RFC 4314 §4). What may not be changed stays when flags are replaced."""
    may = allowed(names, view.rights)
    if not may and (names or not view.rights & (Right.SEEN | Right.REMOVE | Right.KEYWORDS)):
        raise Refusal(Reason.NOT_PERMITTED, "You may not change these flags here")
    others: frozenset[str] = frozenset()
    if not action:
        others = allowed(frozenset((await mail.keywords(view.account)).values()) | frozenset(bits.SYSTEM_BITS), view.rights) - may
    return await mail.set_flags(
        view.account, op, view.mailbox_id, uids, add=may if action != "-" else frozenset(), remove=may if action == "-" else others,
        unchanged_since=unchanged_since)
