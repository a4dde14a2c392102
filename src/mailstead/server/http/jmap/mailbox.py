"""Mailbox/get, changes, query, queryChanges and set (RFC 8621 §2)."""

import unicodedata
from collections.abc import Callable
from typing import Any, Final

from mailstead.model import ids as wire
from mailstead.model.email import Fault, Kind, MailboxPatch, StateMismatch
from mailstead.model.errors import Reason, Refusal
from mailstead.model.folding import folded
from mailstead.model.ids import AccountId, MailboxId
from mailstead.model.mailbox import MailboxInfo, Role
from mailstead.model.query import AnchorNotFound, Window, stretch
from mailstead.model.sharing import ALL, NONE, Right
from mailstead.protocol.jmap.mail import rights as rights_of
from mailstead.protocol.jmap.mail.email import wire as to_wire
from mailstead.protocol.jmap.mail.keywords import BY_ROLE, ROLES
from mailstead.server.http.jmap import share_with
from mailstead.server.http.jmap.standard import (
    Calculating,
    Call,
    MethodError,
    Outcome,
    Wanted,
    bound_moves,
    check_state,
    comparators,
    flag,
    invalid,
    mailbox,
    need_write,
    number,
    properties,
    resolved,
    set_error,
    since,
    text,
    wanted_ids,
)
from mailstead.server.http.jmap.thread import changes_of, state
from mailstead.service.sharing import exceeds

PROPERTIES: Final = (
    "id", "name", "parentId", "role", "sortOrder", "totalEmails", "unreadEmails", "totalThreads", "unreadThreads", "myRights", "isSubscribed")
_MUTABLE: Final = frozenset(("name", "parentId", "role", "sortOrder", "isSubscribed"))
_SORTS: Final = ("sortOrder", "name")
_DEPTH: Final = 20


# ----------------------------------------------------------------------------------------------------------- reading
_NO_MESSAGES: Final = ~(Right.READ | Right.ADD | Right.REMOVE | Right.SEEN | Right.KEYWORDS)
_FIXED: Final = ~(Right.RENAME | Right.DELETE)


def shown(box: MailboxInfo, rights: Right, *, with_share: bool = False) -> dict[str, Any]:
    """A Mailbox, to somebody with these rights in it. ``with_share``: ``mayShare`` is one of them."""
    if box.noselect:
        rights &= _NO_MESSAGES
    if box.role is Role.INBOX:
        rights &= _FIXED
    return {
        "id": to_wire(wire.MAILBOX, box.mailbox_id), "name": box.path[-1],
        "parentId": to_wire(wire.MAILBOX, box.parent_id) if box.parent_id else None, "role": ROLES.get(box.role),
        "sortOrder": box.sort_order, "totalEmails": box.emails, "unreadEmails": box.unread_emails, "totalThreads": box.threads,
        "unreadThreads": box.unread_threads, "isSubscribed": box.subscribed, "myRights": rights_of.shown(rights, with_share=with_share),
    }


class Rights:
    """What the caller may do in each mailbox."""

    def __init__(self, call: Call, of_box: dict[MailboxId, Right] | None) -> None:
        self._of_box = of_box
        self._full = ALL if call.may_write else Right.READ

    @staticmethod
    async def of(call: Call) -> "Rights":
        return Rights(call, await call.mailing.emails.rights(call.account))

    def __getitem__(self, box: MailboxId) -> Right:
        return self._full if self._of_box is None else self._of_box.get(box, NONE)


async def get(call: Call) -> dict[str, Any]:
    """RFC 8621 §2.1."""
    is_shared = share_with.is_used(call)
    names = properties(call.arguments, (*PROPERTIES, share_with.NAME) if is_shared else PROPERTIES)
    asked = wanted_ids(call.arguments)
    states, boxes = await call.mailing.emails.mailboxes(call.account)
    rights = await Rights.of(call)
    found = {one["id"]: one for one in (shown(box, rights[box.mailbox_id], with_share=is_shared) for box in boxes)}
    if share_with.NAME in names:
        shares = await share_with.of_account(call, states.share)
        for box in boxes:
            may_see = rights[box.mailbox_id] & Right.SHARE
            found[to_wire(wire.MAILBOX, box.mailbox_id)][share_with.NAME] = share_with.shown(shares.get(box.mailbox_id)) if may_see else None
    listed = list(found) if asked is None else [ident for ident in asked if ident in found]
    return {
        "accountId": call.account_id, "state": state(states, Kind.MAILBOX),
        "list": [{name: found[ident][name] for name in names} for ident in listed],
        "notFound": [] if asked is None else [ident for ident in asked if ident not in found],
    }


