"""ENVELOPE in wire form."""

from mailstead.mime.envelope import envelope


def test_sender_and_reply_to_default_to_the_author() -> None:
    assert (
        b'(NIL "s" ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) NIL NIL NIL NIL NIL)'
        == envelope({b"from": b" a@b\r\n", b"subject": b" s\r\n", b"reply-to": b" \r\n"})
    )


def test_groups_are_marked_by_their_ends() -> None:
    assert b'((NIL NIL "g" NIL)(NIL NIL "a" "b")(NIL NIL NIL NIL))' in envelope({b"to": b"g: a@b;"})
