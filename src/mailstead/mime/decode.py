"""Transfer encodings and charsets, leniently.

What a stranger labelled wrongly is still shown as well as can be: the label is tried, then UTF-8, then windows-1252.
Only text codecs are ever looked up, so a label cannot name a decompressor. No guessing by statistics happens here.
"""

import binascii
import codecs
from functools import lru_cache
from typing import Final

_BASE64_JUNK: Final = bytes(
    sorted(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
)

_ALIASES: Final = {
    "": "",
    "us-ascii": "",
    "ascii": "",
    "ansi_x3.4-1968": "",
    "unknown-8bit": "",
    "x-unknown": "",
    "default": "",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso8859-1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "unicode-1-1-utf-7": "utf-7",
    "cp-850": "cp850",
    "x-windows-874": "cp874",
    "windows-874": "cp874",
    "utf8": "utf-8",
    "utf-8": "utf-8",
}
"""Labels seen in mail and what is meant. A superset stands for the label where the web does the same."""


@lru_cache(maxsize=256)
def codec(label: str) -> str | None:
    """The name of Python's codec for a charset label; "" where the label says nothing; None where unknown."""
    label = label.strip().strip("\"'").lower()
    if label in _ALIASES:
        return _ALIASES[label]
    if label.startswith("x-") and label[2:] in _ALIASES:
        return _ALIASES[label[2:]]
    try:
        info = codecs.lookup(label)
    except (LookupError, ValueError):
        return None
    return info.name if getattr(info, "_is_text_encoding", False) and info.name not in _NOT_CHARSETS else None


_NOT_CHARSETS: Final = {"unicode_escape", "raw_unicode_escape", "undefined", "idna", "punycode", "mbcs", "oem"}


def charset(octets: bytes, label: str) -> str:
    """The text of ``octets`` under ``label``; wrong or missing labels are repaired. Never fails."""
    if octets.isascii() and b"\x1b" not in octets and b"+" not in octets and b"~" not in octets:
        name = "" if not label else (codec(label) or "")
        if not name.startswith("utf-16") and not name.startswith("utf-32") and name != "utf-7":
            return octets.decode("ascii")
    name = codec(label) or ""
    if name:
        try:
            return _whole(octets.decode(name), name)
        except (UnicodeError, ValueError):
            if name != "utf-8" and not name.startswith("iso2022"):
                try:
                    return octets.decode("utf-8")
                except UnicodeError:
                    pass
            return _whole(octets.decode(name, "replace"), name)
    try:
        return octets.decode("utf-8")
    except UnicodeError:
        return octets.decode("cp1252", "replace")


def _whole(text: str, name: str) -> str:
    """UTF-7 can spell half a character; text is whole characters everywhere else."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if name == "utf-7" else text


def transfer(octets: bytes, encoding: str, *, header: bool = False) -> bytes:
    """Undo a Content-Transfer-Encoding (``encoding`` lower-case); unknown ones are left as they are.

    Base64 ignores foreign characters and a torn end; quoted-printable keeps what is malformed. RFC 2045 §6.7, §6.8.
    """
    if encoding == "base64":
        return _base64(octets)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(octets, header=header)
    return octets


def _base64(octets: bytes) -> bytes:
    try:
        return binascii.a2b_base64(octets)
    except binascii.Error:
        clean = octets.translate(None, _BASE64_JUNK).replace(b"=", b"")
        clean = clean[: len(clean) // 4 * 4 + (0 if len(clean) % 4 == 1 else len(clean) % 4)]
        return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
