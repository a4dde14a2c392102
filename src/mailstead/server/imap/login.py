"""Commands of any state and those before login (RFC 9051 §6.1, §6.2, §6.3.1, RFC 2971)."""

import base64
from typing import TYPE_CHECKING, Final

from mailstead.model.errors import Reason, Refusal, Violation
from mailstead.model.question import Principal
from mailstead.protocol.imap import capability as words
from mailstead.protocol.imap.command import authenticate as sasl
from mailstead.protocol.imap.command.authenticate import Authenticate
from mailstead.protocol.imap.command.bare import Bare
from mailstead.protocol.imap.command.enable import Enable
from mailstead.protocol.imap.command.id import Id
from mailstead.protocol.imap.command.login import Login
from mailstead.protocol.imap.response import line
from mailstead.protocol.imap.server import Bad
from mailstead.protocol.imap.state import State
from mailstead.server.imap import answers

if TYPE_CHECKING:
    from mailstead.server.imap.session import Session

_FAILURES: Final = 3
"""Failed logins after which we hang up."""


async def capability(session: "Session", tag: str, _command: Bare) -> bytes:
    """CAPABILITY."""
    return f"* CAPABILITY {' '.join(session.capabilities())}\r\n".encode() + line.ok(tag, "Done")


async def noop(session: "Session", tag: str, command: Bare) -> bytes:
    """NOOP and CHECK: a good moment for news."""
    if session.view is not None:
        await session.look()
    return b"%b OK %b completed\r\n" % (tag.encode("ascii"), command.name.encode("ascii"))


async def logout(session: "Session", tag: str, _command: Bare) -> bytes:
    """LOGOUT."""
    session.view = None
    session.machine.state = State.LOGOUT
    return line.bye("Goodbye") + line.ok(tag, "Logged out")


async def starttls(session: "Session", tag: str, _command: Bare) -> bytes:
    """STARTTLS: nothing from before counts afterwards (RFC 9051 §6.2.1)."""
    context = session.site.tls
    if session.stream.tls is not None:
        return line.bad(tag, "TLS is on already")
    if context is None:
        return line.bad(tag, "There is no TLS here")
    session.stream.write(line.ok(tag, "Begin the handshake"))
    session.machine.discard()
    await session.stream.start_tls(context)
    return b""


async def login(session: "Session", tag: str, command: Login) -> bytes:
    """LOGIN; refused where the channel is not safe (RFC 9051 §6.2.3)."""
    site = session.site
    origin = session.origin()
    if not site.access.mechanisms(origin):
        raise Refusal(Reason.AUTHENTICATION_TOO_WEAK, "Encrypt the connection first")
    try:
        principal = await site.access.login(command.login, command.password, origin)
    except Refusal as refusal:
        return _failed(session, tag, refusal)
    return _welcome(session, tag, principal)


async def authenticate(session: "Session", tag: str, command: Authenticate) -> bytes:
    """AUTHENTICATE: challenges and responses in base64."""
    site = session.site
    origin = session.origin()
    mechanisms = site.access.mechanisms(origin)
    if not mechanisms:
        raise Refusal(Reason.AUTHENTICATION_TOO_WEAK, "Encrypt the connection first")
    if command.mechanism not in mechanisms:
        return line.no(tag, "That mechanism is not offered", "CANNOT")

    async def ask(challenge: bytes) -> bytes:
        session.stream.write(b"+ " + base64.b64encode(challenge) + b"\r\n")
        while (answer := session.machine.next_line()) is None:
            octets = await session.stream.read(max(1.0, session.patience_s()))
            if not octets:
                raise Violation("The peer left")
            session.machine.receive(octets)
        if isinstance(answer, Bad):
            raise Violation(answer.text)
        if answer == b"*":
            raise Violation("Cancelled")
        return sasl.decode(answer)

    try:
        principal = await site.access.authenticate(command.mechanism, command.initial, ask, origin)
    except Refusal as refusal:
        return _failed(session, tag, refusal)
    return _welcome(session, tag, principal)


def _failed(session: "Session", tag: str, refusal: Refusal) -> bytes:
    session.failures += 1
    answer = answers.refused(tag, refusal)
    if session.failures >= _FAILURES:
        session.machine.state = State.LOGOUT
        answer += line.bye("Too many failed logins")
    return answer


def _welcome(session: "Session", tag: str, principal: Principal) -> bytes:
    session.logged_in(principal)
    return line.ok(tag, "Logged in", "CAPABILITY " + " ".join(session.capabilities()))


async def enable(session: "Session", tag: str, command: Enable) -> bytes:
    """ENABLE: what we know of what was asked for is on, and listed (RFC 5161 §3.2, RFC 9051 §6.3.1)."""
    done: list[str] = []
    answer = b""
    for name in dict.fromkeys(command.names):
        if name not in words.ENABLED:
            continue
        if name in {"CONDSTORE", "QRESYNC"}:
            answer += condstore(session)
        if name == "QRESYNC":
            session.qresync = True
        elif name == "IMAP4REV2":
            session.rev2 = session.machine.utf8 = True
        elif name == "UTF8=ACCEPT":
            session.machine.utf8 = True
        done.append("IMAP4rev2" if name == "IMAP4REV2" else name)
    enabled = " ".join(["* ENABLED", *done]).encode("ascii") + b"\r\n"
    return answer + enabled + line.ok(tag, "Enabled")


def condstore(session: "Session") -> bytes:
    """A CONDSTORE-enabling command: the first one in a selected mailbox says where it stands (RFC 7162 §3.1)."""
    if session.condstore:
        return b""
    session.condstore = True
    if session.view is None:
        return b""
    return line.ok("*", "Modification sequences are told from now on", f"HIGHESTMODSEQ {max(1, session.view.modseq)}")


async def identify(_session: "Session", tag: str, _command: Id) -> bytes:
    """ID: our name, no version for strangers."""
    return b'* ID ("name" "Mailstead")\r\n' + line.ok(tag, "Done")
