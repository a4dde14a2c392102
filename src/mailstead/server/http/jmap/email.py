"""Email/get, changes, query, queryChanges, parse and copy (RFC 8621 §4). What makes and changes emails is in ``email_set``."""

import asyncio
from typing import Any, Final

from mailstead.mime import parts
from mailstead.model import condition as c
from mailstead.model import ids as wire
from mailstead.model import limits
from mailstead.model.email import EmailRow, Kind
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import EmailId
from mailstead.model.query import AnchorNotFound, Query, TooManyChanges, Window
from mailstead.protocol.jmap.mail import blobs
from mailstead.protocol.jmap.mail import email as objects
from mailstead.protocol.jmap.mail.email import BadProperty, Plan, Rendering
from mailstead.protocol.jmap.mail.filters import BadFilter, Filters, comparators
from mailstead.protocol.jmap.mail.keywords import Names
from mailstead.server.http.jmap import blob_source, note, saved_search, snooze
from mailstead.server.http.jmap.mailbox import window_of
from mailstead.server.http.jmap.session import PLUS
from mailstead.server.http.jmap.standard import (
    MAX_GET,
    Calculating,
    Call,
    MethodError,
    bound_moves,
    flag,
    invalid,
    mailbox,
    number,
    since,
    text,
    texts,
    wanted_ids,
)
from mailstead.server.http.jmap.thread import changes_of, state
from mailstead.service.emails import parsed

