"""The form in which words are compared when somebody looks for them, or when names are put in order.

Whoever types "Zoe" is glad of "Zoë", and Arabic is mostly written without the vowels and hamzas that a formal letter has. So case, Unicode
form and accents make no difference. i;unicode-casemap (RFC 5051), which RFC 9051 §6.4.4 has servers consider, tells accents apart; this finds more.
"""

import re
import unicodedata
from typing import Final

ACCENTS: Final = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670"
"""Accents of Latin, Greek and Cyrillic, points of Hebrew, vowels and hamzas of Arabic, as ranges of a character class. In other scripts such
signs are letters: without them a word is another one."""
_ACCENTS: Final = re.compile(f"[{ACCENTS}]+")


def folded(text: str) -> str:
    """``text`` in small letters, compatible letters as one (NFKD), without accents, composed again (NFC)."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).casefold())
