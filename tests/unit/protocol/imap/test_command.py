"""The grammar of every command: what it reads and what it refuses."""

from typing import Any

import pytest

from mailstead.model import condition as c
from mailstead.model import limits
from mailstead.model.errors import Violation
from mailstead.model.uids import UidSet
from mailstead.protocol.imap import command
from mailstead.protocol.imap.command.authenticate import Authenticate
from mailstead.protocol.imap.command.bare import Bare
from mailstead.protocol.imap.command.copy import Copy
from mailstead.protocol.imap.command.create import Create
from mailstead.protocol.imap.command.delete import Delete
from mailstead.protocol.imap.command.enable import Enable
from mailstead.protocol.imap.command.expunge import Expunge
from mailstead.protocol.imap.command.fetch import Fetch, Section
from mailstead.protocol.imap.command.id import Id
from mailstead.protocol.imap.command.list import List
from mailstead.protocol.imap.command.login import Login
from mailstead.protocol.imap.command.rename import Rename
from mailstead.protocol.imap.command.search import BadCharset, Either, Every, Leaf, Negated, Numbers, Search
from mailstead.protocol.imap.command.select import Resync, Select
from mailstead.protocol.imap.command.status import Status
from mailstead.protocol.imap.command.store import Store
from mailstead.protocol.imap.command.subscribe import Subscribe
from mailstead.protocol.imap.state import State
from mailstead.protocol.imap.tokens import SAVED, Sequence

ONE = Sequence(((1, 1),))
ALL = Sequence(((1, 0),))


def parse(text: bytes) -> Any:
    name = text.split(b" ")[0].upper()
    before = name in {b"LOGIN", b"AUTHENTICATE", b"STARTTLS"}
    return command.parse(text, State.NOT_AUTHENTICATED if before else State.SELECTED, utf8=False)


