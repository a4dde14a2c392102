"""One reading of a message: checked against mime4j's event streams, the standard library, and by hand."""

import email
import email.message
import email.policy
import mmap
import re
import tempfile
from pathlib import Path

import pytest

from mailstead.mime import parts, structure
from mailstead.mime.scan import scan, with_prefix
from mailstead.model import limits

CORPUS = Path(__file__).parents[2] / "corpus"
MIME4J = sorted((CORPUS / "mime-mime4j").glob("*.msg"))
MALFORMED = sorted((CORPUS / "mime-rfc-malformed").rglob("*.eml"))

# Where we read a message's shape otherwise than mime4j, and why.
OTHERWISE = {
    "base64encoded-rfc822message": "message/rfc822 in base64 breaks RFC 2046 §5.2.1 and stays one opaque part",
    "base64encoded-rfc822message-nested": "as above",
    "missing-boundary": "a multipart without a boundary line is text, so that IMAP has one part to show",
    "missing-inner-boundary": "as above",
    "multipartnopart": "as above",
    "missing-inner-start-boundary": "as missing-boundary",
    "bad-newlines-multiple-parts-base64": "bare LF is made CRLF before storing, so the parts are found",
    "ending-boundaries": "a boundary line holds the boundary and blanks only: a boundary may begin another one",
}


def canonical(octets: bytes) -> bytes:
    return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def shape(part: parts.Part) -> str:
    if part.is_message:
        return f"message({shape(part.children[0])})"
    if part.is_multipart:
        return "multipart(" + " ".join(map(shape, part.children)) + ")"
    return "leaf"


def xml_shape(xml: str) -> str:
    """The shape of mime4j's event stream, read off its element names."""
    out: list[str] = []
    for closing, name in re.findall(r"<(/?)(message|multipart|body-part|body)>", xml):
        if name == "body" and not closing:
            out.append("leaf ")
        elif name in {"message", "multipart"}:
            out.append(") " if closing else f"{name}(")
    text = re.sub(r"\s+\)", ")", "".join(out)).strip()
    return text.removeprefix("message(").removesuffix(")")


@pytest.mark.parametrize("path", MIME4J, ids=lambda path: path.stem)
def test_the_shape_is_that_of_mime4j(path: Path) -> None:
    ours = shape(parts.unpack(scan(canonical(path.read_bytes())).parts))
    theirs = xml_shape(path.with_suffix(".xml").read_text("utf-8", "replace"))
    if path.stem in OTHERWISE:
        assert theirs != ours, "no longer different: take it off the list"
    else:
        assert theirs == ours


@pytest.mark.parametrize("path", MIME4J + MALFORMED, ids=lambda path: path.stem)
def test_every_offset_lies_in_its_parent_and_in_order(path: Path) -> None:
    octets = canonical(path.read_bytes())
    found = scan(octets)
    root = parts.unpack(found.parts)
    assert (0, len(octets)) == (root.header[0], root.body[1])

    def check(part: parts.Part) -> None:
        assert part.header[0] <= part.header[1] == part.body[0] <= part.body[1]
        at = part.body[0]
        for child in part.children:
            assert at <= child.header[0]
            assert child.body[1] <= part.body[1]
            at = child.body[1]
            check(child)

    check(root)
    assert structure.body(found.structure).count(b"(") == structure.body(found.structure).count(b")")


@pytest.mark.parametrize("path", MIME4J + MALFORMED, ids=lambda path: path.stem)
def test_a_prefix_moves_only_the_offsets(path: Path) -> None:
    octets = canonical(path.read_bytes())
    prefix = b"Delivered-To: <a@example.test>\r\nX-Seen: 1\r\n"
    if octets.startswith(b"\r\n"):
        pytest.skip("no header: what is put in front becomes the header")
    assert scan(prefix + octets).parts == with_prefix(scan(octets), prefix).parts


@pytest.mark.parametrize("path", MIME4J, ids=lambda path: path.stem)
def test_spooled_and_in_memory_are_read_alike(path: Path) -> None:
    octets = canonical(path.read_bytes())
    with tempfile.TemporaryFile() as file:
        file.write(octets)
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as spooled:
            assert scan(octets) == scan(spooled)


