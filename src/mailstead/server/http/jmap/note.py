"""Note: what somebody wrote to themselves about a conversation (docs/reference/jmap-extensions.md). Nobody else sees it: it is no message."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from mailstead.model import ids as wire
from mailstead.model import limits
from mailstead.model.ids import EmailId, ThreadId
from mailstead.model.object import ObjectKind
from mailstead.protocol.jmap.mail.email import utc
from mailstead.protocol.jmap.mail.email import wire as to_wire
from mailstead.protocol.jmap.mail.filters import within
from mailstead.server.http.jmap.kept_type import (
    Bad,
    KeptType,
    Known,
    Property,
    Work,
    is_id,
    is_text,
)
from mailstead.server.http.jmap.standard import Call

CHARACTERS: Final = 20_000


class Notes(KeptType):
    """The type. There is one for a conversation, so the conversation makes its number."""

    kind = ObjectKind.NOTE
    properties = {  # noqa: RUF012 - never changed
        "threadId": Property(is_id, is_needed=True, is_fixed=True), "text": Property(is_text(CHARACTERS, 1), is_needed=True),
        "updatedAt": Property(lambda _: False, is_ours=True),
    }
    filters = {  # noqa: RUF012 - never changed
        "threadId": lambda one, value: one["threadId"] == value, "text": lambda one, value: str(value).casefold() in one["text"].casefold()}
    sorts = ("updatedAt", "text")

    def new_number(self, call: Call, values: dict[str, Any]) -> int:
        return call.mailing.kept.number(call.account, self.kind, values["threadId"])

    async def judge(self, work: Work, ident: str, values: dict[str, Any], before: Known | None) -> None:
        del ident
        if before is None:
            thread = wire.from_wire(wire.THREAD, values["threadId"])
            _, found = await work.call.mailing.emails.threads(work.call.account, [ThreadId(thread)] if thread is not None else [])
            if thread is None or ThreadId(thread) not in found:
                raise Bad("invalidProperties", "there is no such conversation", "threadId")
            values["threadId"] = to_wire(wire.THREAD, thread)
        values["updatedAt"] = utc(int(work.call.mailing.now().timestamp() * 1000))


NOTES: Final = Notes()


def texts_of(tree: Any, depth: int = 0) -> set[str]:
    """What an Email filter looks for in notes."""
    if not isinstance(tree, dict) or depth > limits.JMAP_FILTER_DEPTH:
        return set()
    found: set[str] = set().union(*(texts_of(one, depth + 1) for one in within(tree)))
    return found | {tree["note"]} if isinstance(tree.get("note"), str) else found


async def resolved(call: Call, tree: Any) -> tuple[Callable[[str], Iterable[EmailId]], str]:
    """By text, the emails of the conversations that have a note with it; and what changes when a note does ("": the filter asks for none)."""
    texts = texts_of(tree)
    if not texts:
        return lambda _: (), ""
    now, found = await NOTES.there(call)
    threads = {
        text: {ThreadId(number) for one in found if text.strip().casefold() in one.values["text"].casefold()
               and (number := wire.from_wire(wire.THREAD, one.values["threadId"])) is not None}
        for text in texts
    }
    _, emails = await call.mailing.emails.threads(call.account, sorted(set().union(*threads.values())))
    return lambda text: [email for thread in threads[text] for email in emails.get(thread, ())], f"~n{now.state.modseq}"
