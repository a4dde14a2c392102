"""Under which addresses somebody writes: their own and the aliases that lead to them (RFC 8621 §6)."""

import hashlib
from dataclasses import dataclass

from mailstead.model.address import key_of
from mailstead.model.question import Principal
from mailstead.store.interface import Directory


@dataclass(frozen=True, slots=True)
class Identity:
    """``ident`` is made of the address, so it stays while the address does."""

    ident: str
    name: str
    email: str


async def of(directory: Directory, principal: Principal) -> list[Identity]:
    """The main address first, then aliases in order."""
    account = await directory.account(principal.account_id)
    name = account.name if account is not None else ""
    own = key_of(principal.address)
    aliases = sorted({alias for alias, target in await directory.aliases() if key_of(target) == own and not alias.startswith("@")} - {own})
    found = [principal.address]
    for alias in aliases:
        if await directory.owns(principal.account_id, alias):
            found.append(alias)
    return [Identity("i" + hashlib.sha256(key_of(email).encode()).hexdigest()[:24], name, email) for email in found]