async def changes(call: Call) -> dict[str, Any]:
    """RFC 8621 §2.2."""
    return await changes_of(call, Kind.MAILBOX, wire.MAILBOX)


# ----------------------------------------------------------------------------------------------------------- queries
Test = Callable[[MailboxInfo], bool]


def _filter(call: Call, tree: Any, depth: int = 0) -> Test:
    """RFC 8621 §2.3."""
    if tree is None:
        return lambda _: True
    if not isinstance(tree, dict):
        raise invalid("a filter is an object")
    if depth > _DEPTH:
        raise MethodError("unsupportedFilter", "the filter is too deep")
    if "operator" in tree:
        if not isinstance(tree.get("conditions"), list) or tree["operator"] not in ("AND", "OR", "NOT"):
            raise invalid("a filter operator is AND, OR or NOT, and has conditions")
        inner = [_filter(call, one, depth + 1) for one in tree["conditions"]]
        match tree["operator"]:
            case "AND":
                return lambda box: all(test(box) for test in inner)
            case "OR":
                return lambda box: any(test(box) for test in inner)
        return lambda box: not any(test(box) for test in inner)
    tests = [_condition(call, name, value) for name, value in tree.items()]
    return lambda box: all(test(box) for test in tests)


def _condition(call: Call, name: str, value: Any) -> Test:
    if name == "parentId" and (value is None or isinstance(value, str)):
        parent = None if value is None else mailbox(call, value) or MailboxId(-1)
        return lambda box: box.parent_id == parent
    if name == "name" and isinstance(value, str):
        words = folded(value)
        return lambda box: words in folded(box.path[-1])
    if name == "role" and (value is None or isinstance(value, str)):
        return lambda box: ROLES.get(box.role) == value
    if name in {"hasAnyRole", "isSubscribed"} and isinstance(value, bool):
        if name == "isSubscribed":
            return lambda box: box.subscribed is value
        return lambda box: (box.role is not Role.NONE) is value
    if name in {"parentId", "name", "role", "hasAnyRole", "isSubscribed"}:
        raise invalid(f"{name} has another type")
    raise MethodError("unsupportedFilter", f"{name[:100]} is no filter known here")


def _sorted(arguments: dict[str, Any], boxes: list[MailboxInfo]) -> list[MailboxInfo]:
    """By the comparators, then by name and id."""
    sort = comparators(arguments, _SORTS) if arguments.get("sort") is not None else [("sortOrder", False), ("name", False)]
    found = sorted(boxes, key=lambda box: (folded(box.path[-1]), box.mailbox_id))
    for name, falls in reversed(sort):
        if name == "name":
            found.sort(key=lambda box: folded(box.path[-1]), reverse=falls)
        else:
            found.sort(key=lambda box: box.sort_order, reverse=falls)
    return found


def _answer(call: Call, boxes: list[MailboxInfo]) -> list[int]:
    """The whole answer of a query."""
    arguments = call.arguments
    test = _filter(call, arguments.get("filter"))
    order = _sorted(arguments, boxes)
    below: dict[MailboxId | None, list[MailboxInfo]] = {}
    for box in order:
        below.setdefault(box.parent_id, []).append(box)
    met = {box.mailbox_id for box in order if test(box)}
    if flag(arguments, "filterAsTree"):
        parents = {box.mailbox_id: box.parent_id for box in boxes}
        met = {box for box in met if _above_met(box, parents, met)}
    if not flag(arguments, "sortAsTree"):
        return [box.mailbox_id for box in order if box.mailbox_id in met]
    found: list[int] = []
    waiting = list(reversed(below.get(None, [])))
    while waiting:
        box = waiting.pop()
        if box.mailbox_id in met:
            found.append(box.mailbox_id)
        waiting.extend(reversed(below.get(box.mailbox_id, [])))
    return found


def _above_met(box: MailboxId, parents: dict[MailboxId, MailboxId | None], met: set[MailboxId]) -> bool:
    above = parents.get(box)
    while above is not None:
        if above not in met:
            return False
        above = parents.get(above)
    return True


