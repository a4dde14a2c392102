"""Email/set, Email/import and Email/copy (RFC 8621 §4.6-4.8)."""

import functools
import operator
from collections.abc import Mapping
from copy import copy as copy_of
from typing import Any, Final

from mailstead.mime import compose as mime
from mailstead.mime import date, header
from mailstead.model import ids as wire
from mailstead.model.email import EmailPatch, EmailsSet, Fault, Kind, Made, NewEmail, StateMismatch
from mailstead.model.errors import Reason, Refusal
from mailstead.model.ids import EmailId, MailboxId
from mailstead.model.sharing import NONE, Right
from mailstead.protocol.jmap.mail import blobs, compose
from mailstead.protocol.jmap.mail.compose import BadEmail
from mailstead.protocol.jmap.mail.email import wire as to_wire
from mailstead.protocol.jmap.mail.filters import BadFilter, utc_ms
from mailstead.protocol.jmap.mail.keywords import Names, flag_of
from mailstead.server.http.jmap import blob_source, refused, snooze
from mailstead.server.http.jmap.email import get, is_message
from mailstead.server.http.jmap.session import PLUS
from mailstead.server.http.jmap.standard import (
    MAX_SET,
    Call,
    MethodError,
    Outcome,
    Source,
    Wanted,
    check_state,
    flag,
    invalid,
    mailbox,
    need_write,
    resolved,
    set_error,
    text,
)
from mailstead.server.http.jmap.thread import state

_FAULTS: Final[dict[Fault, tuple[str, tuple[str, ...], str]]] = {
    Fault.NOT_FOUND: ("notFound", (), ""),
    Fault.NO_MAILBOX: ("invalidProperties", ("mailboxIds",), "there is no such mailbox"),
    Fault.IN_NO_MAILBOX: ("invalidProperties", ("mailboxIds",), "an email is in one mailbox at least"),
    Fault.TOO_MANY_KEYWORDS: ("tooManyKeywords", (), "this account has too many different keywords"),
    Fault.OVER_QUOTA: ("overQuota", (), "the account is full"),
    Fault.FORBIDDEN: ("forbidden", (), "the mailboxes of this email do not allow you that"),
}


_MUTABLE: Final = frozenset(("keywords", "mailboxIds", "snoozed"))


class BadPatch(Exception):  # noqa: N818 - a value on its way to a SetError
    """Properties of one object that cannot be."""

    def __init__(self, *names: str, kind: str = "invalidProperties", why: str = "") -> None:
        super().__init__(why)
        self.error = set_error(kind, why, properties=names)


def fault_error(fault: Fault) -> dict[str, Any]:
    kind, names, why = _FAULTS.get(fault, ("serverFail", (), ""))
    return set_error(kind, why, properties=names)


# ----------------------------------------------------------------------------------------------------------- values
def mailboxes_of(call: Call, given: Any) -> tuple[MailboxId, ...]:
    """``mailboxIds``."""
    if not isinstance(given, dict) or not given:
        raise BadPatch("mailboxIds", why="an email is in one mailbox at least")
    found = []
    for ident, value in given.items():
        number = mailbox(call, ident)
        if value is not True or number is None:
            raise BadPatch("mailboxIds", why="mailboxIds maps ids of mailboxes to true")
        found.append(number)
    return tuple(found)


def flags_of(given: Any) -> frozenset[str]:
    """``keywords``."""
    if given is None:
        return frozenset()
    if not isinstance(given, dict):
        raise BadPatch("keywords", why="keywords maps keywords to true")
    found = set()
    for keyword, value in given.items():
        name = flag_of(keyword)
        if value is not True or name is None:
            raise BadPatch("keywords", why="keywords maps keywords to true")
        found.add(name)
    return frozenset(found)


def received_of(given: Any) -> int | None:
    """``receivedAt``."""
    if given is None:
        return None
    try:
        return utc_ms(given, "receivedAt")
    except BadFilter:
        raise BadPatch("receivedAt", why="receivedAt is a UTC date") from None


