"""8-bit mail for a server without 8BITMIME: encoded anew and signed anew, or not at all (RFC 6152 §3).

Encoding breaks signatures over the body (RFC 6376 §5.3 has signers fear it). Ours are taken off and made again; where somebody else has signed, or the
message is S/MIME or PGP signed, it is not touched: a bounce that says why is better than mail that looks forged.
"""

import asyncio
from typing import Final

from mailstead import telemetry
from mailstead.mailauth import tags
from mailstead.mailauth.tags import Malformed
from mailstead.mime import header
from mailstead.mime.sevenbit import to_7bit
from mailstead.service.delivery import header_of
from mailstead.service.signing import Signing, author_domain
from mailstead.service.submission import message_id

_IN_A_THREAD: Final = 256 << 10
_FIELD: Final = b"dkim-signature"


class Downgrading:
    """``agent.hop.Downgrade``. ``signing`` None: nothing is signed here."""

    def __init__(self, signing: Signing | None) -> None:
        self._signing = signing

    async def __call__(self, octets: bytes) -> bytes | None:
        """The 7-bit form; None where there is none that is as good."""
        head = header_of(octets)
        own = author_domain(head)
        for name, field in header.whole_fields(head):
            if name == _FIELD and _domain(field) != own:
                return None
        stripped = octets
        if header.first(head, _FIELD) is not None:
            kept = header.select(head, (_FIELD,), invert=True)
            stripped = kept.removesuffix(b"\r\n") + octets[len(head) :]
        done = await asyncio.to_thread(to_7bit, stripped) if len(stripped) > _IN_A_THREAD else to_7bit(stripped)
        if done is None:
            return None
        again = await self._signing.signatures(done) if self._signing is not None else b""
        if stripped is not octets and not again:
            return None  # it was signed, and would not be any more
        telemetry.event("message.downgraded", message_id=message_id(done), octets=len(done), reason="the next server has no 8BITMIME")
        return again + done


def _domain(field: bytes) -> str:
    try:
        return tags.parse(field.partition(b":")[2]).get("d", b"").decode("ascii", "replace").lower()
    except Malformed:
        return ""
