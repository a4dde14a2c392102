"""vCards as JSContact cards (RFC 9555 §2). What has no place there is kept in ``vCardProps`` (§2.15.2), so that it goes out again as it came."""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from mailstead.model import limits
from mailstead.protocol.jmap.contacts import faults
from mailstead.protocol.vcard import lines, mapping
from mailstead.protocol.vcard.lines import BadCard, Line

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")
_APPLE_LABEL: Final = re.compile(r"_\$!<(.*)>!\$_")
_PROPERTY: Final = re.compile(r"[A-Za-z0-9@:.-]{1,255}")
_DROPPED: Final = frozenset({"VERSION", "X-ABLABEL"})


def cards(octets: bytes) -> list[dict[str, Any]]:
    """Every card of a file, each as ``ContactCard/set`` takes it but for its address books; without a UID where it has none. Raises ``BadCard``."""
    return [_Card(one).read() for one in lines.read(octets)]


class _Card:
    """One card in the making."""

    def __init__(self, found: list[Line]) -> None:
        self._lines = found
        self._card: dict[str, Any] = {"@type": "Card", "version": "1.0"}
        self._labels = {line.group: lines.text(line.value) for line in found if line.name == "X-ABLABEL" and line.group}
        self._alternatives: set[tuple[str, str]] = set()
        self._overrides: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        for line in self._lines:
            if line.name in _DROPPED:
                continue
            if line.name != "JSPROP" and not 0 < len(line.value) <= limits.VCARD_VALUE:
                continue
            if self._is_translation(line) or not self._take(line):
                self._keep(line)
        card = self._card | self._overrides
        for name in faults(card):
            card.pop(name, None)
        return {"@type": "Card", "version": "1.0"} | card

    def _is_translation(self, line: Line) -> bool:
        """One of several that say the same (RFC 6350 §5.4): the first is taken, the others are kept as they are."""
        alternative = line.first("ALTID")
        if not alternative:
            return False
        if (line.name, alternative) in self._alternatives:
            return True
        self._alternatives.add((line.name, alternative))
        return False

    def _keep(self, line: Line) -> None:
        parameters: dict[str, Any] = {name.lower(): values[0] if len(values) == 1 else values for name, values in line.parameters.items()}
        if line.group:
            parameters["group"] = line.group
        self._card.setdefault("vCardProps", []).append([line.name.lower(), parameters, "unknown", line.value])

    def _take(self, line: Line) -> bool:
        """Whether the property has a place."""
        special = _SPECIAL.get(line.name)
        if special is not None:
            return special(self, line)
        known = mapping.MAPPED.get(line.name)
        if known is None:
            return False
        one: dict[str, Any] = {known.value: lines.text(line.value), **dict(known.fixed), **self._common(line)}
        if line.name == "TEL":
            features = {
                mapping.FEATURES[kind]: True for kind in _types(line) if kind in mapping.FEATURES}
            one |= {"features": features} if features else {}
        elif line.name in {"EXPERTISE", "HOBBY", "INTEREST"}:
            level = line.first("LEVEL").lower()
            one |= {"level": mapping.LEVELS.get(level, level)} if level else {}
        elif line.name == "SOCIALPROFILE":
            if line.first("VALUE").lower() == "text":
                one["user"] = one.pop("uri")
            one |= {name: said for name, said in (("service", line.first("SERVICE-TYPE")), ("user", line.first("USERNAME"))) if said}
        elif line.name == "NOTE":
            one |= _note(line)
        self._put(known.of, line, one)
        return True

    def _common(self, line: Line) -> dict[str, Any]:
        """What parameters say of any property."""
        found: dict[str, Any] = {}
        contexts = {mapping.CONTEXTS[kind]: True for kind in _types(line) if kind in mapping.CONTEXTS}
        if contexts:
            found["contexts"] = contexts
        preferred = line.first("PREF")
        if preferred.isascii() and preferred.isdigit() and 1 <= int(preferred[:4]) <= 100:  # noqa: PLR2004 - RFC 6350 §5.3
            found["pref"] = int(preferred)
        elif "pref" in _types(line):
            found["pref"] = 1
        if line.group in self._labels:
            label = self._labels[line.group]
            apples = _APPLE_LABEL.fullmatch(label)
            found["label"] = apples[1].lower() if apples else label
        if line.first("MEDIATYPE"):
            found["mediaType"] = line.first("MEDIATYPE")
        index = line.first("INDEX")
        if index.isascii() and index.isdigit() and len(index) < 7:  # noqa: PLR2004 - no list is longer
            found["listAs"] = int(index)
        return found

    def _put(self, of: str, line: Line, one: dict[str, Any]) -> None:
        there: dict[str, Any] = self._card.setdefault(of, {})
        if len(there) >= limits.VCARD_MANY:
            return
        key = line.first("PROP-ID")
        if not _KEY.fullmatch(key) or key in there:
            number = len(there) + 1
            while (key := f"{mapping.KEY_OF[of]}{number}") in there:
                number += 1
        there[key] = one

    # ------------------------------------------------------------------------------------------------- the special ones
    def _name(self, line: Line) -> bool:
        components = [
            {"kind": kind, "value": lines.text(value)}
            for kind, piece in zip(mapping.NAME, lines.split(line.value, ";"), strict=False) for value in lines.split(piece, ",") if value.strip()
        ][: limits.VCARD_MANY]
        name = self._card.setdefault("name", {})
        if components and "components" not in name:
            name["components"] = components
        sort_as = [one for value in line.parameters.get("SORT-AS", ()) for one in value.split(",")]
        if sort_as:
            name["sortAs"] = {kind: value for kind, value in zip(mapping.NAME, sort_as, strict=False) if value}
        if not name:
            del self._card["name"]
        return True

    def _full_name(self, line: Line) -> bool:
        if line.first("DERIVED").lower() == "true":
            return True
        name = self._card.setdefault("name", {})
        if "full" in name:
            return False
        name["full"] = lines.text(line.value)
        return True

    def _nicknames(self, line: Line) -> bool:
        for value in lines.split(line.value, ","):
            if value:
                self._put("nicknames", line, {"name": lines.text(value), **self._common(line)})
        return True

    def _organization(self, line: Line) -> bool:
        name, *units = (lines.text(piece) for piece in lines.split(line.value, ";"))
        sort_as = [one for value in line.parameters.get("SORT-AS", ()) for one in value.split(",")]
        found: dict[str, Any] = {"name": name} if name else {}
        found |= {"sortAs": sort_as[0]} if sort_as and sort_as[0] else {}
        listed = [{"name": unit} for unit in units[: limits.VCARD_MANY] if unit]
        for unit, sort in zip(listed, sort_as[1:], strict=False):
            if sort:
                unit["sortAs"] = sort
        if listed:
            found["units"] = listed
        self._put("organizations", line, found | self._common(line))
        return True

    def _address(self, line: Line) -> bool:
        pieces = [
            [lines.text(value) for value in lines.split(piece, ",") if value.strip()] for piece in lines.split(line.value, ";")]
        old, new = pieces[: len(mapping.OLD_ADDRESS)], pieces[len(mapping.OLD_ADDRESS) :]
        components = [
            {"kind": kind, "value": value} for kind, values in zip(mapping.OLD_ADDRESS, old, strict=False) for value in values
            if not (kind in {"apartment", "name"} and any(new))]  # said again, and better, behind
        components += [{"kind": kind, "value": value} for kind, values in zip(mapping.NEW_ADDRESS, new, strict=False) for value in values]
        found: dict[str, Any] = {"components": components[: limits.VCARD_MANY]} if components else {}
        for name, parameter in (("full", "LABEL"), ("coordinates", "GEO"), ("timeZone", "TZ"), ("countryCode", "CC")):
            if line.first(parameter):
                found[name] = line.first(parameter)
        found |= self._common(line)
        contexts = {kind: True for kind in ("billing", "delivery") if kind in _types(line)}
        if contexts:
            found["contexts"] = found.get("contexts", {}) | contexts
        self._put("addresses", line, found)
        return True

    def _anniversary(self, line: Line) -> bool:
        date = mapping.date_of(line.value) if line.first("VALUE").lower() != "text" else None
        if date is None:
            return False
        self._put("anniversaries", line, {"kind": mapping.DATES[line.name], "date": date})
        return True

    def _place(self, line: Line) -> bool:
        """Of a birth or death whose date is known; before it, it is kept as it is."""
        kind = mapping.PLACES[line.name]
        if line.first("VALUE").lower() == "uri":
            return False
        for one in self._card.get("anniversaries", {}).values():
            if one["kind"] == kind and "place" not in one:
                one["place"] = {"full": lines.text(line.value)}
                return True
        return False

    def _keywords(self, line: Line) -> bool:
        there = self._card.setdefault("keywords", {})
        for value in lines.split(line.value, ","):
            if value.strip() and len(there) < limits.VCARD_MANY:
                there[lines.text(value)] = True
        return bool(there) or self._card.pop("keywords") is None

    def _member(self, line: Line) -> bool:
        there = self._card.setdefault("members", {})
        if len(there) < limits.VCARD_MANY:
            there[lines.text(line.value)] = True
        return True

    def _related(self, line: Line) -> bool:
        there = self._card.setdefault("relatedTo", {})
        if len(there) >= limits.VCARD_MANY:
            return True
        there.setdefault(lines.text(line.value), {"relation": {}})["relation"].update((kind, True) for kind in _types(line))
        return True

    def _pronouns(self, line: Line) -> bool:
        there = self._card.setdefault("speakToAs", {}).setdefault("pronouns", {})
        key = line.first("PROP-ID")
        there[key if _KEY.fullmatch(key) else f"PRONOUN-{len(there) + 1}"] = {"pronouns": lines.text(line.value), **self._common(line)}
        return True

    def _gender(self, line: Line) -> bool:
        self._card.setdefault("speakToAs", {})["grammaticalGender"] = lines.text(line.value).lower()
        return True

    def _one(self, name: str, value: str) -> bool:
        if not value or name in self._card:
            return False
        self._card[name] = value
        return True

    def _jscontact(self, line: Line) -> bool:
        """A property that only JSContact has (RFC 9555 §3.2.1), in the top of the card."""
        name = line.first("JSPTR")
        if not _PROPERTY.fullmatch(name) or name in {"id", "addressBookIds", "@type", "version"}:
            return False
        try:
            self._overrides[name] = msgspec.json.decode(lines.text(line.value))
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            return False
        return True