def test_leaf_bodies_are_those_of_the_standard_library() -> None:
    for path in MIME4J:
        if path.stem in OTHERWISE or path.stem == "obsolete" or "boundar" in path.stem or "header" in path.stem.lower() or path.stem.startswith("multipart"):
            continue
        octets = canonical(path.read_bytes())
        theirs = [
            part.get_payload()
            for part in email.message_from_bytes(octets, policy=email.policy.compat32).walk()
            if isinstance(part, email.message.Message) and not part.is_multipart()
        ]
        root = parts.unpack(scan(octets).parts)
        ours = [octets[slice(*part.body)].decode("ascii", "surrogateescape") for part in root.leaves()]
        assert [str(text).rstrip("\r\n") for text in theirs] == [text.rstrip("\r\n") for text in ours], path.stem


SIMPLE = (
    b"Date: Mon, 7 Feb 1994 21:52:25 -0800 (PST)\r\nFrom: Fred Foobar <foobar@Blurdybloop.COM>\r\n"
    b"Subject: afternoon meeting\r\nTo: mooch@owatagu.siam.edu\r\n"
    b"Message-Id: <B27397-0100000@Blurdybloop.COM>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\nHello Joe, do you think we can meet at 3:30 tomorrow?\r\n"
)
# The message of RFC 5321's and RFC 9051 §8's examples.


def test_envelope_and_structure_of_the_rfcs_example() -> None:
    found = scan(SIMPLE)
    assert (
        b'("Mon, 7 Feb 1994 21:52:25 -0800 (PST)" "afternoon meeting" (("Fred Foobar" NIL "foobar" "Blurdybloop.COM"))'
        b' (("Fred Foobar" NIL "foobar" "Blurdybloop.COM")) (("Fred Foobar" NIL "foobar" "Blurdybloop.COM"))'
        b' ((NIL NIL "mooch" "owatagu.siam.edu")) NIL NIL NIL "<B27397-0100000@Blurdybloop.COM>")'
    ) == found.envelope
    assert b'("TEXT" "PLAIN" ("charset" "US-ASCII") NIL NIL "7BIT" 55 1 NIL NIL NIL NIL)' == found.structure
    assert b'("TEXT" "PLAIN" ("charset" "US-ASCII") NIL NIL "7BIT" 55 1)' == structure.body(found.structure)
    assert "Hello Joe, do you think we can meet at 3:30 tomorrow?" == found.preview
    assert (b"B27397-0100000@Blurdybloop.COM", "afternoon meeting", False) == (
        found.message_id, found.base_subject, found.is_reply)  # fmt: skip
    assert 760657945000 == found.sent_at_ms


def multipart(boundary: bytes, *children: bytes) -> bytes:
    inner = b"".join(b"--" + boundary + b"\r\n" + child + b"\r\n" for child in children)
    return b'Content-Type: multipart/mixed; boundary="' + boundary + b'"\r\n\r\n' + inner + b"--" + boundary + b"--\r\n"


