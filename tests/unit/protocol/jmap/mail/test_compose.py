"""Drafts that are judged without a store; the whole way is tested with the methods."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailstead.mime import parts
from mailstead.mime.scan import scan
from mailstead.model import limits
from mailstead.protocol.jmap.mail import body, compose
from mailstead.protocol.jmap.mail.compose import BadEmail
from mailstead.protocol.jmap.mail.headers import Fields, Wanted

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))


def written(email: dict[str, Any], blobs: dict[str, bytes] | None = None) -> bytes:
    names = iter("abcdefghijklmnop")
    return compose.message(compose.draft(email), blobs or {}, now=NOW, message_id="own@x", boundary=lambda: "=_" + next(names))


def test_what_is_missing_is_added_once() -> None:
    fields = Fields(written({}))
    assert ["Date", "Message-ID", "MIME-Version", "Content-Type"] == [name.decode() for name, _ in fields.all]
    assert "2026-11-25T12:00:00-03:30" == fields.get(Wanted("Date", "asDate"))
    fields = Fields(written({"messageId": ["mine@x"], "header:date:asRaw": " Tue, 24 Nov 2026 10:00:00 +0000", "header:MIME-Version": " 1.0"}))
    assert (["mine@x"], 1, 1) == (
        fields.get(Wanted("Message-ID", "asMessageIds")), len(fields.get(Wanted("date", every=True))), len(fields.get(Wanted("mime-version", every=True))))


characters = st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"))
texts = st.text(characters, min_size=1, max_size=200).map(str.strip).filter(bool)


@settings(max_examples=150, deadline=None)
@given(texts, texts, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=400), st.text(characters, min_size=1, max_size=60))
def test_what_is_written_is_read_again(subject: str, name: str, text: str, file: str) -> None:
    import unicodedata

    octets = written(
        {"subject": subject, "from": [{"name": name, "email": "a@x.org"}], "textBody": [{"partId": "1"}], "bodyValues": {"1": {"value": text}},
         "attachments": [{"blobId": "b", "type": "x/y", "name": file}]}, {"b": b"\0\1\r\n\xff"})
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    fields = Fields(octets)
    normal = unicodedata.normalize("NFC", subject)
    assert " ".join(normal.split()) == " ".join(fields.get(Wanted("Subject", "asText")).split())
    assert " ".join(unicodedata.normalize("NFC", name).split()) == " ".join(fields.get(Wanted("From", "asAddresses"))[0]["name"].split())
    root = parts.unpack(scan(octets).parts)
    tree = body.tree(root, lambda start, end: octets[start:end])
    first, second = tree.children
    value = body.value(first.part, lambda start, end: octets[start:end], 0)
    assert (text.rstrip("\n"), False) == (value["value"].rstrip("\n"), value["isEncodingProblem"])
    assert b"\0\1\r\n\xff" == body.content(second.part, lambda start, end: octets[start:end])
    assert file == second.name


def test_embedded_messages_stay_as_they_are() -> None:
    octets = written({"attachments": [{"blobId": "m", "type": "message/rfc822"}]}, {"m": b"Subject: x\n\nb\xc3\xa4\n"})
    tree = body.tree(parts.unpack(scan(octets).parts), lambda start, end: octets[start:end])
    assert ("message/rfc822", "8bit") == (tree.children[1].kind, tree.children[1].part.encoding)


@pytest.mark.parametrize("value", [" a\r\nb", " a\nb", " a\r b", 5, None])
def test_raw_fields_hold_no_other_field(value: Any) -> None:
    if value is None:
        written({"header:X-A": value})
        return
    with pytest.raises(BadEmail):
        written({"header:X-A": value})


def test_a_folded_raw_field_may_be() -> None:
    assert b"X-A: a\r\n b\r\n" in written({"header:X-A": " a\r\n b"})


def test_the_root_of_a_body_structure_may_have_fields_that_the_message_has_not() -> None:
    """RFC 8621 §4.6: only those that the Email has itself may not be there again."""
    root = {"partId": "1", "type": "text/plain", "header:X-Root": " yes", "header:Date:asDate": "2020-01-01T00:00:00Z"}
    given_ = {"subject": "x", "bodyStructure": root, "bodyValues": {"1": {"value": "x"}}}
    fields = Fields(written(given_))
    assert (" yes", ["2020-01-01T00:00:00Z"]) == (fields.get(Wanted("X-Root")), fields.get(Wanted("Date", "asDate", every=True)))
    with pytest.raises(BadEmail) as refused:
        written({**given_, "bodyStructure": {**root, "header:Subject:asText": "y"}})
    assert ("bodyStructure/header:Subject:asText",) == refused.value.properties


def test_groups_and_urls() -> None:
    octets = written({
        "header:To:asGroupedAddresses": [{"name": "Team, X", "addresses": [{"email": "a@x"}]}, {"name": None, "addresses": [{"email": "b@x", "name": None}]}],
        "header:List-Post:asURLs": ["mailto:l@x"]})
    groups = Fields(octets).get(Wanted("To", "asGroupedAddresses"))
    assert [("Team, X", ["a@x"]), (None, ["b@x"])] == [(group["name"], [one["email"] for one in group["addresses"]]) for group in groups]


def text(field: str, **more: Any) -> dict[str, Any]:
    return {"textBody": [{"partId": "1", "header:Content-Type": field, **more}], "bodyValues": {"1": {"value": "Grüße \nan alle"}}}


def test_a_text_has_parameters_of_its_own() -> None:
    octets = written(text(" text/plain; charset=utf-8; format=flowed; delsp=no"))
    assert " text/plain; charset=utf-8; format=flowed; delsp=no" == Fields(octets).get(Wanted("Content-Type", "asRaw"))
    root = parts.unpack(scan(octets).parts)
    assert ("text", "plain") == (root.type, root.subtype)
    assert "Grüße \nan alle" == body.value(root, lambda start, end: octets[start:end], 0)["value"].rstrip("\n")
    both = written({**text("text/plain; format=flowed; charset=\"UTF-8\""), "htmlBody": [{"partId": "2"}], "bodyValues": {"1": {"value": "a"}, "2": {"value": "b"}}})
    first, second = parts.unpack(scan(both).parts).children
    assert ("plain", "html") == (first.subtype, second.subtype)


@pytest.mark.parametrize("field", [
    " text/html; charset=utf-8", "text/plain", "text/plain; format=flowed", "text/plain; charset=iso-8859-1", "text/plain; charset=utf-8; charset=x",
    "text/plain; charset=utf-8\r\nX: y", "text/plain;;charset=utf-16", "",
])  # fmt: skip
def test_but_only_its_own_type_and_charset(field: str) -> None:
    with pytest.raises(BadEmail) as bad:
        compose.draft(text(field))
    assert ("textBody/0/header:Content-Type",) == bad.value.properties
    with pytest.raises(BadEmail):
        compose.draft(text("text/plain; charset=utf-8", type="text/plain"))


def test_parts_are_bounded_in_number_and_depth() -> None:
    def nested(depth: int) -> dict[str, Any]:
        part: dict[str, Any] = {"partId": "1", "type": "text/plain"}
        for _ in range(depth):
            part = {"type": "multipart/mixed", "subParts": [part]}
        return {"bodyStructure": part, "bodyValues": {"1": {"value": "x"}}}

    def wide(count: int) -> dict[str, Any]:
        return {"bodyStructure": {"type": "multipart/mixed", "subParts": [{"partId": "1", "type": "text/plain"}] * count}, "bodyValues": {"1": {"value": "x"}}}

    compose.draft(nested(limits.JMAP_COMPOSE_DEPTH))
    compose.draft(wide(limits.JMAP_COMPOSE_PARTS - 1))
    for email in (nested(limits.JMAP_COMPOSE_DEPTH + 1), wide(limits.JMAP_COMPOSE_PARTS)):
        with pytest.raises(BadEmail, match="not too many or too deep"):
            compose.draft(email)
