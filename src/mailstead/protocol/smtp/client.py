"""The client's side of SMTP, without a socket: dialogues as generators (RFC 5321 §3, §4.5.4).

A dialogue yields a ``Turn``: octets to send, how many replies are due, and for how long to wait; it is sent the replies. So
the driver is a loop of four lines, and a test is a list. Envelope commands are pipelined where the server offers it
(RFC 2920); each recipient keeps its own reply.
"""

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from mailstead.model import limits
from mailstead.model.address import Envelope, ForwardPath
from mailstead.model.status import EnhancedStatus
from mailstead.protocol.smtp import path, xtext
from mailstead.protocol.smtp.data import is_clean, stuffed
from mailstead.protocol.smtp.reply import Replies

_COMMAND_S: Final = limits.SMTP_COMMAND_TIMEOUT_S
_GREETING: Final = 220
_GO_ON: Final = 354
_TOO_MANY: Final = 452
_FULL: Final = 552
_FIRST_CODE: Final = 200
_LAST_CODE: Final = 559
_AT_ONCE: Final = 500
"""Recipients in one transaction towards the next hop: more than this is cut (RFC 5321 §4.5.3.1.8 promises 100)."""
_TEXT: Final = 1_000
_AT_ONE_GO: Final = 64 << 10
"""A longer message waits until a recipient was taken."""
NO_REQUIRETLS: Final = EnhancedStatus(5, 7, 30)
"""RFC 8689 §6.2: REQUIRETLS support required."""
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e\x80-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply. ``status``: its enhanced status, or the one that the code's class implies (RFC 3463 §2)."""

    code: int
    status: EnhancedStatus
    text: str
    """Cut to what is kept and shown (SERVER.md, "reply lengths from remote MTAs")."""
    lines: tuple[str, ...] = field(default=(), compare=False)
    """All of it, for EHLO."""

    @property
    def is_ok(self) -> bool:
        """Done. A 3xx is no success: a server that answers the end of the data with 354 has not taken it."""
        return self.code < 300  # noqa: PLR2004 - RFC 5321 §4.2.1

    @property
    def is_refusal(self) -> bool:
        return self.code >= 400  # noqa: PLR2004 - RFC 5321 §4.2.1

    @property
    def is_permanent(self) -> bool:
        return self.code >= 500  # noqa: PLR2004 - RFC 5321 §4.2.1


@dataclass(frozen=True, slots=True)
class Turn:
    """Send ``octets``, then wait for ``replies`` replies, ``timeout_s`` for each."""

    octets: bytes
    replies: int = 1
    timeout_s: float = _COMMAND_S


@dataclass(frozen=True, slots=True)
class Offers:
    """What EHLO said: keyword in upper case to its parameters. Empty after HELO."""

    words: dict[str, str] = field(default_factory=dict)
    name: str = ""
    """What the server calls itself."""

    def __contains__(self, word: object) -> bool:
        return word in self.words

    @property
    def size(self) -> int:
        """The most octets a message may have; 0: no limit is known (RFC 1870 §4)."""
        value = self.words.get("SIZE", "")
        return int(value) if value.isdigit() and len(value) <= 20 else 0  # noqa: PLR2004 - RFC 1870 §4

    @property
    def mechanisms(self) -> frozenset[str]:
        return frozenset(self.words.get("AUTH", "").upper().split())

    @property
    def recipients(self) -> int:
        """The most recipients in one transaction (RFC 9422 §4.2)."""
        return min(self._limit("RCPTMAX") or _AT_ONCE, _AT_ONCE)

    @property
    def transactions(self) -> int:
        """The most transactions on one connection; 0: no limit is known (RFC 9422 §4.1)."""
        return self._limit("MAILMAX")

    def _limit(self, wanted: str) -> int:
        for word in self.words.get("LIMITS", "").split():
            name, _, value = word.partition("=")
            if name.upper() == wanted and value.isdigit() and 0 < len(value) <= 6:  # noqa: PLR2004 - RFC 9422 §4
                return int(value)
        return 0