async def query(call: Call) -> dict[str, Any]:
    """RFC 8621 §2.3."""
    arguments = call.arguments
    states, boxes = await call.mailing.emails.mailboxes(call.account)
    ids = _answer(call, boxes)
    window = window_of(arguments, mailbox(call, arguments["anchor"]) if arguments.get("anchor") is not None else None)
    try:
        start, found = stretch(ids, window)
    except AnchorNotFound:
        raise MethodError("anchorNotFound") from None
    return {
        "accountId": call.account_id, "queryState": state(states, Kind.MAILBOX), "canCalculateChanges": True, "position": start,
        "ids": [to_wire(wire.MAILBOX, one) for one in found], **({"total": len(ids)} if window.total else {}),
    }


def window_of(arguments: dict[str, Any], anchor: int | None, *, most: int = 1 << 30) -> Window:
    """The stretch that a query asks for (RFC 8620 §5.5). An anchor that is none of ours cannot be found."""
    position = number(arguments, "position", least=None) or 0
    offset = number(arguments, "anchorOffset", least=None) or 0
    limit = number(arguments, "limit")
    if arguments.get("anchor") is not None:
        text(arguments, "anchor")
        if anchor is None:
            raise MethodError("anchorNotFound")
    return Window(
        position, anchor, offset, most if limit is None else min(limit, most), total=flag(arguments, "calculateTotal"))  # type: ignore[arg-type]


async def query_changes(call: Call) -> dict[str, Any]:
    """RFC 8621 §2.4. In a tree one mailbox moves others, so there everything is told anew."""
    arguments = call.arguments
    old = text(arguments, "sinceQueryState")
    states, boxes = await call.mailing.emails.mailboxes(call.account)
    ids = _answer(call, boxes)
    with Calculating():
        told = await call.mailing.emails.changes(call.account, Kind.MAILBOX, since(arguments, "sinceQueryState"), 0)
    moved = {*told.created, *told.updated, *told.destroyed} - told.counted
    if moved and (flag(arguments, "sortAsTree") or flag(arguments, "filterAsTree")):
        moved |= {box.mailbox_id for box in boxes}
    # A guest may be told of a mailbox as created whom they know already: what is taken out first is never there twice.
    removed = sorted(moved - set(told.created) if call.viewer is None else moved)
    added = [{"id": to_wire(wire.MAILBOX, ident), "index": place} for place, ident in enumerate(ids) if ident in moved]
    bound_moves(arguments, len(removed) + len(added))
    return {
        "accountId": call.account_id, "oldQueryState": old, "newQueryState": state(states, Kind.MAILBOX),
        "removed": [to_wire(wire.MAILBOX, one) for one in removed], "added": added,
        **({"total": len(ids)} if flag(arguments, "calculateTotal") else {}),
    }


# ----------------------------------------------------------------------------------------------------------- sets
_FAULTS: Final[dict[Fault, tuple[str, tuple[str, ...], str]]] = {
    Fault.NOT_FOUND: ("notFound", (), ""),
    Fault.ALREADY_EXISTS: ("alreadyExists", (), "there is a mailbox with this name already"),
    Fault.NO_PARENT: ("invalidProperties", ("parentId",), "there is no such parent"),
    Fault.LOOP: ("invalidProperties", ("parentId",), "a mailbox cannot be below itself"),
    Fault.BAD_NAME: ("invalidProperties", ("name",), "a mailbox cannot have this name"),
    Fault.HAS_CHILD: ("mailboxHasChild", (), ""),
    Fault.HAS_EMAIL: ("mailboxHasEmail", (), ""),
    Fault.FIXED: ("forbidden", (), "INBOX stays what it is"),
    Fault.LIMIT: ("overQuota", (), "too many mailboxes, or too deep"),
    Fault.FORBIDDEN: ("forbidden", (), "this mailbox is somebody else's, and does not allow you that"),
}


