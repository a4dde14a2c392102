"""SEARCH (RFC 9051 §6.4.4, RFC 4731, RFC 5182, RFC 7162 §3.1.5)."""

from typing import TYPE_CHECKING, Final

from mailstead.model import condition as c
from mailstead.model.errors import Refusal
from mailstead.model.uids import UidSet
from mailstead.protocol.imap.command.search import Either, Every, Key, Leaf, Negated, Numbers, Recent, Search
from mailstead.protocol.imap.response import line
from mailstead.protocol.imap.response import search as search_response
from mailstead.server.imap.login import condstore
from mailstead.server.imap.read import selected, view_of
from mailstead.service.mailbox import search as finding
from mailstead.service.mailbox.view import View

if TYPE_CHECKING:
    from mailstead.server.imap.session import Session

_ALL: Final = frozenset({"ALL"})
_SAVE: Final = frozenset({"SAVE"})


def resolve(key: Key, view: View) -> c.Condition:
    """A search key as the model's condition. Refusal for a message number past the end."""
    match key:
        case Every():
            return c.And(tuple(resolve(part, view) for part in key.parts))
        case Either():
            return c.Or((resolve(key.left, view), resolve(key.right, view)))
        case Negated():
            return c.Not(resolve(key.part, view))
        case Numbers():
            return c.InUids(selected(view, key.messages, uid=key.uid))
        case Recent():
            return c.InUids(UidSet(((view.recent_above + 1, 0xFFFFFFFF),)))
        case Leaf():
            return key.condition


async def search(session: "Session", tag: str, command: Search) -> bytes:
    """SEARCH and UID SEARCH; ESEARCH where RETURN was given or IMAP4rev2 is on (RFC 9051 §6.4.4)."""
    if command.names_charset and session.machine.utf8 and not session.rev2:
        return line.bad(tag, "With UTF8=ACCEPT on a search is in UTF-8 and names no charset")  # RFC 9755 §3
    view, mail = view_of(session), session.site.mail
    head = condstore(session) if command.wants_modseq else b""
    results = command.results
    if results is not None and "SAVE" in results:
        # RFC 5182 §2.1: a search that fails leaves an empty result.
        saved, view.saved = view.saved, UidSet()
    else:
        saved = view.saved
    try:
        found_condition = _with_saved(command.key, view, saved)
    except Refusal as refusal:
        return line.bad(tag, refusal.public)
    uids = await finding.find(mail, view, found_condition)
    if results is not None and "SAVE" in results:
        view.saved = UidSet.of(_saved(uids, results))
    told = uids
    if results is not None and not results & {"ALL", "COUNT"}:
        told = [*({uids[0]} if uids and "MIN" in results else ()), *({uids[-1]} if uids and "MAX" in results else ())]
    modseq = await finding.greatest_modseq(mail, view, told) if command.wants_modseq and told else 0
    numbers = uids if command.uid else view.numbers(uids)
    word = "UID SEARCH" if command.uid else "SEARCH"
    if results is None and not session.rev2:
        answer = search_response.search(numbers, modseq)
    elif results == _SAVE:
        # RFC 5182 §2.1: nothing was asked to be told.
        answer = b""
    else:
        answer = search_response.esearch(tag, numbers, results or _ALL, uid=command.uid, modseq=modseq)
    return head + answer + line.ok(tag, f"{word} completed")


def _with_saved(key: Key, view: View, saved: UidSet) -> c.Condition:
    """Resolve under the result as it was before this command."""
    now, view.saved = view.saved, saved
    try:
        return resolve(key, view)
    finally:
        view.saved = now


def _saved(uids: list[int], results: frozenset[str]) -> list[int]:
    """What SAVE keeps (RFC 5182 §2.1, §2.4): only the ends where MIN or MAX stand without ALL and COUNT."""
    if not uids or results & {"ALL", "COUNT"} or not results & {"MIN", "MAX"}:
        return uids
    return [*([uids[0]] if "MIN" in results else []), *([uids[-1]] if "MAX" in results else [])]
