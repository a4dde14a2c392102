"""Strings in IMAP's wire form."""

from mailstead.mime import wire


def test_strings_are_quoted_and_repaired() -> None:
    assert b'"a \\"b\\" \\\\"' == wire.string(b'a "b" \\')
    assert '"\xe4"'.encode() == wire.string(b"\xe4")
    assert b'"a  b"' == wire.string(b"a\r\nb")
    assert b"NIL" == wire.nstring(None)


def test_sessions_without_utf8_get_encoded_words() -> None:
    stored = '("Gr\xfc\xdfe" NIL "a \\"b\\"")'.encode()
    assert b'("=?utf-8?B?R3LDvMOfZQ==?=" NIL "a \\"b\\"")' == wire.to_ascii(stored)
    assert b'("plain")' == wire.to_ascii(b'("plain")')
