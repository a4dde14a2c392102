"""Transfer encodings and charsets."""

import pytest

from mailstead.mime import decode


@pytest.mark.parametrize(
    ("octets", "encoding", "plain"),
    [
        (b"aGVsbG8=", "base64", b"hello"),
        (b"aGVs\r\nbG8", "base64", b"hello"),
        (b"aGVsb", "base64", b"hel"),
        (b"a-G*V_s bG8=", "base64", b"hello"),
        (b"=4Eo=\r\n end=ZZ", "quoted-printable", b"No end=ZZ"),
        (b"as it is", "x-unknown", b"as it is"),
    ],
)
def test_transfer(octets: bytes, encoding: str, plain: bytes) -> None:
    assert plain == decode.transfer(octets, encoding)


@pytest.mark.parametrize(
    ("octets", "label", "text"),
    [
        (b"\xe4", "iso-8859-1", "\xe4"),
        (b"\x93quoted\x94", "iso-8859-1", "\u201cquoted\u201d"),
        ("\xe4".encode(), "us-ascii", "\xe4"),
        (b"\xe4", "", "\xe4"),
        (b"\xe4", "no-such", "\xe4"),
        (b"\xff", "utf-8", "\ufffd"),
        (b"abc", "zlib_codec", "abc"),
        (b"abc", "rot13", "abc"),
        (b"\x1b$B%F\x1b(B", "iso-2022-jp", "\u30c6"),
        (b"\xb0\xa1", "ks_c_5601-1987", "\uac00"),
        (b"+AOQ-", "utf-7", "\xe4"),
        (b"a\0b\0", "utf-16le", "ab"),
        (b"\\u00e4", "unicode_escape", "\\u00e4"),
    ],
)
def test_charset(octets: bytes, label: str, text: str) -> None:
    assert text == decode.charset(octets, label)