async def _clash(call: Call, ident: MailboxId | None, patch: MailboxPatch) -> dict[str, Any]:
    """What ``ALREADY_EXISTS`` means: a role is another's (RFC 8621 §2), or a sibling has the name, which is told (RFC 8620 §5.4)."""
    _, boxes = await call.mailing.emails.mailboxes(call.account)
    now = next((box for box in boxes if box.mailbox_id == ident), None)
    if patch.role and any(box.role is patch.role and box is not now for box in boxes):
        return set_error("invalidProperties", "another mailbox has this role", properties=("role",))
    parent = patch.parent_id if patch.parent_id is not None else now.parent_id if now is not None else None
    name = patch.name if patch.name is not None else now.path[-1] if now is not None else ""
    is_inbox = not parent and name.upper() == "INBOX"
    other = next((
        box.mailbox_id for box in boxes
        if (box.role is Role.INBOX if is_inbox else (box.parent_id or 0, box.path[-1]) == (parent or 0, name)) and box is not now), None)
    found = fault_error(Fault.ALREADY_EXISTS)
    return found if other is None else {**found, "existingId": to_wire(wire.MAILBOX, other)}


def fault_error(fault: Fault) -> dict[str, Any]:
    kind, names, why = _FAULTS.get(fault, ("serverFail", (), ""))
    return set_error(kind, why, properties=names)


class _BadPatch(Exception):  # noqa: N818 - a value on its way to a SetError
    def __init__(self, names: tuple[str, ...], why: str = "") -> None:
        super().__init__(why)
        self.names = names
        self.why = why


def _patch(call: Call, given: dict[str, Any], now: dict[str, Any] | None) -> tuple[MailboxPatch, dict[str, Any]]:
    """The values to be set, and those that the server changed on the way. ``now``: the mailbox as it is."""
    bad = [name for name in given if name not in _MUTABLE and (now is None or name not in now or now[name] != given[name])]
    if bad:
        raise _BadPatch(tuple(bad), "only name, parentId, role, sortOrder and isSubscribed can be set")
    altered: dict[str, Any] = {}
    name = given.get("name")
    if "name" in given or now is None:
        if not isinstance(name, str) or "/" in name:
            raise _BadPatch(("name",), "a mailbox has a name, without a slash in it")
        normal = unicodedata.normalize("NFC", name)
        if normal != name:
            altered["name"] = normal
        name = normal
    parent: MailboxId | None = None
    if "parentId" in given:
        value = given["parentId"]
        if value is not None and mailbox(call, value) is None:
            raise _BadPatch(("parentId",), "there is no such parent")
        parent = MailboxId(0) if value is None else mailbox(call, value)
    role: Role | None = None
    if "role" in given:
        value = given["role"]
        if value is not None and not (isinstance(value, str) and value in BY_ROLE):
            raise _BadPatch(("role",), "this role is not known")
        role = Role.NONE if value is None else BY_ROLE[value]
    order = given.get("sortOrder")
    if "sortOrder" in given and order is None and now is not None:
        order = 0  # null takes it back to what it is at first (RFC 8620 §5.3)
    if "sortOrder" in given and (not isinstance(order, int) or isinstance(order, bool) or not 0 <= order < 1 << 31):
        raise _BadPatch(("sortOrder",), "sortOrder is a number from 0 to 2^31-1")
    subscribed = given.get("isSubscribed", True if now is None else None)  # RFC 8621 §2: who makes a mailbox wants to see it
    if "isSubscribed" in given and not isinstance(subscribed, bool):
        raise _BadPatch(("isSubscribed",), "isSubscribed is true or false")
    return MailboxPatch(name, parent, role, order, subscribed), altered


