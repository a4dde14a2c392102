"""What somebody has decided about who writes to them: whose mail is rejected goes to Junk at delivery, for every client to see.

Decisions are SenderProfile objects, of an address or of ``@domain``; the address makes the object's number, so two rows are looked at however many
there are. The address counts before its domain. The author's address is meant (RFC 5322 §3.6.2), for that is what people see.
"""

import msgspec

from mailstead.mime import addresses, header
from mailstead.model import limits
from mailstead.model.address import Address
from mailstead.model.ids import AccountId
from mailstead.model.message import Octets
from mailstead.model.object import ObjectKind
from mailstead.store.interface import KeptObjects

_KIND = ObjectKind.SENDER_PROFILE


class _Profile(msgspec.Struct):
    screened: str | None = None


_decode = msgspec.json.Decoder(_Profile).decode


class Senders:
    """One for the process."""

    def __init__(self, kept: KeptObjects) -> None:
        self._kept = kept

    async def is_rejected(self, account: AccountId, octets: Octets) -> bool:
        """Whether mail by this author is not wanted."""
        if not await self._kept.has(account, _KIND):
            return False
        author = author_of(octets)
        if author is None:
            return False
        names = (author.key, Address("x", author.domain).key.removeprefix("x"))
        numbers = [self._kept.number(account, _KIND, name) for name in names]
        found = {one.object_id: _decode(one.doc) for one in (await self._kept.of(account, _KIND, numbers)).objects if not one.gone}
        said = next((found[number].screened for number in numbers if number in found and found[number].screened), None)
        return said == "rejected"


def author_of(octets: Octets) -> Address | None:
    """The first address of From, of the last where it is there twice: the one that is shown (RFC 8621 §4.1.2); None: there is none."""
    value = header.last(octets[: limits.MIME_HEADER_BLOCK], b"from")
    return next(iter(addresses.complete(value)), None) if value is not None else None