def section(label: bytes, **more: Any) -> Section:
    values = {"kind": "body", "part": (), "text": "", "fields": (), "start": None, "length": 0, "peek": False} | more
    return Section(label, **values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"noop", Bare("NOOP")),
        (b"IDLE ", Bare("IDLE")),
        (b'login "a b" c', Login("a b", "c")),
        (b"AUTHENTICATE plain", Authenticate("PLAIN")),
        (b"AUTHENTICATE PLAIN =", Authenticate("PLAIN", b"")),
        (b"AUTHENTICATE PLAIN AGEAYg==", Authenticate("PLAIN", b"\0a\0b")),
        (b"ENABLE condstore X", Enable(("CONDSTORE", "X"))),
        (b"ID NIL", Id({})),
        (b'ID ("name" "x" "OS" NIL)', Id({"name": "x", "os": ""})),
        (b"SELECT INBOX", Select("INBOX", read_only=False)),
        (b"EXAMINE a (CONDSTORE)", Select("a", read_only=True, condstore=True)),
        (b"SELECT a (QRESYNC (1 20))", Select("a", read_only=False, resync=Resync(1, 20))),
        (b"SELECT a (QRESYNC (1 20 1:9))", Select("a", read_only=False, resync=Resync(1, 20, UidSet(((1, 9),))))),
        (
            b"SELECT a (QRESYNC (1 20 1:9 (1,3 4,6)) CONDSTORE)",
            Select("a", read_only=False, condstore=True,
                   resync=Resync(1, 20, UidSet(((1, 9),)), UidSet(((1, 1), (3, 3))), UidSet(((4, 4), (6, 6))))),
        ),
        (b"CREATE x", Create("x")),
        (b"CREATE x (USE (\\Sent))", Create("x", ("\\sent",))),
        (b"DELETE x", Delete("x")),
        (b"RENAME a b", Rename("a", "b")),
        (b"SUBSCRIBE a", Subscribe("a", subscribed=True)),
        (b"UNSUBSCRIBE a", Subscribe("a", subscribed=False)),
        (b'LIST "" %', List("", ("%",))),
        (b'LSUB "" a*', List("", ("a*",), lsub=True)),
        (b'LIST (SUBSCRIBED) "" (a b) RETURN (CHILDREN STATUS (MESSAGES))',
         List("", ("a", "b"), frozenset({"SUBSCRIBED"}), frozenset({"CHILDREN"}), ("MESSAGES",), extended=True)),
        (b"STATUS a ( messages  UNSEEN )", Status("a", ("MESSAGES", "UNSEEN"))),
        (b"EXPUNGE", Expunge(None)),
        (b"UID EXPUNGE 1", Expunge(ONE)),
        (b"COPY 1 a", Copy(ONE, "a", uid=False, move=False)),
        (b"UID MOVE $ a", Copy(SAVED, "a", uid=True, move=True)),
        (b"STORE 1 +FLAGS (\\Seen)", Store(ONE, uid=False, action="+", silent=False, flags=frozenset({"\\Seen"}))),
        (b"STORE 1 -flags.silent a b", Store(ONE, uid=False, action="-", silent=True, flags=frozenset({"a", "b"}))),
        (b"UID STORE 1 (UNCHANGEDSINCE 0) FLAGS ()",
         Store(ONE, uid=True, action="", silent=False, flags=frozenset(), unchanged_since=0)),
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
        (b"SEARCH ALL", Search(uid=False, key=Leaf(c.EVERYTHING))),
        (b"UID SEARCH RETURN () 1:*", Search(uid=True, key=Numbers(ALL, uid=False), results=frozenset({"ALL"}))),
        (b"SEARCH RETURN (SAVE MIN) CHARSET utf-8 UID 1",
         Search(uid=False, key=Numbers(ONE, uid=True), results=frozenset({"SAVE", "MIN"}))),
        (b"SEARCH OR (SEEN) NOT FROM x",
         Search(uid=False, key=Either(Leaf(c.HasFlag("\\Seen")), Negated(Leaf(c.Contains(c.Field.FROM, "x")))))),
        (b"SEARCH LARGER 9 SMALLER 20",
         Search(uid=False, key=Every((Leaf(c.Size(at_least=10)), Leaf(c.Size(below=20)))))),
        (b"SEARCH ON 2-Jan-1970", Search(uid=False, key=Leaf(c.Received(86_400_000, 172_800_000)))),
        (b"SEARCH CHARSET ISO-8859-1 SUBJECT {1}\r\n\xfc", Search(uid=False, key=Leaf(c.Contains(c.Field.SUBJECT, "ü")))),
        (b'SEARCH MODSEQ "/flags/x" shared 7', Search(uid=False, key=Leaf(c.ModSeqAtLeast(7)), wants_modseq=True)),
        (b"SEARCH HEADER X-A b", Search(uid=False, key=Leaf(c.Header("X-A", "b")))),
        (b"SEARCH KEYWORD work", Search(uid=False, key=Leaf(c.HasFlag("work")))),
    ],
)  # fmt: skip
def test_commands(text: bytes, expected: Any) -> None:
    assert expected == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        b"LOGIN a", b"LOGIN a b c", b"AUTHENTICATE", b"AUTHENTICATE PLAIN !!!", b"ENABLE", b"ID x", b'ID ("a")', b"SELECT",
        b"SELECT a (BOGUS)", b"SELECT a (QRESYNC (0 1))", b"SELECT a (QRESYNC (1 1 1:*))", b"SELECT a (QRESYNC (1 1 1:3 (1:2 1)))",
        b"CREATE a (BOGUS)", b"LIST a", b'LIST "" a RETURN', b'LIST "" a BOGUS (X)', b"STATUS a", b"STATUS a (BOGUS)", b"STATUS a (MESSAGES",
        b"UID EXPUNGE", b"EXPUNGE 1", b"COPY 1", b"COPY a b", b"STORE 1 FLAGS", b"STORE 1 BOGUS (a)", b"STORE 1 (BOGUS 1) FLAGS (a)",
        b"FETCH 1", b"FETCH 1 ()", b"FETCH 1 BOGUS", b"FETCH 1 BODY[BOGUS]", b"FETCH 1 BODY[MIME]", b"FETCH 1 BODY[1.]", b"FETCH 1 BODY[0]",
        b"FETCH 1 BODY[]<1>", b"FETCH 1 BODY[]<1.0>", b"FETCH 1 BODY[", b"FETCH 1 BINARY[TEXT]", b"FETCH 1 BODY[HEADER.FIELDS ()]",
        b"FETCH 1 FLAGS (CHANGEDSINCE 5 VANISHED)", b"UID FETCH 1 FLAGS (VANISHED)", b"FETCH 1 FLAGS (BOGUS)", b"FETCH 1 PREVIEW (FAST)",
        b"SEARCH", b"SEARCH BOGUS", b"SEARCH ()", b"SEARCH (SEEN", b"SEARCH OR SEEN", b"SEARCH RETURN (BOGUS) ALL", b"SEARCH FROM",
        b"SEARCH ON 40-Jan-2020", b'SEARCH MODSEQ "x" bogus 1', b"SEARCH CHARSET utf-8 SUBJECT {1}\r\n\xfc", b"UID NOOP", b"FETCH 0 UID",
    ],
)  # fmt: skip
def test_violations(text: bytes) -> None:
    with pytest.raises(Violation):
        parse(text)


