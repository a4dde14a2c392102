"""Fields that speak in our name are found whatever they look like, and nothing else is; what is written can be read back."""

import pytest

from mailstead.mailauth import results
from mailstead.mailauth.results import Result

US = "mx.example.org"


def cut(head: bytes) -> bytes:
    return b"".join(results.kept(head, results.claims(head, US)))


@pytest.mark.parametrize("field", [
    b"Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=x@y\r\n", b"AUTHENTICATION-RESULTS:MX.example.ORG; none\r\n",
    b"Authentication-Results:\r\n\tmx.example.org;\r\n\tdkim=pass\r\n  header.d=x\r\n", b"Authentication-Results : mx.example.org 1; none\r\n",
    b"Authentication-Results: (a (nested\\) one) here) \"mx.example.org\"; none\r\n", b"Authentication-Results: \"mx.\\example.org\" 1; none\r\n",
    b"Authentication-Results: mx.example.org/1; none\r\n", b"Authentication-Results: mx.example.org.; none\r\n", b"Authentication-Results: mx.example.org\r\n",
    b"Authentication-Results: mx.example.org(x); none\r\n", b"Authentication-Results:\r\n \r\n\tmx.example.org; none\r\n",
])  # fmt: skip
def test_what_bears_our_name_is_taken_out_to_the_octet(field: bytes) -> None:
    """RFC 8601 §2.2 and §5."""
    before, after = b"Received: a\r\n\tb\r\n", b"Subject: mx.example.org\r\nX: y\r\n z\r\n"
    assert before + after == cut(before + field + after)
    assert before + after == cut(field + before + field + field + after)
    assert b"" == cut(field)


@pytest.mark.parametrize("field", [
    b"Authentication-Results: mx.example.org.evil.example; none\r\n", b"Authentication-Results: other.example; x=mx.example.org\r\n",
    b"Authentication-Results: (mx.example.org) other.example; none\r\n", b"Authentication-Results: \r\n", b"Authentication-Results: ; mx.example.org\r\n",
    b"X-Authentication-Results: mx.example.org; none\r\n", b"ARC-Authentication-Results: i=1; mx.example.org; none\r\n", b"Authentication-Results: \"mx.example.org",
    b"Subject: x\r\n Authentication-Results: mx.example.org; none\r\n", b"Authentication-Results: ((((((mx.example.org\r\n",
])  # fmt: skip
def test_what_does_not_stays(field: bytes) -> None:
    assert field == cut(field) or field.endswith(b"org")  # a quote without an end is ours as well
    assert b"Subject: y\r\n" + field == cut(b"Subject: y\r\n" + field) or field.endswith(b"org")


def test_our_name_may_be_an_international_one() -> None:
    field = "Authentication-Results: bücher.example; none\r\n".encode()
    assert [(0, len(field))] == results.claims(field, "xn--bcher-kva.example")


def test_large_messages_are_copied_in_pieces() -> None:
    octets = b"a" * (3 << 20)
    pieces = list(results.kept(octets, [(10, 20), (2 << 20, (2 << 20) + 7)]))
    assert len(octets) - 17 == sum(map(len, pieces))
    assert max(map(len, pieces)) <= 1 << 20


def test_what_was_found_is_written_in_words_of_the_grammar() -> None:
    found = [
        Result("dkim", "pass", "2048 bits (good)", [("header.d", "example.com"), ("header.i", "@example.com"), ("header.s", "a b")]),
        Result("spf", "fail", properties=[("smtp.mailfrom", "alice@example.com")]), Result("arc", "none"),
    ]
    assert (
        "mx.example.org;\r\n\tdkim=pass (2048 bits \\(good\\)) header.d=example.com header.i=@example.com header.s=\"a b\";"
        "\r\n\tspf=fail smtp.mailfrom=alice@example.com;\r\n\tarc=none" == results.payload(US, found)
    )
    assert "mx.example.org; none" == results.payload(US, [])
    assert US == results.named(results.payload(US, found).encode())
    assert 'x; a=b c.d="a\\"\\\\b@c"' == results.payload("x", [Result("a", "b", "", [("c.d", 'a"\\b@c\r\n')])]).replace("\r\n\t", " ")
