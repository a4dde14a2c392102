"""Arguments of the standard methods, read and judged (RFC 8620 §5).

A method gets a ``Call`` and gives the arguments of its response; what is wrong with the whole call is a ``MethodError``. What is
wrong with one object is a SetError in the response (``set_error``).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from mailstead.model import ids as wire
from mailstead.model import limits
from mailstead.model.change import StateTooOld
from mailstead.model.email import Position
from mailstead.model.ids import AccountId, MailboxId
from mailstead.model.message import Octets
from mailstead.protocol.jmap.mail.email import Envelopes
from mailstead.protocol.jmap.mail.filters import COLLATIONS
from mailstead.service.emails import Emails
from mailstead.service.jobs import Jobs
from mailstead.service.kept import Kept
from mailstead.service.principals import Principals
from mailstead.service.sharing import Reach, Sharing
from mailstead.service.unsubscribing import Unsubscribing

MAX_GET: Final = 500
MAX_SET: Final = 1_000


class MethodError(Exception):
    """The method as a whole is refused. ``kind`` is of RFC 8620 §3.6.2 or the method's own."""

    def __init__(self, kind: str, description: str = "", **more: Any) -> None:
        super().__init__(description or kind)
        self.kind = kind
        self.description = description
        self.more = more


class Mailing(Protocol):
    """What the mail methods share in a process."""

    emails: Emails
    envelopes: Envelopes
    kept: Kept
    jobs: Jobs
    principals: Principals
    sharing: Sharing
    unsubscribing: Unsubscribing | None
    """None: there is no way to other people's servers."""
    message_octets: int
    """How large a message may be."""

    @property
    def capabilities_of(self) -> Callable[[AccountId, Reach | None], dict[str, Any]]:
        """What an account can do: one's own, or that of somebody else by what reaches it (as in the session, RFC 8620 §2)."""

    async def upload(self, account: AccountId, blob_id: str) -> bytes | None:
        """The octets of an uploaded blob; None: there is none of this account's."""

    async def keep(self, account: AccountId, octets: Octets) -> str:
        """Keep octets as an upload; gives its id."""

    def now(self) -> datetime: ...
    def new_id(self) -> int:
        """A number for a new object."""

    def soon(self) -> None:
        """Something may be due now (``service.waking``)."""

    def message_id(self) -> str:
        """A new Message-ID, without brackets."""

    def boundary(self) -> str:
        """A new boundary, which no text holds."""


@dataclass(frozen=True, slots=True)
class Source:
    """Another account that something is copied from, and what reads it. ``is_shared``: it is somebody else's."""

    account: AccountId
    mailing: Mailing
    is_shared: bool = False


class Call(Protocol):
    """One method call. ``account`` is one that the principal may use, and ``account_id`` its wire form; ``created`` maps creation ids
    of the request to ids and takes new ones. ``viewer``: who calls, where the account is somebody else's; ``using``: capabilities that the request names."""

    account: AccountId
    account_id: str
    arguments: dict[str, Any]
    created: dict[str, str]
    may_write: bool
    implicit: list[tuple[str, dict[str, Any]]]
    """Responses of further methods that this one has called."""
    viewer: AccountId | None
    using: frozenset[str]

    @property
    def mailing(self) -> Mailing: ...
    async def source(self, account_id: str) -> Source | None:
        """Another account that the principal may read; None: there is none such."""


def invalid(description: str) -> MethodError:
    return MethodError("invalidArguments", description)