class _Set(Outcome):
    """One Mailbox/set."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self.call = call
        self.wanted = Wanted(call.arguments)
        self.with_emails = flag(call.arguments, "onDestroyRemoveEmails")
        self.if_state = self.wanted.if_state
        self.is_shared = share_with.is_used(call)
        self.clashes: tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]] = ({}, {})
        """Creations and updates that want a name or a role that another mailbox has, which may be about to lose it."""

    async def run(self) -> dict[str, Any]:
        emails, call = self.call.mailing.emails, self.call
        before = state(await emails.states(call.account), Kind.MAILBOX)
        check_state(self.wanted, before)
        try:
            await self._create(self.wanted.create)
            await self._update(self.wanted.update)
            await self._destroy()
            while any(self.clashes) and (self.destroyed or self.updated) and await self._again():
                pass
            await self._untie()
        except StateMismatch:
            raise MethodError("stateMismatch") from None
        return self.response(call, before, state(await emails.states(call.account), Kind.MAILBOX))

    def _said(self, given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What is wished of the mailbox itself, and of whom it is shared with."""
        return share_with.taken_out(given) if self.is_shared else (given, {})

    async def _wish(self, said: dict[str, Any], now: dict[AccountId, Right], rights: Right) -> dict[AccountId, Right]:
        """Whose rights change, and to what. Who may not share does not see what is shared, and may send back that it is nothing."""
        if not said:
            return {}
        if not rights & Right.SHARE:
            if said == {share_with.NAME: None}:
                return {}
            raise Refusal(Reason.NOT_PERMITTED, "you may not share this mailbox")
        try:
            wish = await share_with.read(self.call, said, now)
        except share_with.BadShare as exc:
            raise _BadPatch(() if exc.is_patch else (share_with.NAME,), str(exc)) from None
        if exceeds(wish, now, rights):
            raise Refusal(Reason.NOT_PERMITTED, "you may not give a right that you do not have")
        return wish

    async def _share(self, box: MailboxId, wish: dict[AccountId, Right]) -> None:
        await self.call.mailing.sharing.give(self.call.account, box, wish, by=self.call.viewer or self.call.account)

    async def _put(self, ident: MailboxId | None, patch: MailboxPatch) -> tuple[Fault, MailboxId]:
        done = await self.call.mailing.emails.mailbox_set(self.call.account, ident, patch, if_state=self.if_state)
        self.if_state = ""
        return done.fault, done.mailbox_id

    async def _again(self) -> bool:
        """What clashed, once more: what counts is how things are at the end (RFC 8620 §5.3). Whether it got any further."""
        creates, updates = self.clashes
        self.clashes = ({}, {})
        for cid in creates:
            del self.not_created[cid]
        for key in updates:
            del self.not_updated[resolved(self.call, key)]
        await self._create(creates)
        await self._update(updates)
        return sum(map(len, self.clashes)) < len(creates) + len(updates)

    async def _untie(self) -> None:
        """Mailboxes that want to have each other's names, or roles: one steps aside until the others have theirs."""
        for key in list(self.clashes[1]):
            box = mailbox(self.call, key)
            _, boxes = await self.call.mailing.emails.mailboxes(self.call.account)
            now = next((one for one in boxes if one.mailbox_id == box), None)
            if len(self.clashes[1]) < 2 or key not in self.clashes[1] or now is None or not self._fits(boxes):  # noqa: PLR2004 - two make a knot
                continue
            is_name = self.not_updated[resolved(self.call, key)]["type"] == "alreadyExists"
            aside = MailboxPatch(f"{now.path[-1][:100]} {now.mailbox_id:x}") if is_name else MailboxPatch(role=Role.NONE)
            if (await self._put(box, aside))[0] is not Fault.NONE:
                continue
            while await self._again():
                pass
            if key in self.clashes[1]:  # the others could not for another reason
                await self._put(box, MailboxPatch(now.path[-1]) if is_name else MailboxPatch(role=now.role))

    def _fits(self, boxes: list[MailboxInfo]) -> bool:
        """Whether every mailbox would have a place and a role of its own, were the updates that clash all done."""
        wishes = {mailbox(self.call, key): given for key, given in self.clashes[1].items()}
        places: list[tuple[Any, str]] = []
        roles: list[Any] = []
        for box in boxes:
            wish = wishes.get(box.mailbox_id, {})
            parent = wish["parentId"] if "parentId" in wish else box.parent_id and to_wire(wire.MAILBOX, box.parent_id)
            name = unicodedata.normalize("NFC", wish.get("name", box.path[-1]))
            places.append((resolved(self.call, parent) if parent else None, "INBOX" if not parent and name.upper() == "INBOX" else name))
            roles += [role] if (role := wish.get("role", ROLES.get(box.role))) is not None else []
        return len(places) == len(set(places)) and len(roles) == len(set(roles))

    async def _create(self, wanted: dict[str, dict[str, Any]]) -> None:
        """Parents first, where one is made in the same call."""
        waiting = dict(wanted)
        while waiting:
            ready = [cid for cid, one in waiting.items() if str(one.get("parentId") or "")[1:] not in waiting or not str(one.get("parentId")).startswith("#")]
            for cid in ready or list(waiting):
                whole = waiting.pop(cid)
                given, said = self._said(whole)
                try:
                    patch, altered = _patch(self.call, given, None)
                    wish = await self._wish(said, {}, ALL)
                    fault, ident = await self._put(None, patch)
                except _BadPatch as exc:
                    self.not_created[cid] = set_error("invalidProperties", exc.why, properties=exc.names)
                    continue
                except Refusal as exc:
                    self.not_created[cid] = set_error("forbidden", exc.public)
                    continue
                if fault is not Fault.NONE:
                    self.not_created[cid] = await _clash(self.call, None, patch) if fault is Fault.ALREADY_EXISTS else fault_error(fault)
                    if fault is Fault.ALREADY_EXISTS:
                        self.clashes[0][cid] = whole
                    continue
                self.call.created[cid] = to_wire(wire.MAILBOX, ident)
                box = MailboxInfo(ident, None, ("",), Role.NONE, 0, 0, 0, 0, 0, 0, 0, 0, bool(patch.is_subscribed), False, False)
                rights = (await Rights.of(self.call))[ident]
                self.created[cid] = {
                    name: value for name, value in shown(box, rights, with_share=self.is_shared).items() if name not in given or name in altered} | altered
                if wish:
                    await self._share(ident, wish)

    async def _update(self, wanted: dict[str, dict[str, Any]]) -> None:
        if not wanted:
            return
        _, boxes = await self.call.mailing.emails.mailboxes(self.call.account)
        rights = await Rights.of(self.call)
        now = {one["id"]: one for one in (shown(box, rights[box.mailbox_id], with_share=self.is_shared) for box in boxes)}
        shares: share_with.Shares | None = None
        gone = set(map(lambda ident: resolved(self.call, ident), self.wanted.destroy))  # noqa: C417
        for key, whole in wanted.items():
            given = whole
            ident = resolved(self.call, key)
            if ident not in now:
                self.not_updated[ident] = set_error("notFound")
                continue
            if ident in gone:
                self.not_updated[ident] = set_error("willDestroy")
                continue
            given, said = self._said(given)
            if any("/" in name for name in given):
                self.not_updated[ident] = set_error("invalidPatch", "a mailbox has no properties below others that can be set")
                continue
            try:
                patch, altered = _patch(self.call, given, now[ident])
                box = mailbox(self.call, ident)
                fault = Fault.NONE
                if said and box is not None:
                    shares = await share_with.of_account(self.call, 1) if shares is None else shares
                    wish = await self._wish(said, shares.get(box, {}), rights[box])
                    if given:
                        fault, _ = await self._put(box, patch)
                    if fault is Fault.NONE:
                        await self._share(box, wish)
                else:
                    fault, _ = await self._put(box, patch)
            except _BadPatch as exc:
                self.not_updated[ident] = set_error("invalidProperties" if exc.names else "invalidPatch", exc.why, properties=exc.names)
                continue
            except Refusal as exc:
                self.not_updated[ident] = set_error("overQuota" if exc.reason is Reason.LIMIT else "forbidden", exc.public)
                continue
            if fault is Fault.NONE:
                self.updated[ident] = altered or None
            else:
                self.not_updated[ident] = await _clash(self.call, box, patch) if fault is Fault.ALREADY_EXISTS else fault_error(fault)
                if fault is Fault.ALREADY_EXISTS:
                    self.clashes[1][key] = whole

    async def _destroy(self) -> None:
        """Children first, whatever the order they are named in."""
        waiting = list(dict.fromkeys(resolved(self.call, ident) for ident in self.wanted.destroy))
        while waiting:
            left = []
            for ident in waiting:
                box = mailbox(self.call, ident)
                fault = Fault.NOT_FOUND
                if box is not None:
                    done = await self.call.mailing.emails.mailbox_destroy(
                        self.call.account, box, with_emails=self.with_emails, if_state=self.if_state)
                    fault, self.if_state = done.fault, ""
                if fault is Fault.NONE:
                    self.destroyed.append(ident)
                elif fault is Fault.HAS_CHILD:
                    left.append(ident)
                else:
                    self.not_destroyed[ident] = fault_error(fault)
            if len(left) == len(waiting):
                self.not_destroyed.update((ident, fault_error(Fault.HAS_CHILD)) for ident in left)
                return
            waiting = left


async def set_(call: Call) -> dict[str, Any]:
    """RFC 8621 §2.5. In somebody else's account each mailbox says what is allowed: whether one wants to see it is also a reader's to say."""
    if call.viewer is None:
        need_write(call)
    return await _Set(call).run()



