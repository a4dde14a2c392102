"""The demo's mail: the messages of ``app/sample`` in one account, as if they had come when they say.

What the account itself wrote goes to Sent. All but the newest are read, one is flagged, so that a mail program has
something to show.
"""

import email.utils
import os
from pathlib import Path
from typing import Final

from mailstead.mime import header
from mailstead.model.ids import OpId
from mailstead.model.message import NewMessage
from mailstead.store import Embedded

FOLDER: Final = Path(__file__).with_name("sample")
_UNREAD: Final = 6
_FLAGGED: Final = "invoice"


async def file_samples(store: Embedded, address: str) -> int:
    """Append them to ``address``'s INBOX and Sent; the number of messages. Raises ``Refusal``, ``Unavailable``."""
    account = await store.directory.account_by_address(address)
    if account is None:
        return 0
    dated: list[tuple[int, str, bytes, bool]] = []
    for path in sorted(FOLDER.glob("*.eml")):
        octets = path.read_bytes()
        fields = {name.lower(): value for name, value in header.fields(octets.partition(b"\r\n\r\n")[0] + b"\r\n")}
        at_ms = int(email.utils.parsedate_to_datetime(fields[b"date"].decode("ascii").strip()).timestamp() * 1000)
        dated.append((at_ms, path.stem, octets, address.encode() in fields[b"from"]))
    dated.sort()
    inbox: list[NewMessage] = []
    sent: list[NewMessage] = []
    for number, (at_ms, stem, octets, is_own) in enumerate(dated):
        flags = {"\\Seen"} if is_own or number < len(dated) - _UNREAD else set()
        if _FLAGGED in stem:
            flags.add("\\Flagged")
        (sent if is_own else inbox).append(NewMessage(octets, frozenset(flags), at_ms))
    for name, messages in (("INBOX", inbox), ("Sent", sent)):
        mailbox = await store.mail.mailbox(account.account_id, (name,))
        if mailbox is not None and messages:
            await store.mail.append(account.account_id, OpId(os.urandom(16)), mailbox.mailbox_id, messages)
    return len(dated)