class Rejected(Exception):  # noqa: N818 - a reply, not an error of ours
    """The server ended the dialogue with this reply; it holds for all recipients."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply


Dialogue = Generator[Turn, list[Reply], None]


class Reader:
    """Octets to replies. ``next`` raises ``Rejected`` with a temporary reply for octets that are none."""

    def __init__(self) -> None:
        self._replies = Replies()

    def feed(self, octets: bytes) -> None:
        self._replies.feed(octets)

    def next(self) -> Reply | None:
        try:
            found = self._replies.next()
        except ValueError as exc:
            raise Rejected(temporary(f"The server does not speak SMTP: {exc}")) from None
        return None if found is None else _reply(*found)


def _reply(code: int, texts: Sequence[str]) -> Reply:
    if not _FIRST_CODE <= code <= _LAST_CODE:
        raise Rejected(temporary(f"The server's reply has the code {code}"))
    status = EnhancedStatus.parse(texts[0]) if texts else None
    if status is None or status.klass != code // 100:
        status = EnhancedStatus(code // 100 if code < 300 or code >= 400 else 4, 0, 0)  # noqa: PLR2004 - RFC 3463 §2
    clean = tuple(_UNPRINTABLE.sub("?", text) for text in texts)
    return Reply(code, status, " / ".join(clean)[:_TEXT], clean)


def temporary(text: str, status: EnhancedStatus = EnhancedStatus(4, 4, 2)) -> Reply:  # noqa: B008 - frozen
    """A reply that no server gave: the fault is the connection's."""
    return Reply(451, status, text)


def permanent(text: str, status: EnhancedStatus) -> Reply:
    """A reply that no server gave: the message cannot go there."""
    return Reply(554, status, text)


# ------------------------------------------------------------------------------------------------------- dialogues
def greet() -> Dialogue:
    """Wait for 220 (RFC 5321 §3.1)."""
    (greeting,) = yield Turn(b"")
    if greeting.code != _GREETING:
        raise Rejected(greeting)


def hello(name: str, *, is_lmtp: bool = False) -> Generator[Turn, list[Reply], Offers]:
    """EHLO, or HELO where that is not known (RFC 5321 §3.2); LHLO to an LMTP server (RFC 2033 §4.1). Raises ``Rejected``."""
    (answer,) = yield Turn(b"%b %b\r\n" % (b"LHLO" if is_lmtp else b"EHLO", name.encode()))
    if answer.is_ok:
        words: dict[str, str] = {}
        for line in answer.lines[1:]:
            word, _, rest = line.partition(" ")
            words[word.upper()] = rest.strip()
        return Offers(words, _first_word(answer))
    if not answer.is_permanent or is_lmtp:
        raise Rejected(answer)
    (answer,) = yield Turn(b"HELO %b\r\n" % name.encode())
    if not answer.is_ok:
        raise Rejected(answer)
    return Offers(name=_first_word(answer))


def _first_word(answer: Reply) -> str:
    return answer.lines[0].partition(" ")[0] if answer.lines else ""


def starttls() -> Dialogue:
    """After this the driver shakes hands and says ``hello`` again (RFC 3207 §4). Raises ``Rejected``."""
    (answer,) = yield Turn(b"STARTTLS\r\n")
    if answer.code != _GREETING:
        raise Rejected(answer)


