"""Mailboxes of others under "Other Users" (RFC 2342 §5, RFC 4314): whose they are, and what one may do there.

``Other Users/alice@example.org/Team`` is the mailbox Team of alice. Where the separator is a character of an address, ``^`` stands for it. The first
two levels are no mailboxes. Every answer is looked up anew: who has lost a right has lost it with the next command.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import AccountId, MailboxId
from mailstead.model.mailbox import INBOX, MailboxInfo
from mailstead.model.sharing import ALL, NONE, Grant, Right
from mailstead.service.mailbox.names import Names, Path
from mailstead.service.sharing import Reach, Sharing
from mailstead.store.interface import Mail

ROOT: Final = "Other Users"
_OWNERS: Final = 2
"""Levels above somebody's mailboxes."""
_STANDS_FOR_SEPARATOR: Final = "^"


@dataclass(frozen=True, slots=True)
class Place:
    """A mailbox by its path in its account; ``rights`` are all of them in one's own. ``is_other``: it is somebody else's."""

    account: AccountId
    path: Path
    rights: Right = ALL
    is_other: bool = False

    def need(self, right: Right) -> None:
        """NOT_PERMITTED without all of ``right``."""
        if self.rights & right != right:
            raise Refusal(Reason.NOT_PERMITTED, "You may not do that in this mailbox")


@dataclass(frozen=True, slots=True)
class Shown:
    """What LIST shows: a mailbox, or (``info`` None) a name above some. ``path`` begins with ``ROOT``."""

    path: Path
    account: AccountId
    info: MailboxInfo | None = None
    is_subscribed: bool = False
    has_children: bool = False
    rights: Right = NONE


def no_mailbox() -> Refusal:
    return Refusal(Reason.NOT_FOUND, "There is no such mailbox")


class Others:
    """One for the process."""

    def __init__(self, sharing: Sharing, mail: Mail, names: Names) -> None:
        self.sharing = sharing
        self._mail = mail
        self._separator = names.separator

    @property
    def prefix(self) -> str:
        """Of the namespace."""
        return ROOT + self._separator

    def level(self, address: str) -> str:
        """An owner's level."""
        return address.replace(self._separator, _STANDS_FOR_SEPARATOR)

    async def reach(self, viewer: AccountId, level: str) -> Reach:
        """The account behind a level. NOT_FOUND."""
        for one in await self.sharing.stamp(viewer):
            reach = await self.sharing.reach(viewer, one.owner)
            if reach is not None and self.level(reach.owner.address).casefold() == level.casefold():
                return reach
        raise no_mailbox()

    async def _inside(self, viewer: AccountId, path: Path) -> tuple[Reach, Path]:
        """Whose a path is, and the path in their account. NOT_FOUND for what is above anybody's mailboxes."""
        if len(path) <= _OWNERS:
            raise no_mailbox()
        reach, inner = await self.reach(viewer, path[1]), path[_OWNERS:]
        return reach, (*INBOX, *inner[1:]) if inner[0].upper() == "INBOX" else inner

    async def place(self, viewer: AccountId, path: Path) -> Place:
        """A mailbox in which one may do anything at all. NOT_FOUND."""
        reach, inner = await self._inside(viewer, path)
        box = await self._mail.mailbox(reach.owner.account_id, inner)
        rights = next((grant.rights for grant in reach.grants if box is not None and grant.mailbox_id == box.mailbox_id), NONE)
        if box is None or not rights:
            raise no_mailbox()
        return Place(reach.owner.account_id, box.path, rights, is_other=True)

    async def new_place(self, viewer: AccountId, path: Path) -> Place:
        """Where a mailbox is to be: the nearest one above that is there allows it. NOT_FOUND, NOT_PERMITTED. RFC 4314 §4."""
        reach, inner = await self._inside(viewer, path)
        rights = {grant.mailbox_id: grant.rights for grant in reach.grants}
        for depth in range(len(inner) - 1, 0, -1):
            box = await self._mail.mailbox(reach.owner.account_id, inner[:depth])
            if box is not None:
                if not rights.get(box.mailbox_id, NONE) & Right.CREATE_CHILD:
                    break
                return Place(reach.owner.account_id, inner, rights[box.mailbox_id], is_other=True)
        raise Refusal(Reason.NOT_PERMITTED, "You may not make a mailbox there")

    async def rights(self, viewer: AccountId, owner: AccountId, mailbox: MailboxId) -> Right:
        """What one may do in a mailbox now."""
        reach = await self.sharing.reach(viewer, owner)
        return next((grant.rights for grant in reach.grants if grant.mailbox_id == mailbox), NONE) if reach is not None else NONE

    async def subscribe(self, viewer: AccountId, path: Path, *, subscribed: bool) -> None:
        """NOT_FOUND; to want to see it no longer is always possible (RFC 4314 §4)."""
        try:
            place = await self.place(viewer, path)
            box = await self._mail.mailbox(place.account, place.path)
            if box is not None:
                await self.sharing.subscribe(place.account, viewer, box.mailbox_id, is_subscribed=subscribed)
        except Refusal as exc:
            if subscribed or exc.reason is not Reason.NOT_FOUND:
                raise

    async def listed(self, viewer: AccountId) -> list[Shown]:
        """Every mailbox that one may read, and the names above them."""
        found: list[Shown] = []
        for reach in await self.sharing.reached(viewer):
            owner = reach.owner.account_id
            grants: dict[MailboxId, Grant] = {grant.mailbox_id: grant for grant in reach.grants if grant.rights & Right.READ}
            seen = [(box, grants[box.mailbox_id]) for box in await self._mail.mailboxes(owner) if box.mailbox_id in grants]
            top = (ROOT, self.level(reach.owner.address))
            paths = {(*top, *box.path) for box, _ in seen}
            above = _above(paths)
            found += [Shown(path, owner, has_children=True) for path in sorted(above - paths) if len(path) >= _OWNERS]
            found += [
                Shown((*top, *box.path), owner, box, grant.is_subscribed, has_children=(*top, *box.path) in above, rights=grant.rights)
                for box, grant in seen]
        return [Shown((ROOT,), viewer, has_children=True), *found] if found else []


def _above(paths: Iterable[Path]) -> set[Path]:
    return {path[:depth] for path in paths for depth in range(1, len(path))}
