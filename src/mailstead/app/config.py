"""Settings: ``mailstead.toml`` and the environment, checked whole before anything starts.

The tables below are the settings: a field is a key, its default is the default, its kind says how a value is read. Every
key may be given as ``MAILSTEAD_SECTION__KEY`` (``MAILSTEAD_HOSTNAME`` where there is no section), which wins over the file; lists
are separated by commas there. An unknown key or a bad value is a ``SettingsError`` that names the line, the key and the nearest known one.
"""

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from mailstead.service.queue.pools import Pool

T = TypeVar("T")
FILE_NAME: Final = "mailstead.toml"
SERVICES: Final = (
    "smtp", "submission", "submissions", "lmtp", "imap", "imaps", "pop3", "pop3s", "managesieve", "http", "https", "metrics",
)  # fmt: skip
NOT_BUILT: Final = frozenset({"managesieve"})
"""Accepted in ``[listen]``, said once, not opened (DECISIONS 30)."""
_NOT_SETTINGS: Final = frozenset({"MAILSTEAD_DATA", "MAILSTEAD_CONFIG"})


class SettingsError(Exception):
    """One sentence that says what to mend and where."""


# --------------------------------------------------------------------------------------------------- kinds of values
def _string(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string in quotes")
    return value


def _boolean(value: object) -> bool:
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _number(low: int, high: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, str) and value.isdigit():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return value

    return read


_UNITS: Final = {"": 1, "b": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*")


def size(value: object) -> int:
    """Octets from ``"50 MiB"`` or a number. Raises ``ValueError``."""
    match = _SIZE.fullmatch(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else None
    if match is None or match[2].lower() not in _UNITS:
        raise ValueError('must be a size such as "50 MiB"')
    return int(float(match[1]) * _UNITS[match[2].lower()])


def _list(item: Callable[[str], T]) -> Callable[[object], tuple[T, ...]]:
    def read(value: object) -> tuple[T, ...]:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
            raise ValueError("must be a list of strings")
        return tuple(item(part) for part in value)

    return read


def _address(value: str) -> str:
    from mailstead.net.listener import split_address

    if value.startswith("unix:"):
        if len(value) < len("unix:/x") or len(value) > len("unix:") + 100:
            raise ValueError(f"“{value}” is not a socket path of at most 100 characters")
        return value
    split_address(value)
    return value


def _network(value: str) -> "ipaddress.IPv4Network | ipaddress.IPv6Network":
    try:
        return ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise ValueError(f"“{value}” is not a network such as 10.0.0.0/8") from None


def _choice(*words: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in words:
            raise ValueError("must be one of " + ", ".join(f'"{word}"' for word in words))
        return str(value)

    return read


def _hostname(value: object) -> str:
    name = _string(value).strip().lower().rstrip(".")
    if not re.fullmatch(r"(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})*", name) or len(name) > 253:
        raise ValueError("must be a host name such as mail.example.test")
    return name


def _separator(value: object) -> str:
    text = _string(value)
    if text not in {"/", "."}:
        raise ValueError('must be "/" or "."')
    return text


def _smarthost(value: object) -> str:
    text = _string(value)
    if text:
        parts = urlsplit(text)
        if parts.scheme not in {"smtp", "smtps", "lmtp"} or not parts.hostname:
            raise ValueError('must be "smtp://host:port" or "smtps://user:password@host:port"')
    return text


def _pools(value: object) -> tuple["Pool", ...]:
    from mailstead.service.queue.pools import NAME, Pool, sender_key

    if not isinstance(value, list | tuple) or not all(isinstance(one, dict) for one in value):
        raise ValueError("is written as tables [[outbound.pools]] with name, sources, senders and perhaps hostname")
    found: dict[str, Pool] = {}
    for one in value:
        name, known = one.get("name"), {"name", "sources", "senders", "hostname"}
        if not isinstance(name, str) or not NAME.fullmatch(name) or name in found:
            raise ValueError(f"needs a name of its own for each, of at most 32 small letters, digits and “-”, not {name!r}")
        strange = set(one) - known
        if strange:
            raise ValueError(f"has in “{name}” no “{min(strange)}”{_nearest(min(strange), known)}")
        sources, senders = _list(_host_address)(one.get("sources", [])), _list(sender_key)(one.get("senders", []))
        if not sources or not senders:
            raise ValueError(f"needs in “{name}” sources (addresses of this machine) and senders (domains or addresses)")
        taken = next((sender for pool in found.values() for sender in pool.senders if sender in senders), "")
        if taken:
            raise ValueError(f"has “{taken}” in two pools")
        found[name] = Pool(name, sources, _hostname(one["hostname"]) if "hostname" in one else "", senders)
    return tuple(found.values())


def _host_address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise ValueError(f"has “{value}”, which is not an address such as 192.0.2.1") from None


def _url(*schemes: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        text = _string(value)
        if urlsplit(text).scheme not in schemes:
            raise ValueError("must begin with " + " or ".join(f'"{scheme}:"' for scheme in schemes))
        return text

    return read


def _master(value: object) -> str:
    text = _string(value)
    if text and not text.startswith(("file:", "credential:")):
        raise ValueError('must be "file:PATH" or "credential:NAME"')
    return text


def _strings(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    return _list(str)(value)


def _key(default: Any, read: Callable[[object], Any]) -> Any:
    return field(default=default, metadata={"read": read})


# --------------------------------------------------------------------------------------------------- the tables
@dataclass(frozen=True, slots=True)
class Listen:
    """Lists of ``address:port`` or ``unix:PATH``; an empty list turns a service off."""

    smtp: tuple[str, ...] = _key(("127.0.0.1:2525",), _list(_address))
    submission: tuple[str, ...] = _key(("127.0.0.1:2587",), _list(_address))
    submissions: tuple[str, ...] = _key(("127.0.0.1:2465",), _list(_address))
    lmtp: tuple[str, ...] = _key((), _list(_address))
    imap: tuple[str, ...] = _key(("127.0.0.1:2143",), _list(_address))
    imaps: tuple[str, ...] = _key(("127.0.0.1:2993",), _list(_address))
    pop3: tuple[str, ...] = _key(("127.0.0.1:2110",), _list(_address))
    pop3s: tuple[str, ...] = _key(("127.0.0.1:2995",), _list(_address))
    managesieve: tuple[str, ...] = _key((), _list(_address))
    http: tuple[str, ...] = _key((), _list(_address))
    https: tuple[str, ...] = _key((), _list(_address))
    metrics: tuple[str, ...] = _key(("127.0.0.1:9100",), _list(_address))
    proxy_from: tuple["ipaddress.IPv4Network | ipaddress.IPv6Network", ...] = _key((), _list(_network))
    """Peers that must begin with a PROXY header."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificates for SNI, the first is shown to whom no other fits. ``key`` empty: it is in the certificate's file.
    None at all: ``DIR/tls/self-signed.pem``."""

    certificate: tuple[str, ...] = _key((), _strings)
    key: tuple[str, ...] = _key((), _strings)


@dataclass(frozen=True, slots=True)
class Auth:
    cleartext_on_loopback: bool = _key(False, _boolean)
    scram: bool = _key(True, _boolean)
    """False: no SCRAM verifiers are kept, Argon2id alone."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in octets."""

    message_size: int = _key(50 << 20, size)
    connections_per_address: int = _key(50, _number(1, 1_000_000))
    disk_reserve: int = _key(1 << 30, size)


@dataclass(frozen=True, slots=True)
class Imap:
    separator: str = _key("/", _separator)


@dataclass(frozen=True, slots=True)
class Keys:
    master: str = _key("", _master)


@dataclass(frozen=True, slots=True)
class Dns:
    servers: tuple[str, ...] = _key((), _list(_address))


@dataclass(frozen=True, slots=True)
class Outbound:
    smarthost: str = _key("", _smarthost)
    direct: bool = _key(False, _boolean)
    port: int = _key(25, _number(1, 65535))
    source: str = _key("", _string)
    socks: str = _key("", _string)
    rules: str = _key("", _string)
    warm_up_days: int = _key(0, _number(0, 365))
    suppress_days: int = _key(30, _number(0, 3650))
    feedback_from: tuple[str, ...] = _key((), _list(str))
    return_path: str = _key("plain", _choice("plain", "tagged"))
    tls_reports: bool = _key(True, _boolean)
    tls_reports_from: str = _key("", _string)
    arc: bool = _key(False, _boolean)
    pools: tuple["Pool", ...] = _key((), _pools)


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """``shards`` counts for a new data directory only; later the directory knows. 0: one for each core (``shards_for``)."""

    url: str = _key("embedded:", _url("embedded", "postgresql"))
    blobs: str = _key("segments:", _url("segments", "s3"))
    shards: int = _key(0, _number(0, 256))

    def shards_for(self, cores: int) -> int:
        """How many shards a new data directory gets on a machine with so many cores: as many as workers will own, for a second
        shard of one worker halves what a commit gathers (docs/decisions/0015); at least 2, so that damage never concerns all."""
        return self.shards or min(max(cores, 2), 16)


@dataclass(frozen=True, slots=True)
class Push:
    """Web Push. ``private``: push services may be at addresses that are not the world's."""

    private: bool = _key(False, _boolean)


@dataclass(frozen=True, slots=True)
class Jmap:
    """``people``: users see who else is in their tenant."""

    people: bool = _key(True, _boolean)


@dataclass(frozen=True, slots=True)
class Antivirus:
    clamd: str = _key("", _string)


@dataclass(frozen=True, slots=True)
class Log:
    level: str = _key("info", _choice("debug", "info", "warning", "error"))
    format: str = _key("text", _choice("text", "json"))
    keep_days: int = _key(30, _number(1, 3650))


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one data directory."""

    hostname: str = _key("localhost", _hostname)
    user: str = _key("mailstead", _string)
    """Whom the processes become when started as root; ignored where there is no such user."""
    workers: int = _key(0, _number(0, 256))
    """0: as many as there are cores."""
    listen: Listen = Listen()
    tls: Tls = Tls()
    auth: Auth = Auth()
    limits: Limits = Limits()
    imap: Imap = Imap()
    keys: Keys = Keys()
    dns: Dns = Dns()
    outbound: Outbound = Outbound()
    store: StoreSettings = StoreSettings()
    push: Push = Push()
    jmap: Jmap = Jmap()
    antivirus: Antivirus = Antivirus()
    log: Log = Log()


_SECTIONS: Final[dict[str, Any]] = {
    item.name: item.default for item in fields(Settings) if "read" not in item.metadata
}
_READERS: Final[dict[tuple[str, str], Callable[[object], object]]] = {
    ("", item.name): item.metadata["read"] for item in fields(Settings) if "read" in item.metadata
} | {(name, item.name): item.metadata["read"] for name, section in _SECTIONS.items() for item in fields(section)}


# --------------------------------------------------------------------------------------------------- reading
def load(path: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from a file (a missing one counts as empty) and the environment. Raises ``SettingsError``."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{path} cannot be read: {exc}.") from exc
    return parse(text, os.environ if environ is None else environ, str(path))


def parse(text: str, environ: Mapping[str, str], name: str = FILE_NAME) -> Settings:
    """As ``load``, from text; ``name`` is what errors call it."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise SettingsError(f"{name}: {exc}.") from exc
    values: dict[tuple[str, str], object] = {}
    for key, value in document.items():
        if key == "tls" and isinstance(value, list):
            value = _tls_tables(value, f"{name}, line {_line_of(text, 'tls', '')}")
        if isinstance(value, dict):
            if key not in _SECTIONS:
                raise SettingsError(f"{name}, line {_line_of(text, key, '')}: there is no section [{key}]{_nearest(key, _SECTIONS)}.")
            for inner, content in value.items():
                where = f"{name}, line {_line_of(text, key, inner)}"
                values[key, inner] = _read(key, inner, content, where)
        else:
            values["", key] = _read("", key, value, f"{name}, line {_line_of(text, '', key)}")
    for variable, raw in environ.items():
        if variable.startswith("MAILSTEAD_") and variable not in _NOT_SETTINGS:
            section, _, inner = variable[len("MAILSTEAD_") :].lower().rpartition("__")
            if not section and ("", inner) not in _READERS:
                continue  # a word of somebody else's
            values[section, inner] = _read(section, inner, raw, f"the variable {variable}")
    return _build(values, name)


def _read(section: str, key: str, value: object, where: str) -> object:
    reader = _READERS.get((section, key))
    dotted = f"{section}.{key}" if section else key
    if reader is None:
        known = [f"{one}.{two}" if one else two for one, two in _READERS]
        raise SettingsError(f"{where}: there is no key “{dotted}”{_nearest(dotted, known)}.")
    try:
        return reader(value)
    except ValueError as exc:
        raise SettingsError(f"{where}: “{dotted}” {exc}.") from None


def _build(values: dict[tuple[str, str], object], name: str) -> Settings:
    sections: dict[str, Any] = {}
    for section, default in _SECTIONS.items():
        own = {key: value for (of, key), value in values.items() if of == section}
        sections[section] = replace(default, **own) if own else default
    roots: dict[str, Any] = {key: value for (of, key), value in values.items() if not of}
    settings = Settings(**roots, **sections)
    tls = settings.tls
    if len(tls.key) > len(tls.certificate) or (tls.key and len(tls.key) != len(tls.certificate)):
        raise SettingsError(f"{name}: “tls.key” must name one key for each of “tls.certificate”.")
    return settings


def _tls_tables(tables: list[Any], where: str) -> dict[str, object]:
    """``[[tls]]`` tables as two lists."""
    for table in tables:
        unknown = set(table) - {"certificate", "key"} if isinstance(table, dict) else {"tls"}
        if unknown:
            word = min(unknown)
            raise SettingsError(f"{where}: there is no key “tls.{word}”{_nearest(word, ['certificate', 'key'])}.")
    return {
        "certificate": [table.get("certificate", "") for table in tables],
        "key": [table.get("key") or table.get("certificate", "") for table in tables],
    }


def _nearest(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), 1, 0.6)
    if close:
        return f"; the nearest is “{close[0]}”"
    return f"; known are {', '.join(sorted(known))}" if len(list(known)) < 15 else ""


def _line_of(text: str, section: str, key: str) -> int:
    """Where a key stands, by a look at the text; 1 when it is written in a way that a look does not find."""
    here = ""
    fallback = 1
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\[?\s*([A-Za-z0-9_.\"-]+)\s*\]", line)
        if header:
            here = header[1].strip('"')
            if here == section:
                fallback = number
                if not key:
                    return number
            elif here == f"{section}.{key}":
                return number
            continue
        word = re.match(r"\s*[\"']?([A-Za-z0-9_.-]+)[\"']?\s*=", line)
        if word is None:
            continue
        dotted = f"{section}.{key}" if section else key
        if (here == section and word[1] == key) or (not here and word[1] in {dotted, section if not key else dotted}):
            return number
    return fallback