def patch_of(call: Call, email: EmailId, given: Mapping[str, Any]) -> EmailPatch:
    """An update: ``keywords`` and ``mailboxIds`` whole, or by the single one (RFC 8620 §5.3)."""
    whole: dict[str, Any] = {}
    add: dict[str, set[Any]] = {"keywords": set(), "mailboxIds": set()}
    remove: dict[str, set[Any]] = {"keywords": set(), "mailboxIds": set()}
    for path, value in given.items():
        name, slash, rest = path.partition("/")
        if path == "snoozed" and PLUS in call.using:
            continue  # ``snooze.laid_on`` sees to it
        if name not in add:
            raise BadPatch(path if not slash else name, why="of an email only keywords and mailboxIds can be changed, and snoozed where the request knows of it")
        if not slash:
            whole[name] = value
            continue
        if "/" in rest:
            raise BadPatch(kind="invalidPatch", why="a patch leads into something that is no object")
        rest = rest.replace("~1", "/").replace("~0", "~")
        one: Any = flag_of(rest) if name == "keywords" else mailbox(call, rest)
        if one is None or not (value is True or value is None):
            raise BadPatch(path, why="true or null, of something that can be")
        (add if value else remove)[name].add(one)
    for name in whole:
        if add[name] or remove[name]:
            raise BadPatch(kind="invalidPatch", why=f"{name} is set whole and in part")
    return EmailPatch(
        email,
        keywords=flags_of(whole["keywords"] or {}) if "keywords" in whole else None,
        add_keywords=frozenset(add["keywords"]), remove_keywords=frozenset(remove["keywords"]),
        mailbox_ids=frozenset(mailboxes_of(call, whole["mailboxIds"])) if "mailboxIds" in whole else None,
        add_mailboxes=frozenset(add["mailboxIds"]), remove_mailboxes=frozenset(remove["mailboxIds"]),
    )


def _like_another(alike: dict[frozenset[tuple[str, Any]], EmailPatch], call: Call, email: EmailId, given: Mapping[str, Any]) -> EmailPatch | None:
    """Many emails are mostly changed in one way: what single keywords and mailboxes are set to is read once. None: it says more."""
    for path, value in given.items():
        if (value is not True and value is not None) or "/" not in path:
            return None
    shape = frozenset(given.items())
    found = alike.get(shape)
    if found is None:
        found = alike[shape] = patch_of(call, email, given)
    return found.of(email)