def test_section_numbers_are_those_of_rfc_9051() -> None:
    leaf = b"Content-Type: text/plain\r\n\r\n%b"
    inner = multipart(b"in", leaf % b"one", leaf % b"two")
    octets = multipart(b"out", leaf % b"first", b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n" + inner)
    root = parts.unpack(scan(octets).parts)

    def text(*section: int) -> bytes | None:
        part = parts.find(root, section)
        return None if part is None else octets[slice(*part.body)]

    assert [b"first", b"one", b"two"] == [text(1), text(2, 1), text(2, 2)]
    assert [None, None, None] == [text(3), text(1, 1), text(2, 3)]
    simple = parts.unpack(scan(SIMPLE).parts)
    assert parts.find(simple, (1,)) is not None
    assert parts.find(simple, (1, 1)) is None


def test_a_message_nested_past_the_bound_is_opaque_below_it() -> None:
    octets = b"Subject: heart\r\n\r\nx"
    for level in range(limits.MIME_DEPTH + 20):
        octets = multipart(b"b%d" % level, octets)
    root = parts.unpack(scan(octets).parts)
    depth = 0
    part = root
    while part.children:
        part = part.children[0]
        depth += 1
    assert limits.MIME_DEPTH == depth


def test_more_parts_than_the_bound_become_one_opaque_part() -> None:
    octets = multipart(b"b", *[b"\r\nx"] * (limits.MIME_PARTS + 50))
    root = parts.unpack(scan(octets).parts)
    assert limits.MIME_PARTS - 1 == len(root.children)
    assert b"\r\nx" in octets[slice(*root.children[-1].body)]


def test_a_header_block_past_the_bound_ends_at_a_whole_line() -> None:
    octets = b"X-Long: y\r\n" * (limits.MIME_HEADER_BLOCK // 11 + 100) + b"\r\nbody"
    found = scan(octets)
    assert found.header_octets <= limits.MIME_HEADER_BLOCK
    assert octets[found.header_octets - 2 : found.header_octets] == b"\r\n"


def test_a_field_past_the_bound_is_not_interpreted() -> None:
    found = scan(b"Subject: " + b"x" * limits.MIME_HEADER_FIELD + b"\r\nFrom: a@b\r\n\r\n")
    assert found.envelope.startswith(b"(NIL NIL ((NIL NIL")


def test_more_fields_than_the_bound_are_body_to_us() -> None:
    found = scan(b"X: y\r\n" * limits.MIME_HEADER_FIELDS + b"Subject: late\r\n\r\n")
    assert found.base_subject == ""


def test_parameters_addresses_and_references_are_bounded() -> None:
    many = b"; a=b" * (limits.MIME_PARAMETERS + 50)
    refs = b" ".join(b"<%d@x>" % n for n in range(limits.MIME_REFERENCES + 50))
    to = b", ".join(b"u%d@x" % n for n in range(limits.MIME_ADDRESSES + 50))
    found = scan(b"Content-Type: text/x" + many + b"\r\nReferences: " + refs + b"\r\nTo: " + to + b"\r\n\r\n")
    assert limits.MIME_PARAMETERS == found.structure.count(b'"a" "b"')
    assert (limits.MIME_REFERENCES, b"0@x") == (len(found.references), found.references[0])
    assert limits.MIME_ADDRESSES == found.envelope.count(b' "x")')


def test_attachments_are_told_from_the_text() -> None:
    assert not scan(SIMPLE).has_attachment
    pdf = b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=x.pdf\r\n\r\n%PDF"
    assert scan(multipart(b"b", b"\r\nhello", pdf)).has_attachment
    for more, is_one in (
        (b"Content-Type: text/plain; name=x.txt", True), (b"Content-Type: text/html\r\nContent-Disposition: ; filename*=utf-8''x.html", True),
        (b"Content-Type: text/plain; name=x.txt\r\nContent-Disposition: inline (shown)", False), (b"Content-Type: text/plain", False),
    ):  # RFC 8621 §4.1.4: a text with a name is one unless it comes first
        assert is_one is scan(multipart(b"b", b"\r\nhello", more + b"\r\n\r\nx")).has_attachment, more
    assert not scan(multipart(b"b", b"Content-Type: text/plain; name=x.txt\r\n\r\nx", b"\r\nhello")).has_attachment


def test_a_multipart_without_boundary_lines_is_shown_as_text() -> None:
    found = scan(b"Content-Type: multipart/mixed; boundary=x\r\n\r\nno parts here\r\n")
    assert found.structure.startswith(b'("TEXT" "PLAIN"')
    assert "no parts here" == found.preview


def test_a_boundary_that_begins_another_is_not_taken_for_it() -> None:
    octets = multipart(b"ab", multipart(b"abc", b"\r\n1", b"\r\n2"), b"\r\n3")
    assert "multipart(multipart(leaf leaf) leaf)" == shape(parts.unpack(scan(octets).parts))


def test_of_a_field_that_is_there_twice_the_last_counts_and_the_first_of_those_about_the_body() -> None:
    """RFC 8621 §4.1.2."""
    found = scan(
        b"Subject: one\r\nFrom: a@x.test\r\nDate: Thu, 01 Jan 2026 12:00:00 +0000\r\nMessage-ID: <1@x.test>\r\nContent-Type: text/html\r\n"
        b"Subject: two\r\nFrom: b@x.test\r\nDate: Fri, 02 Jan 2026 12:00:00 +0000\r\nMessage-ID: <2@x.test>\r\nContent-Type: text/plain\r\n\r\nx")
    assert b'("Fri, 02 Jan 2026 12:00:00 +0000" "two" ((NIL NIL "b" "x.test"))' in found.envelope
    assert (b"two", b"2@x.test") == (found.base_subject.encode(), found.message_id.strip(b"<>"))
    assert b"HTML" in found.structure.upper()