def send(
    offers: Offers, envelope: Envelope, octets: bytes, *, is_lmtp: bool = False, now_ms: int = 0
) -> Generator[Turn, list[Reply], list[Reply]]:
    """One transaction: a reply for each recipient, in order (RFC 5321 §3.3). Raises ``Rejected`` where one holds for all.

    After ``Rejected`` or a recipient's refusal the connection is good for another transaction, save after code 421. A message with a bare CR, a
    bare LF or a NUL does not leave: what one server takes for a line another takes for two (SMTP smuggling).
    """
    if not is_clean(octets):
        raise Rejected(permanent("The message holds a bare CR, a bare LF or a NUL", EnhancedStatus(5, 6, 0)))
    mail = _mail(offers, envelope, octets, now_ms)
    rcpts = [_rcpt(offers, to, is_ascii=not _needs_smtputf8(envelope, octets)) for to in envelope.forward_paths]
    if "CHUNKING" in offers and "PIPELINING" in offers and len(octets) <= _AT_ONE_GO:
        return (yield from _in_one_go(mail, rcpts, octets, is_lmtp=is_lmtp))
    taken: list[Reply] = []
    if "PIPELINING" in offers:
        # One write; DATA is last in it (RFC 2920 §3.1).
        begun, *taken, go = yield Turn(b"".join([mail, *rcpts, b"DATA\r\n"]), len(rcpts) + 2)
        taken = _as_meant(taken)
        if not begun.is_ok or not any(reply.is_ok for reply in taken):
            if go.code == _GO_ON:
                # RFC 2920 §3.1: an empty message to nobody.
                yield Turn(b".\r\n", 1 if not is_lmtp else 0, timeout_s=limits.SMTP_FINAL_TIMEOUT_S)
            if not begun.is_ok:
                yield from reset()
                raise Rejected(begun)
            yield from reset()
            return taken
    else:
        (begun,) = yield Turn(mail)
        if not begun.is_ok:
            raise Rejected(begun)
        for octets_of_rcpt in rcpts:
            taken += yield Turn(octets_of_rcpt)
        taken = _as_meant(taken)
        if not any(reply.is_ok for reply in taken):
            yield from reset()
            return taken
        (go,) = yield Turn(b"DATA\r\n")
    if go.code != _GO_ON:
        yield from reset()
        refusal = go if go.is_refusal else temporary(f"The next server answered DATA with {go.code}")
        return [reply if not reply.is_ok else refusal for reply in taken]
    finals = yield Turn(stuffed(octets), _finals(taken, is_lmtp=is_lmtp), timeout_s=limits.SMTP_FINAL_TIMEOUT_S)
    return _ended(taken, finals)


def _in_one_go(mail: bytes, rcpts: list[bytes], octets: bytes, *, is_lmtp: bool) -> Generator[Turn, list[Reply], list[Reply]]:
    """Envelope and message in one flight (RFC 3030 §4.2); where no recipient is taken the server refuses the message by itself."""
    begun, *taken = yield Turn(b"".join([mail, *rcpts, b"BDAT %d LAST\r\n" % len(octets), octets]), len(rcpts) + 1, limits.SMTP_FINAL_TIMEOUT_S)
    taken = _as_meant(taken)
    is_taken = begun.is_ok and any(reply.is_ok for reply in taken)
    finals = yield Turn(b"", _finals(taken, is_lmtp=is_lmtp) if is_taken else 1, limits.SMTP_FINAL_TIMEOUT_S)
    if not is_taken:
        yield from reset()
        if not begun.is_ok:
            raise Rejected(begun)
        return taken
    return _ended(taken, finals)


def _as_meant(taken: list[Reply]) -> list[Reply]:
    """A bare 552 behind recipients that were taken says that they are too many at once, as the first SMTP had it: the others are for another time (RFC 5321
    §4.5.3.1.10)."""
    first = next((number for number, reply in enumerate(taken) if reply.is_ok), len(taken))
    return [
        replace(reply, code=_TOO_MANY, status=EnhancedStatus(4, 5, 3)) if number > first and reply.code == _FULL and not reply.status.subject else reply
        for number, reply in enumerate(taken)
    ]


def _finals(taken: list[Reply], *, is_lmtp: bool) -> int:
    """Replies that follow the message: LMTP gives one for each recipient that was taken (RFC 2033 §4.2)."""
    return sum(reply.is_ok for reply in taken) if is_lmtp else 1


