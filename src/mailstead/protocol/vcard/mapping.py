"""Which property of a vCard is which of a JSContact card (RFC 9555 §2): the tables that ``reading`` and ``writing`` share."""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Mapped:
    """A vCard property each of which is an object in a map: ``card[of][key][value]``, with ``fixed`` beside it. ``is_text``: its value has
    the escapes of a text, not those of a URI (none)."""

    of: str
    value: str
    fixed: tuple[tuple[str, str], ...] = ()
    is_text: bool = False


MAPPED: Final = {
    "EMAIL": Mapped("emails", "address", is_text=True), "TEL": Mapped("phones", "number", is_text=True),
    "NOTE": Mapped("notes", "note", is_text=True), "LANG": Mapped("preferredLanguages", "language", is_text=True),
    "TITLE": Mapped("titles", "name", (("kind", "title"),), is_text=True), "ROLE": Mapped("titles", "name", (("kind", "role"),), is_text=True),
    "URL": Mapped("links", "uri"), "CONTACT-URI": Mapped("links", "uri", (("kind", "contact"),)),
    "PHOTO": Mapped("media", "uri", (("kind", "photo"),)), "LOGO": Mapped("media", "uri", (("kind", "logo"),)),
    "SOUND": Mapped("media", "uri", (("kind", "sound"),)), "KEY": Mapped("cryptoKeys", "uri"),
    "SOURCE": Mapped("directories", "uri", (("kind", "entry"),)), "ORG-DIRECTORY": Mapped("directories", "uri", (("kind", "directory"),)),
    "FBURL": Mapped("calendars", "uri", (("kind", "freeBusy"),)), "CALURI": Mapped("calendars", "uri", (("kind", "calendar"),)),
    "CALADRURI": Mapped("schedulingAddresses", "uri"), "IMPP": Mapped("onlineServices", "uri", (("vCardName", "impp"),)),
    "SOCIALPROFILE": Mapped("onlineServices", "uri"),
    "EXPERTISE": Mapped("personalInfo", "value", (("kind", "expertise"),), is_text=True),
    "HOBBY": Mapped("personalInfo", "value", (("kind", "hobby"),), is_text=True),
    "INTEREST": Mapped("personalInfo", "value", (("kind", "interest"),), is_text=True),
}  # fmt: skip
KEY_OF: Final = {
    "emails": "EMAIL-", "phones": "PHONE-", "notes": "NOTE-", "preferredLanguages": "LANG-", "titles": "TITLE-", "links": "LINK-", "media": "RES-",
    "cryptoKeys": "KEY-", "directories": "DIR-", "calendars": "CAL-", "schedulingAddresses": "SCHED-", "onlineServices": "OS-", "personalInfo": "INFO-",
    "nicknames": "NICK-", "organizations": "ORG-", "addresses": "ADDR-", "anniversaries": "ANNIVERSARY-",
}  # fmt: skip
"""How the keys begin that the server makes."""
CONTEXTS: Final = {"home": "private", "work": "work"}
FEATURES: Final = {
    "voice": "voice", "fax": "fax", "cell": "mobile", "video": "video", "pager": "pager", "text": "text", "textphone": "textphone",
    "main-number": "main-number",
}  # fmt: skip
LEVELS: Final = {"beginner": "low", "average": "medium", "expert": "high"}
"""Of EXPERTISE; hobbies and interests have JSContact's words."""
NAME: Final = ("surname", "given", "given2", "title", "credential", "surname2", "generation")
"""Pieces of N (RFC 6350 §6.2.2, RFC 9554 §2.2)."""
OLD_ADDRESS: Final = ("postOfficeBox", "apartment", "name", "locality", "region", "postcode", "country")
"""Pieces of ADR (RFC 6350 §6.3.1)."""
NEW_ADDRESS: Final = (
    "room", "apartment", "floor", "number", "name", "building", "block", "subdistrict", "district", "landmark", "direction")
"""And those after them (RFC 9554 §2.1)."""
DATES: Final = {"BDAY": "birth", "ANNIVERSARY": "wedding", "DEATHDATE": "death"}
PLACES: Final = {"BIRTHPLACE": "birth", "DEATHPLACE": "death"}

_DATE: Final = re.compile(r"(\d{4})(?:-?(\d\d)(?:-?(\d\d))?)?|--(\d\d)-?(\d\d)?|---(\d\d)")
_TIMESTAMP: Final = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)T(\d\d):?(\d\d):?(\d\d)(?:\.\d+)?Z")


def date_of(value: str) -> dict[str, object] | None:
    """A date, or a part of one (RFC 6350 §4.3.1), as PartialDate; with a time in UTC as Timestamp. None: it is neither."""
    utc = utc_of(value)
    if utc:
        return {"@type": "Timestamp", "utc": utc}
    found = _DATE.fullmatch(value.strip())
    if found is None:
        return None
    year, month, day, later_month, later_day, only_day = (int(one) if one else None for one in found.groups())
    named = {"year": year, "month": month or later_month, "day": day or later_day or only_day}
    return {"@type": "PartialDate", **{name: number for name, number in named.items() if number is not None}}


def date_text(date: dict[str, object]) -> str:
    """The other way; "" where a vCard cannot say it."""
    if isinstance(date.get("utc"), str):
        return compact(str(date["utc"]))
    year, month, day = (date.get(name) for name in ("year", "month", "day"))
    match year, month, day:
        case int(), None, None:
            return f"{year:04}"
        case int(), int(), None:
            return f"{year:04}-{month:02}"
        case int(), int(), int():
            return f"{year:04}{month:02}{day:02}"
        case None, int(), None:
            return f"--{month:02}"
        case None, int(), int():
            return f"--{month:02}{day:02}"
        case None, None, int():
            return f"---{day:02}"
    return ""


def utc_of(value: str) -> str:
    """A timestamp in UTC as JSContact writes it; "" for what is none."""
    found = _TIMESTAMP.fullmatch(value.strip())
    return "{}-{}-{}T{}:{}:{}Z".format(*found.groups()) if found else ""


def compact(utc: str) -> str:
    """The same as vCards write it."""
    return utc.replace("-", "").replace(":", "")
