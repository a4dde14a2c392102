"""JSContact cards as vCards 4.0 (RFC 9555 §3). A property that a vCard cannot say exactly is said as well as it can, and once more whole in a
``JSPROP`` (§3.2.1): whoever reads the file with ``reading`` has the card as it was."""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from mailstead.protocol.vcard import lines, mapping, reading
from mailstead.protocol.vcard.lines import BadCard, Line, escaped

_NOT_WRITTEN: Final = frozenset({"@type", "version", "id", "addressBookIds"})
_BY_KIND: Final[dict[str, dict[tuple[tuple[str, str], ...], str]]] = {
    of: {known.fixed: name for name, known in mapping.MAPPED.items() if known.of == of} for of in {known.of for known in mapping.MAPPED.values()}}
"""By the map, what an object in it must say of itself to be one property or another."""
_TYPES: Final[dict[str, str]] = {value: kind for kind, value in (*mapping.CONTEXTS.items(), *mapping.FEATURES.items())}
_LEVELS: Final = {value: level for level, value in mapping.LEVELS.items()}
_FRAME: Final = frozenset({"begin", "end", "version"})
_TOKEN: Final = re.compile(r"[a-z0-9-]{1,100}")


def cards(found: list[dict[str, Any]]) -> bytes:
    """A file of cards (``text/vcard``, UTF-8)."""
    return lines.write([_card(one) for one in found])


def _card(card: dict[str, Any]) -> list[Line]:
    wanted = {name: value for name, value in card.items() if name not in _NOT_WRITTEN}
    written = [line for line in _lines(wanted) if line is not None]
    props = wanted.get("vCardProps")
    kept = [line for line in map(_kept, props) if line is not None] if isinstance(props, list) else []
    for said in (written + kept, written, [line for line in written if line.name == "FN"]):
        back = _again(said)
        if back is not None and not back.keys() - wanted.keys() - _NOT_WRITTEN:
            break  # and what was kept says nothing of its own
    else:
        said, back = [], {}
    exact = back or {}
    return said + [
        Line("JSPROP", escaped(_json(value).decode()), {"JSPTR": [name]}) for name, value in wanted.items()
        if name not in exact or _json(exact[name]) != _json(value)]


_json = msgspec.json.Encoder(order="sorted").encode


def _again(written: list[Line]) -> dict[str, Any] | None:
    """What reading makes of it; None: it is beyond a bound."""
    try:
        (found,) = reading.cards(lines.write([written]))
    except BadCard:
        return None
    return found


def _lines(card: dict[str, Any]) -> Iterator[Line | None]:
    """What does not have the form it should have is left to ``JSPROP``."""
    for name, of in (("UID", "uid"), ("KIND", "kind"), ("PRODID", "prodId"), ("LANGUAGE", "language")):
        yield _said(name, card.get(of))
    for name, of in (("REV", "updated"), ("CREATED", "created")):
        if isinstance(card.get(of), str) and mapping.utc_of(card[of]):
            yield Line(name, mapping.compact(card[of]))
    yield from _names(card)
    for key, one in _of(card, "nicknames"):
        yield _said("NICKNAME", one.get("name"), _common(key, one))
    for key, one in _of(card, "organizations"):
        yield _organization(key, one)
    for key, one in _of(card, "addresses"):
        yield _address(key, one)
    yield from _anniversaries(card)
    for of, kinds in _BY_KIND.items():
        for key, one in _of(card, of):
            yield _mapped(kinds, key, one)
    keywords = card.get("keywords")
    if isinstance(keywords, dict) and keywords:
        yield Line("CATEGORIES", ",".join(escaped(one) for one in keywords))
    members = card.get("members")
    if isinstance(members, dict):
        yield from (Line("MEMBER", one) for one in members)
    for other, one in _of(card, "relatedTo"):
        relation = one.get("relation")
        yield Line("RELATED", escaped(other), {"TYPE": [kind for kind in relation if _TOKEN.fullmatch(kind)] if isinstance(relation, dict) else []})
    yield from _address_forms(card)