def _ended(taken: list[Reply], finals: list[Reply]) -> list[Reply]:
    ends = [
        final if final.is_ok or final.is_refusal else temporary(f"The next server answered the end of the message with {final.code}")
        for final in finals
    ]
    each = iter(ends if len(ends) > 1 else ends * len(taken))
    return [next(each) if reply.is_ok else reply for reply in taken]


def reset() -> Dialogue:
    """RSET: no transaction is open afterwards (RFC 5321 §4.1.1.5)."""
    yield Turn(b"RSET\r\n")


def leave() -> Dialogue:
    """QUIT (RFC 5321 §4.1.1.10)."""
    yield Turn(b"QUIT\r\n", timeout_s=10.0)


# ------------------------------------------------------------------------------------------------------- envelope
def _mail(offers: Offers, envelope: Envelope, octets: bytes, now_ms: int) -> bytes:
    words = [f"MAIL FROM:{path.write(envelope.reverse_path.address)}"]
    if offers.size and len(octets) > offers.size:
        raise Rejected(permanent(f"The next server takes at most {offers.size} octets", EnhancedStatus(5, 3, 4)))
    if "SIZE" in offers:
        words.append(f"SIZE={len(octets)}")
    needs_utf8 = _needs_smtputf8(envelope, octets)
    if needs_utf8 and "SMTPUTF8" not in offers:
        raise Rejected(permanent("The next server does not take internationalized addresses", EnhancedStatus(5, 6, 7)))
    if not octets.isascii():
        if "8BITMIME" not in offers:
            raise Rejected(permanent("The next server does not take 8-bit messages", EnhancedStatus(5, 6, 3)))
        words.append("BODY=8BITMIME")
    if needs_utf8:
        words.append("SMTPUTF8")
    if envelope.requiretls:
        if "REQUIRETLS" not in offers:
            raise Rejected(permanent("The next server does not promise to require TLS further on", NO_REQUIRETLS))
        words.append("REQUIRETLS")
    if "DSN" in offers:
        if envelope.ret:
            words.append(f"RET={envelope.ret}")
        if envelope.envid:
            words.append(f"ENVID={xtext.encode(envelope.envid)}")
    if envelope.deliver_by is not None:
        at_ms, mode = envelope.deliver_by
        if "DELIVERBY" in offers:
            words.append(f"BY={(at_ms - now_ms) // 1000};{mode}")
        elif mode.startswith("R"):
            # RFC 2852 §4.1.4.1: what must come back in time does not go where nobody keeps the time.
            raise Rejected(permanent("The next server cannot promise to deliver in time", EnhancedStatus(5, 3, 3)))
    if envelope.priority and "MT-PRIORITY" in offers:
        words.append(f"MT-PRIORITY={envelope.priority}")
    return _command(words)


def _command(words: list[str]) -> bytes:
    """A line of a command. What would be a line of its own inside is never said, whoever let it come so far."""
    text = " ".join(words)
    if any(c < " " or c == "\x7f" for c in text):
        raise Rejected(permanent("An address of this message cannot be written in a command", EnhancedStatus(5, 1, 3)))
    return text.encode() + b"\r\n"


def _needs_smtputf8(envelope: Envelope, octets: bytes) -> bool:
    """RFC 6531 §3.4: only where addresses or header fields need it, whatever was declared."""
    sender = envelope.reverse_path.address
    if (sender is not None and sender.needs_smtputf8) or any(to.address.needs_smtputf8 for to in envelope.forward_paths):
        return True
    if not envelope.smtputf8:
        return False
    end = octets.find(b"\r\n\r\n")
    return not octets[: end if end >= 0 else len(octets)].isascii()


def _rcpt(offers: Offers, to: ForwardPath, *, is_ascii: bool) -> bytes:
    words = [f"RCPT TO:{path.write(to.address)}"]
    if "DSN" in offers:
        if to.notify:
            words.append("NOTIFY=" + ",".join(sorted(to.notify)))
        if to.orcpt:
            kind, _, address = to.orcpt.partition(";")
            words.append(f"ORCPT={kind};{xtext.encode_address(kind, address, is_ascii=is_ascii)}")
    return _command(words)