_WHOLE: Final = 256 << 10
"""A message up to this is read at once; of a larger one only what is shown."""
_CHUNK: Final = 1 << 20
_TURN: Final = 10
"""After so many messages others have their turn."""
_BASE64_JUNK: Final = bytes(octet for octet in range(256) if chr(octet) not in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


# ----------------------------------------------------------------------------------------------------------- get
def plan_of(call: Call, *, default: tuple[str, ...] = objects.DEFAULT) -> Plan:
    """What the arguments of Email/get or Email/parse want."""
    names = texts(call.arguments, "properties")
    if names is not None and "snoozed" in names and PLUS not in call.using:
        raise invalid("there is no property snoozed")
    try:
        return objects.plan(None if names is None else tuple(names), call.arguments, default=default)
    except BadProperty as exc:
        raise invalid(str(exc)) from None


async def get(call: Call) -> dict[str, Any]:
    """RFC 8621 §4.2."""
    wanted = plan_of(call)
    asked = wanted_ids(call.arguments)
    if asked is None:
        asked = await _all(call)
    numbers = {ident: EmailId(number) for ident in asked if (number := wire.from_wire(wire.EMAIL, ident)) is not None}
    states, rows = await call.mailing.emails.emails(call.account, list(numbers.values()), content=wanted.content)
    union = 0
    for row in rows.values():
        union |= row.flags
    rendering = Rendering(await _names(call, union), call.mailing.envelopes)
    listed = []
    missing = [ident for ident in asked if ident not in numbers or numbers[ident] not in rows]
    opened = 0
    snoozes = await snooze.shown(call, list(rows.values())) if "snoozed" in wanted.properties else {}
    for ident, number in numbers.items():
        if number not in rows:
            continue
        row = rows[number]
        try:
            source = await Source.of(call, row, wanted) if wanted.octets else _NOTHING
        except Refusal as exc:
            if exc.reason is not Reason.EXPUNGED:
                raise
            missing.append(ident)
            continue
        opened += source.octets
        if opened > limits.JMAP_GET_OCTETS:
            raise MethodError("requestTooLarge", f"at most {limits.JMAP_GET_OCTETS} octets of messages at once; ask for fewer")
        one = rendering.email(row, wanted, source.octets_of, source.sizes)
        one["id"] = ident
        if "snoozed" in wanted.properties:
            one["snoozed"] = snoozes.get(number)
        listed.append(one)
        if wanted.octets and len(listed) % _TURN == 0:
            await asyncio.sleep(0)
    return {"accountId": call.account_id, "state": state(states, Kind.EMAIL), "list": listed, "notFound": missing}


async def _names(call: Call, bits: int) -> Names:
    return names_of(await call.mailing.emails.keywords(call.account, bits))


_named: dict[int, Names] = {}


def names_of(names: dict[int, str]) -> Names:
    """The keywords behind a dictionary that the service keeps, kept as long as that."""
    found = _named.get(id(names))
    if found is None or found.source is not names:
        if len(_named) > 1_000:  # noqa: PLR2004
            _named.clear()
        found = _named[id(names)] = Names(names)
    return found


async def _all(call: Call) -> list[str]:
    answer = await call.mailing.emails.query(call.account, Query(), Window(limit=MAX_GET + 1))
    if len(answer.ids) > MAX_GET:
        raise MethodError("requestTooLarge", f"at most {MAX_GET} objects at once")
    return [objects.wire(wire.EMAIL, email) for email in answer.ids]


class Source:
    """The octets that showing an email takes, fetched beforehand; ``sizes`` as in ``protocol.jmap.mail.body.tree``."""

    def __init__(self) -> None:
        self._pieces: dict[tuple[int, int], bytes] = {}
        self._whole: bytes | None = None
        self.sizes: dict[tuple[int, int], int] = {}

    @staticmethod
    def holding(octets: bytes) -> "Source":
        found = Source()
        found._whole = octets
        return found

    @staticmethod
    async def of(call: Call, row: EmailRow, wanted: Plan) -> "Source":
        """EXPUNGED."""
        found = Source()
        emails, account, email = call.mailing.emails, call.account, row.email_id
        if not wanted.parts:
            found._pieces[(0, row.header_octets)] = await emails.octets(account, email, 0, row.header_octets)
            return found
        if row.size_octets <= _WHOLE or not row.parts:
            found._whole = await emails.octets(account, email)
            return found
        root = parts.unpack(row.parts)
        found._pieces[(0, row.header_octets)] = await emails.octets(account, email, 0, row.header_octets)
        shows_size = any(name == "size" for name, _ in wanted.body_properties)
        shows_values = wanted.all_values or wanted.text_values or wanted.html_values
        for part in _flat(root):
            found._pieces[part.header] = await emails.octets(account, email, part.header[0], part.header[1] - part.header[0])
            if part.children and part.is_multipart:
                continue
            start, end = part.body
            if part.type == "text" and shows_values:
                found._pieces[part.body] = await emails.octets(account, email, start, end - start)
            elif shows_size:
                found.sizes[part.body] = await _decoded_size(call, email, part)
        return found

    @property
    def octets(self) -> int:
        """How many were fetched."""
        return len(self._whole) if self._whole is not None else sum(map(len, self._pieces.values()))

    def octets_of(self, start: int, end: int) -> bytes:
        """A range that was fetched."""
        return self._whole[start:end] if self._whole is not None else self._pieces.get((start, end), b"")


_NOTHING: Final = Source()


def _flat(part: parts.Part) -> list[parts.Part]:
    """The part and those in it, but for what is inside embedded messages."""
    found = [part]
    if part.is_multipart:
        for child in part.children:
            found += _flat(child)
    return found


async def _decoded_size(call: Call, email: EmailId, part: parts.Part) -> int:
    """How many octets a part has when decoded, without holding it."""
    start, end = part.body
    if part.encoding not in {"base64", "quoted-printable"}:
        return end - start
    if part.encoding == "quoted-printable":
        return len(await call.mailing.emails.part(call.account, email, lambda _: part))
    digits = 0
    for at in range(start, end, _CHUNK):
        octets = await call.mailing.emails.octets(call.account, email, at, min(_CHUNK, end - at))
        digits += len(octets.translate(None, _BASE64_JUNK))
    return digits * 3 // 4


async def changes(call: Call) -> dict[str, Any]:
    """RFC 8621 §4.3."""
    return await changes_of(call, Kind.EMAIL, wire.EMAIL)


# ----------------------------------------------------------------------------------------------------------- queries
async def condition_of(call: Call, tree: Any) -> tuple[c.Condition, str]:
    """A filter compiled, saved searches put in; and what changes when one of them, or a note that it asks for, does ("": there are none)."""
    tree, mark = await saved_search.resolved(call, tree)
    noted, notes_mark = await note.resolved(call, tree)
    try:
        return Filters(lambda ident: mailbox(call, ident), noted).condition(tree), mark + notes_mark
    except BadFilter as exc:
        raise MethodError("unsupportedFilter" if exc.unsupported else "invalidArguments", str(exc)) from None


async def query_of(call: Call) -> tuple[Query, str]:
    """What Email/query and Email/queryChanges ask; the second as in ``condition_of``."""
    condition, mark = await condition_of(call, call.arguments.get("filter"))
    try:
        sort = comparators(call.arguments.get("sort"))
    except BadFilter as exc:
        raise MethodError("unsupportedSort" if exc.unsupported else "invalidArguments", str(exc)) from None
    return Query(condition, sort, flag(call.arguments, "collapseThreads")), mark


async def query(call: Call) -> dict[str, Any]:
    """RFC 8621 §4.4."""
    arguments = call.arguments
    asked, mark = await query_of(call)
    anchor = arguments.get("anchor")
    number = wire.from_wire(wire.EMAIL, anchor) if isinstance(anchor, str) else None
    window = window_of(arguments, number, most=limits.JMAP_QUERY_LIMIT)
    try:
        answer = await call.mailing.emails.query(call.account, asked, window)
    except AnchorNotFound:
        raise MethodError("anchorNotFound") from None
    is_cut = window.limit == limits.JMAP_QUERY_LIMIT and arguments.get("limit") != limits.JMAP_QUERY_LIMIT
    return {
        "accountId": call.account_id, "queryState": f"{answer.state}{mark}", "canCalculateChanges": True, "position": answer.position,
        "ids": [objects.wire(wire.EMAIL, email) for email in answer.ids],
        **({"total": answer.total} if answer.total is not None else {}), **({"limit": window.limit} if is_cut else {}),
        **({"collapseThreads": asked.collapse} if "collapseThreads" in arguments else {}),
    }


async def query_changes(call: Call) -> dict[str, Any]:
    """RFC 8621 §4.5. Always computed while the log reaches back and the saved searches in it are the same.

    With ``upToId`` only what stands up to that email is told: those behind it that were taken out and put in again cannot be asked for by who does
    not know them. The total is of everything.
    """
    arguments = call.arguments
    asked, mark = await query_of(call)
    old = text(arguments, "sinceQueryState")
    state_of, tilde, then = old.partition("~")
    if tilde + then != mark:
        raise MethodError("cannotCalculateChanges", "a saved search or a note that the filter asks for has changed since")
    last = arguments.get("upToId")
    if last is not None and not isinstance(last, str):
        raise invalid("upToId is an id")
    most = number(arguments, "maxChanges") or 0
    try:
        with Calculating():
            told = await call.mailing.emails.query_changes(
                call.account, asked, since({"sinceQueryState": state_of}, "sinceQueryState"), 0 if last else most,
                total=flag(arguments, "calculateTotal"))
    except TooManyChanges:
        raise MethodError("tooManyChanges") from None
    removed = [objects.wire(wire.EMAIL, email) for email in told.removed]
    added = [{"id": objects.wire(wire.EMAIL, email), "index": place} for place, email in told.added]
    if last is not None and last not in removed:
        added = await _up_to(call, asked, last, added)
    bound_moves(arguments, len(removed) + len(added))
    return {
        "accountId": call.account_id, "oldQueryState": old, "newQueryState": f"{told.new}{mark}", "removed": removed, "added": added,
        **({"total": told.total} if told.total is not None else {}),
        **({"collapseThreads": asked.collapse} if "collapseThreads" in arguments else {}),
    }


async def _up_to(call: Call, asked: Query, last: str, added: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of ``added`` that do not stand behind an email (RFC 8620 §5.6); all, where it is not in the answer."""
    number = wire.from_wire(wire.EMAIL, last)
    if number is None or not added:
        return added
    try:
        place = (await call.mailing.emails.query(call.account, asked, Window(anchor=EmailId(number), limit=1))).position
    except AnchorNotFound:
        return added
    return [one for one in added if one["index"] <= place]


# ----------------------------------------------------------------------------------------------------------- parse
async def parse(call: Call) -> dict[str, Any]:
    """RFC 8621 §4.9."""
    wanted = plan_of(call, default=objects.PARSED)
    asked = wanted_ids(call.arguments, "blobIds")
    if asked is None:
        raise invalid("blobIds is a list of ids")
    found: dict[str, Any] = {}
    missing, strange = [], []
    for blob_id in asked:
        octets = await blob_source.octets(call.mailing, call.account, blob_id)
        if octets is None:
            missing.append(blob_id)
        elif not is_message(octets):
            strange.append(blob_id)
        else:
            found[blob_id] = _parsed(blob_id, octets, wanted)
    return {"accountId": call.account_id, "parsed": found or None, "notParsable": strange or None, "notFound": missing or None}


def is_message(octets: bytes) -> bool:
    """Whether this begins as a message does: with a header field."""
    line = octets[:1000].split(b"\n", 1)[0]
    name, colon, _ = line.partition(b":")
    return bool(colon) and bool(name.strip()) and all(33 <= octet <= 126 for octet in name.rstrip(b" \t"))  # noqa: PLR2004


def _parsed(blob_id: str, octets: bytes, wanted: Plan) -> dict[str, Any]:
    row = parsed(octets)
    names = tuple(wanted.properties)
    shown: dict[str, Any] = dict.fromkeys(name for name in names if name in {"id", "threadId", "mailboxIds", "keywords", "receivedAt", "snoozed"})
    late = tuple(name for name in names if name not in shown and name not in {"blobId", "size", "hasAttachment", "preview"})
    source = Source.holding(octets)
    shown.update(objects.content(
        late, wanted, parts.unpack(row.parts), source.octets_of, row.header_octets, lambda part_id: blobs.within(blob_id, part_id)))
    known = {"blobId": blob_id, "size": len(octets), "hasAttachment": row.has_attachment, "preview": row.preview}
    return shown | {name: value for name, value in known.items() if name in names}
