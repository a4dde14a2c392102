"""A message from the server to the owner of an account, filed in their inbox."""

import hashlib
import time
from typing import Final

from mailstead.model.ids import AccountId, DeliveryId
from mailstead.model.message import Filing
from mailstead.model.web_session import WebSession
from mailstead.service import submission
from mailstead.store.interface import Mail

_LINE: Final = "\r\n"


async def new_device(mail: Mail, hostname: str, account: AccountId, address: str, session: WebSession) -> None:
    """Somebody has signed in from a browser that was never seen before. Filed once for a session."""
    when = submission.date(session.created_at_ms)
    agent = "".join(character if character.isprintable() else "?" for character in session.agent) or "unknown"
    text = _LINE.join([
        f"Somebody has signed in to {address} from a browser that was not known before:", "",
        f"  when     {when}", f"  address  {session.address}", f"  browser  {agent}", "",
        "If that was you, there is nothing to do.", "",
        "If not: change your password (Settings, Security); all sessions but yours end then. The list of sessions is there as well.", "",
    ])  # fmt: skip
    digest = hashlib.sha256(b"mailstead notice 1\0%d\0" % session.session_id).digest()
    message_id = f"{digest[:12].hex()}@{hostname}"
    octets = (
        f"From: Mail server <postmaster@{address.rpartition('@')[2]}>\r\nTo: <{address}>\r\nDate: {when}\r\nMessage-ID: <{message_id}>\r\n"
        "Subject: A new device has signed in\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}"
    ).encode()
    await mail.deliver(account, Filing(DeliveryId(digest[:16]), octets, b"", received_at_ms=int(time.time() * 1000)))
