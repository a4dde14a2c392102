"""One IMAP connection (RFC 9051).

One task reads, works and writes. A command's answer is written at once: its untagged responses, then what has happened in
the selected mailbox meanwhile (``news``), then the tagged line. News comes as hints from the store (``_heard``) that only
raise a number; the mailbox is looked at when a command ends, or at once while the client is in IDLE (``bell``).

An idle session holds: this object, the machine (empty buffer), the view (four octets a message) and its entry in the
store's list of watchers.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from mailstead import telemetry
from mailstead.model import limits
from mailstead.model.errors import Refusal, Unavailable, Violation
from mailstead.model.ids import AccountId
from mailstead.model.mailbox import Entry
from mailstead.model.question import Origin, Principal
from mailstead.model.sharing import NONE, Right
from mailstead.net.errors import Gone, Silent
from mailstead.net.stream import Stream
from mailstead.net.tls import ServerTls
from mailstead.protocol.imap import capability, server
from mailstead.protocol.imap.response import fetch as fetch_response
from mailstead.protocol.imap.response import line, mailbox
from mailstead.protocol.imap.state import State
from mailstead.server.imap import answers, append
from mailstead.server.imap.bell import Bell
from mailstead.server.imap.commands import BY_NAME, HANDLERS, NUMBERED
from mailstead.server.origin import origin_of
from mailstead.service.mailbox import Mail, News
from mailstead.service.mailbox.append import Memory, Spool
from mailstead.service.mailbox.names import Names
from mailstead.service.mailbox.news import Newsroom
from mailstead.service.mailbox.others import Others
from mailstead.service.mailbox.store import Keywords, known_flags
from mailstead.service.mailbox.view import Told, View
from mailstead.service.sharing import Sharing

_LOOK_EVERY_S: Final = 2.0
"""Hints may be lost; this often a command asks the store itself."""


class Access(Protocol):
    """``service.access`` as it is seen from here. Refusals are ``model.errors.Refusal``."""

    def mechanisms(self, origin: Origin) -> tuple[str, ...]: ...
    async def authenticate(
        self, mechanism: str, initial: bytes | None, ask: Callable[[bytes], Awaitable[bytes]], origin: Origin
    ) -> Principal: ...
    async def login(self, login: str, password: str, origin: Origin) -> Principal: ...


Watch = Callable[[AccountId, News], Callable[[], None]]


class Site:
    """What all sessions share."""

    def __init__(
        self, *, mail: Mail, access: Access, watch: Watch, separator: str, message_size: int, tls: ServerTls | None,
        spool: Callable[[], Spool], jmap_url: str = "", sharing: Sharing | None = None,
    ) -> None:
        self.jmap_url = jmap_url
        """Of the JMAP session resource; "": there is none."""
        self.mail = mail
        self.access = access
        self.watch = watch
        self.names = Names(separator)
        self.others = Others(sharing, mail, self.names) if sharing is not None else None
        """Mailboxes that others share; None: nothing is shared here."""
        self.message_size = message_size
        self.tls = tls
        self.spool = spool
        self.keywords = Keywords(mail)
        self.newsroom = Newsroom(mail, _wait)
        self.bell = Bell(self.newsroom)


async def _wait(waiting: list[Callable[[], None]]) -> None:
    woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    waiting.append(lambda: None if woken.done() else woken.set_result(None))
    await woken




class Session:
    """The state of one connection."""

    __slots__ = (
        "_guest", "_look_at", "_unwatch", "account", "appending", "condstore", "failures", "flags_told", "heard_of", "idling", "machine", "qresync",
        "rev2", "site", "started_at", "stream", "view",
    )  # fmt: skip

    def __init__(self, site: Site, stream: Stream) -> None:
        self.site = site
        self.stream = stream
        self.machine = server.ServerConnection()
        self.account: AccountId = AccountId(0)
        self.view: View | None = None
        self.condstore = False
        self.qresync = False
        self.rev2 = False
        self.idling = False
        self.appending: Any = None
        self.failures = 0
        self.flags_told = 0
        self.started_at = asyncio.get_running_loop().time()
        self.heard_of = 0
        self._look_at = 0.0
        self._unwatch: Callable[[], None] | None = None
        self._guest: tuple[AccountId, Callable[[], None]] | None = None
        """Whose account is watched besides one's own, and how that ends."""

    # ------------------------------------------------------------------------------------------------ life
    def capabilities(self) -> tuple[str, ...]:
        """What we can, here and now."""
        site = self.site
        mechanisms: tuple[str, ...] = ()
        if self.machine.state is State.NOT_AUTHENTICATED:
            mechanisms = site.access.mechanisms(origin_of(self.stream, "imap"))
        return capability.words(
            self.machine.state,
            mechanisms=mechanisms,
            starttls=site.tls is not None and self.stream.tls is None,
            login=bool(mechanisms),
            append_limit=site.message_size,
            has_jmap=bool(site.jmap_url), has_acl=site.others is not None,
        )

    async def run(self) -> None:
        """The connection from greeting to end."""
        machine, stream = self.machine, self.stream
        stream.write(line.ok("*", "Mailstead is ready", "CAPABILITY " + " ".join(self.capabilities())))
        while not self.is_over:
            event = machine.next_event()
            if event is None:
                patience_s = self.patience_s()
                if patience_s <= 0.0:
                    raise Silent("no login in time")
                octets = await stream.read(patience_s)
                if not octets:
                    return
                machine.receive(octets)
            elif type(event) is server.Request:
                await self._answer(event)
                if stream.is_draining and machine.is_idle:
                    if not self.is_over:
                        stream.write(line.bye("The server is about to stop", "UNAVAILABLE"))
                    return
            else:
                await self._other(event)

    @property
    def is_over(self) -> bool:
        """Goodbye has been said."""
        return self.machine.state is State.LOGOUT

    def origin(self) -> Origin:
        """Where a login comes from."""
        return origin_of(self.stream, "imap")

    def patience_s(self) -> float:
        """How long the peer may say nothing."""
        if self.machine.state is State.NOT_AUTHENTICATED:
            return self.started_at + limits.IMAP_LOGIN_TIMEOUT_S - asyncio.get_running_loop().time()
        return limits.IMAP_IDLE_TIMEOUT_S

    async def _answer(self, request: server.Request) -> None:
        tag, command = request.tag, request.command
        try:
            name = getattr(command, "name", "")
            handler = BY_NAME[name] if name else HANDLERS[type(command)]
            if self.view is not None and self.view.account != self.account and not await self.may_stay(self.view):
                self.stream.write(self.sent_away())
                return
            answer = await handler(self, tag, command)
        except Exception as exc:
            answer = self.failed(tag, exc)
        if self.view is not None and answer and not getattr(command, "silent", False):
            may_expunge = getattr(command, "uid", True) or type(command) not in NUMBERED
            news = await self.news(may_expunge=may_expunge)
            if news:
                # The tagged line is the last one of the answer.
                cut = answer.rfind(b"\r\n", 0, -2) + 2 if answer.count(b"\r\n") > 1 else 0
                answer = answer[:cut] + news + answer[cut:]
        if answer:
            self.stream.write(answer)
            await self.stream.drain()

    def failed(self, tag: str, exc: Exception) -> bytes:
        """The answer to a command that failed with ``exc``; what is not the command's fault is raised again."""
        match exc:
            case Refusal():
                return answers.refused(tag, exc)
            case Unavailable():
                telemetry.event("imap.failed", account=self.account, reason=exc.cause or exc.public)
                return answers.unavailable(tag, exc)
            case Violation():
                return line.bad(tag, exc.text)
            case Gone() | Silent():
                raise exc
            case _:
                telemetry.defect("imap", exc, account=self.account)
                return line.no(tag, "Something went wrong on our side", "SERVERBUG")

    async def _other(self, event: server.Event) -> None:
        match event:
            case server.Bad():
                append.give_up(self)
                if event.code:
                    self.stream.write(line.no(event.tag, event.text, event.code))
                else:
                    self.stream.write(line.bad(event.tag, event.text))
                if event.fatal:
                    telemetry.event("imap.refused", account=self.account, peer=self.stream.peer.host, reason=event.text)
                    self.stream.write(line.bye("Too many errors"))
                    self.machine.state = State.LOGOUT
            case server.Ready():
                self.stream.write(line.READY)
            case server.Message() | server.Chunk() | server.Appended():
                try:
                    answer = await append.on_event(self, event)
                except Exception as exc:
                    answer = self.failed(append.give_up(self) or getattr(event, "tag", "*"), exc)
                if answer:
                    answer = (await self.news(may_expunge=True) if not answer.startswith(b"+") else b"") + answer
                    self.stream.write(answer)
                    await self.stream.drain()
            case _:
                raise AssertionError(event)

    def close(self) -> None:
        """Let go of everything."""
        self.watch_guest(None)
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
            telemetry.event("imap.closed", account=self.account, peer=self.stream.peer.host)
        self.view = None
        append.give_up(self)

    # ------------------------------------------------------------------------------------------------ news
    def logged_in(self, principal: Principal) -> None:
        """The session belongs to an account now."""
        self.account = principal.account_id
        self.machine.state = State.AUTHENTICATED
        telemetry.event("imap.opened", account=self.account, peer=self.stream.peer.host)
        self._unwatch = self.site.watch(self.account, self._heard)

    @property
    def watched(self) -> AccountId:
        """Whose clock ``heard_of`` speaks of: the selected mailbox's owner's."""
        return self._guest[0] if self._guest is not None else self.account

    def watch_guest(self, owner: AccountId | None) -> None:
        """Hear of what happens in somebody else's account (None: in nobody's any more)."""
        if self._guest is not None and self._guest[0] != owner:
            self._guest[1]()
            self._guest = None
            self.heard_of = 0
        if owner is not None and self._guest is None:
            self.heard_of = 0
            self._guest = owner, self.site.watch(owner, self._heard)

    def _heard(self, account: AccountId, modseq: int) -> None:
        if modseq > self.heard_of and account == self.watched:
            self.heard_of = modseq
            if self.idling:
                self.site.bell.ring(self)

    def note(self, modseq: int, account: AccountId | None = None) -> None:
        """This session changed something: in the account of the selected mailbox, unless another is named."""
        if account is None or account == self.watched:
            self.heard_of = max(self.heard_of, modseq)

    async def look(self) -> None:
        """Ask the store itself, should a hint have been lost."""
        now = asyncio.get_running_loop().time()
        if now >= self._look_at:
            self._look_at = now + _LOOK_EVERY_S
            self.heard_of = max(self.heard_of, await self.site.mail.modseq(self.watched))

    async def may_stay(self, view: View) -> bool:
        """Whether somebody else's mailbox, which is selected, may still be read; what may be done in it is looked up anew."""
        others = self.site.others
        view.rights = await others.rights(self.account, view.account, view.mailbox_id) if others is not None else NONE
        return bool(view.rights & Right.READ)

    def sent_away(self) -> bytes:
        """The end of a session whose mailbox has been taken from it (RFC 4314 §5.1.1)."""
        self.view = None
        self.machine.state = State.LOGOUT
        return line.bye("The selected mailbox is not shared with you any more")

    @property
    def has_news(self) -> bool:
        """Something may have happened in the selected mailbox."""
        view = self.view
        return view is not None and (self.heard_of > view.modseq or view.has_gone)

    async def news(self, *, may_expunge: bool) -> bytes:
        """What happened in the selected mailbox, as untagged responses."""
        view = self.view
        if view is None or not (self.heard_of > view.modseq or (view.has_gone and may_expunge)):
            return b""
        if view.account != self.account and not await self.may_stay(view):
            return self.sent_away()
        delta = await self.site.newsroom.delta(view.account, view.mailbox_id, view.modseq, self.heard_of)
        told = view.apply(delta, may_expunge=may_expunge)
        if told.is_gone:
            self.view = None
            self.machine.state = State.LOGOUT
            return line.bye("The selected mailbox has been deleted")
        return await self.tell(told)

    async def tell(self, told: Told) -> bytes:
        """``told`` as untagged responses (RFC 9051 §7.4.1, §7.5.1, §7.5.2, RFC 7162 §3.2.10)."""
        if told.updated:
            await self.site.keywords.ready(self.watched, [entry for _, entry in told.updated])
        return self.told(told)

    def told(self, told: Told) -> bytes:
        """``tell`` where no keyword needs to be looked up first."""
        out: list[bytes] = []
        if told.numbers:
            out.append(mailbox.vanished(told.vanished) if self.qresync else mailbox.expunged(told.numbers))
        if told.exists is not None:
            out.append(mailbox.exists(told.exists))
            if not self.rev2:
                out.append(mailbox.recent(told.recent))
        if told.updated:
            out.append(self.new_flags())
            with_uid = self.qresync or self.rev2
            out += [self.flags_line(number, entry, with_uid=with_uid) for number, entry in told.updated]
        return b"".join(out)

    def new_flags(self) -> bytes:
        """FLAGS anew where keywords have been added since it was told (RFC 9051 §7.3.5)."""
        if self.watched != self.account:
            return b""  # the keywords that somebody else has given to all of their mail are theirs
        known = self.site.keywords.count(self.account)
        if known <= self.flags_told:
            return b""
        self.flags_told = known
        return mailbox.flags(known_flags(self.site.keywords.all(self.account)))

    def flag_words(self, entry: Entry) -> bytes:
        """``FLAGS (…)`` with ``\\Recent`` where this session has it."""
        names = self.site.keywords.of(self.watched, entry)
        view = self.view
        if not self.rev2 and view is not None and entry.uid > view.recent_above:
            names = (*names, "\\Recent")
        return fetch_response.flags(names)

    def flags_line(self, number: int, entry: Entry, *, with_uid: bool) -> bytes:
        """``* n FETCH (UID u MODSEQ (m) FLAGS (…))``. ``keywords.ready`` has been called."""
        words = self.flag_words(entry)
        if self.condstore:
            words = b"MODSEQ (%d) %b" % (entry.modseq, words)
        if with_uid:
            words = b"UID %d %b" % (entry.uid, words)
        return b"* %d FETCH (%b)\r\n" % (number, words)


def imap_server(
    *, mail: Mail, access: Access, watch: Watch, settings: Any, tls: ServerTls | None,
    spool: Callable[[], Spool] = Memory, jmap_url: str = "", sharing: Sharing | None = None,
) -> Callable[[Stream], Awaitable[None]]:
    """The driver. ``settings`` has ``imap.separator`` and ``limits.message_size``; ``spool`` makes the places where appended messages are gathered."""
    site = Site(
        mail=mail, access=access, watch=watch, separator=settings.imap.separator, message_size=settings.limits.message_size,
        tls=tls, spool=spool, jmap_url=jmap_url, sharing=sharing,
    )  # fmt: skip

    async def serve(stream: Stream) -> None:
        session = Session(site, stream)
        try:
            await session.run()
        except Silent:
            reason = "The server is about to stop" if stream.is_draining else "Nothing was said for too long"
            stream.write(line.bye(reason, "UNAVAILABLE" if stream.is_draining else ""))
        except Gone:
            pass
        except Exception as exc:
            telemetry.defect("imap", exc, account=session.account)
            stream.write(line.bye("Something went wrong on our side", "SERVERBUG"))
        finally:
            session.close()
        await stream.close()

    return serve