def _of(card: dict[str, Any], name: str) -> list[tuple[str, dict[str, Any]]]:
    """The objects of a map."""
    found = card.get(name)
    return [(key, one) for key, one in found.items() if isinstance(one, dict)] if isinstance(found, dict) else []


def _said(name: str, value: Any, parameters: dict[str, list[str]] | None = None) -> Line | None:
    return Line(name, escaped(value), parameters or {}) if isinstance(value, str) and value else None


def _common(key: str, one: dict[str, Any]) -> dict[str, list[str]]:
    types: list[str] = []
    for name in ("contexts", "features"):
        said = one.get(name)
        if isinstance(said, dict):
            types += [_TYPES.get(kind) or kind for kind in map(str, said) if _TOKEN.fullmatch(kind)]
    media = one.get("mediaType")
    return {
        "PROP-ID": [key], "TYPE": types, "PREF": [str(one["pref"])] if isinstance(one.get("pref"), int) else [],
        "MEDIATYPE": [media] if isinstance(media, str) else [],
        "INDEX": [str(one["listAs"])] if isinstance(one.get("listAs"), int) else [],
    }


def _parts(one: dict[str, Any], name: str) -> list[tuple[str, str]]:
    """(kind, value) of the components of a name or an address."""
    found = one.get(name)
    return [
        (part["kind"], part["value"]) for part in found
        if isinstance(part, dict) and isinstance(part.get("kind"), str) and isinstance(part.get("value"), str)
    ] if isinstance(found, list) else []


def _structured(kinds: tuple[str, ...], parts: list[tuple[str, str]]) -> list[str]:
    return [",".join(escaped(value) for found, value in parts if found == kind) for kind in kinds]


def _names(card: dict[str, Any]) -> Iterator[Line]:
    """FN must be there (RFC 6350 §6.2.1): where the card has none it is made, and says so (RFC 9554 §4.4)."""
    given = card.get("name")
    name: dict[str, Any] = given if isinstance(given, dict) else {}
    parts = _parts(name, "components")
    full = name.get("full")
    if isinstance(full, str) and full:
        yield Line("FN", escaped(full))
    else:
        others = [one.get(value) for of, value in (("organizations", "name"), ("nicknames", "name"), ("emails", "address")) for _, one in _of(card, of)]
        made = " ".join(value for _, value in parts) or next((one for one in others if isinstance(one, str) and one), "?")
        yield Line("FN", escaped(made), {"DERIVED": ["TRUE"]})
    if parts:
        pieces = _structured(mapping.NAME, parts)
        sort_as = name.get("sortAs")
        order = [str(sort_as.get(kind, "")) for kind in mapping.NAME[:2]] if isinstance(sort_as, dict) else []
        yield Line("N", ";".join(pieces if any(pieces[5:]) else pieces[:5]), {"SORT-AS": order if any(order) else []})


def _organization(key: str, one: dict[str, Any]) -> Line | None:
    units = one.get("units")
    names = [one.get("name", ""), *(unit.get("name", "") for unit in units if isinstance(unit, dict))] if isinstance(units, list) else [one.get("name", "")]
    if not all(isinstance(name, str) for name in names) or not any(names):
        return None
    sort = [one["sortAs"]] if isinstance(one.get("sortAs"), str) else []
    return Line("ORG", ";".join(map(escaped, names)), {**_common(key, one), "SORT-AS": sort})


