"""ENVELOPE in wire form."""

from mailstead.mime.envelope import empty, envelope


def test_sender_and_reply_to_default_to_the_author() -> None:
    assert (
        b'(NIL "s" ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) NIL NIL NIL NIL NIL)'
        == envelope({b"from": b" a@b\r\n", b"subject": b" s\r\n", b"reply-to": b" \r\n"})
    )


def test_groups_are_marked_by_their_ends() -> None:
    assert b'((NIL NIL "g" NIL)(NIL NIL "a" "b")(NIL NIL NIL NIL))' in envelope({b"to": b"g: a@b;"})


def test_what_is_there_without_an_address_is_told_apart() -> None:
    found = {b"to": b" \r\n", b"cc": b" , \r\n", b"from": b" a@b\r\n", b"subject": b"\r\n", b"bcc": b" g:;\r\n"}
    assert b"NIL NIL ((NIL NIL \"g\" NIL)(NIL NIL NIL NIL)) NIL NIL)" in envelope(found)
    assert ("to", "cc") == empty(found)
    assert () == empty({})
