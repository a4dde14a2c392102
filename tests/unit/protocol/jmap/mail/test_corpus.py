"""Every message of the corpora can be shown whole: no shape of a message makes a property fail."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailstead.mime import parts
from mailstead.mime.scan import scan
from mailstead.model.email import EmailRow
from mailstead.model.ids import EmailId, MailboxId, ThreadId
from mailstead.protocol.jmap.mail import body, email
from mailstead.protocol.jmap.mail.keywords import Names

CORPUS = Path(__file__).parents[4] / "corpus"
FILES = sorted(path for path in CORPUS.rglob("*") if path.suffix in {".eml", ".msg", ".txt"} and path.is_file())
EVERYTHING = email.plan(
    (*email.KNOWN, "header:From:asGroupedAddresses:all", "header:Subject", "header:X:asURLs", "header:Date:asDate:all"),
    {"bodyProperties": [*body.KNOWN, "header:Content-Type:asText"], "fetchAllBodyValues": True, "maxBodyValueBytes": 500})


def show(octets: bytes) -> None:
    found = scan(octets)
    row = EmailRow(
        EmailId(1), ThreadId(1), (MailboxId(1),), 1, ("x",), 0, len(octets), found.has_attachment, found.header_octets, found.envelope,
        found.parts, found.preview)
    rendering = email.Rendering(Names({1: "\\Seen"}), email.Envelopes())
    shown = rendering.email(row, EVERYTHING, lambda start, end: octets[start:end])
    json.dumps(shown).encode()
    json.dumps(shown, ensure_ascii=False).encode("utf-8")
    assert set(EVERYTHING.properties) - {"snoozed"} == set(shown), "snoozed is put in by who knows it"
    root = parts.unpack(found.parts)
    tree = body.tree(root, lambda start, end: octets[start:end])
    ids = [leaf.part_id for leaf in tree.leaves()]
    assert len(ids) == len(set(ids))
    for leaf in tree.leaves():
        assert body.find(root, leaf.part_id) is leaf.part
    for value in shown["bodyValues"].values():
        assert len(value["value"].encode()) <= 500


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CORPUS)))
def test_corpus(path: Path) -> None:
    show(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").replace(b"\0", b""))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([
    b"Content-Type: multipart/mixed; boundary=a\r\n", b"Content-Type: text/html; charset=utf-7\r\n", b"--a\r\n", b"--a--\r\n", b"\r\n", b"+2AA-x\r\n",
    b"From: =?utf-7?Q?+2AA-?= <a@b>, g: x@y;\r\n", b"Content-Disposition: attachment; filename*0*=x''%ff; filename*1=\"a\"\r\n", b"\xff\xfe<b\r\n",
    b"Content-Transfer-Encoding: base64\r\n", b"Date: Mon, 31 Feb 0000 99:99 +9999\r\n", b"Content-Type: message/rfc822\r\n", b"Content-ID: <\r\n",
    b"Subject:\r\n =?x?B?////?=\r\n", b"Content-Language: ,\r\n", b"Date: 1 Jan 0001 00:00 +0000\r\n",
]), max_size=30).map(b"".join))
def test_anything(octets: bytes) -> None:
    show(octets)
