"""Content lines of vCards (RFC 6350 §3)."""

import pytest

from mailstead.model import limits
from mailstead.protocol.vcard import lines
from mailstead.protocol.vcard.lines import BadCard, Line


def one(text: str) -> list[Line]:
    (card,) = lines.read(b"BEGIN:VCARD\r\n" + text.encode() + b"END:VCARD\r\n")
    return card


def test_lines_are_unfolded_and_taken_apart() -> None:
    first, second, third = one('NOTE:two\r\n  words\r\nitem1.EMAIL;TYPE=home,"x;y";pref=1:a@b.test\r\nX-A;LABEL="a^nb^^^\'":v:w\r\n')
    assert ("NOTE", "two words") == (first.name, first.value)
    assert ("EMAIL", "item1", {"TYPE": ["home", "x;y"], "PREF": ["1"]}, "a@b.test") == (second.name, second.group, second.parameters, second.value)
    assert ('a\nb^"', "v:w") == (third.first("LABEL"), third.value)


def test_old_versions_are_read() -> None:
    soft, photo, bare = one(
        "NOTE;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:Gr=FC=\r\n=DFe=0D=0Aall\r\nPHOTO;ENCODING=b;TYPE=JPEG:/9j/\r\n AAA=\r\nTEL;HOME;CELL:1\r\n")
    assert ("Grüße\\nall", {}) == (soft.value, soft.parameters)
    assert "data:image/jpeg;base64,/9j/AAA=" == photo.value
    assert {"TYPE": ["HOME", "CELL"]} == bare.parameters
    ((found,),) = lines.read("BEGIN:VCARD\nFN:Jörg\nEND:VCARD".encode("cp1252"))
    assert "Jörg" == found.value
    ((found,),) = lines.read("BEGIN:VCARD\nFN:Jörg\nEND:VCARD".encode("utf-16"))
    assert "Jörg" == found.value


def test_what_is_no_line_is_left_out_and_what_is_no_card_refused() -> None:
    assert ["FN"] == [line.name for line in one("FN:x\r\nnonsense\r\n;:\r\nX;A=\"open:b\r\nX-\x00:1\r\n")]
    for octets in (b"", b"BEGIN:VCARD\r\nFN:x\r\n", b"<html>", b"END:VCARD\r\n"):
        with pytest.raises(BadCard):
            lines.read(octets)


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    card = b"BEGIN:VCARD\r\nFN:x\r\nFN:y\r\nEND:VCARD\r\n"
    for name, value in (("VCARD_OCTETS", 10), ("VCARD_CARDS", 1), ("VCARD_LINES", 1)):
        with monkeypatch.context() as patch, pytest.raises(BadCard, match="at most"):
            patch.setattr(limits, name, value)
            lines.read(card * 2)
    monkeypatch.setattr(limits, "VCARD_PARAMETERS", 1)
    assert [] == one("FN;A=1;B=2:x\r\n")


def test_pieces_and_escapes() -> None:
    assert ["a\\;b", "", "c\\\\", ""] == lines.split("a\\;b;;c\\\\;", ";")
    assert "a;b\nc,\\" == lines.text("a\\;b\\nc\\,\\\\")
    assert "a\\;b\\nc\\,\\\\" == lines.escaped("a;b\r\nc,\\")


def test_written_lines_are_folded_between_characters() -> None:
    value = "ü" * 200
    octets = lines.write([[Line("NOTE", value, {"LABEL": ['a "b"; c\n'], "TYPE": []}, "g1")]])
    assert all(len(line) <= 75 for line in octets.split(b"\r\n"))
    assert octets.startswith(b"BEGIN:VCARD\r\nVERSION:4.0\r\n")
    ((_, found),) = lines.read(octets)
    assert Line("NOTE", value, {"LABEL": ['a "b"; c\n']}, "g1") == found


@pytest.mark.parametrize("charset", ["ISO-8859\0-1", "none", "idna", "hex", "undefined"])
def test_a_charset_that_is_none_is_utf8(charset: str) -> None:
    """Its name may hold a NUL, and Python's list of codecs holds some that are not for text."""
    (found,) = one(f"N;CHARSET={charset};ENCODING=QUOTED-PRINTABLE:=C3=BC;\r\n")
    assert "ü;" == found.value