def _address(key: str, one: dict[str, Any]) -> Line | None:
    parts = _parts(one, "components")
    old = dict(zip(mapping.OLD_ADDRESS, _structured(mapping.OLD_ADDRESS, parts), strict=True))
    new = _structured(mapping.NEW_ADDRESS, parts)
    is_new = any(piece for kind, piece in zip(mapping.NEW_ADDRESS, new, strict=True) if kind not in {"apartment", "name"})
    parameters = _common(key, one)
    for name, parameter in (("full", "LABEL"), ("coordinates", "GEO"), ("timeZone", "TZ"), ("countryCode", "CC")):
        if isinstance(one.get(name), str):
            parameters[parameter] = [one[name]]
    if is_new:  # the street for those who know the old pieces alone
        old["name"] = ",".join(escaped(value) for kind, value in parts if kind in {"number", "name"})
    return Line("ADR", ";".join([*old.values(), *(new if is_new else ())]), parameters)


def _anniversaries(card: dict[str, Any]) -> Iterator[Line]:
    names = {kind: name for name, kind in mapping.DATES.items()}
    places = {kind: name for name, kind in mapping.PLACES.items()}
    for key, one in _of(card, "anniversaries"):
        kind, date, place = one.get("kind"), one.get("date"), one.get("place")
        if not isinstance(kind, str) or kind not in names or not isinstance(date, dict):
            continue
        said = mapping.date_text(date)
        if said and mapping.date_of(said) is not None:
            yield Line(names[kind], said, {"PROP-ID": [key]})
            if isinstance(place, dict) and isinstance(place.get("full"), str) and kind in places:
                yield Line(places[kind], escaped(place["full"]))


def _mapped(kinds: dict[tuple[tuple[str, str], ...], str], key: str, one: dict[str, Any]) -> Line | None:
    """An object of a map as the property that its kind says; of a kind that a vCard does not know, as the plain one."""
    plain = None
    for fixed, name in kinds.items():
        if fixed and all(one.get(what) == value for what, value in fixed):
            break
        if not fixed:
            plain = name
    else:
        if plain is None:
            return None
        name = plain
    known = mapping.MAPPED[name]
    value, parameters = one.get(known.value), _common(key, one)
    if name == "SOCIALPROFILE":
        parameters["SERVICE-TYPE"] = [one["service"]] if isinstance(one.get("service"), str) else []
        if value is None:
            value = one.get("user")
            parameters["VALUE"] = ["text"]
        elif isinstance(one.get("user"), str):
            parameters["USERNAME"] = [one["user"]]
    elif known.of == "personalInfo" and isinstance(one.get("level"), str):
        parameters["LEVEL"] = [_LEVELS.get(one["level"], one["level"]) if name == "EXPERTISE" else one["level"]]
    elif name == "NOTE":
        author = one.get("author")
        for what, parameter in (("name", "AUTHOR-NAME"), ("uri", "AUTHOR")):
            if isinstance(author, dict) and isinstance(author.get(what), str):
                parameters[parameter] = [author[what]]
        if isinstance(one.get("created"), str):
            parameters["CREATED"] = [mapping.compact(one["created"])]
    if not isinstance(value, str) or not value:
        return None
    return Line(name, escaped(value) if known.is_text or "VALUE" in parameters else value, parameters)


def _address_forms(card: dict[str, Any]) -> Iterator[Line | None]:
    """How to speak of somebody (RFC 9554 §3.2, §3.4)."""
    speak = card.get("speakToAs")
    if isinstance(speak, dict):
        yield _said("GRAMGENDER", speak.get("grammaticalGender"))
        for key, one in _of(speak, "pronouns"):
            yield _said("PRONOUNS", one.get("pronouns"), _common(key, one))


def _kept(one: Any) -> Line | None:
    """What a vCard had that JSContact has not (RFC 9555 §2.15.2), as it came."""
    match one:
        case [str(name), dict(parameters), "unknown", str(value)] if _TOKEN.fullmatch(name) and name not in _FRAME:
            listed = {
                key.upper(): [said] if isinstance(said, str) else [each for each in said if isinstance(each, str)]
                for key, said in parameters.items() if _TOKEN.fullmatch(key) and key != "group" and isinstance(said, str | list)}
            group = parameters.get("group", "")
            return Line(name.upper(), value, listed, group if isinstance(group, str) and _TOKEN.fullmatch(group) else "")
    return None
