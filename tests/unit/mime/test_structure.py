"""BODY derived from BODYSTRUCTURE."""

from mailstead.mime import structure
from mailstead.mime.scan import scan


def test_body_drops_extension_data_at_every_level() -> None:
    octets = (
        b"Content-Type: multipart/mixed; boundary=b\r\nContent-Language: en, de\r\n\r\n--b\r\n"
        b"Content-Disposition: inline; filename=x\r\n\r\nhello\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\nin\r\n--b--\r\n"
    )
    whole = scan(octets).structure
    assert (
        b'(("TEXT" "PLAIN" ("charset" "us-ascii") NIL NIL "7BIT" 5 0)("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 16'
        b' (NIL "s" NIL NIL NIL NIL NIL NIL NIL NIL) ("TEXT" "PLAIN" ("charset" "us-ascii") NIL NIL "7BIT" 2 0) 2) "MIXED")'
    ) == structure.body(whole)
    assert b'("en" "de")' in whole
    assert b'("inline" ("filename" "x"))' in whole
