"""Text of parts, tags stripped."""

import pytest

from mailstead.mime import parts, text
from mailstead.mime.scan import scan
from mailstead.model import limits


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<p>one<br>two</p>", "one two"),
        ("a<b>b</b>c", "abc"),
        ("<style>p{color:red}</style>shown<script>x<y</script>", "shown"),
        ("<!-- hidden --> seen &amp; read &lt;b&gt;", "seen & read <b>"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<p attr='>'>x", "'>x"),
        ("<script>never closed", ""),
        ("<head><title>t</title></head><body>b", "b"),
    ],
)
def test_strip_tags(source: str, words: str) -> None:
    assert words == " ".join(text.strip_tags(source).split())


@pytest.mark.parametrize("evil", ["<script" * 50_000, "<!--" * 50_000, "<" * 200_000, "<style>" * 30_000, "&" * 100_000])
def test_evil_html_is_read_in_one_pass(evil: str) -> None:
    assert len(text.strip_tags(evil)) <= len(evil)  # a quadratic reader would not come back


def test_texts_come_from_plain_and_html_parts_in_any_charset() -> None:
    octets = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe\r\n"
        b"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+ZmV0dDwvYj4=\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ninner\r\n"
        b"--b\r\nContent-Type: image/png\r\n\r\nPNG\r\n--b--\r\n"
    )
    root = parts.unpack(scan(octets).parts)
    found = list(text.texts(lambda start, end: octets[start:end], root, limit=1000))
    assert ["Gr\xfc\xdfe", "fett", "Subject: in", "inner"] == [part.strip() for part in found]


def test_preview_skips_quotes_and_is_one_line() -> None:
    octets = b"Subject: x\r\n\r\n> quoted\r\nHello,\r\n\r\n  this is   new.\r\n"
    assert "Hello, this is new." == scan(octets).preview


def test_preview_prefers_plain_text() -> None:
    octets = (
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<b>rich</b>\r\n"
        b"--b\r\n\r\nplain\r\n--b--\r\n"
    )
    assert "plain" == scan(octets).preview


def test_labels_are_file_names_and_what_else_parts_say_of_themselves() -> None:
    octets = (
        b"Subject: top\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf\r\n"
        b"Content-Disposition: attachment; filename*=utf-8''Rechnung%20M%C3%A4rz.pdf\r\nContent-Description: =?utf-8?q?f=C3=BCr_dich?=\r\n\r\nx\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ny\r\n--b--\r\n"
    )
    root = parts.unpack(scan(octets).parts)
    found = "\n".join(text.labels(lambda start, end: octets[start:end], root, limit=1000))
    assert "Rechnung M\xe4rz.pdf" in found
    assert "Content-Description: f\xfcr dich" in found
    assert "Subject" not in found
    alone = b"Content-Type: image/png; name*=utf-8''%C3%A4.png\r\n\r\nPNG"
    assert ["\xe4.png"] == list(text.labels(lambda start, end: alone[start:end], parts.unpack(scan(alone).parts), limit=1000))
    assert ["Rechnung M\xe4rz.pdf"] == list(text.file_names(lambda start, end: octets[start:end], root, limit=1000))
    assert ["\xe4.png"] == list(text.file_names(lambda start, end: alone[start:end], parts.unpack(scan(alone).parts), limit=1000))
    cut = "\n".join(text.labels(lambda start, end: octets[start:end], root, limit=30))
    assert "Rechnung" not in cut


def test_labels_of_html_are_words_where_they_are_wanted() -> None:
    """RFC 8621 §4.4.1."""
    source = '<p TITLE = "a &amp; tip" class="alt=no">x <img alt=cat src="alt.png"><img data-alt="no"><a title=\'b\'>y</a>'
    assert ["a", "&", "tip", "x", "cat", "b", "y"] == text.strip_tags(source, with_labels=True).split()
    assert ["x", "y"] == text.strip_tags(source).split()


def test_a_preview_looks_so_far_and_is_so_long() -> None:
    def preview(body: str) -> str:
        octets = b"Content-Type: text/html\r\n\r\n" + body.encode()
        asked: list[int] = []

        def octets_of(start: int, end: int) -> bytes:
            asked.append(end - start)
            return octets[start:end]

        found = text.preview(octets_of, parts.unpack(scan(octets).parts))
        assert max(asked) <= limits.PREVIEW_SOURCE
        return found

    assert "a" * limits.PREVIEW_CHARACTERS == preview("a" * (limits.PREVIEW_CHARACTERS + 1))
    hidden = "<!--" + "x" * (limits.PREVIEW_SOURCE - 12) + "-->"
    assert "seen un" == preview(hidden[:-5] + "-->seen" + " unseen" * 9)
    assert "" == preview(hidden + " " * 5 + "never seen")
