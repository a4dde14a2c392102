"""FETCH (RFC 9051 §6.4.5, RFC 3516, RFC 8970)."""

from typing import Any

import pytest
from tests.harness.imap_command import ALL, ONE, parse, refused

from mailstead.model import limits
from mailstead.protocol.imap.command.fetch import Fetch, Section


def section(label: bytes, **more: Any) -> Section:
    values = {"kind": "body", "part": (), "text": "", "fields": (), "start": None, "length": 0, "peek": False} | more
    return Section(label, **values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"FETCH 1 FAST", Fetch(ONE, uid=False, items=("FLAGS", "INTERNALDATE", "RFC822.SIZE"))),
        (b"FETCH 1:* (FLAGS UID flags)", Fetch(ALL, uid=False, items=("FLAGS", "UID"))),
        (b"UID FETCH 1 FLAGS (CHANGEDSINCE 5 VANISHED)", Fetch(ONE, uid=True, items=("FLAGS",), changed_since=5, vanished=True)),
        (b"FETCH 1 BODY[]", Fetch(ONE, uid=False, items=(section(b"BODY[]"),))),
        (b"FETCH 1 body.peek[1.2.mime]<5.10>",
         Fetch(ONE, uid=False, items=(section(b"BODY[1.2.MIME]<5>", part=(1, 2), text="MIME", start=5, length=10, peek=True),))),
        (b'FETCH 1 BODY[HEADER.FIELDS (To "a b")]',
         Fetch(ONE, uid=False, items=(section(b'BODY[HEADER.FIELDS (To "a b")]', text="HEADER.FIELDS", fields=(b"To", b"a b")),))),
        (b"FETCH 1 BINARY.SIZE[1]", Fetch(ONE, uid=False, items=(section(b"BINARY.SIZE[1]", kind="size", part=(1,), peek=True),))),
        (b"FETCH 1 (PREVIEW (LAZY) RFC822.TEXT)", Fetch(ONE, uid=False, items=("PREVIEW", section(b"RFC822.TEXT", text="TEXT")))),
    ],
)  # fmt: skip
def test_reads(text: bytes, expected: Any) -> None:
    assert expected == parse(text)


def test_refuses() -> None:
    refused(
        b"FETCH 1", b"FETCH 1 ()", b"FETCH 1 BOGUS", b"FETCH 1 BODY[BOGUS]", b"FETCH 1 BODY[MIME]", b"FETCH 1 BODY[1.]", b"FETCH 1 BODY[0]",
        b"FETCH 1 BODY[]<1>", b"FETCH 1 BODY[]<1.0>", b"FETCH 1 BODY[", b"FETCH 1 BINARY[TEXT]", b"FETCH 1 BODY[HEADER.FIELDS ()]",
        b"FETCH 1 FLAGS (CHANGEDSINCE 5 VANISHED)", b"UID FETCH 1 FLAGS (VANISHED)", b"FETCH 1 FLAGS (BOGUS)", b"FETCH 1 PREVIEW (FAST)",
        b"FETCH 0 UID",
    )  # fmt: skip


def test_bounds() -> None:
    deep = b".".join([b"1"] * limits.MIME_DEPTH * 2)
    assert parse(b"FETCH 1 BODY[%b]" % deep)
    refused(
        b"FETCH 1 BODY[%b.1]" % deep,
        b"FETCH 1 (" + b" ".join(b"BODY[%d]" % n for n in range(1, 202)) + b")",
        b"FETCH 1 BODY[HEADER.FIELDS (" + b" ".join(b"x%d" % n for n in range(201)) + b")]",
    )
