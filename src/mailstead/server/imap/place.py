"""The mailbox that a name means: one's own, or somebody else's under "Other Users"."""

from typing import TYPE_CHECKING

from mailstead.service.mailbox.names import Path
from mailstead.service.mailbox.others import ROOT, Others, Place

if TYPE_CHECKING:
    from mailstead.server.imap.session import Session


def others_of(session: "Session", path: Path) -> Others | None:
    """Who knows the mailboxes of others, where the path leads to them."""
    return session.site.others if path[0] == ROOT else None


async def place_of(session: "Session", name: str) -> Place:
    """Refusal INVALID; NOT_FOUND for one of somebody else's that is not there (one's own is not looked up)."""
    path = session.site.names.path(name)
    others = others_of(session, path)
    return Place(session.account, path) if others is None else await others.place(session.account, path)