@pytest.mark.parametrize("charset", [b"bogus", b"utf-7", b"zlib", b"base64", b"\xff"])
def test_charsets_that_we_do_not_search_in(charset: bytes) -> None:
    with pytest.raises(BadCharset):
        parse(b"SEARCH CHARSET {%d}\r\n%b ALL" % (len(charset), charset))


# ---------------------------------------------------------------------------------------------------------- bounds
def test_bound_search_keys() -> None:
    assert parse(b"SEARCH" + b" SEEN" * limits.IMAP_SEARCH_KEYS)
    with pytest.raises(Violation):
        parse(b"SEARCH" + b" SEEN" * (limits.IMAP_SEARCH_KEYS + 1))


@pytest.mark.parametrize(("opening", "closing"), [(b"(", b")"), (b"NOT ", b""), (b"OR ALL ", b"")])
def test_bound_search_depth(opening: bytes, closing: bytes) -> None:
    depth = limits.IMAP_DEPTH
    assert parse(b"SEARCH " + opening * depth + b"SEEN" + closing * depth)
    with pytest.raises(Violation):
        parse(b"SEARCH " + opening * (depth + 1) + b"SEEN" + closing * (depth + 1))


def test_bound_login() -> None:
    assert parse(b"LOGIN " + b"u" * limits.LOGIN + b" " + b"p" * limits.PASSWORD)
    for text in (b"LOGIN " + b"u" * (limits.LOGIN + 1) + b" p", b"LOGIN u " + b"p" * (limits.PASSWORD + 1)):
        with pytest.raises(Violation):
            parse(text)


def test_bound_section_depth() -> None:
    deep = b".".join([b"1"] * limits.MIME_DEPTH * 2)
    assert parse(b"FETCH 1 BODY[%b]" % deep)
    with pytest.raises(Violation):
        parse(b"FETCH 1 BODY[%b.1]" % deep)


def test_bound_items_fields_and_patterns() -> None:
    for text in (
        b"FETCH 1 (" + b" ".join(b"BODY[%d]" % n for n in range(1, 202)) + b")",
        b"FETCH 1 BODY[HEADER.FIELDS (" + b" ".join(b"x%d" % n for n in range(201)) + b")]",
        b'LIST "" (' + b" ".join(b"x%d" % n for n in range(21)) + b")",
        b"LIST \"\" " + b"x" * 1001,
        b"LIST \"\" " + b"a*" * 21,
        b"STORE 1 FLAGS " + b" ".join(b"k%d" % n for n in range(limits.KEYWORDS + 1)),
        b"ID (" + b" ".join(b'"k%d" "v"' % n for n in range(31)) + b")",
        b'ID ("' + b"k" * 31 + b'" "v")',
    ):
        with pytest.raises(Violation):
            parse(text)
