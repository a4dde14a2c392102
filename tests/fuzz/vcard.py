"""Fuzz target: any octets as a file of vCards.

``python -m tests.fuzz.vcard [seconds] [seed]`` mutates cards by itself; ``one(octets)`` is the entry for a coverage-guided
fuzzer. What must hold: cards that may be kept, or a refusal; and what was read goes out and comes in again as it was.
"""

import random
from typing import Final

from tests.harness import fuzz

from mailstead.protocol.jmap.contacts import faults
from mailstead.protocol.vcard import reading, writing
from mailstead.protocol.vcard.lines import BadCard

_CARDS: Final = (
    b"BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:1\r\nFN;LANGUAGE=en:Ann Other\r\nN:Other;Ann;;Dr.;\r\n"
    b"EMAIL;PREF=1;TYPE=home:ann@example.org\r\nBDAY:19800229\r\nADR;LABEL=\"1 Way^nTown\":;;1 Way;Town;;1234;Land\r\nEND:VCARD\r\n",
    b"BEGIN:VCARD\nVERSION:3.0\nN:B;C\nFN:C B\nitem1.TEL;type=CELL;type=pref:+1 555\nitem1.X-ABLabel:_$!<Mobile>!$_\n"
    b"PHOTO;ENCODING=b;TYPE=JPEG:AAAA\nNOTE:a\\, b\\n\n c\nEND:VCARD\n",
    b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;=\r\n J\r\nTEL;HOME;VOICE:1\r\nEND:VCARD\r\n",
    b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:x\r\nORG;SORT-AS=a:A;B;C\r\nTITLE;ALTID=1:t\r\nTITLE;ALTID=1;LANGUAGE=de:u\r\n"
    b"RELATED;TYPE=friend:urn:y\r\nHOBBY;INDEX=1;LEVEL=high:z\r\nJSPROP;JSPTR=\"x.test:own\":{\"a\":[1]}\r\nGENDER:F\r\nEND:VCARD\r\n",
)
_SPICE: Final = (
    b";", b",", b":", b"\\", b"\\n", b"^n", b'"', b"=\r\n", b"\r\n ", b"\n\t", b"\0", b"\xff", b"\xed\xa0\x80", b"BEGIN:VCARD\r\n", b"END:VCARD\r\n", b";" * 400,
    b"EMAIL:a\r\n", b";PREF=99", b";VALUE=uri", b"BDAY:--1301\r\n", b"JSPROP;JSPTR=emails:{\r\n", b"N:;;;;;;;;;;\r\n", b"a" * 60_000, b"g.",
)  # fmt: skip


def one(octets: bytes) -> None:
    """One run."""
    try:
        found = reading.cards(octets)
    except BadCard:
        return
    for card in found:
        assert not faults(card)
    written = writing.cards(found)
    assert found == reading.cards(written)


def corpus() -> tuple[bytes, ...]:
    """The cards before they are changed: each is read."""
    return _CARDS


def mutated(chance: random.Random) -> bytes:
    """One or two cards with a few changes."""
    return fuzz.bent(chance, b"".join(chance.choices(_CARDS, k=chance.randint(1, 2))), _SPICE)


if __name__ == "__main__":
    fuzz.run(one, mutated)
