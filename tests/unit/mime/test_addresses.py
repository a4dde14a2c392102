"""Address lists: the forms of RFC 5322 §3.4, §4.4 and appendix A, and what is sent in spite of it."""

import pytest

from mailstead.mime.addresses import GROUP_END, Mailbox, complete, parse
from mailstead.model import limits


@pytest.mark.parametrize(
    ("value", "mailboxes"),
    [
        (b"Alice <a@b.c>, bob@x.y", [Mailbox(b"Alice", b"a", b"b.c"), Mailbox(b"", b"bob", b"x.y")]),
        (b'"Giant; \\"Big\\" Box" <sysservices@example.net>', [Mailbox(b'Giant; "Big" Box', b"sysservices", b"example.net")]),
        (b"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", [Mailbox(b"Pete", b"pete", b"silly.test")]),
        (b"Who? <one@y.test>", [Mailbox(b"Who?", b"one", b"y.test")]),
        (b"<boss@nil.test>, \"x\" <y@z>", [Mailbox(b"", b"boss", b"nil.test"), Mailbox(b"x", b"y", b"z")]),
        (b"A Group:Ed Jones <c@a.test>,joe@where.test;",
         [Mailbox(b"", b"A Group", None), Mailbox(b"Ed Jones", b"c", b"a.test"), Mailbox(b"", b"joe", b"where.test"), GROUP_END]),
        (b"Undisclosed recipients:;", [Mailbox(b"", b"Undisclosed recipients", None), GROUP_END]),
        (b"<@r1.test,@r2.test:user@host.test>", [Mailbox(b"", b"user", b"host.test")]),
        (b"c@d (Name in comment)", [Mailbox(b"Name in comment", b"c", b"d")]),
        (b"a@b <c@d>", [Mailbox(b"a@b", b"c", b"d")]),
        (b'"quoted local"@host.test', [Mailbox(b"", b"quoted local", b"host.test")]),
        (b"user@[192.0.2.1]", [Mailbox(b"", b"user", b"[192.0.2.1]")]),
        (b"root", [Mailbox(b"", b"root", b"")]),
        (b"", []),
        (b",,,", []),
        (b"J\xc3\xb6rg <j@x>", [Mailbox(b"J\xc3\xb6rg", b"j", b"x")]),
        (b"Open Group: a@b", [Mailbox(b"", b"Open Group", None), Mailbox(b"", b"a", b"b"), GROUP_END]),
    ],
)
def test_forms(value: bytes, mailboxes: list[Mailbox]) -> None:
    assert mailboxes == parse(value)


@pytest.mark.parametrize("value", [b'"' + b"a" * 50_000, b"<" * 10_000, b"(" * 30_000, b"a " * 30_000, b"[" * 9_000, b"\\" * 9_000])
def test_nonsense_is_read_in_one_pass_and_never_fails(value: bytes) -> None:
    assert len(parse(value)) <= limits.MIME_ADDRESSES


def test_the_number_of_addresses_is_bounded() -> None:
    assert limits.MIME_ADDRESSES == len(parse(b"a@b," * (limits.MIME_ADDRESSES + 9)))
    assert limits.MIME_ADDRESSES == len(parse(b"a@b (x)," * (limits.MIME_ADDRESSES + 9)))


def test_complete_addresses_are_those_with_both_halves() -> None:
    found = complete(b"A <a@one.test>,\r\n friends: b@two.test, nobody;, <>, c, \xc3\xa4@drei.test, \xff@four.test")
    assert ["a@one.test", "b@two.test", "\xe4@drei.test", "\ufffd@four.test"] == [str(one) for one in found]
