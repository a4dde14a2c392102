"""A JSContact Card (RFC 9553) as JMAP's contacts hold it (RFC 9610 §3): what it must look like, and how it is searched and sorted.

Known properties are held to their types, so that every client can read every card; those of others are kept as they are (RFC 9553 §1.7.2).
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from mailstead.model.folding import folded

_KINDS: Final = frozenset({"individual", "group", "org", "location", "device", "application"})
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")
_UTC: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_MANY: Final = 500
_DEPTH: Final = 12
_MAPS: Final = {
    "addresses": "", "anniversaries": "", "calendars": "", "cryptoKeys": "", "directories": "", "emails": "address", "links": "", "media": "",
    "nicknames": "name", "notes": "note", "onlineServices": "", "organizations": "", "personalInfo": "value", "phones": "number",
    "preferredLanguages": "", "relatedTo": "", "schedulingAddresses": "uri", "titles": "name", "localizations": "",
}  # fmt: skip
"""Objects of objects, and the text that each of these must have."""
_SETS: Final = frozenset({"keywords", "members"})
_TEXTS: Final = frozenset({"created", "kind", "language", "prodId", "uid", "updated", "version", "@type"})
_ONE: Final = frozenset({"name", "speakToAs"})
SORTS: Final = ("created", "updated", "name/given", "name/surname", "name/surname2")


def faults(card: dict[str, Any]) -> list[str]:
    """The properties that are not as they should be."""
    found = []
    for name, value in card.items():
        if name in _TEXTS:
            is_good = isinstance(value, str) and len(value) <= 1_000  # noqa: PLR2004
        elif name in _ONE:
            is_good = isinstance(value, dict)
        elif name in _SETS:
            is_good = isinstance(value, dict) and len(value) <= _MANY and all(one is True for one in value.values())
        elif name in _MAPS:
            needed = _MAPS[name]
            is_good = isinstance(value, dict) and len(value) <= _MANY and all(
                isinstance(one, dict) and (not needed or isinstance(one.get(needed), str)) for one in value.values())
            if name not in {"relatedTo", "localizations"}:
                is_good = is_good and all(_KEY.fullmatch(key) for key in value)
        else:
            is_good = len(name) <= 255  # noqa: PLR2004
        if not is_good or not _is_shallow(value):
            found.append(name[:100])
    if card.get("@type", "Card") != "Card":
        found.append("@type")
    if card.get("version", "1.0") != "1.0":
        found.append("version")
    found += [name for name in ("created", "updated") if name in card and isinstance(card[name], str) and not _UTC.fullmatch(card[name])]
    kind = card.get("kind")
    if isinstance(kind, str) and kind not in _KINDS and ":" not in kind:
        found.append("kind")
    if "members" in card and card.get("kind") != "group":
        found.append("members")  # RFC 9553 §2.1.6
    return sorted(set(found))


def _is_shallow(value: Any, depth: int = 0) -> bool:
    if depth > _DEPTH:
        return False
    if isinstance(value, dict):
        return all(_is_shallow(one, depth + 1) for one in value.values())
    return not isinstance(value, list) or all(_is_shallow(one, depth + 1) for one in value)


_DATA: Final = re.compile(r"data:([^,;]*)((?:;[^,;]*)*),(.*)", re.DOTALL | re.IGNORECASE)


def data_of(uri: Any) -> tuple[str, bytes] | None:
    """Media type and octets of a ``data:`` address (RFC 2397); None for another."""
    read = _DATA.fullmatch(uri) if isinstance(uri, str) else None
    if read is None:
        return None
    octets = unquote_to_bytes(read[3])
    if read[2].lower().endswith(";base64"):
        try:
            octets = base64.b64decode(octets, validate=True)
        except binascii.Error:
            return None
    return read[1] or "text/plain", octets


# ----------------------------------------------------------------------------------------------------------- queries
def _inside(card: dict[str, Any], name: str) -> Iterable[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = card.get(name, {})
    return found.values()


def _parts(one: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects; what is none is left out."""
    found = one.get(name)
    return [part for part in found if isinstance(part, dict)] if isinstance(found, list) else []


def _name(card: dict[str, Any], *kinds: str) -> list[str]:
    """The components of these kinds, or all and the full name."""
    name = card.get("name", {})
    parts = [one for one in _parts(name, "components") if isinstance(one.get("value"), str)]
    if kinds:
        return [one["value"] for one in parts if one.get("kind") in kinds]
    full = name.get("full")
    said = [one["value"] for one in parts if one.get("kind") != "separator"]
    return [*([full] if isinstance(full, str) else []), " ".join(said), *said]


def _texts(card: dict[str, Any], name: str, *keys: str) -> list[str]:
    return [one[key] for one in _inside(card, name) for key in keys if isinstance(one.get(key), str)]


def _addresses(card: dict[str, Any]) -> list[str]:
    parts = [
        part["value"] for one in _inside(card, "addresses") for part in _parts(one, "components") if isinstance(part.get("value"), str)]
    return parts + _texts(card, "addresses", "full", "countryCode", "timeZone")


def _organizations(card: dict[str, Any]) -> list[str]:
    units = [
        unit["name"] for one in _inside(card, "organizations") for unit in _parts(one, "units") if isinstance(unit.get("name"), str)]
    return units + _texts(card, "organizations", "name")


WHERE: Final[dict[str, Callable[[dict[str, Any]], list[str]]]] = {
    "name": _name, "name/given": lambda card: _name(card, "given", "given2"), "name/surname": lambda card: _name(card, "surname"),
    "name/surname2": lambda card: _name(card, "surname2"), "nickname": lambda card: _texts(card, "nicknames", "name"), "organization": _organizations,
    "email": lambda card: _texts(card, "emails", "address", "label"), "phone": lambda card: _texts(card, "phones", "number", "label"),
    "onlineService": lambda card: _texts(card, "onlineServices", "service", "uri", "user", "label"), "address": _addresses,
    "note": lambda card: _texts(card, "notes", "note"),
}  # fmt: skip
"""What each text filter looks at (RFC 9610 §3.3.1)."""


_WORD: Final = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|(\S+)")
_ESCAPED: Final = re.compile(r"\\([\"'\\])")


def matches(card: dict[str, Any], where: str, wanted: str) -> bool:
    """Whether every word of ``wanted`` stands in one of the values; what is in quotes stands together, and a backslash says that a quote is meant."""
    values = [folded(value) for value in WHERE[where](card)] if where != "text" else [folded(one) for look in WHERE.values() for one in look(card)]
    words = [_ESCAPED.sub(r"\1", double or single) or plain for double, single, plain in _WORD.findall(wanted)]
    return all(any(folded(word) in value for value in values) for word in words)


def order(card: dict[str, Any], by: str) -> str:
    """What a card is sorted by."""
    if by in {"created", "updated"}:
        return str(card.get(by, ""))
    kind = by.partition("/")[2]
    own = card.get("name", {}).get("sortAs")
    if isinstance(own, dict) and isinstance(own.get(kind), str):
        return folded(own[kind])
    return folded(" ".join(_name(card, kind)))
