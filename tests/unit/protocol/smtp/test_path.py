"""Paths: forms of RFC 5321 §4.1.2 and its bounds."""

import pytest

from mailstead.model.address import Address
from mailstead.model.errors import Violation
from mailstead.protocol.smtp import path


@pytest.mark.parametrize(
    ("text", "local", "domain"),
    [
        (b"<a@b>", "a", "b"), (b"<a.b+c=d@b-c.example>", "a.b+c=d", "b-c.example"), (b'<"a b"@c>', "a b", "c"), (b'<"a\\"b"@c>', 'a"b', "c"),
        (b'<"plain"@c>', "plain", "c"), (b"<@x,@y.z:a@b>", "a", "b"), (b"<a@[192.0.2.1]>", "a", "[192.0.2.1]"), (b"<a@[IPv6:2001:db8::1]>", "a", "[IPv6:2001:db8::1]"),
        ("<jörg@bücher.example>".encode(), "jörg", "bücher.example"), (b"<SRS0=" + b"l" * 200 + b"=x@d>", "SRS0=" + "l" * 200 + "=x", "d"), (b"<Postmaster>", "postmaster", ""),
    ],
)  # fmt: skip
def test_forms(text: bytes, local: str, domain: str) -> None:
    assert path.take(text + b" rest", null=False) == (Address(local, domain), b" rest")


@pytest.mark.parametrize(
    "text",
    [b"", b"a@b", b"<a@b", b"<a>", b"<@b>", b"<a@>", b"<a..b@c>", b"<a@b.>", b"<a@-b>", b"<a b@c>", b'<"a@c>', b'<""@c>', b"<a@b@c>", b"<>", b"<a@\xff\xfe>",
     b"<" + b"l" * 251 + b"@d>", b"<a@" + b"d" * 256 + b">", b"<" + b"l" * 240 + b"@" + b"d" * 200 + b">", b"<a\r@b>", b'<"a\x00"@b>', b"<a@b\n>"],
)  # fmt: skip
def test_no_path(text: bytes) -> None:
    with pytest.raises(Violation):
        path.take(text, null=False)


def test_the_null_path_is_for_senders() -> None:
    assert path.take(b"<> SIZE=1", null=True) == (None, b" SIZE=1")
    with pytest.raises(Violation):
        path.take(b"<postmaster>", null=True)


def test_writing_quotes_where_it_must() -> None:
    assert path.write(None) == "<>"
    assert path.write(Address("a.b", "c")) == "<a.b@c>"
    assert path.write(Address('a "b\\', "c")) == '<"a \\"b\\\\"@c>'
    assert path.write(Address("postmaster", "")) == "<postmaster>"
