"""Which parts are shown, and their values (RFC 8621 §4.1.4)."""

from mailstead.mime import parts
from mailstead.mime.scan import scan
from mailstead.protocol.jmap.mail import body


def lists(octets: bytes) -> tuple[list[str], list[str], list[str]]:
    root = parts.unpack(scan(octets).parts)
    found = body.lists(body.tree(root, lambda start, end: octets[start:end]))
    return tuple([one.part_id for one in some] for some in (found.text, found.html, found.attachments))  # type: ignore[return-value]


def multi(kind: str, *inner: bytes, boundary: str) -> bytes:
    line = f"--{boundary}".encode()
    return f"Content-Type: multipart/{kind}; boundary={boundary}\r\n\r\n".encode() + b"".join(
        line + b"\r\n" + one + b"\r\n" for one in inner) + line + b"--\r\n"


def leaf(kind: str, more: str = "") -> bytes:
    return f"Content-Type: {kind}\r\n{more}\r\nx\r\n".encode()


def test_lists() -> None:
    text, html, image = leaf("text/plain"), leaf("text/html"), leaf("image/png")
    assert (["1"], ["1"], []) == lists(text) == lists(html)
    assert (["1"], ["2"], []) == lists(multi("alternative", text, html, boundary="a"))
    assert (["1"], ["2.1"], ["2.2"]) == lists(multi("alternative", text, multi("related", html, image, boundary="b"), boundary="a"))
    assert (["1", "2", "3"], ["1", "2", "3"], []) == lists(multi("mixed", text, image, text, boundary="a"))
    assert (["1"], ["1"], ["2"]) == lists(multi("mixed", text, leaf("application/pdf"), boundary="a"))
    assert (["1"], ["1"], ["2"]) == lists(multi("mixed", text, leaf("text/plain; name=x.txt"), boundary="a"))
    assert (["1"], ["1"], ["2"]) == lists(multi("mixed", text, leaf("image/png", "Content-Disposition: attachment\r\n"), boundary="a"))
    assert (["1"], ["1"], []) == lists(multi("alternative", html, boundary="a"))
    assert ([], [], ["1"]) == lists(leaf("application/pdf"))
    # The RFC's own example: html within alternative drops out of text, media stand in both and are attachments where one list ended.
    example = multi(
        "mixed", text, multi("mixed", multi("alternative", multi("mixed", text, image, text, boundary="d"), multi("related", html, image, boundary="e"),
                             boundary="c"), image, leaf("application/x-excel"), leaf("message/rfc822", "\r\nSubject: x\r\n"), boundary="b"), text, boundary="a")
    assert (["1", "2.1.1.1", "2.1.1.2", "2.1.1.3", "2.2", "3"], ["1", "2.1.2.1", "2.2", "3"], ["2.1.1.2", "2.1.2.2", "2.3", "2.4"]) == lists(example)


def test_names_of_files() -> None:
    for header, name in (
        ('Content-Disposition: attachment; filename="a b.txt"', "a b.txt"), ("Content-Disposition: attachment; filename*=iso-8859-1'de'%e4.txt", "ä.txt"),
        ("Content-Disposition: x; filename*0*=utf-8''%C3; filename*1*=%A4; filename*2=\".txt\"", "ä.txt"), ("Content-Type: a/b; name=\"=?utf-8?q?=C3=A4?=\"", "ä"),
        ("Content-Disposition: attachment; filename=plain; filename*=utf-8''ext", "ext"), ("Content-Type: a/b; names=x", None), ("X: y", None),
    ):
        octets = header.encode() + b"\r\n\r\nx"
        assert name == body.tree(parts.unpack(scan(octets).parts), lambda start, end, octets=octets: octets[start:end]).name, header  # type: ignore[misc]


def test_comments_and_folding_are_no_part_of_a_value() -> None:
    """RFC 8621 §4.1.4."""
    octets = leaf("text/plain", "Content-Disposition: INLINE (c); filename=x\r\nContent-Language: de (German), en\r\nContent-Location: http://a/\r\n b\r\nContent-Id: (c) <i@x>\r\n")
    found = body.tree(parts.unpack(scan(octets).parts), lambda start, end: octets[start:end])
    names = ("disposition", "language", "location", "cid")
    one = body.shown(found, tuple((name, None) for name in names), lambda start, end: octets[start:end], str, with_children=False)
    assert {"disposition": "inline", "language": ["de", "en"], "location": "http://a/b", "cid": "i@x"} == one


def test_truncation_tears_nothing() -> None:
    assert "gr" == body.truncated("grüße", 3, is_html=False)
    assert "grü" == body.truncated("grüße", 4, is_html=False)
    assert "a" == body.truncated("a<b>c", 3, is_html=True)
    assert "a<b>" == body.truncated("a<b>c", 4, is_html=True)
    assert "\U0001f600" == body.truncated("\U0001f600\U0001f600", 7, is_html=False)


def test_find_goes_no_deeper_than_there_is() -> None:
    root = parts.unpack(scan(multi("mixed", leaf("text/plain"), boundary="a")).parts)
    for wrong in ("", "0", "2", "1.1", "x", "1.", "-1", "1" * 10, ".".join(["1"] * 100)):
        assert body.find(root, wrong) is None
