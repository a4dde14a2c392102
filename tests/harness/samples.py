"""The mail of the demo in an account's inbox, each message at its own date."""

import imaplib
from email.utils import parsedate_to_datetime

from tests.harness.server import PASSWORD, Server

from mailstead.app import sampling


def fill(server: Server, login: str, *, flags: str = r"(\Seen)") -> None:
    """Append every sample over IMAP."""
    with imaplib.IMAP4("127.0.0.1", server.ports["imap"]) as imap:
        imap.login(login, PASSWORD)
        for path in sorted(sampling.FOLDER.glob("*.eml")):
            octets = path.read_bytes()
            date = next(line for line in octets.split(b"\r\n") if line.lower().startswith(b"date:"))
            at = parsedate_to_datetime(date[5:].decode("ascii").strip())
            imap.append("INBOX", flags, imaplib.Time2Internaldate(at), octets)
