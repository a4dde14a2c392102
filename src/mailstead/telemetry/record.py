"""One event as a line: cleaned, levelled, and rendered for people or machines.

Nothing that comes from a peer may break a line or flood it: control characters are escaped and values are cut at
``VALUE_CHARACTERS``. A field whose name suggests a secret is blanked whatever it holds.
"""

import enum
import re
import time
from collections.abc import Iterable
from typing import Final

import msgspec

Field = str | int | float | bool | bytes | None | enum.Enum | tuple["Field", ...] | list["Field"] | frozenset["Field"]

DEBUG: Final = 10
INFO: Final = 20
WARNING: Final = 30
ERROR: Final = 40
LEVELS: Final = {"debug": DEBUG, "info": INFO, "warning": WARNING, "error": ERROR}
_NAMES: Final = {level: name for name, level in LEVELS.items()}
_BY_WORD: Final = {
    "connected": DEBUG,
    "disconnected": DEBUG,
    "opened": DEBUG,
    "closed": DEBUG,
    "selected": DEBUG,
    "failed": WARNING,
    "damaged": WARNING,
    "lost": WARNING,
    "died": WARNING,
    "banned": WARNING,
    "found": ERROR,
}
"""What an event's last word says about its weight; any other word is information."""

VALUE_CHARACTERS: Final = 1_000
TRACE_CHARACTERS: Final = 20_000
ITEMS: Final = 200
_SECRET: Final = re.compile(r"password|passwd|secret|token|credential|sasl|verifier|argon2|scram|private|authorization", re.IGNORECASE)
_SPEAKS_OF_SECRETS: Final = frozenset({"credential_id", "credentials"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_QUOTE: Final = re.compile(r'[\s"=\\]')
_BARE: Final = re.compile(r"[!#-<>-\[\]-~]+")
"""A value that needs neither escapes nor quotes."""
_SHORT: Final = 200
_FINE_MAX: Final = 1_000
_fine: Final[set[str]] = set()
"""Field names seen and found harmless."""
_second: Final[list[object]] = [-1, ""]
"""The last second that was formatted and its text."""
_encoder: Final = msgspec.json.Encoder()

Record = tuple[int, str, int, dict[str, Field]]
"""(nanoseconds since 1970, name, level, fields)."""


def level_of(name: str) -> int:
    """The level of an event by its last word."""
    return _BY_WORD.get(name.rpartition(".")[2], INFO)


def clean(fields: dict[str, Field]) -> dict[str, object]:
    """Fields as plain values: cut, decoded, secrets blanked."""
    plain: dict[str, object] = {}
    for name, value in fields.items():
        if name in _fine or _is_fine(name):
            kind = type(value)
            if kind is int or (kind is str and len(value) < _SHORT and value.isascii()):  # type: ignore[arg-type, union-attr]
                plain[name] = value
            else:
                plain[name] = _plain(value, TRACE_CHARACTERS if name == "trace" else VALUE_CHARACTERS)
        else:
            plain[name] = "…"
    return plain


def _is_fine(name: str) -> bool:
    if name in _SPEAKS_OF_SECRETS or _SECRET.search(name) is None:
        if len(_fine) < _FINE_MAX:
            _fine.add(name)
        return True
    return False


def _plain(value: object, limit: int = VALUE_CHARACTERS) -> object:
    match value:
        case None | bool() | int() | float():
            return value if not isinstance(value, enum.Enum) else str(value.value)
        case enum.Enum():
            return str(value.value)
        case bytes() | bytearray() | memoryview():
            return _cut(bytes(value[: limit * 4]).decode("utf-8", "backslashreplace"), limit)
        case str():
            return _cut(value, limit)
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in _first(value)]
        case _:
            return f"<{type(value).__name__}>"


def _first(values: Iterable[object]) -> list[object]:
    return [value for _, value in zip(range(ITEMS), values, strict=False)]


def _cut(text: str, limit: int) -> str:
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return text.encode("utf-8", "backslashreplace").decode() if not text.isascii() else text


def stamp(at_ns: int) -> str:
    """``2026-11-24T11:50:50.123456Z``."""
    seconds = at_ns // 1_000_000_000
    at, text = _second
    if at != seconds:
        text = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(seconds))
        _second[:] = [seconds, text]
    return f"{text}{at_ns // 1000 % 1_000_000:06d}Z"


def to_json(record: Record, worker: int, plain: dict[str, object] | None = None) -> bytes:
    """One line of JSON with its line feed: ``at``, ``event``, ``level``, ``worker`` and the fields. ``plain``: the cleaned
    fields, where they are there already."""
    at_ns, name, level, fields = record
    head: dict[str, object] = {"at": stamp(at_ns), "event": name, "level": _NAMES.get(level, "info"), "worker": worker}
    head.update(clean(fields) if plain is None else plain)
    return _encoder.encode(head) + b"\n"


def to_text(record: Record, worker: int, plain: dict[str, object] | None = None) -> bytes:
    """One line for people: time, level, worker, name and ``field=value``; a trace follows on indented lines."""
    at_ns, name, level, fields = record
    words = [stamp(at_ns), _NAMES.get(level, "info"), f"[{worker}]", name]
    plain = clean(fields) if plain is None else plain
    trace = plain.get("trace")
    for field, value in plain.items():
        if type(value) is int or (type(value) is str and _BARE.fullmatch(value)):
            words.append(f"{field}={value}")
        elif field != "trace":
            words.append(f"{field}={_word(value)}")
    line = " ".join(words)
    if isinstance(trace, str):
        line += "".join(f"\n    | {_escape(part)}" for part in trace.splitlines())
    return line.encode() + b"\n"


def _word(value: object) -> str:
    if isinstance(value, list):
        return "[" + ",".join(_word(item) for item in value) + "]"
    text = _escape(str(value))
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if not text or _QUOTE.search(text) else text


def _escape(text: str) -> str:
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