async def _less_unchanged(call: Call, ident: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """An update without what the email is already: a client may send the whole object back (RFC 8620 §5.3)."""
    names = [name for name in given if name not in _MUTABLE and "/" not in name]
    if not names:
        return given
    asking = copy_of(call)
    asking.arguments = {"ids": [ident], "properties": names}
    try:
        found = (await get(asking))["list"]
    except MethodError:  # one of them is no property
        return given
    if not found:
        raise BadPatch(kind="notFound")
    return {name: value for name, value in given.items() if name not in names or found[0][name] != value}


# ----------------------------------------------------------------------------------------------------------- set
class _Set(Outcome):
    """One Email/set. What is made comes first, so that the rest may speak of it."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self.call = call
        self.wanted = Wanted(call.arguments)
        self.if_state = self.wanted.if_state

    async def run(self) -> dict[str, Any]:
        call = self.call
        before = state(await call.mailing.emails.states(call.account), Kind.EMAIL)
        check_state(self.wanted, before)
        after = before
        try:
            done = await self._create()
            if done is not None:
                after = str(done.new)
            done = await self._change()
            if done is not None:
                after = str(done.new)
        except StateMismatch:
            raise MethodError("stateMismatch") from None
        return self.response(call, before, after)

    async def _store(self, **what: Any) -> EmailsSet:
        done = await self.call.mailing.emails.set(self.call.account, if_state=self.if_state, **what)
        self.if_state = ""
        return done

    async def _create(self) -> EmailsSet | None:
        ready: dict[str, NewEmail] = {}
        for cid, given in self.wanted.create.items():
            try:
                ready[cid] = await self._written(given)
            except BadPatch as exc:
                self.not_created[cid] = exc.error
        if not ready:
            return None
        done = await self._store(create=list(ready.values()))
        note_made(self.call, ready, done.made, self.created, self.not_created)
        return done

    async def _written(self, given: dict[str, Any]) -> NewEmail:
        call, mailing = self.call, self.call.mailing
        boxes, flags, received = mailboxes_of(call, given.get("mailboxIds")), flags_of(given.get("keywords")), received_of(given.get("receivedAt"))
        try:
            draft = compose.draft(given)
            found: dict[str, bytes] = {}
            missing = []
            for blob_id in dict.fromkeys(draft.blobs):
                octets = await blob_source.octets(mailing, call.account, resolved(call, blob_id))
                if octets is None:
                    missing.append(blob_id)
                else:
                    found[blob_id] = octets
        except BadEmail as exc:
            raise BadPatch(*exc.properties, why=str(exc)) from None
        if missing:
            bad = BadPatch()
            bad.error = set_error("blobNotFound", "a blob is not there", notFound=missing)
            raise bad
        octets = compose.message(draft, found, now=mailing.now(), message_id=mailing.message_id(), boundary=mailing.boundary)
        if len(octets) > mailing.message_octets:
            raise BadPatch(kind="tooLarge", why=f"a message has at most {mailing.message_octets} octets")
        return NewEmail(octets, boxes, flags, received)

    async def _change(self) -> EmailsSet | None:
        call = self.call
        destroy = {ident: wire.from_wire(wire.EMAIL, ident) for ident in dict.fromkeys(resolved(call, one) for one in self.wanted.destroy)}
        patches: dict[str, EmailPatch] = {}
        sleeping: dict[str, Any] = {}
        alike: dict[frozenset[tuple[str, Any]], EmailPatch] = {}
        for key, given in self.wanted.update.items():
            ident = resolved(call, key)
            number = wire.from_wire(wire.EMAIL, ident)
            try:
                if number is None:
                    raise BadPatch(kind="notFound")
                if ident in destroy:
                    raise BadPatch(kind="willDestroy")
                patches[ident] = _like_another(alike, call, EmailId(number), given) or patch_of(
                    call, EmailId(number), await _less_unchanged(call, ident, given))
                if "snoozed" in given and (call.viewer is None or given["snoozed"] is not None):
                    sleeping[ident] = given["snoozed"]
            except BadPatch as exc:
                self.not_updated[ident] = exc.error
        if sleeping:
            patches, refused = await snooze.laid_on(call, patches, sleeping)
            self.not_updated.update(refused)
        for ident, number in destroy.items():
            if number is None:
                self.not_destroyed[ident] = set_error("notFound")
        gone = {ident: EmailId(number) for ident, number in destroy.items() if number is not None}
        if not patches and not gone:
            return None
        done = await self._store(update=list(patches.values()), destroy=list(gone.values()))
        for ident, fault in zip(patches, done.updated, strict=True):
            if fault is Fault.NONE:
                self.updated[ident] = None
            else:
                self.not_updated[ident] = fault_error(fault)
        for ident, fault in zip(gone, done.destroyed, strict=True):
            if fault is Fault.NONE:
                self.destroyed.append(ident)
            else:
                self.not_destroyed[ident] = fault_error(fault)
        return done


def note_made(call: Call, ready: dict[str, NewEmail], made: tuple[Made, ...], created: dict[str, Any], not_created: dict[str, Any]) -> None:
    """What became of emails to be made."""
    for cid, one in zip(ready, made, strict=True):
        if one.fault is Fault.NONE:
            ident = to_wire(wire.EMAIL, one.email_id)
            call.created[cid] = ident
            created[cid] = {
                "id": ident, "blobId": to_wire(blobs.MESSAGE, one.email_id), "threadId": to_wire(wire.THREAD, one.thread_id),
                "size": one.size_octets,
            }
        else:
            not_created[cid] = fault_error(one.fault)


async def set_(call: Call) -> dict[str, Any]:
    """RFC 8621 §4.6."""
    need_write(call)
    return await _Set(call).run()


# ----------------------------------------------------------------------------------------------------------- import
async def import_(call: Call) -> dict[str, Any]:
    """RFC 8621 §4.8."""
    need_write(call)
    given = call.arguments.get("emails")
    if not isinstance(given, dict) or not all(isinstance(one, dict) for one in given.values()):
        raise invalid("emails maps creation ids to emails")
    return await _file(call, given, Source(call.account, call.mailing), _imported)


async def _imported(call: Call, _: Source, given: dict[str, Any]) -> NewEmail:
    strange = tuple(name for name in given if name not in {"blobId", "mailboxIds", "keywords", "receivedAt"})
    if strange:
        raise BadPatch(*strange)
    blob_id = given.get("blobId")
    if not isinstance(blob_id, str):
        raise BadPatch("blobId")
    boxes, flags, received = mailboxes_of(call, given.get("mailboxIds")), flags_of(given.get("keywords")), received_of(given.get("receivedAt"))
    octets = await blob_source.octets(call.mailing, call.account, resolved(call, blob_id))
    if octets is None:
        raise BadPatch("blobId", why="there is no such blob")
    if not is_message(octets):
        raise BadPatch(kind="invalidEmail", why="this is no message")
    octets = mime.canonical(octets)
    return NewEmail(octets, boxes, flags, received if received is not None else received_ms(octets))


def received_ms(octets: bytes) -> int | None:
    """The time of the newest Received field (RFC 8621 §4.8)."""
    value = header.first(octets[: 64 << 10], b"received")
    if value is None:
        return None
    found = date.instant_ms(header.unfold(value).rpartition(b";")[2].strip())
    return found if found is not None and found >= 0 else None


async def _file(call: Call, given: dict[str, dict[str, Any]], source: Source, make: Any) -> dict[str, Any]:
    """Email/import and Email/copy: messages that are there already become emails here."""
    if len(given) > MAX_SET:
        raise MethodError("requestTooLarge", f"at most {MAX_SET} objects at once")
    if_state = call.arguments.get("ifInState")
    before = state(await call.mailing.emails.states(call.account), Kind.EMAIL)
    if if_state is not None and text(call.arguments, "ifInState") != before:
        raise MethodError("stateMismatch")
    created: dict[str, Any] = {}
    not_created: dict[str, Any] = {}
    ready: dict[str, NewEmail] = {}
    for cid, one in given.items():
        try:
            ready[cid] = await make(call, source, one)
        except BadPatch as exc:
            not_created[cid] = exc.error
    after = before
    if ready:
        try:
            done = await call.mailing.emails.set(call.account, if_state=if_state or "", create=list(ready.values()))
        except StateMismatch:
            raise MethodError("stateMismatch") from None
        note_made(call, ready, done.made, created, not_created)
        after = str(done.new)
    return {
        "accountId": call.account_id, "oldState": before, "newState": after, "created": created or None, "notCreated": not_created or None}


# ----------------------------------------------------------------------------------------------------------- copy
async def copy(call: Call) -> dict[str, Any]:
    """RFC 8621 §4.7."""
    need_write(call)
    arguments = call.arguments
    from_id = text(arguments, "fromAccountId")
    if from_id == call.account_id:
        raise invalid("the accounts are the same")
    source = await call.source(from_id)
    if source is None:
        raise MethodError("fromAccountNotFound")
    from_state = arguments.get("ifFromInState")
    if from_state is not None and text(arguments, "ifFromInState") != state(await source.mailing.emails.states(source.account), Kind.EMAIL):
        raise MethodError("stateMismatch")
    destroys = flag(arguments, "onSuccessDestroyOriginal")
    if_state = text(arguments, "destroyFromIfInState") if arguments.get("destroyFromIfInState") is not None else ""
    given = arguments.get("create")
    if not isinstance(given, dict) or not all(isinstance(one, dict) for one in given.values()):
        raise invalid("create maps creation ids to emails")
    done = await _file(call, given, source, _copied)
    if destroys and done["created"]:
        originals = [str(resolved(call, given[cid]["id"])) for cid in done["created"]]
        await refused.follow(call, "Email/set", _destroy_originals(call, source, from_id, originals, if_state))
    return {"fromAccountId": from_id, **done}


async def _destroy_originals(call: Call, source: Source, from_id: str, idents: list[str], if_state: str) -> dict[str, Any]:
    """RFC 8620 §5.4: what was copied leaves the other account, if that is in ``if_state``; the response of the ``Email/set`` that this is."""
    numbers = [number for ident in idents if (number := wire.from_wire(wire.EMAIL, ident)) is not None]
    before = state(await source.mailing.emails.states(source.account), Kind.EMAIL)
    outcome = Outcome()
    try:
        done = await source.mailing.emails.set(source.account, if_state=if_state, destroy=[EmailId(number) for number in numbers])
    except StateMismatch:
        raise MethodError("stateMismatch") from None
    for ident, fault in zip(idents, done.destroyed, strict=True):
        if fault is Fault.NONE:
            outcome.destroyed.append(ident)
        else:
            outcome.not_destroyed[ident] = fault_error(fault)
    return outcome.response(call, before, str(done.new)) | {"accountId": from_id}


async def _allowed(call: Call, boxes: tuple[MailboxId, ...], flags: frozenset[str]) -> frozenset[str]:
    """Those keywords of the original that the copy may have: one that nobody asked for is no reason to refuse it (RFC 4314 §4)."""
    rights = await call.mailing.emails.rights(call.account)
    if rights is None:
        return flags
    may = functools.reduce(operator.and_, (rights.get(box, NONE) for box in boxes))
    return frozenset(name for name in flags if may & (Right.SEEN if name == "\\Seen" else Right.KEYWORDS))


async def _copied(call: Call, source: Source, given: dict[str, Any]) -> NewEmail:
    strange = tuple(name for name in given if name not in {"id", "mailboxIds", "keywords", "receivedAt"})
    if strange:
        raise BadPatch(*strange)
    ident = given.get("id")
    number = wire.from_wire(wire.EMAIL, resolved(call, ident)) if isinstance(ident, str) else None
    boxes = mailboxes_of(call, given.get("mailboxIds"))
    _, rows = await source.mailing.emails.emails(source.account, [EmailId(number)] if number is not None else [], content=False)
    if number is None or EmailId(number) not in rows:
        raise BadPatch(kind="notFound")
    row = rows[EmailId(number)]
    if given.get("keywords") is not None:
        flags = flags_of(given["keywords"])
    else:
        names = Names(await source.mailing.emails.keywords(source.account, row.flags)).keywords(row.flags, row.more)
        flags = await _allowed(call, boxes, frozenset(name for name in map(flag_of, names) if name is not None))
    received = received_of(given.get("receivedAt"))
    try:
        octets = await source.mailing.emails.octets(source.account, row.email_id)
    except Refusal as exc:
        if exc.reason is Reason.EXPUNGED:
            raise BadPatch(kind="notFound") from None
        raise
    return NewEmail(octets, boxes, flags, received if received is not None else row.received_at_ms)
