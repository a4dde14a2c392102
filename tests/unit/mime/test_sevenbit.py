"""8-bit messages as 7-bit ones: the same content, other octets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstead.mime import decode, scan
from mailstead.mime.parts import Part, unpack
from mailstead.mime.sevenbit import to_7bit

TEXT = "Grüße aus Köln, mit Leerzeichen am Ende \r\n.\r\nEnde = gut\r\n".encode()
PNG = bytes(range(256)) * 3


def leaves(octets: bytes) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []

    def walk(part: Part) -> None:
        if not part.children:
            found.append((f"{part.type}/{part.subtype}", decode.transfer(octets[part.body[0] : part.body[1]], part.encoding)))
        for child in part.children:
            walk(child)

    walk(unpack(scan.scan(octets).parts))
    return found


def test_a_plain_text_message() -> None:
    octets = b"Subject: hi\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding:\r\n 8bit\r\nX: y\r\n\r\n" + TEXT
    done = to_7bit(octets)
    assert done is not None
    assert done.isascii()
    assert leaves(octets) == leaves(done)
    assert b"Content-Transfer-Encoding: quoted-printable\r\nX: y\r\n\r\nGr=C3=BC=C3=9Fe" in done
    assert all(len(line) <= 78 for line in done.split(b"\r\n"))


def test_a_tree_of_parts_with_a_message_inside() -> None:
    inner = b"Subject: inner\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + TEXT
    octets = (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        b"--a\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + TEXT + b"\r\n--a\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + PNG.replace(b"\r", b"").replace(b"\n", b"") + b"\r\n--a\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + inner
        + b"\r\n--a\r\nContent-Type: text/plain\r\n\r\nseven\r\n--a\r\n\r\n" + TEXT + b"\r\n--a--\r\n"
    )
    done = to_7bit(octets)
    assert done is not None
    assert done.isascii()
    before, after = leaves(octets), leaves(done)
    assert [kind for kind, _ in before] == [kind for kind, _ in after]
    assert [content for _, content in before] == [content for _, content in after]
    assert b"8bit" not in done
    assert b"Content-Type: text/plain\r\n\r\nseven" in done, "what is 7-bit stays as it is"


def test_a_line_that_is_broken_is_never_a_boundary() -> None:
    octets = (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b1\r\n\r\n--b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        + b"a" * 60 + b"\xc3\xbc" + b"a" * 9 + b"--b1\r\nContent-Type: text/html\r\n\r\nno part\r\n--b1--\r\n"
    )
    for shift in range(80):
        moved = octets.replace(b"a" * 60, b"a" * (20 + shift))
        done = to_7bit(moved)
        assert done is not None
        assert leaves(moved) == leaves(done), shift


def test_a_message_without_a_word_of_mime() -> None:
    octets = b"Subject: hi\r\n\r\n" + TEXT
    done = to_7bit(octets)
    assert done is not None
    assert done.startswith(b"Subject: hi\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
    assert leaves(octets) == leaves(done)


@pytest.mark.parametrize("octets", [
    "Subject: grüß\r\n\r\nhello\r\n".encode(), "Subject: grüß\r\n\r\n".encode() + TEXT,
    b"Content-Type: multipart/signed; boundary=a; protocol=x\r\n\r\n--a\r\nContent-Type: text/plain\r\n\r\n" + TEXT + b"\r\n--a\r\n\r\nsig\r\n--a--\r\n",
    b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + TEXT,
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + TEXT + b"\r\n--a\r\n\r\nx\r\n--a--\r\n",
    b"Content-Type: message/partial\r\n\r\n" + TEXT,
])  # fmt: skip
def test_what_has_no_7bit_form(octets: bytes) -> None:
    assert to_7bit(octets) is None


def test_7bit_stays_what_it_is() -> None:
    octets = b"Subject: hi\r\n\r\nhello\r\n"
    assert to_7bit(octets) is octets


@given(st.binary(max_size=300), st.sampled_from(["text/plain", "application/x"]))
def test_content_is_never_changed(content: bytes, kind: str) -> None:
    content = content.replace(b"\r", b"").replace(b"\n", b"\r\n").replace(b"\0", b"")
    octets = b"MIME-Version: 1.0\r\nContent-Type: " + kind.encode() + b"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + content
    done = to_7bit(octets)
    assert done is not None
    assert done.isascii()
    if done is not octets:
        assert leaves(octets) == leaves(done)
        assert max(map(len, done.split(b"\r\n"))) <= 78


@given(st.binary(max_size=400))
def test_anything_gives_7_bits_or_nothing(octets: bytes) -> None:
    done = to_7bit(octets)
    assert done is None or done.isascii()
