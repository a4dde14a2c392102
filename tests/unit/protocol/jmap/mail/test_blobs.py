"""Blob ids name what is there."""

from mailstead.model.ids import EmailId
from mailstead.protocol.jmap.mail import blobs
from mailstead.protocol.jmap.mail.blobs import Place


def test_there_and_back() -> None:
    assert Place(EmailId(77)) == blobs.place(blobs.of_message(EmailId(77)))
    assert Place(EmailId(77), "1.2.3") == blobs.place(blobs.of_part(EmailId(77), "1.2.3"))
    inner = blobs.within("u-5", "2.1")
    assert ("u-5", "2.1") == blobs.outer(inner)
    for one in (blobs.of_part(EmailId(1 << 62), ".".join(["1000"] * 10)), inner):
        assert len(one) <= 255
        assert all(character.isalnum() or character in "-_" for character in one)


def test_anything_else_is_none() -> None:
    for wrong in ("", "b", "bz", "p1", "p1-", "p1-x", "p1-1__2", "e1", "-", "p-1", "b" + "1" * 20):
        assert blobs.place(wrong) is None
        assert blobs.outer(wrong) is None
    for wrong in ("w1", "w-x", "wx-y", "w1-"):
        assert blobs.outer(wrong) is None
