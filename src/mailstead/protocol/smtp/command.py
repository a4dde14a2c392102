"""The commands of SMTP as values, and the table from line to value (RFC 5321 §4.1).

``parse`` reads one line without its CRLF. Parameters are kept as they were meant; what we do not offer is refused with 555
or 501 as RFC 5321 §4.1.1.11 says (``Unparsable`` carries the reply).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from mailstead.model.address import Address
from mailstead.model.errors import Violation
from mailstead.protocol.smtp import dsn, path, xtext


class Unparsable(Violation):
    """A line that is no command we can follow: ``code`` and ``status`` say how to answer."""

    def __init__(self, text: str, code: int = 501, status: str = "5.5.4", *, fatal: bool = False) -> None:
        super().__init__(text, fatal=fatal)
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class Hello:
    """``verb``: EHLO, HELO or LHLO."""

    verb: str
    name: str


@dataclass(frozen=True, slots=True)
class Mail:
    """``sender`` None: the null reverse-path. ``size`` 0: not given."""

    sender: Address | None
    size: int = 0
    body: str = "7BIT"
    smtputf8: bool = False
    ret: str = ""
    envid: str = ""
    hold_s: int = 0
    """HOLDFOR (RFC 4865 §5.1); 0: not given."""
    hold_until_ms: int = 0
    """HOLDUNTIL; 0: not given."""
    by: tuple[int, str] | None = None
    """BY: seconds from now and the mode, ``R`` or ``N``, with ``T`` for a trace (RFC 2852 §4)."""
    priority: int = 0
    """MT-PRIORITY, -9 to 9 (RFC 6710 §4.1)."""
    requiretls: bool = False
    """RFC 8689 §3."""


@dataclass(frozen=True, slots=True)
class Rcpt:
    """``notify`` of NEVER SUCCESS FAILURE DELAY; ``orcpt`` is ``type;address``, decoded."""

    recipient: Address
    notify: frozenset[str] = frozenset()
    orcpt: str = ""


@dataclass(frozen=True, slots=True)
class Data:
    pass


@dataclass(frozen=True, slots=True)
class Bdat:
    """RFC 3030 §2."""

    octets: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class Auth:
    """RFC 4954 §4. ``initial`` None: none was sent."""

    mechanism: str
    initial: bytes | None


@dataclass(frozen=True, slots=True)
class Plain:
    """RSET, NOOP, QUIT, STARTTLS, HELP, VRFY, EXPN, with whatever followed."""

    verb: str
    rest: str = field(default="")


_PRIORITY: Final = re.compile(rb"-?[0-9]")
_BY: Final = re.compile(rb"([+-]?[0-9]{1,9});([RN]T?)")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})")
_ADDRESS_TYPE: Final = re.compile(rb"[A-Za-z0-9-]{1,40}")
Command = Hello | Mail | Rcpt | Data | Bdat | Auth | Plain


def parse(line: bytes) -> Command:
    """Raises ``Unparsable``."""
    verb, _, rest = line.partition(b" ")
    name = verb.upper()
    reader = _READERS.get(name)
    if reader is None:
        raise Unparsable("There is no such command", 500, "5.5.1")
    try:
        return reader(name.decode("ascii"), rest.strip(b" "))
    except Unparsable:
        raise
    except Violation as exc:
        raise Unparsable(exc.text) from None


def _hello(verb: str, rest: bytes) -> Hello:
    if not rest or len(rest) > path.DOMAIN_OCTETS or b" " in rest:
        raise Unparsable(f"Say {verb} and your name")
    return Hello(verb, rest.decode("ascii", "replace"))


def _parameters(rest: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for word in rest.split():
        key, mark, value = word.partition(b"=")
        name = key.upper().decode("ascii", "replace")
        if name in found or (mark and not value):
            raise Unparsable(f"The parameter {name[:40]} is malformed")
        found[name] = value
    return found


def _path(text: bytes, *, null: bool) -> tuple[Address | None, bytes]:
    try:
        return path.take(text.lstrip(b" "), null=null)
    except Violation as exc:
        raise Unparsable(exc.text, 501, "5.1.7" if null else "5.1.3") from None  # RFC 3463 §3.2


def _mail(_verb: str, rest: bytes) -> Mail:
    if rest[:5].upper() != b"FROM:":
        raise Unparsable("Say MAIL FROM:<address>")
    sender, behind = _path(rest[5:], null=True)
    if behind and not behind.startswith(b" "):
        raise Unparsable("Something follows the address")
    size, body, ret, envid, smtputf8, hold_s, hold_until_ms, priority, requiretls = 0, "7BIT", "", "", False, 0, 0, 0, False
    by: tuple[int, str] | None = None
    for name, value in _parameters(behind).items():
        if name == "SIZE":
            if not value.isdigit() or len(value) > 20:  # noqa: PLR2004 - RFC 1870 §3
                raise Unparsable("SIZE takes a number")
            size = int(value)
        elif name == "BODY":
            body = value.upper().decode("ascii", "replace")
            if body not in {"7BIT", "8BITMIME"}:
                raise Unparsable("BODY is 7BIT or 8BITMIME")
        elif name == "SMTPUTF8" and not value:
            smtputf8 = True
        elif name == "REQUIRETLS" and not value:
            requiretls = True
        elif name == "RET":
            ret = dsn.ret(value.decode("ascii", "replace"))
        elif name == "ENVID":
            envid = dsn.envid(xtext.decode(value))
        elif name == "HOLDFOR":
            if not value.isdigit() or not 0 < len(value) <= 9 or not int(value):  # noqa: PLR2004 - RFC 4865 §8
                raise Unparsable("HOLDFOR takes a number of seconds")
            hold_s = int(value)
        elif name == "HOLDUNTIL":
            hold_until_ms = _moment(value)
        elif name == "BY":
            by = _by(value)
        elif name == "MT-PRIORITY":
            if not _PRIORITY.fullmatch(value):
                raise Unparsable("MT-PRIORITY is a number from -9 to 9")
            priority = int(value)
        elif name == "AUTH":
            xtext.decode(value)  # RFC 4954 §5: syntax only, we trust nobody's word for it
        else:
            raise Unparsable(f"The parameter {name[:40]} is not offered here", 555, "5.5.4")
    if sender is not None and sender.needs_smtputf8 and not smtputf8:
        raise Unparsable("That address needs SMTPUTF8", 553, "5.6.7")
    if hold_s and hold_until_ms:
        raise Unparsable("Either HOLDFOR or HOLDUNTIL")
    return Mail(sender, size, body, smtputf8, ret, envid, hold_s, hold_until_ms, by, priority, requiretls)


def _moment(value: bytes) -> int:
    """An Internet date and time (RFC 3339 §5.6) in milliseconds since 1970."""
    try:
        text = value.decode("ascii").upper()
        if not _MOMENT.fullmatch(text):
            raise ValueError
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Unparsable("HOLDUNTIL takes a time such as 2026-12-24T18:00:00Z") from None


def _by(value: bytes) -> tuple[int, str]:
    """RFC 2852 §4."""
    found = _BY.fullmatch(value.upper())
    if found is None:
        raise Unparsable("BY takes seconds and a mode, such as 3600;R")
    seconds, mode = int(found[1]), found[2].decode("ascii")
    if mode.startswith("R") and seconds <= 0:
        raise Unparsable("With the mode R the time must lie ahead")  # RFC 2852 §4
    return seconds, mode


def _rcpt(_verb: str, rest: bytes) -> Rcpt:
    if rest[:3].upper() != b"TO:":
        raise Unparsable("Say RCPT TO:<address>")
    recipient, behind = _path(rest[3:], null=False)
    if recipient is None or (behind and not behind.startswith(b" ")):
        raise Unparsable("Something follows the address")
    if not behind:
        return Rcpt(recipient)
    notify: frozenset[str] = frozenset()
    orcpt = ""
    for name, value in _parameters(behind).items():
        if name == "NOTIFY":
            notify = dsn.notify(value.decode("ascii", "replace"))
        elif name == "ORCPT":
            kind, mark, address = value.partition(b";")
            if not mark or not _ADDRESS_TYPE.fullmatch(kind) or len(value) > 500:  # noqa: PLR2004 - RFC 3461 §4.2
                raise Unparsable("ORCPT is type;address")
            orcpt = kind.decode("ascii") + ";" + xtext.decode_address(kind.decode("ascii"), address)
        else:
            raise Unparsable(f"The parameter {name[:40]} is not offered here", 555, "5.5.4")
    return Rcpt(recipient, notify, orcpt)


def _data(_verb: str, rest: bytes) -> Data:
    if rest:
        raise Unparsable("DATA stands alone")
    return Data()


def _bdat(_verb: str, rest: bytes) -> Bdat:
    words = rest.upper().split()
    if not words or not words[0].isdigit() or len(words[0]) > 12 or words[1:] not in ([], [b"LAST"]):  # noqa: PLR2004
        # How many octets follow is not known: whatever comes next must not be taken for commands.
        raise Unparsable("Say BDAT octets, or BDAT octets LAST", fatal=True)
    return Bdat(int(words[0]), len(words) > 1)


def _auth(_verb: str, rest: bytes) -> Auth:
    words = rest.split(b" ")
    if not 1 <= len(words) <= 2 or not words[0]:  # noqa: PLR2004 - a mechanism and an initial response
        raise Unparsable("Say AUTH mechanism")
    return Auth(words[0].upper().decode("ascii", "replace"), words[1] if len(words) > 1 else None)


def _plain(verb: str, rest: bytes) -> Plain:
    if rest and verb in {"RSET", "QUIT", "STARTTLS"}:
        raise Unparsable(f"{verb} stands alone")
    return Plain(verb, rest.decode("utf-8", "replace"))


_READERS: Final[dict[bytes, Callable[[str, bytes], Command]]] = {
    b"EHLO": _hello, b"HELO": _hello, b"LHLO": _hello, b"MAIL": _mail, b"RCPT": _rcpt, b"DATA": _data, b"BDAT": _bdat,
    b"AUTH": _auth, b"RSET": _plain, b"NOOP": _plain, b"QUIT": _plain, b"STARTTLS": _plain, b"HELP": _plain, b"VRFY": _plain,
    b"EXPN": _plain,
}
