"""``Mailbox.shareWith``: whom a mailbox is shared with, and what each of them may do (RFC 9670 §4; draft-ietf-jmap-mail-sharing).

It is there where the request names the capability. The owner sees it, and who has the right to share; to others it is null. The owner never stands in it.
"""

from collections.abc import Mapping
from typing import Any, Final

from mailstead.model import ids as wire
from mailstead.model.ids import AccountId, MailboxId
from mailstead.model.sharing import NONE, Right
from mailstead.protocol.jmap.mail import rights as names
from mailstead.server.http.jmap.principal import CAPABILITY as PRINCIPALS
from mailstead.server.http.jmap.principal import LETTER
from mailstead.server.http.jmap.standard import Call, patched

CAPABILITY: Final = "urn:ietf:params:jmap:mail:share"
NAME: Final = "shareWith"
Shares = dict[MailboxId, dict[AccountId, Right]]


class BadShare(Exception):  # noqa: N818 - a value on its way to a SetError
    """What is no ``shareWith``; ``is_patch``: what is no patch of one (RFC 8620 §5.3)."""

    is_patch = False


class BadSharePatch(BadShare):
    is_patch = True


def is_used(call: Call) -> bool:
    """Whether the request knows of sharing."""
    return CAPABILITY in call.using or PRINCIPALS in call.using


async def of_account(call: Call, share_modseq: int) -> Shares:
    """All that the account shares, for those who may see it. ``share_modseq`` 0: nothing was ever shared, and nothing is looked up."""
    return await call.mailing.sharing.grants(call.account) if share_modseq else {}


def shown(grants: Mapping[AccountId, Right] | None) -> dict[str, Any] | None:
    """As JSON; null where there is nothing."""
    if not grants:
        return None
    return {wire.to_wire(LETTER, grantee): names.shown(found) for grantee, found in grants.items()}


def taken_out(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """An update without what it says of ``shareWith``, and that."""
    said = {path: value for path, value in given.items() if path == NAME or path.startswith(NAME + "/")}
    return ({path: value for path, value in given.items() if path not in said} if said else given), said


async def read(call: Call, said: dict[str, Any], now: Mapping[AccountId, Right]) -> dict[AccountId, Right]:
    """What is to be written: grantee to rights (none: nothing any more), of those for whom it changes. Raises ``BadShare``."""
    try:
        wanted = patched({NAME: shown(now) or {}}, {path: {} if value is None and path == NAME else value for path, value in said.items()})[NAME]
    except ValueError as exc:
        raise BadSharePatch(str(exc)) from None
    if not isinstance(wanted, dict):
        raise BadShare("shareWith maps ids of principals to rights")
    found: dict[AccountId, Right] = {}
    for ident, value in wanted.items():
        number, rights = wire.from_wire(LETTER, ident), names.read(value)
        if number is None or rights is None:
            raise BadShare("shareWith maps ids of principals to rights")
        found[AccountId(number)] = rights
    changed = {grantee: found.get(grantee, NONE) for grantee in now.keys() | found.keys() if found.get(grantee, NONE) != now.get(grantee, NONE)}
    for grantee, rights in changed.items():
        if rights and not await call.mailing.sharing.may_be_given(call.account, grantee):
            raise BadShare("there is no such principal to share with")
    return changed