def _types(line: Line) -> list[str]:
    return [kind.strip().lower() for value in line.parameters.get("TYPE", ()) for kind in value.split(",")]


def _note(line: Line) -> dict[str, Any]:
    found: dict[str, Any] = {}
    author = {name: said for name, said in (("name", line.first("AUTHOR-NAME")), ("uri", line.first("AUTHOR"))) if said}
    if author:
        found["author"] = author
    created = mapping.utc_of(line.first("CREATED"))
    if created:
        found["created"] = created
    return found


_SPECIAL: Final[dict[str, Callable[[_Card, Line], bool]]] = {
    "N": _Card._name, "FN": _Card._full_name, "NICKNAME": _Card._nicknames, "ORG": _Card._organization, "ADR": _Card._address,
    "BDAY": _Card._anniversary, "ANNIVERSARY": _Card._anniversary, "DEATHDATE": _Card._anniversary, "BIRTHPLACE": _Card._place,
    "DEATHPLACE": _Card._place, "CATEGORIES": _Card._keywords, "MEMBER": _Card._member, "RELATED": _Card._related,
    "PRONOUNS": _Card._pronouns, "GRAMGENDER": _Card._gender, "JSPROP": _Card._jscontact,
    "UID": lambda card, line: card._one("uid", lines.text(line.value).strip()),
    "KIND": lambda card, line: card._one("kind", lines.text(line.value).strip().lower()),
    "REV": lambda card, line: card._one("updated", mapping.utc_of(line.value)),
    "CREATED": lambda card, line: card._one("created", mapping.utc_of(line.value)),
    "PRODID": lambda card, line: card._one("prodId", lines.text(line.value)),
    "LANGUAGE": lambda card, line: card._one("language", lines.text(line.value)),
}  # fmt: skip
__all__ = ["BadCard", "cards"]