def set_error(kind: str, description: str = "", *, properties: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """A SetError (RFC 8620 §5.3)."""
    found: dict[str, Any] = {"type": kind, **more}
    if description:
        found["description"] = description
    if properties:
        found["properties"] = list(properties)
    return found


# ----------------------------------------------------------------------------------------------------------- reading
def flag(arguments: Mapping[str, Any], name: str, *, default: bool = False) -> bool:
    value = arguments.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise invalid(f"{name} is true or false")
    return value


def number(arguments: Mapping[str, Any], name: str, *, least: int | None = 0) -> int | None:
    """None: not given."""
    value = arguments.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 1 << 53 or (least is not None and value < least):
        raise invalid(f"{name} is a number" + ("" if least is None else f" from {least}"))
    return value


def texts(arguments: Mapping[str, Any], name: str) -> list[str] | None:
    value = arguments.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise invalid(f"{name} is a list of texts")
    return list(dict.fromkeys(value))


def text(arguments: Mapping[str, Any], name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str):
        raise invalid(f"{name} is a text")
    return value


def wanted_ids(arguments: Mapping[str, Any], name: str = "ids") -> list[str] | None:
    """The ids asked for; None: all. ``requestTooLarge`` (RFC 8620 §5.1)."""
    found = texts(arguments, name)
    if found is not None and len(found) > MAX_GET:
        raise MethodError("requestTooLarge", f"at most {MAX_GET} objects at once")
    return found


def properties(arguments: Mapping[str, Any], known: tuple[str, ...]) -> tuple[str, ...]:
    """The properties asked for, ``id`` first; all of ``known`` where nothing is said."""
    found = texts(arguments, "properties")
    if found is None:
        return known
    strange = [name for name in found if name not in known]
    if strange:
        raise invalid(f"there is no property {strange[0][:100]}")
    return ("id", *(name for name in found if name != "id"))


def maximum(arguments: Mapping[str, Any]) -> int:
    """``maxChanges``; 0: not given."""
    return number(arguments, "maxChanges", least=1) or 0


def bound_moves(arguments: Mapping[str, Any], count: int) -> None:
    """``tooManyChanges``: a queryChanges has more to say than ``maxChanges``, which may be none at all (RFC 8620 §5.6)."""
    most = number(arguments, "maxChanges")
    if most is not None and count > most:
        raise MethodError("tooManyChanges", f"there are {count} changes")


def comparators(arguments: Mapping[str, Any], known: Collection[str]) -> list[tuple[str, bool]]:
    """``sort`` as (property, whether it falls), for whoever sorts by the last first; ``known``: by what can be sorted. ``unsupportedSort`` (RFC 8620 §5.5)."""
    sort = arguments.get("sort")
    if sort is None:
        return []
    if not isinstance(sort, list) or len(sort) > limits.JMAP_SORT_COMPARATORS:
        raise invalid(f"sort is a list of at most {limits.JMAP_SORT_COMPARATORS} comparators")
    found = []
    for one in sort:
        if not isinstance(one, dict) or not isinstance(one.get("property"), str):
            raise invalid("a comparator names a property")
        falls = not flag(one, "isAscending", default=True)
        if one.get("collation") not in (None, *COLLATIONS):  # whatever JSON may hold, a set would want it hashed
            raise MethodError("unsupportedSort", "this collation is not known")
        if one["property"] not in known:
            raise MethodError("unsupportedSort", f"these cannot be sorted by {one['property'][:100]}")
        found.append((one["property"], falls))
    return found


def since(arguments: Mapping[str, Any], name: str) -> Position:
    """A state to calculate changes from; one that cannot be ours is too old."""
    found = Position.parse(text(arguments, name))
    if found is None:
        raise MethodError("cannotCalculateChanges", "this state is not known")
    return found


class Calculating:
    """A state beyond what the log holds becomes the method's error."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, found: BaseException | None, _: object) -> None:
        if isinstance(found, StateTooOld):
            raise MethodError("cannotCalculateChanges", "the log does not reach back to this state") from found


# ----------------------------------------------------------------------------------------------------------- sets
class Wanted:
    """What a /set asks for."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self.create = _objects(arguments, "create")
        self.update = _objects(arguments, "update")
        self.destroy = texts(arguments, "destroy") or []
        if_state = arguments.get("ifInState")
        if if_state is not None and not isinstance(if_state, str):
            raise invalid("ifInState is a text")
        if if_state == "":  # no state of ours is
            raise MethodError("stateMismatch", "the objects have changed since")
        self.if_state: str = if_state or ""
        if len(self.create) + len(self.update) + len(self.destroy) > MAX_SET:
            raise MethodError("requestTooLarge", f"at most {MAX_SET} objects at once")


def _objects(arguments: Mapping[str, Any], name: str) -> dict[str, dict[str, Any]]:
    value = arguments.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
        raise invalid(f"{name} maps ids to objects")
    return value


def patched(whole: dict[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """An object with a PatchObject laid on it (RFC 8620 §5.3); null takes away. Raises ``ValueError`` for what is no patch."""
    found: dict[str, Any] = dict(whole)
    paths = [[piece.replace("~1", "/").replace("~0", "~") for piece in path.split("/")] for path in patch]
    taken = {tuple(path) for path in paths}
    for path, value in zip(paths, patch.values(), strict=True):
        if any(tuple(path[:n]) in taken for n in range(1, len(path))):
            raise ValueError("a patch sets something as a whole and in part")
        at = found
        for name in path[:-1]:
            inner = at.get(name)
            if not isinstance(inner, dict):
                raise ValueError("a patch leads into something that is no object")
            at[name] = at = dict(inner)
        if len(path) > 1 and value is None:
            at.pop(path[-1], None)
        else:
            at[path[-1]] = value
    return found


class Outcome:
    """What became of each object of a /set, and the response that says so (RFC 8620 §5.3). Ids are as the client wrote them."""

    def __init__(self) -> None:
        self.created: dict[str, dict[str, Any]] = {}
        self.updated: dict[str, dict[str, Any] | None] = {}
        self.destroyed: list[str] = []
        self.not_created: dict[str, dict[str, Any]] = {}
        self.not_updated: dict[str, dict[str, Any]] = {}
        self.not_destroyed: dict[str, dict[str, Any]] = {}

    def response(self, call: Call, old: str, new: str) -> dict[str, Any]:
        """What is empty is null."""
        return {
            "accountId": call.account_id, "oldState": old, "newState": new, "created": self.created or None, "updated": self.updated or None,
            "destroyed": self.destroyed or None, "notCreated": self.not_created or None, "notUpdated": self.not_updated or None,
            "notDestroyed": self.not_destroyed or None,
        }


def check_state(wanted: Wanted, state: str) -> None:
    """``stateMismatch``."""
    if wanted.if_state and wanted.if_state != state:
        raise MethodError("stateMismatch", "the objects have changed since")


def resolved(call: Call, ident: str) -> str:
    """An id, where it was written as ``#`` and a creation id (RFC 8620 §5.3); unknown ones stay as they are and are not found."""
    return call.created.get(ident[1:], ident) if ident.startswith("#") else ident


def mailbox(call: Call, ident: Any) -> MailboxId | None:
    """The mailbox behind an id as it was written."""
    found = wire.from_wire(wire.MAILBOX, resolved(call, ident)) if isinstance(ident, str) else None
    return MailboxId(found) if found is not None else None


def need_write(call: Call) -> None:
    """``accountReadOnly`` (RFC 8620 §3.6.2)."""
    if not call.may_write:
        raise MethodError("accountReadOnly", "this account can only be read")
