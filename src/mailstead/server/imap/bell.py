"""News for sessions in IDLE.

Most news is new mail, and often many sessions idle in the mailbox where it comes: one task then asks what happened, and the answer
is written to all of them in its turn, without waking each session's own task. That is safe because a session that idles is at rest
in ``Stream.read`` and writes nothing. What takes more than a line is left to the session's task.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from mailstead.model.errors import Unavailable
from mailstead.model.ids import AccountId, MailboxId
from mailstead.service.mailbox.news import Delta, Newsroom
from mailstead.service.mailbox.view import View

if TYPE_CHECKING:
    from mailstead.server.imap.session import Session


class Bell:
    """Questions of idling sessions, each asked once at a time for all that have it."""

    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom = newsroom
        self._callers: dict[tuple[AccountId, MailboxId, int], list[Callable[[Delta | None], None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def ring(self, session: "Session") -> None:
        """The session idles, and something may have happened in its mailbox."""
        view = session.view
        if view is None:
            return
        if view.account != session.account:  # whether a guest may still hear of it is its own task's to look up
            session.stream.end_wait()
            return
        key = (view.account, view.mailbox_id, view.modseq)
        tell = partial(self._tell, session, view, view.modseq)
        callers = self._callers.get(key)
        if callers is not None:
            callers.append(tell)
            return
        self._callers[key] = [tell]
        task = asyncio.get_running_loop().create_task(self._ask(key, session.heard_of))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, key: tuple[AccountId, MailboxId, int], at_least: int) -> None:
        """Whoever called meanwhile is told as well; a failure is found, and told, by each session's own task."""
        delta: Delta | None = None
        try:
            delta = await self._newsroom.delta(*key, at_least)
        except Unavailable:
            pass
        finally:
            for tell in self._callers.pop(key):
                tell(delta)

    def _tell(self, session: "Session", view: View, since: int, delta: Delta | None) -> None:
        if not session.idling or session.view is not view or view.modseq != since:
            return
        if delta is None or delta.updated or delta.whole is not None or delta.is_gone or session.stream.is_full:
            session.stream.end_wait()
            return
        session.stream.write(session.told(view.apply(delta, may_expunge=True)))
        if session.has_news:
            self.ring(session)
